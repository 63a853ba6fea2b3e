"""The topology as nodes and edges, worked out from what the topology view counted and the facts declared.

Pure. Edges are as declared, as observed, or both. What was published to an exchange and routed to a queue counts on the
shortest declared way between them (through exchange bindings and alternate exchanges), else on an edge of its own.
"""

from collections import deque
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from events.values import Text
from projector.answers import Edge, Topology
from projector.views.declared import (
    DEFAULT_EXCHANGE,
    EXCHANGE,
    QUEUE,
    Declared,
    QueueInfo,
)
from projector.views.ends import UNSEEN
from projector.views.flows import PUBLISH
from projector.views.graph_nodes import nodes_of
from projector.views.names import exchange_id, queue_id, service_id
from projector.views.roles import Role
from projector.views.rows import AGAIN, FIRST, LAST, MESSAGES, Row, merge, rate_per_s
from projector.views.topology import TopologyState

BINDING_KEYS_MAX = 100

Ident = tuple[str, str, str, str | None]


class _Draft:
    """An edge while the graph is worked out."""

    __slots__ = ("declared", "failed", "keys", "row")

    def __init__(self) -> None:
        self.declared = False
        self.row: Row | None = None
        self.failed: dict[str, Row] = {}
        self.keys: dict[Any, None] = {}

    def count(self, row: Row) -> None:
        if self.row is None:
            self.row = row.copy()
        else:
            merge(self.row, row)

    def fail(self, what: str, row: Row) -> None:
        known = self.failed.get(what)
        if known is None:
            self.failed[what] = row.copy()
        else:
            merge(known, row)


class _Graph:
    def __init__(self, topology: TopologyState) -> None:
        self.topology = topology
        self.edges: dict[Ident, _Draft] = {}
        self.nodes: dict[str, tuple[str, Text, Text]] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self.next: dict[tuple[Any, Any], list[tuple[str, Any]]] = {}

    def edge(self, from_: str, to: str, kind: str, reason: str | None = None) -> _Draft:
        ident = (from_, to, kind, reason)
        draft = self.edges.get(ident)
        if draft is None:
            draft = self.edges[ident] = _Draft()
        return draft

    def exchange(self, vhost: Text, name: Text) -> str:
        ident = exchange_id(vhost, name)
        self.nodes.setdefault(ident, (EXCHANGE, vhost, name))
        return ident

    def queue(self, vhost: Text, name: Text) -> str:
        ident = queue_id(vhost, name)
        self.nodes.setdefault(ident, (QUEUE, vhost, name))
        return ident

    def service(self, name: str) -> str:
        ident = service_id(name)
        self.nodes.setdefault(ident, ("service", "", name))
        return ident

    def used(self, ident: str, row: Row) -> None:
        known = self.spans.get(ident)
        first, last = row[FIRST], row[LAST]
        self.spans[ident] = (
            (first, last) if known is None else (min(known[0], first), max(known[1], last))
        )


def graph(
    topology: TopologyState, now: int, roles: Mapping[tuple[Any, Any], Role] = MappingProxyType({})
) -> Topology:
    """Return nodes and edges, sorted by id; *now* is the time (ns) up to which rates are worked out.

    *roles* are those of queues that serve others, by (vhost, queue).
    """
    drawn = _Graph(topology)
    _declare(drawn, topology.declared)
    names = topology.ends.services()
    _publishes(drawn, names)
    _deliveries(drawn, names)
    _deaths(drawn)
    _join_dead_letters(drawn)
    _failures(drawn, names)
    edges = [_edge(ident, drawn.edges[ident], now) for ident in sorted(drawn.edges, key=_order)]
    return Topology(nodes=nodes_of(topology, drawn.nodes, drawn.spans, roles), edges=edges)


def _declare(drawn: _Graph, declared: Declared) -> None:
    for vhost, name in declared.exchanges:
        drawn.exchange(vhost, name)
    for vhost, name in declared.queues:
        drawn.queue(vhost, name)
    for (vhost, destination, kind), bindings in declared.bindings.items():
        for origin, key in bindings:
            if origin == DEFAULT_EXCHANGE:
                continue  # every queue has this one
            to = drawn.queue if kind == QUEUE else drawn.exchange
            draft = drawn.edge(
                drawn.exchange(vhost, origin),
                to(vhost, destination),
                "binding" if kind == QUEUE else "exchange-binding",
            )
            draft.declared = True
            draft.keys[key] = None
            drawn.next.setdefault((vhost, origin), []).append((kind, destination))
    for (vhost, name), exchange in declared.exchanges.items():
        if exchange.alternate is not None:
            to = drawn.exchange(vhost, exchange.alternate)
            drawn.edge(drawn.exchange(vhost, name), to, "alternate").declared = True
            drawn.next.setdefault((vhost, name), []).append((EXCHANGE, exchange.alternate))
    for (vhost, name), queue in declared.queues.items():
        _declare_dead_letters(drawn, vhost, name, queue)
    _declare_consumers(drawn)


def _declare_dead_letters(drawn: _Graph, vhost: Text, name: Text, queue: QueueInfo) -> None:
    exchange, key = queue.dead_letter_exchange, queue.dead_letter_key
    if exchange is None or (exchange == DEFAULT_EXCHANGE and key is None):
        return  # without a key of its own the queue a dead letter goes to depends on the message
    to = (
        drawn.exchange(vhost, exchange)
        if exchange != DEFAULT_EXCHANGE
        else drawn.queue(vhost, key or "")
    )
    draft = drawn.edge(drawn.queue(vhost, name), to, "dead-letter")
    draft.declared = True
    if key is not None:
        draft.keys[key] = None


def _declare_consumers(drawn: _Graph) -> None:
    topology = drawn.topology
    by_connection = {e.connection: e.service for e in topology.ends.ends.values() if not e.closed}
    for connection, consumers in topology.declared.consumers.items():
        service = by_connection.get(connection)
        if service is None:
            continue
        for vhost, queue, _, _ in consumers:
            if (vhost, queue) in topology.declared.queues:
                drawn.edge(
                    drawn.queue(vhost, queue), drawn.service(service), "deliver"
                ).declared = True


def _publishes(drawn: _Graph, names: dict[int, str]) -> None:
    for (slot, vhost, exchange, queues, _), row in drawn.topology.flows.published.items():
        place = drawn.exchange(vhost, exchange)
        drawn.used(place, row)
        if slot != UNSEEN:
            service = drawn.service(names[slot])
            drawn.edge(service, place, "publish").count(row)
            drawn.used(service, row)
        for queue in queues:
            _route(drawn, vhost, exchange, queue, row)


def _route(drawn: _Graph, vhost: Text, exchange: Text, queue: Text, row: Row) -> None:
    drawn.used(drawn.queue(vhost, queue), row)
    way = [(EXCHANGE, exchange), (QUEUE, queue)]
    if exchange != DEFAULT_EXCHANGE:
        way = _way(drawn, vhost, exchange, queue) or way
    for (_, here), (kind, there) in pairwise(way):
        origin = drawn.exchange(vhost, here)
        if kind == QUEUE:
            draft = drawn.edge(origin, drawn.queue(vhost, there), "binding")
            if here == DEFAULT_EXCHANGE and (vhost, there) in drawn.topology.declared.queues:
                draft.declared = True
        else:
            to = drawn.exchange(vhost, there)
            bound = (origin, to, "exchange-binding", None) in drawn.edges
            draft = drawn.edge(origin, to, "exchange-binding" if bound else "alternate")
            drawn.used(to, row)
        draft.count(row)


def _way(drawn: _Graph, vhost: Text, exchange: Text, queue: Text) -> list[tuple[str, Any]] | None:
    """Return the shortest declared way from *exchange* to *queue*; None where there is none."""
    start: tuple[str, Any] = (EXCHANGE, exchange)
    before: dict[tuple[str, Any], tuple[str, Any] | None] = {start: None}
    ahead: deque[tuple[str, Any]] = deque([start])
    while ahead:
        here = ahead.popleft()
        for step in drawn.next.get((vhost, here[1]), ()):
            if step in before:
                continue
            before[step] = here
            if step == (QUEUE, queue):
                return _back(before, step)
            if step[0] == EXCHANGE:
                ahead.append(step)
    return None


def _back(
    before: dict[tuple[str, Any], tuple[str, Any] | None], last: tuple[str, Any]
) -> list[tuple[str, Any]]:
    way: list[tuple[str, Any]] = []
    step: tuple[str, Any] | None = last
    while step is not None:
        way.append(step)
        step = before[step]
    way.reverse()
    return way


def _deliveries(drawn: _Graph, names: dict[int, str]) -> None:
    for (_, slot, vhost, queue, _), row in drawn.topology.flows.delivered.items():
        place, service = drawn.queue(vhost, queue), drawn.service(names[slot])
        drawn.edge(place, service, "deliver").count(row)
        drawn.used(place, row)
        drawn.used(service, row)


def _deaths(drawn: _Graph) -> None:
    for (vhost, queue, exchange, target, reason), row in drawn.topology.flows.died.items():
        if target is None:
            _count_deaths(
                drawn, drawn.queue(vhost, queue), drawn.exchange(vhost, exchange), reason, row
            )
        elif exchange == DEFAULT_EXCHANGE:
            _count_deaths(drawn, drawn.queue(vhost, queue), drawn.queue(vhost, target), reason, row)
        else:
            _route(drawn, vhost, exchange, target, row)


def _join_dead_letters(drawn: _Graph) -> None:
    """Let the edges observed, one per reason, take the place of the declared one, which has none."""
    observed: dict[tuple[str, str], list[_Draft]] = {}
    for (from_, to, kind, reason), draft in drawn.edges.items():
        if kind == "dead-letter" and reason is not None:
            observed.setdefault((from_, to), []).append(draft)
    for (from_, to), drafts in observed.items():
        declared = drawn.edges.pop((from_, to, "dead-letter", None), None)
        if declared is not None:
            for draft in drafts:
                draft.declared = True
                draft.keys.update(declared.keys)


def _count_deaths(drawn: _Graph, place: str, to: str, reason: str, row: Row) -> None:
    drawn.edge(place, to, "dead-letter", reason).count(row)
    drawn.used(place, row)
    drawn.used(to, row)


def _failures(drawn: _Graph, names: dict[int, str]) -> None:
    """Note on the edges of publishes and deliveries what failed; names that were made coarser there have none."""
    for (slot, way, vhost, place, what), row in drawn.topology.flows.failed.items():
        if slot == UNSEEN:
            continue
        service = service_id(names[slot])
        ident = (
            (service, exchange_id(vhost, place), "publish", None)
            if way == PUBLISH
            else (queue_id(vhost, place), service, "deliver", None)
        )
        draft = drawn.edges.get(ident)
        if draft is not None:
            draft.fail(what, row)


def _order(ident: Ident) -> tuple[str, str, str, str]:
    return (ident[0], ident[1], ident[2], ident[3] or "")


def _edge(ident: Ident, draft: _Draft, now: int) -> Edge:
    from_, to, kind, reason = ident
    row = draft.row
    return Edge(
        from_=from_,
        to=to,
        kind=kind,
        declared=draft.declared,
        observed=row is not None,
        messages=0 if row is None else row[MESSAGES],
        reason=reason,
        binding_keys=tuple(sorted(draft.keys, key=repr)[:BINDING_KEYS_MAX]),
        rate_per_s=None if row is None else rate_per_s(row, now),
        last_seen=None if row is None else row[LAST],
        first_seen=None if row is None else row[FIRST],
        deliveries=0 if row is None else row[MESSAGES] + row[AGAIN],
        **(_failed(draft, now) if kind in ("publish", "deliver") else {}),
    )


def _failed(draft: _Draft, now: int) -> dict[str, Any]:
    return {
        "failures": sum(row[MESSAGES] for row in draft.failed.values()),
        "failures_per_s": None
        if draft.row is None
        else sum(rate_per_s(row, now) for row in draft.failed.values()),
        "failures_by": {what: draft.failed[what][MESSAGES] for what in sorted(draft.failed)},
    }
