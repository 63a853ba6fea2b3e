"""What a leader writes of the capture itself: whose log it is, what was missed, and why. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from collector.ledger.gaps import closed, open_gaps, opened, outage
from collector.management.tracing import ADDED, OFF, RESTARTED, UNKNOWN, WHYS, TracingFound
from collector.topology.state import TopologyState
from events.facts import BrokerBound, Fact, SegmentStarted
from events.values import Text

NEW_VHOST, TAP_LOST = "new-vhost", "tap-queue-lost"
RESTART_SLACK_NS = 1_000_000_000
"""How far the broker's own account of when it started may be off."""


def beginning(cluster_name: Text, version: Text) -> list[Fact]:
    """Return what an empty log begins with."""
    return [BrokerBound(cluster_name, version), SegmentStarted(0, cluster_name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """What a leader knows when it begins; times in ns, by vhost where several.

    `lost_at` is when the capture before it ended, `consumed_at` when each tap surely worked. `broker_started_at` is None
    where the broker does not tell, as in its first seconds. `taps_missing` are the vhosts without a tap. `stored_until` is
    the earliest time at which what a tap held behind the newest event in the log may have been published;
    `keeps_backlog` says that the taps hold it through a restart. `new_since` is when there was no other vhost than those
    captured before, None where vhosts that were not captured are not new.
    """

    lost_at: int
    now: int
    broker_started_at: int | None
    consumed_at: Mapping[str, int]
    taps_missing: Collection[str] = ()
    stored_until: Mapping[str, int] = field(default_factory=dict[str, int])
    keeps_backlog: bool = True
    new_since: int | None = None

    @property
    def emptied(self) -> bool:
        """Whether the broker restarted and the taps surely lost what they held, which the gap of the restart covers."""
        started_at = self.broker_started_at
        restarted = started_at is None or started_at > self.lost_at - RESTART_SLACK_NS
        return restarted and not self.keeps_backlog

    def backlog_since(self, vhost: str) -> int:
        """Return since when events may have waited in the tap of *vhost* when it was lost."""
        return min(self.lost_at, self.stored_until.get(vhost, self.lost_at))


def outages(state: TopologyState, found: Iterable[TracingFound], begin: Begin) -> list[Fact]:
    """Return the gaps that a new leader finds.

    A tap that outlived the absence of its collector missed nothing, so this alone is no gap. An outage ends when the
    firehose is on and the tap surely works.
    """
    facts: list[Fact] = []
    lost: set[str] = set()
    for each in found:
        until = each.on_at
        if until is not None:
            until = max(until, begin.consumed_at.get(each.vhost, 0))
        captured = ("taps", each.vhost) in state.things
        if not captured:
            facts += _uncaptured(state, each, until, begin)
        elif each.node:
            facts += _of_node(state, each, until, begin)
        else:
            facts += _of_broker(state, each, until, begin)
        if captured and each.vhost in begin.taps_missing and each.vhost not in lost:
            lost.add(each.vhost)
            facts += _tap_lost(state, each.vhost, begin)
        if until is not None:
            facts += _over(state, each, until, facts)
    return facts


def _was_off(found: TracingFound) -> bool:
    return found.on_at is None or found.since < found.on_at


def _uncaptured(
    state: TopologyState, found: TracingFound, until: int | None, begin: Begin
) -> list[Fact]:
    """Return the gap of a vhost that was not captured before: since there is such a vhost, or none where it was there."""
    if begin.new_since is not None:
        since = min(begin.new_since, until or begin.now)
        return outage(state, found.vhost, why=NEW_VHOST, since=since, until=until, node=found.node)
    if until is None:
        return outage(
            state, found.vhost, why=found.why, since=found.since, until=None, node=found.node
        )
    return []


def _of_broker(
    state: TopologyState, found: TracingFound, until: int | None, begin: Begin
) -> list[Fact]:
    """Return the gap of a broker of one node: it restarted, or was switched off."""
    since = min(begin.lost_at, until or begin.now)
    started_at = begin.broker_started_at
    restarted = (
        _was_off(found) if started_at is None else started_at > begin.lost_at - RESTART_SLACK_NS
    )
    if restarted:
        if not begin.keeps_backlog:
            since = min(since, begin.backlog_since(found.vhost))
        return outage(state, found.vhost, why=RESTARTED, since=since, until=until)
    if _was_off(found):
        return outage(state, found.vhost, why=OFF, since=since, until=until)
    return []


def _of_node(
    state: TopologyState, found: TracingFound, until: int | None, begin: Begin
) -> list[Fact]:
    """Return the gap of one node among several: tracing is off on it since it restarted, or since it was last asked."""
    if found.why == UNKNOWN:
        since = found.since
        return outage(state, found.vhost, why=UNKNOWN, since=since, until=None, node=found.node)
    if not _was_off(found):
        return []
    restarted = found.started_at is not None and found.started_at > begin.lost_at - RESTART_SLACK_NS
    added = restarted and ("node", found.node) not in state.things
    why = ADDED if added else RESTARTED if restarted else OFF
    since = found.started_at if restarted and found.started_at is not None else begin.lost_at
    since = min(since, until or begin.now)
    return outage(state, found.vhost, why=why, since=since, until=until, node=found.node)


def _tap_lost(state: TopologyState, vhost: str, begin: Begin) -> list[Fact]:
    """Return the gap of a tap that is gone with what it held, until there is one again."""
    until = begin.consumed_at.get(vhost, begin.now)
    since = min(begin.backlog_since(vhost), until)
    return outage(state, vhost, why=TAP_LOST, since=since, until=until)


def _over(
    state: TopologyState, found: TracingFound, until: int, told: Iterable[Fact]
) -> list[Fact]:
    """Return the ends of gaps of tracing that are open from before and that *told* does not end already."""
    named = {getattr(fact, "gap", "") for fact in told}
    gaps = open_gaps(state, found.vhost, (*WHYS, NEW_VHOST))
    return [
        closed(gap, until) for gap in gaps if gap.gap not in named and gap.node in ("", found.node)
    ]


def traced(state: TopologyState, found: TracingFound) -> list[Fact]:
    """Return the gaps that a look at the tracing of a vhost opens and closes while it is captured."""
    facts = (
        outage(
            state,
            found.vhost,
            why=found.why,
            since=found.since,
            until=found.on_at,
            node=found.node,
        )
        if _was_off(found)
        else []
    )
    if found.on_at is not None:
        facts += _over(state, found, found.on_at, facts)
    return facts


def came_short(vhost: str, short: int, begin: Begin) -> list[Fact]:
    """Return the gap of a tap from which *short* events did not come again that must: it lost what it held."""
    if not short or vhost in begin.taps_missing or begin.emptied:
        return []
    until = begin.consumed_at.get(vhost, begin.now)
    gap = opened(TAP_LOST, vhost, min(begin.backlog_since(vhost), until))
    return [gap, closed(gap, until)]
