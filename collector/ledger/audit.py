"""What was captured, held against what the broker counted itself. Pure.

The broker's counters tell the truth late: a reading at a time *t* holds what had happened at some moment between *t* less
`late_ns` and *t*. What was captured is counted when it is taken, which is later than it happened. So neither is cut at the
same instant, and a window is compared by bounds: what had been captured `late_ns` before the reading is surely in it, and
what was published before the reading is surely captured once the tap is known to be read up to there. If the broker's
count lies between the two, nothing is missing; if it lies above, what it lies above by was missed.

Laws: a capture that missed nothing is never said to have missed something, whatever the lateness within its limit; never
is more said to be missed than was; and once both stand still, exactly what was missed has been said.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from events.facts import CaptureAudited
from events.values import Text

FIRST, ANEW, STEPPED = "first-reading", "counters-began-anew", "clock-stepped"
NOTES_MAX = 2_048
NOTES_PER_LATENESS = 32
START_SLACK_NS = 1_000_000_000


class Counts(NamedTuple):
    """Publishes and deliveries of one vhost, as captured or as the broker counted them."""

    published: int = 0
    delivered: int = 0

    def plus(self, other: "Counts") -> "Counts":
        return Counts(self.published + other.published, self.delivered + other.delivered)

    def minus(self, other: "Counts") -> "Counts":
        return Counts(self.published - other.published, self.delivered - other.delivered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The broker's counters by vhost, read at `at` (ns), those of the taps' own queues taken off.

    `own` are the taps' own deliveries by vhost. `nodes` are the nodes that counted, `started_at` (ns) is when the youngest
    of them started, None where the broker does not tell.
    """

    at: int
    totals: Mapping[Text, Counts]
    own: Mapping[Text, int]
    nodes: frozenset[str] = frozenset()
    started_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Where a window begins: the broker's `totals` at `at` (ns), which what was captured reached with `taken`."""

    at: int
    totals: Counts
    taken: Counts


class _Note(NamedTuple):
    at: int
    taken: Counts


class VhostAudit:
    """Compares one vhost. *since* (ns) is when the capture began, *base* what an earlier one left, None for nothing."""

    def __init__(self, vhost: Text, *, late_ns: int, since: int, base: Base | None = None) -> None:
        self.missed = 0
        """Publishes and deliveries said to be missed since the capture began."""
        self.settled_at = 0
        """The reading (ns) up to which that is so."""
        self._vhost = vhost
        self._late_ns = late_ns
        self._since = since
        self._base = base
        self._before = base.at if base is not None else 0
        self._own = 0
        self._why = FIRST
        self._notes: list[_Note] = []
        self._missed_by: list[tuple[int, int]] = [] if base is None else [(base.at, 0)]
        self._pending: tuple[int, Counts] | None = None

    @property
    def is_based(self) -> bool:
        """Whether the next reading can be compared."""
        return self._base is not None

    def missed_since(self, since: int) -> int | None:
        """Return how much more is said to be missed than at the last reading before *since* (ns).

        None where there is none, because the counters were not read yet or began anew.
        """
        index = bisect_right(self._missed_by, since, key=itemgetter(0))
        return self.missed - self._missed_by[index - 1][1] if index else None

    def noted(self, at: int, taken: Counts, complete_until: int) -> None:
        """Take in that at *at* (ns) *taken* was captured, and all that happened before *complete_until* (ns).

        What waited in the tap when the capture began says nothing about the time after it, unless a window goes on.
        """
        if self._base is None and complete_until < self._since:
            return
        if self._notes and at - self._notes[-1].at < self._late_ns // NOTES_PER_LATENESS:
            return
        self._notes.append(_Note(at, taken))
        if len(self._notes) > NOTES_MAX:  # older ones only make the bound weaker
            del self._notes[1::2]

    def read(self, at: int, totals: Counts, *, own: int = 0, anew: bool = False) -> None:
        """Take in the broker's counters; *anew* says that they began again since the last reading.

        A reading that comes before the last one could be compared is left out.
        """
        base = self._base
        if base is not None and at < base.at:
            self.forget(STEPPED)
        elif base is not None and (anew or own < self._own or _fell(totals, base.totals)):
            self.forget(ANEW)
        self._own = own
        if self._pending is None:
            self._pending = (at, totals)

    def settle(self, taken: Counts, complete_until: int) -> CaptureAudited | None:
        """Return what comes out of the last reading, once all that happened before it is known to be *taken*.

        None as long as it is not, and where nothing happened.
        """
        if self._pending is None or complete_until < self._pending[0]:
            return None
        (at, totals), self._pending = self._pending, None
        low = self._taken_by(at - self._late_ns)
        base = self._base
        if base is None:
            return None if low is None else self._first(at, totals, low, taken)
        self._forget_notes(at)
        wanted = base.taken.plus(totals.minus(base.totals))
        low = base.taken if low is None else low
        reached = Counts(*(max(a, min(b, c)) for a, b, c in zip(low, taken, wanted, strict=True)))
        self.settled_at = at
        self.missed += sum(max(0, count) for count in wanted.minus(reached))
        self._missed_by = [*self._missed_by[1 - NOTES_MAX :], (at, self.missed)]
        if totals == base.totals and reached == base.taken:
            return None
        self._base = Base(at=at, totals=totals, taken=reached)
        return _fact(
            self._vhost,
            base,
            self._base,
            captured=reached.minus(base.taken),
            broker=totals.minus(base.totals),
            ahead=taken.minus(reached),
        )

    def _first(self, at: int, totals: Counts, low: Counts, taken: Counts) -> CaptureAudited:
        """Begin a window; where it stands in what was captured is not known exactly, so it stands where that is safe."""
        self._base = Base(at=at, totals=totals, taken=low)
        self._forget_notes(at)
        self.settled_at = at
        self._missed_by = [(at, self.missed)]
        unknown = Counts(-1, -1)
        before = Base(at=self._before or at, totals=unknown, taken=unknown)
        fact = _fact(
            self._vhost,
            before,
            self._base,
            captured=unknown,
            broker=unknown,
            ahead=taken.minus(low),
            why=self._why,
        )
        self._why = ANEW
        return fact

    def forget(self, why: str) -> None:
        """Begin anew because of *why*."""
        if self._base is not None:
            self._why, self._before = why, self._base.at
        if why == STEPPED:
            self._since = 0
        self._missed_by.clear()
        self._base = self._pending = None
        self._notes.clear()

    def _taken_by(self, at: int) -> Counts | None:
        index = bisect_right(self._notes, at, key=itemgetter(0))
        return self._notes[index - 1].taken if index else None

    def _forget_notes(self, at: int) -> None:
        index = bisect_right(self._notes, at - self._late_ns, key=itemgetter(0))
        del self._notes[: max(0, index - 1)]


class Audits:
    """The audits of all vhosts that are tapped."""

    def __init__(
        self,
        vhosts: Iterable[Text],
        *,
        late_ns: int,
        since: int,
        bases: Mapping[Text, Base] | None = None,
    ) -> None:
        known = bases or {}
        self._nodes: frozenset[str] | None = None
        self._base_at = {vhost: base.at for vhost, base in known.items()}
        self.of = {
            vhost: VhostAudit(vhost, late_ns=late_ns, since=since, base=known.get(vhost))
            for vhost in vhosts
        }

    def clock_stepped(self) -> None:
        """Begin anew because the times of readings before and after do not go together."""
        for audit in self.of.values():
            audit.forget(STEPPED)

    def read(self, reading: Reading) -> None:
        """Take in a reading; nodes that came, went or started again since the last one counted anew."""
        moved = self._nodes is not None and self._nodes != reading.nodes
        self._nodes = reading.nodes
        for vhost, totals in reading.totals.items():
            audit = self.of.get(vhost)
            if audit is None:
                continue
            known_at = max(self._base_at.get(vhost, 0), audit.settled_at)
            started = reading.started_at is not None and known_at > 0
            restarted = started and (reading.started_at or 0) > known_at - START_SLACK_NS
            own = reading.own.get(vhost, 0)
            audit.read(reading.at, totals, own=own, anew=moved or restarted)


def _fell(totals: Counts, before: Counts) -> bool:
    return any(now < then for now, then in zip(totals, before, strict=True))


def _fact(
    vhost: Text,
    before: Base,
    base: Base,
    *,
    captured: Counts,
    broker: Counts,
    ahead: Counts,
    why: str = "",
) -> CaptureAudited:
    return CaptureAudited(
        vhost=vhost,
        since=before.at,
        until=base.at,
        published_captured=captured.published,
        published_broker=broker.published,
        delivered_captured=captured.delivered,
        delivered_broker=broker.delivered,
        why=why,
        published_total=base.totals.published,
        delivered_total=base.totals.delivered,
        published_ahead=ahead.published,
        delivered_ahead=ahead.delivered,
    )
