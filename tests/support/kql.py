"""As much of Kibana's query language as the saved objects use: parsed strictly, and turned into a query as Kibana does.

There is no living parser for it outside Kibana. What this one refuses need not be wrong KQL, but does not belong into our
objects: every field is named, values with spaces are quoted, wildcards stand alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Query = dict[str, Any]

TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:\\.|[^"\\])*")|(?P<sign><=|>=|[<>:()])|(?P<bare>[^\s<>:()"{}\\]+))"""
)
RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
WORDS = frozenset({"and", "or", "not"})


class KqlInvalid(ValueError):
    """It is no KQL of ours; the message says where it ends."""


@dataclass
class Kql:
    """A parsed query: the Elasticsearch query it means, and the fields it names."""

    query: Query
    fields: set[str]


@dataclass
class _Parser:
    tokens: list[str]
    fields: set[str] = field(default_factory=set[str])
    at: int = 0

    def either(self) -> Query:
        found = [self.both()]
        while self.word("or"):
            found.append(self.both())
        return found[0] if len(found) == 1 else _any_of(found)

    def both(self) -> Query:
        found = [self.one()]
        while self.word("and"):
            found.append(self.one())
        return found[0] if len(found) == 1 else {"bool": {"filter": found}}

    def one(self) -> Query:
        if self.word("not"):
            return {"bool": {"must_not": self.one()}}
        if self.peek() == "(":
            self.take("(")
            inner = self.either()
            self.take(")")
            return inner
        return self.comparison()

    def comparison(self) -> Query:
        name = self.value()
        if "*" in name:
            raise KqlInvalid(f"a field is named in full: {name}")
        self.fields.add(name)
        sign = self.next()
        if sign in RANGES:
            return {"range": {name: {RANGES[sign]: self.value()}}}
        if sign != ":":
            raise KqlInvalid(f"a field is compared, not followed by {sign}")
        if self.peek() != "(":
            return self.term(name)
        self.take("(")
        found = [self.term(name)]
        while self.word("or"):
            found.append(self.term(name))
        self.take(")")
        return _any_of(found)

    def term(self, name: str) -> Query:
        if self.peek() == "*":
            self.next()
            return {"exists": {"field": name}}
        quoted, value = self.peek().startswith('"'), self.value()
        if not quoted and "*" in value:
            raise KqlInvalid(f"a wildcard stands alone: {value}")
        return {"match_phrase" if quoted else "match": {name: value}}

    def value(self) -> str:
        token = self.next()
        if token.startswith('"'):
            return re.sub(r"\\(.)", _unescaped, token[1:-1])
        if token in WORDS or not re.match(r"[^<>:()]", token):
            raise KqlInvalid(f"a name or value is missing before {token}")
        return token

    def word(self, word: str) -> bool:
        if self.peek() != word:
            return False
        self.at += 1
        return True

    def take(self, token: str) -> None:
        if (found := self.next()) != token:
            raise KqlInvalid(f"{token} is missing before {found}")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        if not token:
            raise KqlInvalid("it ends too early")
        self.at += 1
        return token


def parse(text: str) -> Kql:
    """Return what *text* means; nothing at all is everything.

    Raises:
        KqlInvalid: it is not KQL as our objects may use it.
    """
    tokens = list(_tokens(text))
    if not tokens:
        return Kql({"match_all": {}}, set())
    parser = _Parser(tokens)
    query = parser.either()
    if parser.peek():
        raise KqlInvalid(f"what is {parser.peek()}?")
    return Kql(query, parser.fields)


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = TOKEN.match(text, at)
        if found is None:
            raise KqlInvalid(f"nothing begins with {text[at:]}")
        yield found[0].strip()
        at = found.end()


def _any_of(found: list[Query]) -> Query:
    return {"bool": {"should": found, "minimum_should_match": 1}}


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1])
