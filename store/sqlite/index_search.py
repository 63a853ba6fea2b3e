"""Searching the SQLite index: totals counted to a limit, pages by key, and no more of the index read than needed.

Positions and publish times hardly ever differ in order, and the table of spans tells by how much: so a page ordered by
time is found by going through the positions from one end, and stops as soon as nothing better can come. All calls block;
they belong into the adapter's worker thread.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from store.ports import Sort
from store.query import Query
from store.ranking import TOTAL_MAX, missing
from store.sqlite.index_query import (
    EVERY,
    NONE,
    WITHIN,
    AllOf,
    AnyOf,
    Columns,
    Labels,
    Node,
    Translation,
    Words,
)
from store.sqlite.index_schema import SPAN_BITS

FEW = 20_000
SPANS_FIRST = 4
POSITION_MAX = 2**62

_SORT_COLUMNS = {
    "published_at": "m.published_at",
    "position": "m.position",
    "latency_ms": "m.latency_us",
    "body.size": "m.body_size",
    "retry_rounds": "m.retry_rounds",
}

Key = tuple[int, int]


class _Span(NamedTuple):
    """Positions from `start` to before `stop`, published from `low` to `high`."""

    start: int
    stop: int
    low: int
    high: int


class Found(NamedTuple):
    """Sort keys of a page, of one item more than asked for if there is one, and the total."""

    keys: list[Key]
    total: int
    total_is_exact: bool


class Search:
    """One query on one connection, in one read transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection, query: Query, now_ns: int) -> None:
        self._db = db
        self._translation = Translation(db, now_ns)
        self._node = self._translation.node(query)
        self._source, self._where = self._driven(self._node)

    def page(self, sort: Sort, count: int, after: Key | None, *, exact_total: bool) -> Found:
        """Return the first *count* sort keys after *after*, and the total."""
        if self._node == NONE:
            return Found([], 0, True)
        total = self._count(None if exact_total else TOTAL_MAX + 1)
        few = total <= TOTAL_MAX
        if few or sort.field not in ("published_at", "position"):
            keys = self._ordered(sort, count, after)
        else:
            keys = self._walk(sort, count, after)
        exact = exact_total or few
        return Found(keys, total if exact else TOTAL_MAX, exact)

    def _driven(self, node: Node) -> tuple[str, str]:
        """Return FROM and WHERE, beginning with the part of *node* that holds for the fewest messages."""
        parts = node.parts if isinstance(node, AllOf) else (node,)
        rare = any(isinstance(part, Columns) and part.is_rare for part in parts)
        costs = [FEW * 2 if rare else self._estimate(part) for part in parts]
        best = min(range(len(parts)), key=costs.__getitem__, default=-1)
        if best < 0 or costs[best] > FEW:
            return "messages AS m", self._translation.sql(node).replace("{at}", "m.position")
        first, rest = parts[best], AllOf(tuple(p for i, p in enumerate(parts) if i != best))
        source, at, begin = self._driver(first)
        where = f"{begin} AND {self._translation.sql(rest)}".replace("{at}", at)
        return f"{source} CROSS JOIN messages AS m ON m.position = {at}", where

    def _estimate(self, part: Node) -> int:
        """Return how many messages *part* holds for, counted to FEW; more than that when it cannot lead."""
        if not isinstance(part, Words | Labels | AnyOf) or (
            isinstance(part, AnyOf) and not all(isinstance(p, Words | Labels) for p in part.parts)
        ):
            return FEW * 2
        source, at, where = self._driver(part)
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {where} LIMIT {FEW})"
        return self._one(sql.replace("{at}", at))

    def _driver(self, part: Node) -> tuple[str, str, str]:
        """Return a source of rows for *part*, its column of positions, and its condition."""
        put, within = self._translation.put, WITHIN
        match part:
            case Words():
                return "words", "words.rowid", f"words MATCH {put(part.expression)} AND {within}"
            case Labels() if len(part.ids) == 1:
                return "labelled AS d", "d.position", f"d.label = {part.ids[0]} AND {within}"
            case Labels():
                return self._united([part]), "d.position", within
            case AnyOf():
                return self._united(part.parts), "d.position", within
            case _:
                raise AssertionError(part)

    def _united(self, parts: Sequence[Node]) -> str:
        return f"({' UNION '.join([self._select(part) for part in parts])}) AS d"

    def _select(self, part: Node) -> str:
        if isinstance(part, Words):
            return (
                "SELECT rowid AS position FROM words"
                f" WHERE words MATCH {self._translation.put(part.expression)}"
                " AND rowid >= :low AND rowid < :high"
            )
        listed = ",".join(map(str, part.ids if isinstance(part, Labels) else ()))
        return (
            f"SELECT DISTINCT position FROM labelled WHERE label IN ({listed})"
            " AND position >= :low AND position < :high"
        )

    def _run(self, sql: str, low: int = 0, high: int = POSITION_MAX) -> sqlite3.Cursor:
        return self._db.execute(sql, {**self._translation.values, "low": low, "high": high})

    def _one(self, sql: str) -> int:
        return self._run(sql).fetchone()[0]

    def _count(self, limit: int | None) -> int:
        if self._node == EVERY and limit is None:
            return self._one("SELECT count(*) FROM messages")
        bound = "" if limit is None else f" LIMIT {limit}"
        return self._one(
            f"SELECT count(*) FROM (SELECT 1 FROM {self._source} WHERE {self._where}{bound})"
        )

    def _ordered(self, sort: Sort, count: int, after: Key | None) -> list[Key]:
        value = f"ifnull({_SORT_COLUMNS[sort.field]}, {missing(sort)})"
        direction, beyond = ("DESC", "<") if sort.descending else ("ASC", ">")
        where = self._where
        if after is not None:
            put = self._translation.put
            where += f" AND ({value}, m.position) {beyond} ({put(after[0])}, {put(after[1])})"
        sql = (
            f"SELECT {value}, m.position FROM {self._source} WHERE {where}"
            f" ORDER BY 1 {direction}, 2 {direction} LIMIT {count}"
        )
        return [(row[0], row[1]) for row in self._run(sql)]

    def _walk(self, sort: Sort, count: int, after: Key | None) -> list[Key]:
        """Go through the positions from the end the page begins at, until nothing better can come."""
        sign = -1 if sort.descending else 1
        value = _SORT_COLUMNS[sort.field]
        sql = f"SELECT {value}, m.position FROM {self._source} WHERE {self._where}"
        found: list[Key] = []
        for low, high, best_left in self._parts(sort, after):
            rows = cast("Iterator[Key]", self._run(sql, low, high))
            found += [row for row in rows if after is None or _is_beyond(row, after, sort)]
            found.sort(reverse=sort.descending)
            del found[count:]
            if len(found) == count and (
                best_left is None or sign * found[-1][0] <= sign * best_left
            ):
                break
        return found

    def _parts(self, sort: Sort, after: Key | None) -> Iterator[tuple[int, int, int | None]]:
        """Yield ranges of positions, larger and larger, each with the best sort value that comes later."""
        spans = self._spans(sort)
        if sort.descending:
            spans.reverse()
        if after is not None:
            spans = [
                span
                for span in spans
                if (span.low <= after[0] if sort.descending else span.high >= after[0])
            ]
        left: list[int | None] = [None]
        for span in reversed(spans):
            value = span.high if sort.descending else span.low
            last = left[-1]
            pick = max if sort.descending else min
            left.append(value if last is None else pick(last, value))
        left.reverse()
        start, size = 0, SPANS_FIRST
        while start < len(spans):
            stop = min(start + size, len(spans))
            part = spans[start:stop]
            yield min(s.start for s in part), max(s.stop for s in part), left[stop]
            start, size = stop, size * 2

    def _spans(self, sort: Sort) -> list[_Span]:
        rows = self._db.execute("SELECT span, low, high FROM spans ORDER BY span")
        if sort.field == "position":
            bounds = [(row[0] << SPAN_BITS, (row[0] + 1) << SPAN_BITS) for row in rows]
            return [_Span(start, stop, start, stop - 1) for start, stop in bounds]
        return [
            _Span(span << SPAN_BITS, (span + 1) << SPAN_BITS, low, high) for span, low, high in rows
        ]


def _is_beyond(row: Key, after: Key, sort: Sort) -> bool:
    return row < after if sort.descending else row > after
