"""Single services, exchanges and queues: their part of the topology, and what passes them by type.

Pure. Everything is worked out from what the topology view counted; lists are bounded, the busiest first.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from events.values import Text, shown
from projector.answers import Edge, Node, QueueState, Service, Topology
from projector.system import (
    Consumer,
    Exchange,
    ExchangeDetail,
    Instance,
    Publisher,
    QueueDetail,
    ServiceDetail,
    TypeSeen,
)
from projector.views.ends import UNSEEN
from projector.views.names import exchange_id, queue_id, service_id
from projector.views.rows import FIRST, LAST, MESSAGES, Row, gather, rate_per_s
from projector.views.services import relationships, services
from projector.views.topology import TopologyState

TYPES_MAX = 200
PUBLISHERS_MAX = 200
PUBLISHER_TYPES_MAX = 20
CONSUMERS_MAX = 500
PLACES_MAX = 100


def service_detail(
    topology: TopologyState,
    drawn: Topology,
    name: str,
    instances: Callable[[str], tuple[Sequence[Instance], int]],
    now: int,
) -> ServiceDetail | None:
    """Return the service *name*; None where there is none. *instances* are asked for by name."""
    ident = service_id(name)
    node = _node(drawn, ident)
    if node is None:
        return None
    names = topology.ends.services()
    row = next((row for row in services(topology) if row.name == name), None)
    told, total = instances(name)
    pairs = relationships(topology)
    flows = topology.flows

    def given(key: Any) -> Any:
        return (key[4], queue_id(key[2], key[3])) if names[key[1]] == name else None

    def published(key: Any) -> Any:
        if key[0] == UNSEEN or names[key[0]] != name:
            return None
        return (key[4], exchange_id(key[1], key[2]))

    return ServiceDetail(
        row=row or Service(id=name, name=name, input_types=(), output_types=()),
        node=node,
        edges=_edges_of(drawn, ident),
        inputs=_types(gather(flows.delivered, given), now),
        outputs=_types(gather(flows.published, published), now),
        instances=tuple(told),
        instances_total=total,
        given_by=tuple(pair for pair in pairs if pair.subscriber == name),
        gives_to=tuple(pair for pair in pairs if pair.publisher == name),
    )


def exchanges(topology: TopologyState, drawn: Topology, now: int) -> Sequence[Exchange]:
    """Return every exchange that is declared or was seen, by vhost and name."""
    rows = gather(topology.flows.published, lambda key: (key[1], key[2]))
    failures: dict[str, tuple[int, float]] = {}
    for edge in drawn.edges:
        if edge.kind == "publish":
            count, rate = failures.get(edge.to, (0, 0.0))
            failures[edge.to] = (
                count + (edge.failures or 0),
                rate + (edge.failures_per_s or 0.0),
            )
    return [
        _exchange(node, topology, rows.get((node.vhost, node.name)), failures.get(node.id), now)
        for node in sorted(drawn.nodes, key=lambda node: (shown(node.vhost), shown(node.name)))
        if node.kind == "exchange"
    ]


def exchange_detail(
    topology: TopologyState, drawn: Topology, vhost: Text, name: Text, now: int
) -> ExchangeDetail | None:
    """Return an exchange; None where there is none."""
    ident = exchange_id(vhost, name)
    row = next((row for row in exchanges(topology, drawn, now) if row.id == ident), None)
    if row is None:
        return None
    names = topology.ends.services()
    declared = topology.declared.exchanges.get((vhost, name))

    def published(key: Any) -> Any:
        return (key[4], _service(names, key[0])) if (key[1], key[2]) == (vhost, name) else None

    return ExchangeDetail(
        row=row,
        arguments={} if declared is None else declared.arguments,
        policy={} if declared is None else declared.policy,
        edges=_edges_of(drawn, ident),
        types=_types(gather(topology.flows.published, published), now),
    )


def queue_detail(
    topology: TopologyState, drawn: Topology, state: QueueState, now: int
) -> QueueDetail:
    """Return the queue of *state*, with what the topology knows of it."""
    place = (state.vhost, state.name)
    ident = queue_id(*place)
    node = _node(drawn, ident) or Node(id=ident, kind="queue", vhost=place[0], name=place[1])
    names = topology.ends.services()
    declared = topology.declared.queues.get(place)

    def routed(key: Any) -> Any:
        if key[1] != place[0] or place[1] not in key[3]:
            return None
        return (key[4], _service(names, key[0]))

    def given(key: Any) -> Any:
        return (key[4], service_id(names[key[1]])) if (key[2], key[3]) == place else None

    consumers = list(_consumers(topology, place))
    return QueueDetail(
        state=state,
        node=node,
        policy={} if declared is None else declared.policy,
        edges=_edges_of(drawn, ident),
        inputs=_types(gather(topology.flows.published, routed), now),
        outputs=_types(gather(topology.flows.delivered, given), now),
        publishers=_publishers(topology, names, place, now),
        consumers=tuple(consumers[:CONSUMERS_MAX]),
        consumers_total=len(consumers),
    )


def _publishers(
    topology: TopologyState, names: dict[int, str], place: tuple[Text, Text], now: int
) -> tuple[Publisher, ...]:
    types: dict[Any, dict[str, None]] = {}

    def routed(key: Any) -> Any:
        if key[1] != place[0] or place[1] not in key[3]:
            return None
        who = (_service(names, key[0]), exchange_id(key[1], key[2]))
        types.setdefault(who, {})[shown(key[4])] = None
        return who

    rows = gather(topology.flows.published, routed)
    busiest = sorted(rows.items(), key=lambda item: (-item[1][MESSAGES], repr(item[0])))
    return tuple(
        Publisher(
            service=service,
            exchange=exchange,
            types=tuple(sorted(types[service, exchange])[:PUBLISHER_TYPES_MAX]),
            messages=row[MESSAGES],
            rate_per_s=rate_per_s(row, now),
            first_seen=row[FIRST],
            last_seen=row[LAST],
        )
        for (service, exchange), row in busiest[:PUBLISHERS_MAX]
    )


def _consumers(topology: TopologyState, place: tuple[Text, Text]) -> Iterable[Consumer]:
    by_connection = {e.connection: e.service for e in topology.ends.ends.values() if not e.closed}
    for connection, held in topology.declared.consumers.items():
        service = by_connection.get(connection)
        for vhost, queue, tag, channel in held:
            if (vhost, queue) == place:
                yield Consumer(
                    None if service is None else service_id(service), connection, channel, tag
                )


def _exchange(
    node: Node,
    topology: TopologyState,
    row: Row | None,
    failed: tuple[int, float] | None,
    now: int,
) -> Exchange:
    known = topology.declared.exchanges.get((node.vhost, node.name))
    told: dict[str, Any] = {}
    if known is not None:
        told = {
            "type": known.type,
            "durable": known.durable,
            "auto_delete": known.auto_delete,
            "internal": known.internal,
            "alternate": known.alternate,
        }
    failures, failures_per_s = failed or (0, 0.0)
    return Exchange(
        id=node.id,
        vhost=node.vhost,
        name=node.name,
        declared=node.declared,
        observed=node.observed,
        messages=0 if row is None else row[MESSAGES],
        rate_per_s=0.0 if row is None else rate_per_s(row, now),
        failures=failures,
        failures_per_s=failures_per_s,
        first_seen=node.first_seen,
        last_seen=node.last_seen,
        **told,
    )


def _node(drawn: Topology, ident: str) -> Node | None:
    return next((node for node in drawn.nodes if node.id == ident), None)


def _edges_of(drawn: Topology, ident: str) -> tuple[Edge, ...]:
    return tuple(edge for edge in drawn.edges if ident in (edge.from_, edge.to))


def _service(names: dict[int, str], slot: int) -> str | None:
    return None if slot == UNSEEN else service_id(names[slot])


def _types(rows: dict[Any, Row], now: int) -> tuple[TypeSeen, ...]:
    """Return *rows* by (type, place), the busiest first."""
    busiest = sorted(rows.items(), key=lambda item: (-item[1][MESSAGES], repr(item[0])))
    return tuple(
        TypeSeen(
            type=shown(label),
            place=place,
            messages=row[MESSAGES],
            rate_per_s=rate_per_s(row, now),
            first_seen=row[FIRST],
            last_seen=row[LAST],
        )
        for (label, place), row in busiest[:TYPES_MAX]
    )
