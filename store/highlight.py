"""What of a message a query's words are found in: the places to be marked, the same for every store.

Pure. Marked are the tokens of words and phrases, the tokens that begin with a prefix, and whole values of keyword fields;
what stands under NOT, ranges and existence mark nothing. A message may match for another reason than a mark says: each
part of a query is looked for by itself.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from store.documents import MessageDocument
from store.fields import BODY, FREE_FIELDS, HEADER, Kind, field_of
from store.matching import Subject, is_text
from store.query import And, Or, Prefix, Query, Term
from store.tokens import Token, tokens, tokens_at

TEXT_CHARS_MAX = 64 * 1024
"""Of a text, so much is looked at; of a body no more is searchable."""

SPANS_MAX = 100
"""So many places are marked in one text, the first."""

LEAVES_MAX = 100
"""So many of a query's words, phrases and values are looked for, the first."""

HIGHLIGHTS_MAX = 32
"""So many texts of one message are told."""

EXCERPT_CHARS = 240
LEAD_CHARS = 60

Span = tuple[int, int]
"""The characters from the first number to before the second."""


class Highlight(msgspec.Struct, frozen=True):
    """A value of *field* with places to mark. `field` is as a query names it: ``body``, ``header.tenant``, ``queue``."""

    field: str
    text: str
    spans: tuple[Span, ...]


class Excerpt(msgspec.Struct, frozen=True):
    """A part of a text around its first mark: it begins at character `begins_at`, `spans` count from there."""

    text: str
    begins_at: int
    spans: tuple[Span, ...]


class _Leaf(msgspec.Struct, frozen=True):
    """A term or prefix, and its tokens where it is compared by words."""

    field: str | None
    text: str
    words: tuple[str, ...]
    is_prefix: bool


class Marker:
    """Finds the places of one query in any number of texts."""

    def __init__(self, query: Query) -> None:
        self._leaves: list[_Leaf] = []
        for leaf in _leaves(query):
            if len(self._leaves) == LEAVES_MAX:
                break
            words = tuple(tokens(leaf.text)) if is_text(leaf.field) else ()
            self._leaves.append(_Leaf(leaf.field, leaf.text, words, isinstance(leaf, Prefix)))
        self._asked = dict.fromkeys(leaf.field for leaf in self._leaves)

    def __bool__(self) -> bool:
        """Return whether there is anything to look for."""
        return bool(self._leaves)

    @property
    def reads_bodies(self) -> bool:
        """Whether a body may hold what is looked for."""
        return any(name is None or name == "body" or name.startswith(BODY) for name in self._asked)

    def spans(self, text: str, field: str) -> list[Span]:
        """Return the places to mark in *text*, a value of *field*: in order, none within or beside another's letters."""
        text = text[:TEXT_CHARS_MAX]
        found: set[Span] = set()
        by_words: list[_Leaf] = []
        for leaf in self._leaves:
            if _is_by_words(leaf.field, field):
                by_words.append(leaf)
            elif leaf.field == field and _is_value(leaf, text):
                found.add((0, len(text)))
        if found:
            return [(0, len(text))]  # it holds all others
        if by_words := _possible(by_words, text):
            placed = list(tokens_at(text))
            for leaf in by_words:
                found.update(_runs(leaf, placed))
        return sorted(found)[:SPANS_MAX]

    def highlights(self, document: MessageDocument, text: str | None) -> list[Highlight]:
        """Return what to mark in a message whose body is *text* (None: the body is no text), the body first."""
        told: list[Highlight] = []
        for field, value in dict.fromkeys(self._candidates(Subject(document, text))):
            if spans := self.spans(value, field):
                told.append(Highlight(field, value, tuple(spans)))
            if len(told) == HIGHLIGHTS_MAX:
                break
        return told

    def _candidates(self, subject: Subject) -> Iterator[tuple[str, str]]:
        anywhere = None in self._asked
        if subject.text and (anywhere or "body" in self._asked):
            yield "body", subject.text
        if anywhere or "headers" in self._asked:
            yield from ((HEADER + path, value) for path, value in subject.headers)
        names = FREE_FIELDS if anywhere else ()
        for name in dict.fromkeys((*names, *filter(None, self._asked))):
            if (known := field_of(name)) is not None and known.kind is Kind.KEYWORD:
                yield from ((name, value) for value in subject.keywords(name))


def highlights(query: Query, text: str, field: str) -> list[Span]:
    """Return the places in *text*, a value of *field*, to be marked for *query*. Several texts: use a :class:`Marker`."""
    return Marker(query).spans(text, field)


def excerpt(text: str, spans: Sequence[Span]) -> Excerpt:
    """Return the part of *text* around the first of *spans*, and those of them that lie in it."""
    first = spans[0] if spans else (0, 0)
    begin = 0 if len(text) <= EXCERPT_CHARS else max(0, first[0] - LEAD_CHARS)
    end = max(begin + EXCERPT_CHARS, first[1])
    return Excerpt(
        text=text[begin:end],
        begins_at=begin,
        spans=tuple((low - begin, high - begin) for low, high in spans if high <= end),
    )


def _leaves(query: Query) -> Iterator[Term | Prefix]:
    match query:
        case Term() | Prefix():
            yield query
        case And() | Or():
            for part in query.parts:
                yield from _leaves(part)
        case _:
            return


def _is_by_words(asked: str | None, field: str) -> bool:
    """Return whether a part of a query that asks for *asked* looks for words in values of *field*."""
    match asked:
        case None:
            return field in FREE_FIELDS or field == "body" or field.startswith(HEADER)
        case "headers":
            return field.startswith(HEADER)
        case _:
            return asked == field == "body"


def _is_value(leaf: _Leaf, text: str) -> bool:
    return bool(text) and (text.startswith(leaf.text) if leaf.is_prefix else text == leaf.text)


def _possible(leaves: Iterable[_Leaf], text: str) -> list[_Leaf]:
    """Return the leaves that may be found in *text*: most texts hold nothing, and need not be divided to know it."""
    worded = [leaf for leaf in leaves if leaf.words]
    if not text.isascii():
        return worded
    lower = text.lower()
    return [leaf for leaf in worded if all(word in lower for word in leaf.words)]


def _runs(leaf: _Leaf, placed: Sequence[Token]) -> Iterator[Span]:
    """Yield the places of the tokens of each run that is *leaf*, up to SPANS_MAX of them and the rest of a run."""
    *before, last = leaf.words
    size, count = len(leaf.words), 0
    for i in range(len(placed) - size + 1):
        found = placed[i + size - 1].text
        if not (found.startswith(last) if leaf.is_prefix else found == last):
            continue
        run = placed[i : i + size]
        if [token.text for token in run[:-1]] == before:
            yield from ((token.start, token.end) for token in run)
            count += size
        if count >= SPANS_MAX:
            return
