"""Searching the SQLite index: totals counted to a limit, pages by key, and no more of the index read than needed.

Positions and publish times hardly ever differ in order, and the table of spans tells by how much: so a page ordered by
time is found by going through the positions from one end, and stops as soon as nothing better can come. All calls block;
they belong into the adapter's worker thread.
"""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple, cast

from store.ports import Sort
from store.query import And, Query, Range
from store.query_time import time_span
from store.ranking import TOTAL_MAX, missing
from store.sqlite.index_drive import Plan, plan
from store.sqlite.index_nodes import EVERY, NONE
from store.sqlite.index_query import Translation
from store.sqlite.index_schema import SPAN_BITS

SPANS_FIRST = 16
WALKED_FIRST = 1  # a further page mostly lies within a few thousand positions
POSITION_MAX = 2**62
LABEL_BITS = 40
PROBE_WORDS = 30  # asking the full-text table about one message costs so many rows read in order

_SORT_COLUMNS = {
    "published_at": "published_at",
    "position": "position",
    "latency_ms": "latency_us",
    "body.size": "body_size",
    "retry_rounds": "retry_rounds",
}
_SORT_INDEXES = {
    "latency_ms": "messages_by_latency",
    "body.size": "messages_by_size",
    "retry_rounds": "messages_by_rounds",
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
        self._spans = self._spans_of(query, now_ns)
        self._low = self._spans[0].start if self._spans else 0
        self._high = self._spans[-1].stop if self._spans else 0

    def page(self, sort: Sort, count: int, after: Key | None, *, exact_total: bool) -> Found:
        """Return the first *count* sort keys after *after*, and the total."""
        if self._node == NONE or not self._spans:
            return Found([], 0, True)
        self._plan = plan(self._translation, self._node, self._low, self._high)
        rows, last = self._collect(sort)
        if last is None:
            keys = sorted(rows, reverse=sort.descending)
            rest = [key for key in keys if after is None or _is_beyond(key, after, sort)]
            return Found(rest[:count], len(rows), True)
        total = self._count() if exact_total else TOTAL_MAX
        return Found(self._many(sort, count, after, rows, last), total, exact_total)

    def histogram(self, since: int, width_ns: int, buckets: int) -> list[int]:
        """Return the matches in each bucket of publish time; the query must allow none outside them."""
        counts = [0] * buckets
        if self._node == NONE or not self._spans:
            return counts
        for bucket, count in self._bucketed(since, width_ns):
            counts[bucket] = count
        return counts

    def histogram_by_state(self, since: int, width_ns: int, buckets: int) -> list[dict[str, int]]:
        """Return the matches in each bucket by their state; the query must allow none outside the buckets."""
        counts: list[dict[str, int]] = [{} for _ in range(buckets)]
        if self._node == NONE or not self._spans:
            return counts
        names = dict(self._db.execute("SELECT id, value FROM labels WHERE field = 'state'"))
        # Grouped by one number, which takes half as long as by two.
        for both, count in self._bucketed(since, width_ns, f" << {LABEL_BITS} | m.state"):
            counts[both >> LABEL_BITS][names[both & ((1 << LABEL_BITS) - 1)]] = count
        return counts

    def _bucketed(self, since: int, width_ns: int, by: str = "") -> sqlite3.Cursor:
        told = plan(self._translation, self._node, self._low, self._high)
        put = self._translation.put
        return self._run(
            f"SELECT (m.published_at - {put(since)}) / {put(width_ns)}{by} AS bucket, count(*)"
            f" FROM {told.source} WHERE {told.where} GROUP BY bucket"
        )

    def _spans_of(self, query: Query, now_ns: int) -> list[_Span]:
        """Return the spans of positions that can hold matches, oldest first."""
        found = [
            _Span(row[0] << SPAN_BITS, (row[0] + 1) << SPAN_BITS, row[1], row[2])
            for row in self._db.execute("SELECT span, low, high FROM spans ORDER BY span")
        ]
        since, until = time_span(query, now_ns)
        first, last = _positions(query)
        return [
            span
            for span in found
            if (since is None or span.high >= since)
            and (until is None or span.low <= until)
            and (first is None or span.stop > first)
            and (last is None or span.start <= last)
        ]

    def _run(self, sql: str, low: int | None = None, high: int | None = None) -> sqlite3.Cursor:
        values = {
            **self._translation.values,
            "low": self._low if low is None else low,
            "high": self._high if high is None else high,
        }
        return self._db.execute(sql, values)

    def _count(self) -> int:
        if self._node == EVERY and self._low == 0:
            return self._run("SELECT count(*) FROM messages").fetchone()[0]
        found = self._run(f"SELECT count(*) FROM {self._plan.source} WHERE {self._plan.where}")
        return found.fetchone()[0]

    def _value(self, sort: Sort) -> str:
        column = f"m.{_SORT_COLUMNS[sort.field]}"
        return f"ifnull({column}, {missing(sort)})" if sort.field in _SORT_INDEXES else column

    def _collect(self, sort: Sort) -> tuple[list[Key], int | None]:
        """Return matches by position from the end where a page begins; of too many to count, also the last one's."""
        ascending = sort.field not in _SORT_INDEXES and not sort.descending
        spans = self._spans if ascending else self._spans[::-1]
        rows: list[Key] = []
        if self._plan.branches:
            seen: dict[int, Key] = {}
            for branch in self._plan.branches:
                seen.update((row[1], row) for row in self._first(branch, sort, ascending, spans))
            rows = [seen[at] for at in sorted(seen, reverse=not ascending)]
            del rows[TOTAL_MAX + 1 :]
        else:
            for part in _slices(spans) if self._plan.is_sliced else [spans]:
                rows += self._first(self._plan, sort, ascending, part, TOTAL_MAX + 1 - len(rows))
                if len(rows) > TOTAL_MAX:
                    break
        return rows, rows[-1][1] if len(rows) > TOTAL_MAX else None

    def _first(
        self,
        plan: Plan,
        sort: Sort,
        ascending: bool,
        spans: list[_Span],
        limit: int = TOTAL_MAX + 1,
    ) -> sqlite3.Cursor:
        """Return the first matches by position within *spans*."""
        sql = (
            f"SELECT {self._value(sort)}, m.position FROM {plan.source} WHERE {plan.where}"
            f" ORDER BY {plan.at} {'ASC' if ascending else 'DESC'} LIMIT {limit}"
        )
        return self._run(sql, min(s.start for s in spans), max(s.stop for s in spans))

    def _many(
        self, sort: Sort, count: int, after: Key | None, rows: list[Key], last: int
    ) -> list[Key]:
        """Return the page's keys where there are more matches than are counted, of which *rows* were seen up to *last*."""
        if sort.field in _SORT_INDEXES:
            density = len(rows) / (abs(rows[0][1] - last) + 1)
            probe = PROBE_WORDS if self._plan.probes_words else 1
            if count / density * probe < density * (self._high - self._low):
                return self._by_index(sort, count, after)
            return self._ordered(sort, count, after)
        spans = self._spans_by(sort)
        if after is None:
            keys = sorted(rows, reverse=sort.descending)[:count]
            left = [s for s in spans if (s.start <= last if sort.descending else s.stop > last)]
            if _is_settled(keys, count, _best(left, sort), sort):
                return keys
        return self._walk(sort, count, after, spans)

    def _ordered(self, sort: Sort, count: int, after: Key | None) -> list[Key]:
        direction, beyond = _direction(sort)
        value, where = self._value(sort), self._plan.where
        if after is not None:
            put = self._translation.put
            where += f" AND ({value}, m.position) {beyond} ({put(after[0])}, {put(after[1])})"
        sql = (
            f"SELECT {value}, m.position FROM {self._plan.source} WHERE {where}"
            f" ORDER BY 1 {direction}, 2 {direction} LIMIT {count}"
        )
        return list(self._run(sql))

    def _by_index(self, sort: Sort, count: int, after: Key | None) -> list[Key]:
        """Go through the sort column's index from the end where the page begins; missing values come behind all others."""
        direction, beyond = _direction(sort)
        column = f"m.{_SORT_COLUMNS[sort.field]}"
        matching = self._translation.sql(self._node, probing=True).replace("{at}", "m.position")
        found: list[Key] = []
        for value in (column, None):
            bound = ""
            if after is not None:
                is_here = (after[0] == missing(sort)) == (value is None)
                if not is_here and value is not None:
                    continue
                if is_here:
                    bound = f" AND m.position {beyond} {after[1]}"
                    if value is not None:
                        bound = f" AND ({value}, m.position) {beyond} ({after[0]}, {after[1]})"
            rows = self._run(
                f"SELECT {value or missing(sort)}, m.position"
                f" FROM messages AS m INDEXED BY {_SORT_INDEXES[sort.field]}"
                f" WHERE {column} IS {'NOT ' if value else ''}NULL{bound} AND {matching}"
                f" ORDER BY {column} {direction}, m.position {direction} LIMIT {count - len(found)}"
            )
            found += rows
            if len(found) == count:
                break
        return found

    def _walk(self, sort: Sort, count: int, after: Key | None, spans: list[_Span]) -> list[Key]:
        """Go through the positions from the end the page begins at, until nothing better can come."""
        if after is not None:
            spans = [
                span
                for span in spans
                if (span.low <= after[0] if sort.descending else span.high >= after[0])
            ]
        sql = (
            f"SELECT {self._value(sort)}, m.position FROM {self._plan.source}"
            f" WHERE {self._plan.where}"
        )
        found: list[Key] = []
        done = 0
        for part in _slices(spans, first=WALKED_FIRST):
            low, high = min(span.start for span in part), max(span.stop for span in part)
            rows = cast("Iterator[Key]", self._run(sql, low, high))
            found += [row for row in rows if after is None or _is_beyond(row, after, sort)]
            found.sort(reverse=sort.descending)
            del found[count:]
            done += len(part)
            if _is_settled(found, count, _best(spans[done:], sort), sort):
                break
        return found

    def _spans_by(self, sort: Sort) -> list[_Span]:
        """Return the spans from the end where a page begins, `low` and `high` being what is sorted by."""
        spans = self._spans
        if sort.field == "position":
            spans = [_Span(s.start, s.stop, s.start, s.stop - 1) for s in spans]
        return spans[::-1] if sort.descending else spans


def _positions(query: Query) -> tuple[float | None, float | None]:
    """Return the lowest and highest position that can match; None where the query sets no bound."""
    parts = query.parts if isinstance(query, And) else (query,)
    told = [part for part in parts if isinstance(part, Range) and part.field == "position"]
    return (
        max((part.low for part in told if part.low is not None), default=None),
        min((part.high for part in told if part.high is not None), default=None),
    )


def _slices(spans: list[_Span], *, first: int = SPANS_FIRST) -> Iterator[list[_Span]]:
    start, size = 0, first
    while start < len(spans):
        yield spans[start : start + size]
        start, size = start + size, size * 2


def _best(spans: list[_Span], sort: Sort) -> int | None:
    """Return the best sort value that any of *spans* can hold; None of none."""
    if sort.descending:
        return max((span.high for span in spans), default=None)
    return min((span.low for span in spans), default=None)


def _is_settled(keys: list[Key], count: int, best_left: int | None, sort: Sort) -> bool:
    if len(keys) < count:
        return best_left is None
    if best_left is None:
        return True
    return keys[-1][0] > best_left if sort.descending else keys[-1][0] < best_left


def _direction(sort: Sort) -> tuple[str, str]:
    return ("DESC", "<") if sort.descending else ("ASC", ">")


def _is_beyond(row: Key, after: Key, sort: Sort) -> bool:
    return row < after if sort.descending else row > after
