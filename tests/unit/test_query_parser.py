"""Reading the query language: what a query means, and where a wrong one is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import QueryInvalid
from store.query import And, Exists, MatchAll, Not, Or, Prefix, Query, Range, Term
from store.query_parser import DEPTH_MAX, QUERY_CHARS_MAX, parse
from store.query_values import SECOND_NS

MINUTE_NS = 60 * SECOND_NS


def word(text: str, at: int) -> Term:
    return Term(None, text, at)


MEANINGS: list[tuple[str, Query]] = [
    ("", MatchAll()),
    ("   ", MatchAll()),
    ("*", MatchAll()),
    ("*:*", MatchAll()),
    ("card", word("card", 0)),
    ("  card ", word("card", 2)),
    ('"card declined"', word("card declined", 0)),
    ("car*", Prefix(None, "car", 0)),
    ('"card dec"*', Prefix(None, "card dec", 0)),
    # logic: what stands side by side binds as AND does, more tightly than OR
    ("a b", And((word("a", 0), word("b", 2)))),
    ("a AND b", And((word("a", 0), word("b", 6)))),
    ("a b OR c", Or((And((word("a", 0), word("b", 2))), word("c", 7)))),
    ("a OR b c", Or((word("a", 0), And((word("b", 5), word("c", 7)))))),
    ("(a OR b) c", And((Or((word("a", 1), word("b", 6))), word("c", 9)))),
    ("-a", Not(word("a", 1))),
    ("- a", Not(word("a", 2))),
    ("NOT a", Not(word("a", 4))),
    ("NOT NOT a", Not(Not(word("a", 8)))),
    ("NOT a b", And((Not(word("a", 4)), word("b", 6)))),
    ("a AND -b", And((word("a", 0), Not(word("b", 7))))),
    ("+a", word("a", 1)),
    ("a-b", word("a-b", 0)),
    ("and or not", And((word("and", 0), word("or", 4), word("not", 7)))),
    ("ANDROID", word("ANDROID", 0)),
    ("NOT(a)", Not(word("a", 4))),
    # values
    ("exchange:orders", Term("exchange", "orders", 0)),
    ("-exchange:orders", Not(Term("exchange", "orders", 1))),
    ('exchange:""', Term("exchange", "", 0)),
    ('exchange:"a b"', Term("exchange", "a b", 0)),
    ("exchange:or*", Prefix("exchange", "or", 0)),
    ('exchange:"a b"*', Prefix("exchange", "a b", 0)),
    ("exchange:*", Exists("exchange", 0)),
    ("exchange:\\*", Term("exchange", "*", 0)),
    ("exchange:a\\ b", Term("exchange", "a b", 0)),
    ("exchange:-a", Term("exchange", "-a", 0)),
    ("uid:main:1", Term("uid", "main:1", 0)),
    ("vhost:/a/b", Term("vhost", "/a/b", 0)),
    ("header.a\\:b:c", Term("header.a:b", "c", 0)),
    ('"nofield:x"', word("nofield:x", 0)),
    ("nofield\\:x", word("nofield:x", 0)),
    ("queue:(a OR b)", Or((Term("queue", "a", 7), Term("queue", "b", 12)))),
    ("queue:(a -b)", And((Term("queue", "a", 7), Not(Term("queue", "b", 10))))),
    ("queue:(a:b OR c)", Or((Term("queue", "a:b", 7), Term("queue", "c", 14)))),
    # numbers and times
    ("latency_ms:5", Range("latency_ms", 5, 5)),
    ("latency_ms:-5", Range("latency_ms", -5, -5)),
    ("latency_ms:>500", Range("latency_ms", 500, None, include_low=False)),
    ("latency_ms:>=0.5", Range("latency_ms", 0.5, None)),
    ("latency_ms:<1e3", Range("latency_ms", None, 1000.0, include_high=False)),
    ("latency_ms:[1 TO 2]", Range("latency_ms", 1, 2)),
    (
        "latency_ms:{1 TO 2}",
        Range("latency_ms", 1, 2, include_low=False, include_high=False),
    ),
    ("latency_ms:[* TO 2}", Range("latency_ms", None, 2, include_high=False)),
    ("latency_ms:[ 1  TO  * ]", Range("latency_ms", 1, None)),
    (
        "published_at:[now-15m TO now]",
        Range("published_at", -15 * MINUTE_NS, 0, low_now=True, high_now=True),
    ),
    (
        "published_at:>=1970-01-01T00:01:00Z",
        Range("published_at", MINUTE_NS, None),
    ),
    (
        "published_at:[1970-01-01T00:01 TO 1970-01-01T00:01]",  # all of that minute
        Range("published_at", MINUTE_NS, 2 * MINUTE_NS - 1),
    ),
    (
        "published_at:{1970-01-01T00:01 TO *]",  # nothing of it
        Range("published_at", 2 * MINUTE_NS - 1, None, include_low=False),
    ),
    (
        "published_at:1970-01-01T01:00:00+01:00",
        Range("published_at", 0, SECOND_NS - 1),
    ),
]

REFUSALS: list[tuple[str, int, str]] = [
    # what is not there
    ("nofield:x", 0, "unknown field 'nofield'"),
    ("state:waiting nofield:x", 14, "unknown field 'nofield'"),
    ("state:waiting OR (a -nofield:x)", 21, "unknown field 'nofield'"),
    ("header.:x", 0, "unknown field 'header.'"),
    ("Exchange:x", 0, "unknown field 'Exchange'"),
    # what is not finished
    ("a OR", 4, "ends too early"),
    ("a AND ", 6, "ends too early"),
    ("NOT", 3, "ends too early"),
    ("a -", 3, "ends too early"),
    ("(a", 0, "parenthesis is not closed"),
    ("a (b OR (c d)", 2, "parenthesis is not closed"),
    ('a "b c', 2, "quotation mark is not closed"),
    ("exchange:", 9, "has no value"),
    ("exchange: orders", 9, "has no value"),
    ("latency_ms:>", 12, "has no value"),
    ("latency_ms:[1 TO 2", 11, "range is not closed"),
    ("latency_ms:[1 2]", 11, "a range reads"),
    ("latency_ms:[1 TO ]", 17, "a range reads"),
    # what stands where it cannot
    ("OR a", 0, "OR needs something on both sides"),
    ("a AND OR b", 6, "OR needs something on both sides"),
    ("a)", 1, "unexpected"),
    ("a ()", 2, "nothing between the parentheses"),
    ("exchange:(a type:b)", 12, "a field within the parentheses"),
    ("a && b", 2, "write AND, OR, NOT"),
    ("!a", 0, "write AND, OR, NOT"),
    ("a\\", 1, "unexpected"),
    # what there is not in this language
    ("card~2", 4, "fuzzy"),
    ('"a b"~3', 5, "fuzzy"),
    ("a b^2", 3, "boosts"),
    ("a b?c", 3, "wildcard"),
    ("exchange:*ders", 9, "wildcard"),
    # what does not fit the field
    ("exchange:>5", 0, "no range on it"),
    ("a header.n:[1 TO 2]", 2, "no range on it"),
    ("body.n:<3", 0, "no range on it"),
    ("body:[a TO b]", 0, "no range on it"),
    ("latency_ms:fast", 11, "no number"),
    ("latency_ms:>fast", 12, "no number"),
    ("latency_ms:[1 TO fast]", 17, "no number"),
    ("latency_ms:1*", 11, "no prefixes"),
    ("latency_ms:(1 OR x)", 17, "no number"),
    ("position:99999999999999999999", 9, "no number"),
    ("published_at:yesterday", 13, "no time"),
    ("published_at:2027-02-30", 13, "no time"),
    ("published_at:>now-15y", 14, "no time"),
    ("publish_observed:yes", 17, "true or false"),
    ("a ...", 2, "no letter or number"),
    ('body:"!"', 5, "no letter or number"),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_a_query_means(text: str, meaning: Query) -> None:
    """Each query of the table is read as the tree beside it."""
    assert parse(text) == meaning


@pytest.mark.parametrize(("text", "position", "why"), REFUSALS, ids=[case[0] for case in REFUSALS])
def test_a_wrong_query_is_refused_where_it_is_wrong(text: str, position: int, why: str) -> None:
    """The error says what is wrong and at which character."""
    with pytest.raises(QueryInvalid, match=why) as refused:
        parse(text)

    assert refused.value.position == position
    assert refused.value.end is not None
    assert position <= refused.value.end <= len(text)


def test_what_is_too_long_or_too_deep_is_refused() -> None:
    """A query beyond the limits is an error, not a crash."""
    with pytest.raises(QueryInvalid, match="longer"):
        parse("a" * (QUERY_CHARS_MAX + 1))
    for deep in ("(" * DEPTH_MAX + "a" + ")" * DEPTH_MAX, "-" * 5000 + "a", "NOT " * 2000 + "a"):
        with pytest.raises(QueryInvalid, match="deep"):
            parse(deep)


_PIECES = st.one_of(
    st.sampled_from(["a", "exchange", "header.x", "latency_ms", "now-1m", "5", "AND", "OR", "NOT"]),
    st.sampled_from('*:()[]{}"\\-+<>=~^?!.é\x00\n '),
)


@given(st.lists(_PIECES, max_size=15).map("".join) | st.text(max_size=20))
def test_any_text_is_read_or_refused_at_a_character_of_it(text: str) -> None:
    """Whatever is written gives a query or the one error, whose position lies within the text or at its end."""
    position, message = 0, "none"
    try:
        parse(text)
    except QueryInvalid as error:
        position, message = error.position, str(error)

    assert 0 <= position <= len(text)
    assert message


@given(st.text(min_size=1, max_size=20))
def test_any_value_can_be_written_in_quotes(value: str) -> None:
    """With quotation marks and backslashes escaped every value can be asked for."""
    written = value.replace("\\", "\\\\").replace('"', '\\"')

    assert parse(f'exchange:"{written}"') == Term("exchange", value, 0)
