"""What comparing with the broker's counters tells the ledger: audits, how much a gap missed, what nobody explains. Pure.

A gap is closed as soon as it is over, without an estimate. Once the counters of the time after it are there, it is closed
again with the number of events that the broker counted and the tap did not bring. What is missing without any gap that says
so becomes one: an empty answer must not mean more than was seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from collector.ledger.audit import Audits, Counts, Reading
from collector.ledger.gaps import closed, opened
from events.facts import CaptureAudited, Fact, GapClosed, GapOpened
from events.values import Text

UNEXPLAINED = "unexplained"
EXPLAIN_NS = 12_000_000_000
"""So long may the watch take to find out why something is missing."""
ESTIMATE_NS_MAX = 3_600_000_000_000
GAPS_MAX = 1_000
LOOK_NS = 250_000_000
STEP_NS_MAX = 2_000_000_000


class Taken(NamedTuple):
    """What was captured of a vhost, and the moment (ns) before which nothing is left to capture."""

    counts: Counts
    complete_until: int


class _Short(NamedTuple):
    """What a window missed, and when (ns) there has been time enough to explain it."""

    audit: CaptureAudited
    missed: int
    due: int


@dataclass(slots=True)
class _Span:
    vhost: Text
    since: int
    until: int | None


class Auditor:
    """Watches over *audits*; *gaps* are known from before. With *deliveries* false the tap takes publishes only."""

    def __init__(
        self,
        audits: Audits,
        gaps: Iterable[GapOpened | GapClosed] = (),
        *,
        late_ns: int,
        deliveries: bool = True,
    ) -> None:
        self._audits = audits
        self._late_ns = late_ns
        self._deliveries = deliveries
        self._gaps: dict[str, _Span] = {}
        self._over: dict[str, GapClosed] = {}
        self._short: list[_Short] = []
        self._looked_at = 0
        for gap in gaps:
            self.saw(gap)

    def saw(self, fact: Fact) -> None:
        """Take in a fact that goes into the log; those of gaps matter."""
        match fact:
            case GapOpened():
                self._span(fact, None)
            case GapClosed():
                self._span(fact, fact.until)
                self._over.pop(fact.gap, None)
                if fact.estimated < 0:
                    self._over[fact.gap] = fact
            case _:
                pass

    def read(self, reading: Reading) -> None:
        """Take in the broker's counters."""
        if not self._deliveries:
            only = {vhost: Counts(found.published) for vhost, found in reading.totals.items()}
            reading = Reading(
                at=reading.at,
                totals=only,
                own=reading.own,
                nodes=reading.nodes,
                started_at=reading.started_at,
            )
        self._audits.read(reading)

    def is_due(self, now: int) -> bool:
        """Return whether it is time for another look at *now* (ns)."""
        return not 0 <= now - self._looked_at < LOOK_NS

    def look(self, now: int, taken: Mapping[Text, Taken]) -> list[Fact]:
        """Return what there is to say at *now* (ns)."""
        if now < self._looked_at - STEP_NS_MAX:
            self._audits.clock_stepped()
            self._short.clear()
            self._over.clear()
        self._looked_at = now
        found: list[Fact] = []
        for vhost, (counts, complete_until) in taken.items():
            audit = self._audits.of.get(vhost)
            if audit is None:
                continue
            audit.noted(now, counts, complete_until)
            before = audit.missed
            fact = audit.settle(counts, complete_until)
            if fact is not None:
                found.append(self._told(fact))
                if audit.missed > before:
                    self._short.append(_Short(fact, audit.missed - before, now + EXPLAIN_NS))
        return [*found, *self._estimated(now), *self._unexplained(now)]

    def _told(self, fact: CaptureAudited) -> CaptureAudited:
        if self._deliveries:
            return fact
        return replace(fact, delivered_captured=-1, delivered_broker=-1, delivered_total=-1)

    def _span(self, fact: GapOpened | GapClosed, until: int | None) -> None:
        self._gaps[fact.gap] = _Span(fact.vhost, fact.since, until)
        if len(self._gaps) > GAPS_MAX:
            del self._gaps[next(iter(self._gaps))]

    def _estimated(self, now: int) -> list[Fact]:
        found: list[Fact] = []
        for name, gap in list(self._over.items()):
            audit = self._audits.of.get(gap.vhost)
            if audit is None or now - gap.until > ESTIMATE_NS_MAX:
                del self._over[name]
            elif audit.settled_at >= gap.until + self._late_ns:
                del self._over[name]
                missed = audit.missed_since(gap.since)
                if missed is not None:
                    found.append(replace(gap, estimated=missed))
        return found

    def _unexplained(self, now: int) -> list[Fact]:
        due = [short for short in self._short if short.due <= now]
        self._short = [short for short in self._short if short.due > now]
        found: list[Fact] = []
        for short in due:
            since, until = short.audit.since - self._late_ns, short.audit.until
            if not self._explained(short.audit.vhost, since, until):
                gap = opened(UNEXPLAINED, short.audit.vhost, since)
                found += [gap, closed(gap, until, short.missed)]
        return found

    def _explained(self, vhost: Text, since: int, until: int) -> bool:
        return any(
            span.vhost in ("", vhost)
            and span.since <= until
            and (span.until is None or span.until >= since)
            for span in self._gaps.values()
        )
