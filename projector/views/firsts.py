"""What was seen for the first time: services, ways that messages take, types; as far as the topology view has counted.

Pure. Worked out when asked for, so that it is told under the names that are known now. What was first seen in the log's
first minute is taken to have been there before.
"""

from collections.abc import Iterable, Sequence
from heapq import nlargest

from events.values import shown
from projector.answers import Edge, Node, Topology
from projector.system import ChangeSeen
from projector.views.changes import BEGINNING_NS, ChangesState
from projector.views.ends import UNSEEN
from projector.views.flows import REST
from projector.views.names import exchange_id, service_id
from projector.views.rows import FIRST
from projector.views.topology import TopologyState

SERVICE_SEEN, EDGE_SEEN, TYPE_SEEN = "service-seen", "edge-seen", "type-seen"
FIRSTS_MAX = 1_000
TRAFFIC = "traffic"
_DID = {
    "publish": "published to",
    "binding": "routed to",
    "exchange-binding": "routed to",
    "alternate": "passed what it could not route to",
    "deliver": "gave messages to",
    "dead-letter": "sent dead letters to",
}


def recent(
    changes: ChangesState,
    topology: TopologyState,
    drawn: Topology,
    kinds: Sequence[str],
    about: str | None,
) -> list[ChangeSeen]:
    """Return what changed, the newest first: of *kinds* (all, if there are none), *about* an id (None: whatever it is)."""
    since = changes.began_at + BEGINNING_NS
    found = [
        ChangeSeen(each.position, each.at, kind, each.about, each.told, each.seen_as)
        for kind, kept in changes.kept.items()
        for each in kept
        if not kinds or kind in kinds
    ]
    for kind, firsts in ((SERVICE_SEEN, _services), (EDGE_SEEN, _edges)):
        if not kinds or kind in kinds:
            found += _newest(firsts(drawn), since)
    if not kinds or TYPE_SEEN in kinds:
        found += _newest(_types(topology), since)
    chosen = [each for each in found if about is None or about in each.about]
    chosen.sort(key=order)
    return chosen


def order(change: ChangeSeen) -> tuple[int, int, str, str]:
    """Return what changes are sorted by: the newest first."""
    position = -1 if change.position is None else change.position
    return (-change.at, -position, change.kind, "\n".join(change.about))


def _newest(firsts: Iterable[ChangeSeen], since: int) -> list[ChangeSeen]:
    return nlargest(FIRSTS_MAX, (each for each in firsts if each.at >= since), key=lambda c: c.at)


def _services(drawn: Topology) -> Iterable[ChangeSeen]:
    for node in drawn.nodes:
        if node.kind == "service" and node.first_seen is not None:
            told = f"service {shown(node.name)} was seen for the first time"
            yield ChangeSeen(None, node.first_seen, SERVICE_SEEN, (node.id,), told, TRAFFIC)


def _edges(drawn: Topology) -> Iterable[ChangeSeen]:
    nodes = {node.id: node for node in drawn.nodes}
    for edge in drawn.edges:
        if edge.first_seen is not None:
            yield ChangeSeen(
                None, edge.first_seen, EDGE_SEEN, (edge.from_, edge.to), _said(edge, nodes), TRAFFIC
            )


def _said(edge: Edge, nodes: dict[str, Node]) -> str:
    from_, to = _named(nodes[edge.from_]), _named(nodes[edge.to])
    reason = f" ({edge.reason})" if edge.reason else ""
    return f"{from_} {_DID[edge.kind]} {to}{reason} for the first time"


def _named(node: Node) -> str:
    return f"{node.kind} {shown(node.name)}" if node.name else "the default exchange"


def _types(topology: TopologyState) -> Iterable[ChangeSeen]:
    names = topology.ends.services()
    firsts: dict[str, tuple[int, int, str]] = {}
    for (slot, vhost, exchange, _, label), row in topology.flows.published.items():
        kind = shown(label)
        if kind and kind != REST and (kind not in firsts or row[FIRST] < firsts[kind][0]):
            firsts[kind] = (row[FIRST], slot, exchange_id(vhost, exchange))
    for kind, (at, slot, exchange) in firsts.items():
        who = () if slot == UNSEEN else (service_id(names[slot]),)
        by = "" if slot == UNSEEN else f", by {names[slot]}"
        told = f"messages of type {kind} were published for the first time{by}"
        yield ChangeSeen(None, at, TYPE_SEEN, (*who, exchange), told, TRAFFIC)
