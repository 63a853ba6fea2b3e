"""Whether a message matches a query: the meaning of the query language, plainly.

Pure. The memory index, the live tail and the tests' oracle are this; the other adapters must give the same answers.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import assert_never

from store.documents import MessageDocument
from store.errors import QueryInvalid
from store.fields import (
    BODY,
    FIELDS,
    HEADER,
    Kind,
    field_of,
    free_texts,
    header_pairs,
    keywords,
    numbers,
)
from store.flatten import json_pairs
from store.query import And, Exists, MatchAll, Not, Or, Prefix, Query, Range, Term
from store.tokens import tokens


class Subject:
    """A document with its body's text (None: the body is no text), prepared for matching; parts are computed once."""

    def __init__(self, document: MessageDocument, text: str | None) -> None:
        self.document = document
        self.text = text

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        return header_pairs(self.document)

    @cached_property
    def body(self) -> list[tuple[str, str]]:
        return json_pairs(self.text) if self.text else []

    @cached_property
    def body_tokens(self) -> list[list[str]]:
        return [tokens(self.text)] if self.text else []

    @cached_property
    def header_tokens(self) -> list[list[str]]:
        return [tokens(value) for _, value in self.headers]

    @cached_property
    def free_tokens(self) -> list[list[str]]:
        names = [tokens(text) for text in free_texts(self.document)]
        return names + self.header_tokens + self.body_tokens

    def texts(self, field: str | None) -> list[list[str]]:
        """Return the tokens of each text of a text field; None is all that a bare word is looked for in."""
        match field:
            case None:
                return self.free_tokens
            case "headers":
                return self.header_tokens
            case _:
                return self.body_tokens

    def pairs(self, field: str) -> tuple[str, list[tuple[str, str]]]:
        """Return the path that ``header.<path>`` or ``body.<path>`` names, and the pairs to look for it in."""
        if field.startswith(HEADER):
            return field.removeprefix(HEADER), self.headers
        return field.removeprefix(BODY), self.body

    def keywords(self, field: str) -> Iterable[str]:
        if (known := FIELDS.get(field)) is not None:
            return keywords(known, self.document)
        path, pairs = self.pairs(field)
        return (value for name, value in pairs if name == path)


def matches(query: Query, subject: Subject, *, now_ns: int) -> bool:
    """Return whether the message matches; *now_ns* is what ``now`` in the query means."""
    match query:
        case MatchAll():
            return True
        case Term():
            return _has_term(query, subject)
        case Prefix():
            return _has_prefix(query, subject)
        case Range():
            return _in_range(query, subject, now_ns)
        case Exists():
            return _exists(query.field, subject)
        case And():
            return all(matches(part, subject, now_ns=now_ns) for part in query.parts)
        case Or():
            return any(matches(part, subject, now_ns=now_ns) for part in query.parts)
        case Not():
            return not matches(query.part, subject, now_ns=now_ns)
        case _:
            assert_never(query)


def is_text(field: str | None) -> bool:
    """Return whether *field* is compared by words; None is."""
    known = None if field is None else field_of(field)
    return known is None or known.kind is Kind.TEXT


def _has_term(term: Term, subject: Subject) -> bool:
    if term.field is None or is_text(term.field):
        return _has_phrase(subject.texts(term.field), tokens(term.text), prefix=False)
    return term.text in subject.keywords(term.field)


def _has_prefix(prefix: Prefix, subject: Subject) -> bool:
    if prefix.field is None or is_text(prefix.field):
        return _has_phrase(subject.texts(prefix.field), tokens(prefix.text), prefix=True)
    return any(value.startswith(prefix.text) for value in subject.keywords(prefix.field))


def _has_phrase(texts: Iterable[Sequence[str]], phrase: Sequence[str], *, prefix: bool) -> bool:
    if not phrase:
        return False
    *before, last = phrase
    size = len(phrase)
    for text in texts:
        for i in range(len(text) - size + 1):
            found = text[i + size - 1]
            if (found.startswith(last) if prefix else found == last) and (
                list(text[i : i + size - 1]) == before
            ):
                return True
    return False


def bounds(query: Range, now_ns: int) -> tuple[int | float | None, int | float | None]:
    """Return the range's bounds with ``now`` put in; None is open."""
    low, high = query.low, query.high
    if query.low_now and low is not None:
        low += now_ns
    if query.high_now and high is not None:
        high += now_ns
    return low, high


def _in_range(query: Range, subject: Subject, now_ns: int) -> bool:
    low, high = bounds(query, now_ns)
    for value in numbers(FIELDS[query.field], subject.document):
        above = low is None or value > low or (query.include_low and value == low)
        below = high is None or value < high or (query.include_high and value == high)
        if above and below:
            return True
    return False


def _exists(field: str, subject: Subject) -> bool:
    known = FIELDS.get(field)
    if known is None:
        path, pairs = subject.pairs(field)
        return any(name == path or name.startswith(path + ".") for name, _ in pairs)
    match known.kind:
        case Kind.TEXT:
            return any(subject.texts(field))
        case Kind.NUMBER | Kind.TIME:
            return any(True for _ in numbers(known, subject.document))
        case _:
            return any(True for _ in keywords(known, subject.document))


def facet_values(field: str, subject: Subject) -> Iterator[str]:
    """Yield the values of *field* in the message as facets show them; none for a field of words.

    Raises:
        QueryInvalid: there is no such field.
    """
    known = field_of(field)
    if known is None:
        raise QueryInvalid(f"unknown field {field!r}", 0)
    if known.kind in (Kind.NUMBER, Kind.TIME):
        yield from (str(value) for value in numbers(known, subject.document))
    elif known.kind is not Kind.TEXT:
        yield from subject.keywords(field)
