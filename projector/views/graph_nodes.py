"""The nodes of the topology: what is known of each service, exchange and queue beside its edges.

Pure.
"""

from collections.abc import Mapping
from typing import Any

from events.values import Text
from projector.answers import Node
from projector.views.declared import DEFAULT_EXCHANGE, EXCHANGE, QUEUE, ExchangeInfo, QueueInfo
from projector.views.names import queue_id
from projector.views.roles import Role
from projector.views.services import services
from projector.views.topology import TopologyState

Drawn = Mapping[str, tuple[str, Text, Text]]
Spans = Mapping[str, tuple[int, int]]
"""When each was first and last used (ns), by id."""


def nodes_of(
    topology: TopologyState, drawn: Drawn, spans: Spans, roles: Mapping[tuple[Any, Any], Role]
) -> list[Node]:
    """Return the nodes *drawn*, (kind, vhost, name) by id, sorted by id."""
    declared = topology.declared
    rows = {row.id: row for row in services(topology)}
    nodes: list[Node] = []
    for ident in sorted(drawn):
        kind, vhost, name = drawn[ident]
        attributes: dict[str, Any] = {}
        known = None
        if kind == "service":
            row = rows.get(str(name))
            if row is not None:
                attributes = {
                    "instances": row.instances,
                    "evidence": row.evidence,
                    "confidence": row.confidence,
                }
        elif kind == EXCHANGE:
            known = declared.exchanges.get((vhost, name))
            attributes = {} if known is None else _exchange_attributes(known)
        else:
            known = declared.queues.get((vhost, name))
            attributes = {} if known is None else _queue_attributes(known)
        role = roles.get((vhost, name)) if kind == QUEUE else None
        told = (kind, vhost, name, attributes, None if known is None else known.first)
        nodes.append(_node(ident, told, spans.get(ident), role))
    return nodes


def _node(
    ident: str,
    told: tuple[str, Text, Text, dict[str, Any], int | None],
    span: tuple[int, int] | None,
    role: Role | None,
) -> Node:
    kind, vhost, name, attributes, declared_at = told
    first, last = span or (declared_at, declared_at)
    if first is not None and declared_at is not None:
        first = min(first, declared_at)
    return Node(
        id=ident,
        kind=kind,
        vhost=vhost,
        name=name,
        declared=declared_at is not None or (kind == EXCHANGE and name == DEFAULT_EXCHANGE),
        observed=span is not None,
        first_seen=first,
        last_seen=last,
        attributes=attributes,
        role=None if role is None else role.role,
        main=None if role is None or role.main is None else queue_id(vhost, role.main),
        role_evidence=() if role is None else role.evidence,
    )


def _exchange_attributes(info: ExchangeInfo) -> dict[str, Any]:
    return {
        "type": info.type,
        "durable": info.durable,
        "auto_delete": info.auto_delete,
        "internal": info.internal,
        "alternate": info.alternate,
    }


def _queue_attributes(info: QueueInfo) -> dict[str, Any]:
    return {
        "type": info.type,
        "durable": info.durable,
        "auto_delete": info.auto_delete,
        "exclusive": info.exclusive,
        "arguments": info.arguments,
    }
