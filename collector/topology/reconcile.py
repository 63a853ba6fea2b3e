"""Diff a management snapshot against what the log already says; only differences become facts.

Pure.
"""

from collections.abc import Collection, Iterable

import msgspec

from collector.topology.state import (
    CLIENTS,
    EVENT,
    Key,
    TopologyState,
    closing,
    opened,
    with_source,
)
from events.facts import ChannelOpened, ConnectionOpened, Fact
from events.values import shown

SOURCE = "reconciliation"
TOLD_BY_EVENTS = CLIENTS | {"alarm", "binding", "exchange", "queue", "vhost"}
"""Kinds of which events tell both that one begins and that it ends; of a policy only its end, of a node its membership."""
SETTLE_NS = 15_000_000_000
"""The management API is up to this late, so a younger difference from what events told is not believed."""


def reconcile(
    state: TopologyState,
    snapshot: Iterable[Fact],
    *,
    kinds: Collection[str],
    vhosts: Collection[object] | None,
    now_ns: int,
    has_events: bool,
) -> list[Fact]:
    """Return the facts that turn *state* into *snapshot*, which tells everything of *kinds* in *vhosts* (None: all).

    With *has_events* the event exchange tells what comes and goes, while the snapshot, asked for at *now_ns*, was begun
    before the last events and may come from a cache: that it lacks what events told of in the last :data:`SETTLE_NS`, or has
    what they ended, is taken for its lateness. So is any other difference of a client.
    """
    told = {key: fact for fact in snapshot if (key := opened(fact)) is not None and key[0] in kinds}
    found: list[Fact] = []
    for key, fact in told.items():
        if has_events and _is_ahead(state, key, now_ns):
            continue
        known = state.things.get(key)
        if known is None or differs(known, fact):
            found.append(with_source(merged(known, fact), SOURCE))
    gone = [
        (key, fact)
        for key, fact in state.things.items()
        if key[0] in kinds and key not in told and _within(fact, vhosts)
    ]
    for key, fact in sorted(gone, key=lambda item: _closing_order(item[0])):
        if not (has_events and _is_young(state, key, fact, now_ns)):
            found.append(closing(fact, SOURCE))
    return found


def _is_ahead(state: TopologyState, key: Key, now_ns: int) -> bool:
    """Return whether events told lately that a thing ended, or of a client anything."""
    if key[0] in CLIENTS and _lately(state.touched.get(key), now_ns):
        return True
    return key[0] in TOLD_BY_EVENTS and _lately(state.ended.get(key), now_ns)


def _is_young(state: TopologyState, key: Key, fact: Fact, now_ns: int) -> bool:
    """Return whether an event told lately that a thing stands, or of a client anything."""
    by_event = key[0] in TOLD_BY_EVENTS and getattr(fact, "source", None) == EVENT
    return (key[0] in CLIENTS or by_event) and _lately(state.touched.get(key), now_ns)


def _lately(at: int | None, now_ns: int) -> bool:
    return at is not None and now_ns - at < SETTLE_NS


def _within(fact: Fact, vhosts: Collection[object] | None) -> bool:
    return vhosts is None or getattr(fact, "vhost", None) in vhosts or not hasattr(fact, "vhost")


def _closing_order(key: Key) -> tuple[int, str]:
    order = ("consumer", "channel", "connection", "binding", "policy", "queue", "exchange", "vhost")
    rank = order.index(key[0]) if key[0] in order else len(order)
    return rank, repr(key)


def differs(known: Fact, told: Fact) -> bool:
    """Return whether two facts about one thing say something different, apart from what only one source can know."""
    return comparable(known) != comparable(told)


def comparable(fact: Fact) -> Fact:
    """Return *fact* without its source and without what only events tell."""
    if isinstance(fact, ConnectionOpened):
        return msgspec.structs.replace(fact, source="", pid="", connected_at=0, protocol="")
    if isinstance(fact, ChannelOpened):
        return msgspec.structs.replace(fact, source="", pid="")
    return with_source(fact, "")


def merged(known: Fact | None, told: Fact) -> Fact:
    """Return *told* with the process id that only events tell, if *known* has it."""
    if isinstance(known, ConnectionOpened | ChannelOpened) and shown(known.pid):
        return msgspec.structs.replace(told, pid=known.pid)
    return told
