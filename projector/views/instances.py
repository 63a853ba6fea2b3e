"""The connections of a service, and whether each is still open and consumes: what the broker told, and what it did not.

Pure. Nothing is claimed that was not told: a connection of which the broker never told is known by its traffic alone, and
while capture does not run nobody knows what closed.
"""

from collections.abc import Callable
from typing import Any

from events.values import Text
from projector.linker.endpoints import LinkedEndpoint
from projector.system import Instance
from projector.views.ends import End
from projector.views.names import queue_id
from projector.views.topology import TopologyState

INSTANCES_MAX = 200
QUEUES_MAX = 100

OPENED = "the broker told that it opened, and of no end"
CLOSED = "the broker told that it closed"
NOT_TOLD = "known by its traffic alone: the broker told neither of its opening nor of its end"
NOT_CAPTURED = "it was open when capture stopped; what came after is not known"


def instances(
    topology: TopologyState,
    name: str,
    endpoint: Callable[[Text, int], LinkedEndpoint | None],
    *,
    captured: bool,
) -> tuple[list[Instance], int]:
    """Return the connections of the service *name*, the open ones and then the newest first, and how many there were.

    *endpoint* gives what the linker knows of a connection by name and number. *captured* says whether capture runs.
    """
    mine = [(number, end) for number, end in topology.ends.ends.items() if end.service == name]
    named = topology.ends.names.get(name)
    total = len(mine) + (0 if named is None else named.connections)
    mine.sort(key=lambda item: (item[1].closed, -item[1].first, -item[0]))
    return [
        _instance(topology, end, endpoint(end.connection, number), captured=captured)
        for number, end in mine[:INSTANCES_MAX]
    ], total


def _instance(
    topology: TopologyState, end: End, linked: LinkedEndpoint | None, *, captured: bool
) -> Instance:
    consumers = {} if end.closed else topology.declared.consumers.get(end.connection, {})
    is_open, open_why = _open(end, linked, told=bool(consumers), captured=captured)
    consumes, consumes_why = _consumes(is_open, len(consumers))
    queues = dict.fromkeys(queue_id(vhost, queue) for vhost, queue, _, _ in consumers)
    return Instance(
        connection=end.connection,
        client_name=None if linked is None else linked.client_name,
        user=end.user,
        vhost=end.vhost,
        node="" if linked is None else linked.node,
        service=end.service,
        evidence=end.evidence,
        confidence=end.confidence,
        first_seen=end.first,
        last_seen=end.last,
        published=None if linked is None else linked.published,
        consumed=None if linked is None else linked.consumed,
        open=is_open,
        open_why=open_why,
        consumes_now=consumes,
        consumes_why=consumes_why,
        consumes_from=tuple(list(queues)[:QUEUES_MAX]),
    )


def _open(
    end: End, linked: LinkedEndpoint | None, *, told: bool, captured: bool
) -> tuple[bool | None, str]:
    if end.closed:
        return False, CLOSED
    if not told and not _was_told(linked):
        return None, NOT_TOLD
    return (True, OPENED) if captured else (None, NOT_CAPTURED)


def _was_told(linked: Any) -> bool:
    """Return whether the broker told of the opening of a connection."""
    return linked is not None and bool(linked.pid or linked.product or linked.peer_host)


def _consumes(is_open: bool | None, consumers: int) -> tuple[bool | None, str]:
    if is_open is False:
        return False, "its connection is closed"
    if is_open is None:
        return None, "whether its connection is open is not known"
    if not consumers:
        return False, "the broker tells of no consumer on it"
    return True, f"the broker told of {consumers:,} consumer{'s' if consumers > 1 else ''} on it"
