"""The tables of services and relationships, worked out from what the topology view counted.

Pure. A service is what a name stands for now: what was counted for an endpoint before its name was known is its too.
"""

from collections.abc import Sequence
from typing import Any

from events.values import Text, shown
from projector.answers import Relationship, Service
from projector.views.ends import UNSEEN, Ends
from projector.views.rows import AGAIN, FIRST, LAST, MESSAGES
from projector.views.topology import TopologyState

TYPES_MAX = 200
CONNECTIONS_MAX = 50


class _Seen:
    """One service while the tables are worked out."""

    __slots__ = (
        "connections",
        "consumed",
        "evidence",
        "inputs",
        "instances",
        "outputs",
        "published",
        "span",
    )

    def __init__(self) -> None:
        self.inputs: dict[str, None] = {}
        self.outputs: dict[str, None] = {}
        self.published = 0
        self.consumed = 0
        self.instances = 0
        self.connections: list[Text] = []
        self.span: tuple[int, int] | None = None
        self.evidence: tuple[float, str | None] = (0.0, None)

    def during(self, first: int, last: int) -> None:
        known = self.span
        self.span = (first, last) if known is None else (min(known[0], first), max(known[1], last))

    def believed(self, confidence: float, evidence: str | None) -> None:
        if confidence > self.evidence[0]:
            self.evidence = (confidence, evidence)


def services(topology: TopologyState) -> Sequence[Service]:
    """Return the services table, by name."""
    names = topology.ends.services()
    seen: dict[str, _Seen] = {}
    for (slot, _, _, _, label), row in topology.flows.published.items():
        if slot != UNSEEN:
            service = _service(seen, names[slot])
            service.published += row[MESSAGES]
            service.outputs[shown(label)] = None
            service.during(row[FIRST], row[LAST])
    for (_, slot, _, _, label), row in topology.flows.delivered.items():
        service = _service(seen, names[slot])
        service.consumed += row[MESSAGES] + row[AGAIN]
        service.inputs[shown(label)] = None
        service.during(row[FIRST], row[LAST])
    _describe(topology.ends, seen)
    return [_row(name, seen[name]) for name in sorted(seen)]


def relationships(topology: TopologyState) -> Sequence[Relationship]:
    """Return the relationships table, by publisher and subscriber; a publish not observed has no row."""
    names = topology.ends.services()
    pairs: dict[tuple[str, str], tuple[dict[str, None], list[int]]] = {}
    for (publisher, subscriber, _, _, label), row in topology.flows.delivered.items():
        if publisher == UNSEEN or not row[MESSAGES]:
            continue
        types, sums = pairs.setdefault((names[publisher], names[subscriber]), ({}, [0, 0]))
        types[shown(label)] = None
        sums[0] += row[MESSAGES]
        sums[1] = max(sums[1], row[LAST])
    return [
        Relationship(
            publisher=publisher,
            subscriber=subscriber,
            types=tuple(sorted(types)[:TYPES_MAX]),
            messages=messages,
            last_seen=last,
        )
        for (publisher, subscriber), (types, (messages, last)) in sorted(
            pairs.items(), key=lambda item: item[0]
        )
    ]


def consumers(topology: TopologyState) -> dict[tuple[Any, Any], tuple[str, ...]]:
    """Return by (vhost, queue) the services that consume from it: those with a consumer, else those given messages."""
    by_connection = {
        end.connection: end.service for end in topology.ends.ends.values() if not end.closed
    }
    found: dict[tuple[Any, Any], dict[str, None]] = {}
    for connection, held in topology.declared.consumers.items():
        name = by_connection.get(connection)
        if name is not None:
            for vhost, queue, _, _ in held:
                found.setdefault((vhost, queue), {})[name] = None
    names = topology.ends.services()
    delivered: dict[tuple[Any, Any], dict[str, None]] = {}
    for _, slot, vhost, queue, _ in topology.flows.delivered:
        delivered.setdefault((vhost, queue), {})[names[slot]] = None
    return {place: tuple(sorted(services)) for place, services in (delivered | found).items()}


def _service(seen: dict[str, _Seen], name: str) -> _Seen:
    service = seen.get(name)
    if service is None:
        service = seen[name] = _Seen()
    return service


def _describe(ends: Ends, seen: dict[str, _Seen]) -> None:
    for name, named in ends.names.items():
        if name in seen:
            seen[name].believed(named.confidence, named.evidence)
    for end in ends.ends.values():
        service = seen.get(end.service)
        if service is None:
            continue
        service.believed(end.confidence, end.evidence)
        if not end.closed:
            service.instances += 1
            if len(service.connections) < CONNECTIONS_MAX:
                service.connections.append(end.connection)


def _row(name: str, seen: _Seen) -> Service:
    first, last = seen.span or (None, None)
    return Service(
        id=name,
        name=name,
        input_types=tuple(sorted(seen.inputs)[:TYPES_MAX]),
        output_types=tuple(sorted(seen.outputs)[:TYPES_MAX]),
        published=seen.published,
        consumed=seen.consumed,
        instances=seen.instances,
        connections=tuple(seen.connections),
        first_seen=first,
        last_seen=last,
        evidence=seen.evidence[1],
        confidence=seen.evidence[0],
    )
