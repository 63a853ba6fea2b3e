r"""The query language: a subset of Lucene syntax, read into the AST of ``store.query``.

    exchange:orders AND state:dead-lettered "card declined" -queue:audit published_at:[now-15m TO now]

- ``word`` and ``"some words"`` without a field are looked for in ids, type, exchange, routing keys, queues, services,
  header values and body text. ``word*`` is a prefix; ``*`` alone is every message.
- ``field:value``, ``field:"a value"``, ``field:val*``, ``field:*`` (has a value), ``field:(a OR b)``.
- Numbers and times: ``field:>5``, ``>=``, ``<``, ``<=``, ``[a TO b]`` with the ends, ``{a TO b}`` without, ``*`` open.
  Times are dates, RFC 3339, or ``now`` with an offset such as ``now-15m`` (s, m, h, d, w).
- ``AND``, ``OR``, ``NOT`` in capitals, ``-`` for NOT, ``+`` for nothing more than clarity, parentheses. What stands side
  by side must all hold, and binds as ``AND`` does: more tightly than ``OR``.
- ``\`` takes the meaning from the next character. There is no fuzzy search, boost or regular expression.

A parser of our own: luqum reads ``vhost:/a/b`` as a regular expression and ``uid:a:b`` as a field in a field, gives
juxtaposition a precedence of its own, and cannot name the position of every error. Pure.
"""

import re
from typing import NoReturn

from store.errors import QueryInvalid
from store.fields import BODY, HEADER, Kind, field_of
from store.query import And, Exists, MatchAll, Not, Or, Prefix, Query, Term
from store.query_values import Bound, number_bound, range_of, time_bound
from store.tokens import tokens

QUERY_CHARS_MAX = 10_000
DEPTH_MAX = 50

_SPACE = re.compile(r"\s*")
_FIELD = re.compile(r"((?:[^\s\\:()\"\[\]{}<>*]|\\.)+):")
_WORD = re.compile(r"(?:[^\s\\()\"]|\\.)+")
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_COMPARISON = re.compile(r"[<>]=?")
_RANGE_WORD = re.compile(r"(?:[^\s\\\]}\"]|\\.)+")
_OPERATOR = re.compile(r"(AND|OR|NOT)(?=[\s(\")]|$)")
_UNESCAPED = re.compile(r"\\.|([*?~^])", re.DOTALL)
_WRONG = re.compile(r"(?:[^\s\\():]|\\.)+|[():]")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse(text: str) -> Query:
    """Return what *text* asks for; an empty text asks for every message.

    Raises:
        QueryInvalid: *text* is not of this language, names no known field, or is too long or deep.
    """
    if len(text) > QUERY_CHARS_MAX:
        raise QueryInvalid(f"longer than {QUERY_CHARS_MAX} characters", QUERY_CHARS_MAX)
    try:
        return _parsed(text)
    except QueryInvalid as error:
        raise QueryInvalid(str(error), error.position, _end_of(text, error.position)) from None


def _parsed(text: str) -> Query:
    parser = _Parser(text)
    parser.skip()
    if parser.at == len(text):
        return MatchAll()
    query = parser.disjunction(None)
    if parser.at < len(text):
        parser.refuse(f"unexpected {text[parser.at]!r}")
    return query


def _end_of(text: str, position: int) -> int:
    """Return the end of the word or sign that begins at *position*; of an open quotation, that of the text."""
    if text[position : position + 1] == '"':
        return len(text)
    found = _WRONG.match(text, position)
    return found.end() if found else position


def _plain(raw: str) -> str:
    return _ESCAPE.sub(r"\1", raw)


class _Parser:
    """Recursive descent over the text; `at` is the next character to read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def refuse(self, message: str, at: int | None = None) -> NoReturn:
        raise QueryInvalid(message, self.at if at is None else at)

    def skip(self) -> None:
        self.at = self._end(_SPACE)

    def _end(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        return found.end() if found else self.at

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _operator(self) -> str:
        found = _OPERATOR.match(self.text, self.at)
        return found[1] if found else ""

    def disjunction(self, field: str | None) -> Query:
        parts = [self._conjunction(field)]
        while self._operator() == "OR":
            self.at += 2
            self.skip()
            parts.append(self._conjunction(field))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self, field: str | None) -> Query:
        parts = [self._negation(field)]
        while self.at < len(self.text) and self._peek() != ")" and (op := self._operator()) != "OR":
            if op == "AND":
                self.at += 3
                self.skip()
            parts.append(self._negation(field))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self, field: str | None) -> Query:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self.refuse(f"nested more than {DEPTH_MAX} deep")
        try:
            return self._signed(field)
        finally:
            self.depth -= 1
            self.skip()

    def _signed(self, field: str | None) -> Query:
        op = self._operator()
        if op == "NOT" or self._peek() == "-":
            self.at += 3 if op else 1
            self.skip()
            return Not(self._negation(field))
        if op:
            self.refuse(f"{op} needs something on both sides")
        if self._peek() == "+":
            self.at += 1
            self.skip()
            return self._negation(field)
        if self._peek() == "(":
            return self._group(field)
        return self._clause(field)

    def _group(self, field: str | None) -> Query:
        start = self.at
        self.at += 1
        self.skip()
        if self._peek() == ")":
            self.refuse("nothing between the parentheses", start)
        query = self.disjunction(field)
        if self._peek() != ")":
            self.refuse("a parenthesis is not closed", start)
        self.at += 1
        return query

    def _clause(self, field: str | None) -> Query:
        start = self.at
        named = self._take(_FIELD) if self._peek() != '"' else None
        if named is None:
            return self._value(field, start)
        name = _plain(named[1])
        if field_of(name) is None:
            if field is not None:  # a value that holds a colon, as times do
                self.at = start
                return self._value(field, start)
            self.refuse(_unknown(name), start)
        if field is not None:
            self.refuse(
                f"{name!r}: a field within the parentheses of a field; quote the colon", start
            )
        if self._peek() == "(":
            return self._group(name)
        if not self._peek() or self._peek().isspace() or self._peek() == ")":
            self.refuse(f"{name}: has no value; write {name}:* for any")
        return self._value(name, start)

    def _value(self, field: str | None, start: int) -> Query:
        if (phrase := self._take(_PHRASE)) is not None:
            if self._peek() in ("~", "^"):
                self.refuse("fuzzy search and boosts are not supported")
            prefix = self._peek() == "*"
            self.at += prefix
            return self._text(field, _plain(phrase[1]), start, at=phrase.start(), prefix=prefix)
        if self._peek() == '"':
            self.refuse("a quotation mark is not closed")
        if field is not None and self._peek() in ("[", "{"):
            return self._range(field, start)
        if field is not None and (sign := self._take(_COMPARISON)):
            return self._comparison(field, sign[0], start)
        word = self._take(_WORD)
        if word is None:
            self.refuse(
                f"unexpected {self._peek()!r}" if self._peek() else "the query ends too early"
            )
        return self._word(field, word[0], word.start(), start)

    def _word(self, field: str | None, raw: str, at: int, start: int) -> Query:
        if raw == "*" or (raw == "*:*" and field is None):
            return MatchAll() if field is None else Exists(field, start)
        if raw in ("&&", "||") or (raw[0] == "!" and field is None):
            self.refuse(f"{raw[:2]!r}: write AND, OR, NOT", at)
        prefix = False
        for found in _UNESCAPED.finditer(raw):
            if found[1] in ("~", "^"):
                self.refuse("fuzzy search and boosts are not supported", at + found.start())
            if found[1] == "?" or (found[1] == "*" and found.end() < len(raw)):
                self.refuse("a wildcard stands only at the end, as *", at + found.start())
            prefix = prefix or found[1] == "*"
        return self._text(field, _plain(raw[:-1] if prefix else raw), start, at=at, prefix=prefix)

    def _text(self, field: str | None, text: str, start: int, *, at: int, prefix: bool) -> Query:
        """Return the query for one value of *field*, which stands at *at*, by the field's kind."""
        known = None if field is None else field_of(field)
        if field is None or known is None or known.kind is Kind.TEXT:
            if not tokens(text):
                self.refuse(f"{text!r} has no letter or number to search for", at)
            return Prefix(field, text, start) if prefix else Term(field, text, start)
        if known.kind is Kind.KEYWORD:
            return Prefix(field, text, start) if prefix else Term(field, text, start)
        if prefix:
            self.refuse(f"{field} is a {known.kind}: it has no prefixes", at)
        if known.kind is Kind.BOOLEAN:
            if text not in ("true", "false"):
                self.refuse(f"{field} is true or false, not {text!r}", at)
            return Term(field, text, start)
        bound = self._bound(known.kind, text, at)
        return range_of(field, bound, bound, include=(True, True), at=start)

    def _bound(self, kind: Kind, text: str, at: int) -> Bound:
        bound = number_bound(text) if kind is Kind.NUMBER else time_bound(text)
        if bound is None:
            self.refuse(f"{text!r} is no {kind}", at)
        return bound

    def _kind_with_sizes(self, field: str, start: int) -> Kind:
        known = field_of(field)
        if known is None or known.kind not in (Kind.NUMBER, Kind.TIME):
            why = "is compared by equality" if known and known.kind is not Kind.TEXT else "is text"
            if field.startswith((HEADER, BODY)):
                why = "is compared by equality and prefix"
            self.refuse(f"{field} {why}: no range on it", start)
        return known.kind

    def _comparison(self, field: str, sign: str, start: int) -> Query:
        kind = self._kind_with_sizes(field, start)
        at = self.at
        if (phrase := self._take(_PHRASE)) is not None:
            text = _plain(phrase[1])
        else:
            word = self._take(_WORD)
            text = _plain(word[0]) if word else ""
        if not text:
            self.refuse(f"{field}:{sign} has no value", at)
        bound, inclusive = self._bound(kind, text, at), sign.endswith("=")
        if sign[0] == ">":
            return range_of(field, bound, None, include=(inclusive, True), at=start)
        return range_of(field, None, bound, include=(True, inclusive), at=start)

    def _range(self, field: str, start: int) -> Query:
        kind = self._kind_with_sizes(field, start)
        opening = self.at
        include_low = self._peek() == "["
        self.at += 1
        self.skip()
        low = self._range_end(kind)
        self.skip()
        word = self._take(_RANGE_WORD)
        if word is None or word[0] != "TO":
            self.refuse("a range reads [a TO b]", opening)
        self.skip()
        high = self._range_end(kind)
        self.skip()
        if self._peek() not in ("]", "}"):
            self.refuse("a range is not closed", opening)
        include_high = self._peek() == "]"
        self.at += 1
        return range_of(field, low, high, include=(include_low, include_high), at=start)

    def _range_end(self, kind: Kind) -> Bound | None:
        at = self.at
        found = self._take(_PHRASE) or self._take(_RANGE_WORD)
        if found is None:
            self.refuse("a range reads [a TO b]")
        if found[0] == "*":
            return None
        return self._bound(kind, _plain(found[0].strip('"')), at)


def _unknown(name: str) -> str:
    hint = "; quote text that holds a colon" if "/" not in name and "." not in name else ""
    return f"unknown field {name!r}{hint}"
