"""The query AST: what a search means, whatever the store.

Pure. ``store/query_parser.py`` makes it from the documented subset of Lucene syntax; adapters translate it.
"""

import msgspec


class MatchAll(msgspec.Struct, frozen=True, tag=True):
    """Every message."""


class Term(msgspec.Struct, frozen=True, tag=True):
    """The value of *field* (None: any text field) has *text*'s tokens one after another, or equals it in a keyword field."""

    field: str | None
    text: str
    at: int = 0


class Prefix(msgspec.Struct, frozen=True, tag=True):
    """A token (or keyword value) of *field* (None: any text field) begins with *text*; its earlier tokens stand before."""

    field: str | None
    text: str
    at: int = 0


class Range(msgspec.Struct, frozen=True, tag=True):
    """A number, or a time in ns, between *low* and *high*; None is open.

    A time may be relative: then `low_now` or `high_now` is set and the bound is an offset in ns from the search's now.
    """

    field: str
    low: int | float | None = None
    high: int | float | None = None
    include_low: bool = True
    include_high: bool = True
    low_now: bool = False
    high_now: bool = False
    at: int = 0


class Exists(msgspec.Struct, frozen=True, tag=True):
    """*field* has a value."""

    field: str
    at: int = 0


class And(msgspec.Struct, frozen=True, tag=True):
    parts: tuple["Query", ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    parts: tuple["Query", ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    part: "Query"


Query = MatchAll | Term | Prefix | Range | Exists | And | Or | Not
