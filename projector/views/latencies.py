"""How long messages wait, are worked on, and take from end to end: distributions per hour, edge, queue and type.

Pure. A time is counted in the hour (event time) in which its delivery was, end to end in that in which the conversation's
first delivery was. Work is estimated, and moves to another place of its distribution when better evidence comes. What
was seen late, or has a gap of capture within, is left out and counted as such. Bounded: beyond `ROWS_MAX` rows, hours
older than a day become days, then names made by brokers and clients become one, then the oldest go.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from events.facts import Envelope, Fact, GapClosed, GapOpened
from events.values import Text
from projector.linker import latency
from projector.linker.model import (
    ChangeHandler,
    ChangeKind,
    Endpoint,
    FactHandler,
    LiveAttempt,
    LiveCopy,
    LiveMessage,
)
from projector.views.ends import UNSEEN, Ends
from projector.views.flows import pattern
from projector.views.sketch import Sketch, add, merge, take
from projector.views.state import StateView

ROWS_MAX = 12_000
HOURS_KEPT = 24
ROOTS_MAX = 10_000
HOUR_NS = 3_600_000_000_000
DAY_HOURS = 24
GAPS_MAX = 256

Key = tuple[int, int, int, int, Any, Any, Any]
"""First hour since 1970, hours, publisher's slot, consumer's slot, vhost, queue, type (or routing key)."""


class Times(msgspec.Struct, array_like=True):
    """The distributions of one row. `worked_by` counts work by the rank of its evidence, `left_out` what was not timed."""

    waits: Sketch = {}
    work: Sketch = {}
    ends: Sketch = {}
    worked_by: dict[int, int] = {}
    left_out: int = 0

    def merge(self, other: "Times") -> None:
        """Count what *other* counts."""
        merge(self.waits, other.waits)
        merge(self.work, other.work)
        merge(self.ends, other.ends)
        merge(self.worked_by, other.worked_by)
        self.left_out += other.left_out


class Root(msgspec.Struct, array_like=True):
    """A conversation: when it began and the last of it that is known (ns), and the row it is counted in."""

    began: int
    last: int
    key: Key


class LatenciesState(msgspec.Struct, array_like=True):
    """`complete_from` is the hour before which rows were dropped; gaps are those open, and the last end of those closed."""

    ends: Ends = msgspec.field(default_factory=Ends)
    rows: dict[Key, Times] = {}
    roots: dict[str, Root] = {}
    complete_from: int = 0
    open_gaps: dict[tuple[str, Any], int] = {}
    closed_gaps: dict[Any, int] = {}


class LatenciesView(StateView[LatenciesState]):
    """The view `latencies`."""

    name = "latencies"

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, LatenciesState)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.COPY_DELIVERED: self._delivered,
            ChangeKind.WORK_ENDED: self._worked,
            ChangeKind.TRACE_CHANGED: self._moved,
            ChangeKind.ENDPOINT_NAMED: self._named,
            ChangeKind.ENDPOINT_CLOSED: self._closed,
        }

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {GapOpened: self._gap_opened, GapClosed: self._gap_closed}

    def _delivered(
        self, _: Envelope, message: LiveMessage, copy: LiveCopy, attempt: LiveAttempt
    ) -> None:
        """Count the wait of a first delivery, and the conversation up to it."""
        span = None
        if len(copy.attempts) == 1:
            key = self._key(message, copy, attempt)
            row = self.state.rows.get(key)
            if row is None:
                row = self._new_row(key)
            span = latency.queue_wait(message, copy)
            if span is None or self._touches_gap(message.vhost, span[0]):
                row.left_out += 1
                span = None
            else:
                add(row.waits, span[1] - span[0])
            if span is not None and message.trace_id not in self.state.roots:
                self._begin(message, span[0], attempt.at, key, row)
                return
        if attempt.lag_ms == 0:
            self._goes_on(message, attempt.at)

    def _worked(
        self, _: Envelope, message: LiveMessage, copy: LiveCopy, told: tuple[LiveAttempt, int, int]
    ) -> None:
        """Count how long a delivery was worked on, or count it anew."""
        attempt, was_at, was_by = told
        if self._touches_gap(message.vhost, attempt.at):
            return
        key = self._key(message, copy, attempt)
        row = self.state.rows.get(key)
        if row is None:
            row = self._new_row(key)
        if was_at:
            if not take(row.work, was_at - attempt.at):
                return
            row.worked_by[was_by] -= 1
        add(row.work, attempt.ended_at - attempt.at)
        row.worked_by[attempt.ended_by] = row.worked_by.get(attempt.ended_by, 0) + 1
        self._goes_on(message, attempt.ended_at)

    def _begin(self, message: LiveMessage, began: int, last: int, key: Key, row: Times) -> None:
        """Count a conversation at the first delivery of the message that began it."""
        if message.began_at or message.parent is not None:
            return
        roots = self.state.roots
        if len(roots) >= 2 * ROOTS_MAX:
            self.state.roots = roots = dict(list(roots.items())[ROOTS_MAX:])
        roots[message.trace_id] = Root(began, last, key)
        add(row.ends, last - began)

    def _goes_on(self, message: LiveMessage, at: int) -> None:
        """Let the conversation of *message* last until *at*."""
        root = self.state.roots.get(message.trace_id)
        if root is None or at <= root.last:
            return
        row = self.state.rows.get(root.key)
        if row is None or self._touches_gap(message.vhost, root.last):
            return
        if take(row.ends, root.last - root.began):
            add(row.ends, at - root.began)
        root.last = at

    def _moved(self, _: Envelope, message: LiveMessage, before: str, _3: Any) -> None:
        """Let what was taken for a conversation of its own be part of the one it belongs to."""
        root = self.state.roots.pop(before, None)
        if root is None:
            return
        row = self.state.rows.get(root.key)
        if row is not None:
            take(row.ends, root.last - root.began)
        self._goes_on(message, root.last)

    def _key(self, message: LiveMessage, copy: LiveCopy, attempt: LiveAttempt) -> Key:
        slots = self.state.ends.slots
        publisher = message.publisher
        if publisher is None:
            slot = UNSEEN
        else:
            slot = slots.get(publisher.number)
            if slot is None:
                slot = self.state.ends.meet(publisher, attempt.at)
        consumer = slots.get(attempt.endpoint.number)
        if consumer is None:
            consumer = self.state.ends.meet(attempt.endpoint, attempt.at)
        hour = attempt.at // HOUR_NS
        return (hour, 1, slot, consumer, message.vhost, copy.queue, label_of(message))

    def _new_row(self, key: Key) -> Times:
        if len(self.state.rows) >= ROWS_MAX:
            self._make_room(key[0])
        row = self.state.rows[key] = Times()
        return row

    # Names

    def _named(self, envelope: Envelope, endpoint: Endpoint, _2: Any, _3: Any) -> None:
        self.state.ends.rename(endpoint, envelope.observed_at)
        self._move(self.state.ends.settled())

    def _closed(self, envelope: Envelope, endpoint: Endpoint, _2: Any, _3: Any) -> None:
        self.state.ends.close(endpoint, envelope.observed_at)
        self._move(self.state.ends.settled())

    def _move(self, slots: dict[int, int]) -> None:
        """Count what stands under a slot of *slots* under the slot it moved to."""
        if slots:
            to = slots.get

            def moved(key: Key) -> Key:
                return (key[0], key[1], to(key[2], key[2]), to(key[3], key[3]), *key[4:])

            self._regroup(moved)

    # Bounds

    def _make_room(self, hour: int) -> None:
        """Make rows coarser until half of them are free; *hour* is now."""
        state = self.state
        self._move(state.ends.merged())
        fine_from = hour - HOURS_KEPT

        def by_day(key: Key) -> Key:
            return _by_day(key) if key[0] < fine_from else key

        self._regroup(by_day)
        if len(state.rows) > ROWS_MAX // 2:
            self._regroup(_by_family)
        if len(state.rows) > ROWS_MAX // 2:
            oldest = sorted(state.rows, key=_begins)[: len(state.rows) - ROWS_MAX // 2]
            for key in oldest:
                del state.rows[key]
                state.complete_from = max(state.complete_from, key[0] + key[1])

    def _regroup(self, group: Callable[[Key], Key]) -> None:
        rows: dict[Key, Times] = {}
        for key, row in self.state.rows.items():
            name = group(key)
            known = rows.get(name)
            if known is None:
                rows[name] = row
            else:
                known.merge(row)
        for root in self.state.roots.values():
            root.key = group(root.key)
        self.state.rows = rows

    # Gaps

    def _gap_opened(self, _: Envelope, fact: GapOpened) -> None:
        gaps = self.state.open_gaps
        if len(gaps) < GAPS_MAX:
            gaps[fact.gap, fact.vhost] = fact.since

    def _gap_closed(self, _: Envelope, fact: GapClosed) -> None:
        self.state.open_gaps.pop((fact.gap, fact.vhost), None)
        if fact.estimated != 0:
            gaps = self.state.closed_gaps
            gaps[fact.vhost] = max(fact.until, gaps.get(fact.vhost, 0))
            if len(gaps) > GAPS_MAX:
                del gaps[next(iter(gaps))]

    def _touches_gap(self, vhost: Text, since: int) -> bool:
        """Return whether something of *vhost* may have been missed between *since* (ns) and now."""
        state = self.state
        if not state.open_gaps and not state.closed_gaps:
            return False
        if any(where in (vhost, "") for _, where in state.open_gaps):
            return True
        closed = state.closed_gaps
        return since < closed.get(vhost, 0) or since < closed.get("", 0)


def label_of(message: LiveMessage) -> Text:
    """Return the type of *message*, or its routing key where it has none."""
    kind = message.properties.type
    if kind is None and message.described is not None:
        kind = message.described.message_type
    keys = message.routing_keys
    return kind or (keys[0] if keys else "")


def _by_day(key: Key) -> Key:
    return (key[0] - key[0] % DAY_HOURS, DAY_HOURS, *key[2:])


def _by_family(key: Key) -> Key:
    return (*key[:5], pattern(key[5]), pattern(key[6]))


def _begins(key: Key) -> int:
    return key[0]
