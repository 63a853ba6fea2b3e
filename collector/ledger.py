"""What a leader writes of the capture itself: whose log it is, what was missed, and why. Pure."""

from collections.abc import Collection, Iterable, Mapping

from collector.gaps import closed, open_gaps, outage
from collector.topology_state import TopologyState
from collector.watch import TracingFound
from events.facts import BrokerBound, Fact, SegmentStarted
from events.values import Text

RESTART_SLACK_NS = 1_000_000_000
"""How far the broker's own account of when it started may be off."""


def beginning(cluster_name: Text, version: Text) -> list[Fact]:
    """Return what an empty log begins with."""
    return [BrokerBound(cluster_name, version), SegmentStarted(0, cluster_name)]


def outages(
    state: TopologyState,
    found: Iterable[TracingFound],
    *,
    lost_at: int,
    broker_started_at: int | None,
    consumed_at: Mapping[str, int],
    taps_missing: Collection[str],
    now: int,
) -> list[Fact]:
    """Return the gaps that a new leader finds: in vhosts it captured before, from *lost_at* (ns) on.

    A tap that outlived the absence of its collector missed nothing, so this alone is no gap. An outage ends when the
    firehose is on and the tap surely works, which *consumed_at* (ns, by vhost) tells. *broker_started_at* is None where
    the broker does not tell, as in its first seconds.
    """
    facts: list[Fact] = []
    for vhost in found:
        until = None if vhost.on_at is None else max(vhost.on_at, consumed_at.get(vhost.vhost, 0))
        was_off = vhost.on_at is None or vhost.since < vhost.on_at
        restarted = (
            was_off if broker_started_at is None else broker_started_at > lost_at - RESTART_SLACK_NS
        )
        if ("taps", vhost.vhost) in state.things:
            since = min(lost_at, until or now)
            if restarted:
                facts += outage(state, vhost.vhost, why="broker-restart", since=since, until=until)
            elif was_off:
                facts += outage(state, vhost.vhost, why="tracing-off", since=since, until=until)
            if vhost.vhost in taps_missing:
                facts += outage(state, vhost.vhost, why="tap-queue-lost", since=since, until=now)
        elif until is None:
            facts += outage(state, vhost.vhost, why="tracing-off", since=now, until=None)
        if until is not None:
            named = {getattr(fact, "gap", "") for fact in facts}
            gaps = open_gaps(state, vhost.vhost, ("tracing-off", "broker-restart"))
            facts += [closed(gap, until) for gap in gaps if gap.gap not in named]
    return facts


def traced(state: TopologyState, found: TracingFound) -> list[Fact]:
    """Return the gaps that a look at the tracing of a vhost opens and closes while it is captured."""
    was_off = found.on_at is None or found.since < found.on_at
    facts = (
        outage(state, found.vhost, why="tracing-off", since=found.since, until=found.on_at)
        if was_off
        else []
    )
    if found.on_at is not None:
        named = {getattr(fact, "gap", "") for fact in facts}
        gaps = open_gaps(state, found.vhost, ("tracing-off", "broker-restart"))
        facts += [closed(gap, found.on_at) for gap in gaps if gap.gap not in named]
    return facts
