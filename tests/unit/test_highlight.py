"""Marks stand where a query's words are, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projector.index import TEXT_CHARS_MAX as INDEXED_CHARS_MAX
from store import highlight
from store.documents import MessageDocument
from store.fields import FREE_FIELDS, Kind, field_of, free_texts
from store.flatten import VALUE_CHARS_MAX
from store.highlight import (
    EXCERPT_CHARS,
    HIGHLIGHTS_MAX,
    LEAVES_MAX,
    SPANS_MAX,
    Marker,
    excerpt,
    highlights,
)
from store.matching import Subject, is_text, matches
from store.query import And, Not, Or, Prefix, Query, Term
from store.query_parser import parse
from store.tokens import tokens
from tests.contract.documents import NOW, bodies, documents, message
from tests.contract.queries import queries


def marked(query: str, text: str, field: str = "body") -> list[str]:
    """Return the characters that are marked."""
    return [text[start:end] for start, end in highlights(parse(query), text, field)]


def leaves(query: Query) -> list[Term | Prefix]:
    """Return the parts of *query* that ask for words or values and are not negated."""
    match query:
        case Term() | Prefix():
            return [query]
        case And() | Or():
            return [leaf for part in query.parts for leaf in leaves(part)]
        case _:
            return []


def holds(query: Query, text: str) -> bool:
    """Return whether a message with nothing but the body *text* matches."""
    return matches(
        query, Subject(message(0, exchange="", routing_keys=(), routed_queues=()), text), now_ns=NOW
    )


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("card", "Card-declined, card_x, CARD", ["Card", "CARD"]),
        ('"card declined"', "card (declined) card. declined card", ["card", "declined", "card", "declined"]),
        ('"card declined"', "declined card", []),
        ("decl*", "declined, decline, de", ["declined", "decline"]),
        ("card-decl*", "card declined; a card", ["card", "declined"]),
        ("card -declined", "card declined", ["card"]),
        ("NOT (card OR declined)", "card declined", []),
        ("card OR (declined AND 3.50)", "declined 3.50", ["declined", "3.50"]),
        ("body:card headers:declined", "card declined", ["card"]),
        ("can't", "he can't, I can", ["can't"]),
        ("日本", "日本語", ["日", "本"]),
        ("İSTANBUL", "in İstanbul", ["İstanbul"]),
        ("exchange:card", "card", []),
        ("latency_ms:>5 trace_id:* card", "card 5", ["card"]),
        ("*", "card", []),
    ],
)  # fmt: skip
def test_the_words_asked_for_are_marked(query: str, text: str, expected: list[str]) -> None:
    """In a body the tokens of words, phrases and prefixes are marked, and nothing for a negated or another field's part."""
    assert marked(query, text) == expected


@pytest.mark.parametrize(
    ("query", "text", "field", "expected"),
    [
        ("exchange:orders", "orders", "exchange", ["orders"]),
        ("exchange:orders", "orders.new", "exchange", []),
        ("exchange:ord*", "orders.new", "exchange", ["orders.new"]),
        ("exchange:orders orders", "orders", "exchange", ["orders"]),
        ("orders", "new orders", "exchange", ["orders"]),
        ("orders", "new orders", "vhost", []),
        ("header.tenant:acme", "acme", "header.tenant", ["acme"]),
        ("header.tenant:acme", "acme", "header.other", []),
        ("headers:acme", "at acme", "header.other", ["acme"]),
        ("acme", "at acme", "header.other", ["acme"]),
        ("body.n:12", "12", "body.n", ["12"]),
        ("12", "12", "body.n", []),
    ],
)
def test_values_are_marked_whole(query: str, text: str, field: str, expected: list[str]) -> None:
    """A value that a field was asked for is marked from end to end; bare words are marked where they are looked for."""
    assert marked(query, text, field) == expected


@given(queries, bodies)
def test_marks_are_in_order_and_apart(query: Query, text: str) -> None:
    """Places are within the text, not empty, in order, and none overlaps another."""
    found = highlights(query, text, "body")

    ends = [0, *(end for _, end in found)]
    assert all(
        end <= start < stop <= len(text) for (start, stop), end in zip(found, ends, strict=False)
    )


@given(queries, bodies)
def test_each_mark_is_a_token_asked_for(query: Query, text: str) -> None:
    """The characters of a place are one token, one of those asked for or beginning with a prefix asked for."""
    asked = {word for leaf in leaves(query) if is_text(leaf.field) for word in tokens(leaf.text)}
    begun = {tokens(x.text)[-1] for x in leaves(query) if isinstance(x, Prefix) and tokens(x.text)}

    for start, end in highlights(query, text, "body"):
        (token,) = tokens(text[start:end])
        assert token in asked or any(token.startswith(word) for word in begun)


@given(queries, bodies)
def test_a_body_is_marked_where_it_matches(query: Query, text: str) -> None:
    """There are marks in a body if and only if it has the words of some part of the query that is not negated."""
    told = [leaf for leaf in leaves(query) if is_text(leaf.field) and leaf.field != "headers"]

    assert bool(highlights(query, text, "body")) == any(holds(leaf, text) for leaf in told)


@given(queries, bodies)
def test_what_is_negated_is_not_marked(query: Query, text: str) -> None:
    """The negation of any query marks nothing."""
    assert not Marker(Not(query))
    assert highlights(Not(query), text, "body") == []


@given(documents(0), st.none() | bodies, queries)
def test_a_message_is_marked_where_it_matches(
    document: MessageDocument, text: str | None, query: Query
) -> None:
    """A message has a mark if and only if some part that asks for words or values, and is not negated, matches it."""
    told = [leaf for leaf in leaves(query) if _kind(leaf) is not Kind.BOOLEAN and leaf.text]
    subject = Subject(document, text)

    found = Marker(Or(tuple(told))).highlights(document, text)

    expected = any(matches(leaf, subject, now_ns=NOW) for leaf in told)
    assert bool(found) == expected
    for each in found:
        assert each.spans == tuple(highlights(Or(tuple(told)), each.text, each.field))


@given(documents(0))
def test_bare_words_are_looked_for_in_these_fields(document: MessageDocument) -> None:
    """The fields searched without being named are those whose values a bare word is compared with."""
    subject = Subject(document, None)
    named = {value for name in FREE_FIELDS for value in subject.keywords(name) if value}

    assert named == set(free_texts(document))


def test_an_excerpt_surrounds_the_first_mark() -> None:
    """A long text is cut around its first mark, places move with it, and those beyond it are left out."""
    text = "x " * 500 + "card " + "y " * 500 + "card"

    told = excerpt(text, highlights(parse("card"), text, "body"))

    assert len(told.text) == EXCERPT_CHARS
    assert [told.text[start:end] for start, end in told.spans] == ["card"]
    assert text[told.begins_at :].startswith(told.text)


@given(queries, bodies, st.integers(0, 300))
def test_an_excerpt_shows_a_mark(query: Query, text: str, before: int) -> None:
    """An excerpt is a part of its text, holds the first mark and no mark wrongly placed."""
    text = "- " * before + text
    spans = highlights(query, text, "body")

    told = excerpt(text, spans)

    at = told.begins_at
    assert text[at : at + len(told.text)] == told.text
    assert [(start + at, end + at) for start, end in told.spans] == spans[: len(told.spans)]
    assert bool(told.spans) == bool(spans)
    assert told.text == text or len(told.text) >= min(EXCERPT_CHARS, len(text) - at)


def test_marks_are_bounded() -> None:
    """Of a long text, of many words and of many values only so many are marked, the first."""
    text = "card " * 1_000
    words = " ".join(f"w{i}" for i in range(LEAVES_MAX + 1))
    headers = {f"h{i:02}": "card" for i in range(HIGHLIGHTS_MAX + 1)}

    assert highlights(parse("card"), text, "body") == [(i * 5, i * 5 + 4) for i in range(SPANS_MAX)]
    assert highlights(parse(words), f"w{LEAVES_MAX}", "body") == []
    assert len(Marker(parse("card")).highlights(message(0, headers=headers), "")) == HIGHLIGHTS_MAX
    assert highlights(parse("card"), "x" * highlight.TEXT_CHARS_MAX + " card", "body") == []


def test_all_that_is_searchable_is_looked_at() -> None:
    """No text that a store searches is longer than what is looked at."""
    assert max(INDEXED_CHARS_MAX, VALUE_CHARS_MAX) <= highlight.TEXT_CHARS_MAX


def _kind(leaf: Term | Prefix) -> Kind | None:
    known = None if leaf.field is None else field_of(leaf.field)
    return None if known is None else known.kind
