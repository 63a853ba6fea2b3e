"""Diff a management snapshot against what the log already says; only differences become facts.

Pure.
"""

from collections.abc import Collection, Iterable

import msgspec

from collector.topology_state import CLIENTS, Key, TopologyState, closing, opened, with_source
from events.facts import ChannelOpened, ConnectionOpened, Fact
from events.values import shown

SOURCE = "reconciliation"
SETTLE_NS = 15_000_000_000
"""The management API shows clients up to this late, so a younger difference is not believed."""


def reconcile(
    state: TopologyState,
    snapshot: Iterable[Fact],
    *,
    kinds: Collection[str],
    vhosts: Collection[object] | None,
    now_ns: int,
    live_clients: bool,
) -> list[Fact]:
    """Return the facts that turn *state* into *snapshot*, which tells everything of *kinds* in *vhosts* (None: all).

    With *live_clients* the event exchange tells of clients as they come and go, and a difference of the snapshot younger
    than :data:`SETTLE_NS` is taken for its lateness.
    """
    told = {key: fact for fact in snapshot if (key := opened(fact)) is not None and key[0] in kinds}
    found: list[Fact] = []
    for key, fact in told.items():
        if live_clients and _young(state, key, now_ns):
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
        if not (live_clients and _young(state, key, now_ns)):
            found.append(closing(fact, SOURCE))
    return found


def _young(state: TopologyState, key: Key, now_ns: int) -> bool:
    return key[0] in CLIENTS and now_ns - state.touched.get(key, -SETTLE_NS) < SETTLE_NS


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
