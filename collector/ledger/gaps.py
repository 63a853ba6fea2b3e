"""What may have been missed, from when to when: the rules of the capture ledger. Pure.

A gap is open as long as its `GapOpened` has no `GapClosed`; it is named by what it is about, so one thing is never
missed twice at a time.
"""

from collections.abc import Iterable

from collector.topology.state import TopologyState
from events.facts import Fact, GapClosed, GapOpened
from events.values import Text, shown

POISON = "poison"


def gap_name(why: str, vhost: Text, since: int, node: Text = "") -> str:
    """Return the name of the gap that began at *since* (ns)."""
    at = f"@{shown(node)}" if node else ""
    return f"{why}{at}/{shown(vhost)}/{since}"


def opened(why: str, vhost: Text, since: int, node: Text = "") -> GapOpened:
    """Return the fact that something of *vhost* may be missing from *since* on."""
    return GapOpened(gap_name(why, vhost, since, node), vhost, node, why, since)


def closed(gap: GapOpened, until: int, estimated: int = -1) -> GapClosed:
    """Return the fact that ends *gap*."""
    since = min(gap.since, until)
    return GapClosed(gap.gap, gap.vhost, gap.node, gap.why, since, until, estimated)


def open_gaps(
    state: TopologyState, vhost: Text, whys: Iterable[str], node: Text | None = None
) -> list[GapOpened]:
    """Return the gaps of *vhost* that are still open for one of the reasons *whys*; of *node* only, if it is given."""
    wanted = set(whys)
    return [
        gap
        for gap in state.of("gap")
        if gap.vhost == vhost and gap.why in wanted and node in (None, gap.node)
    ]


def outage(
    state: TopologyState,
    vhost: Text,
    *,
    why: str,
    since: int,
    until: int | None,
    node: Text = "",
) -> list[Fact]:
    """Return the facts of an outage of *vhost* that is over at *until*, or still lasts (None).

    A gap for that reason that is open already is closed, not opened again.
    """
    known = open_gaps(state, vhost, (why,), node)
    gap = known[0] if known else opened(why, vhost, since, node)
    facts: list[Fact] = [] if known else [gap]
    if until is not None:
        facts.append(closed(gap, until))
    return facts


def left_open(state: TopologyState, vhost: Text, *, now_ns: int) -> list[Fact]:
    """Return the ends of the gaps that a leader left open who was killed while it took poison out of a tap of *vhost*."""
    return [closed(gap, now_ns) for gap in open_gaps(state, vhost, (POISON,))]
