"""Queues, and what is believed to be in them, without taking anything out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import access
from api.absent import unknown
from api.access import Paging, Ports, Segment
from api.guard import name_of
from api.past import PAST, At, listed, past_of, tagged
from api.ports import ApiPorts
from api.problems import documented
from api.wire import ListOut
from api.wire_past import SystemListOut
from api.wire_system import QueueDetailOut, queue_detail
from api.wire_views import QueuedCopyOut, QueueOut, queue, queued_copy
from events.values import shown
from projector.answers import QueueState

router = APIRouter(prefix="/queues", tags=["queues"])


@router.get(
    "",
    operation_id="listQueues",
    summary="Queues",
    responses=PAST,
    response_model=SystemListOut[QueueOut],
)
async def list_queues(request: Request, response: Response, ports: Ports, at: At = None) -> object:
    """Every queue: what is believed to be in it beside the broker's own depth, and what makes it stuck."""
    past = await past_of(request, ports, at)
    if held := tagged(request, response, ports, past):
        return held
    rows = ports.views.queues() if past is None else past.queues
    return listed(ports, past, [queue(row) for row in rows])


@router.get(
    "/{vhost}/{name}",
    operation_id="getQueue",
    summary="One queue",
    responses=documented("not-found", "store-unavailable"),
    response_model=QueueDetailOut,
)
async def get_queue(
    request: Request, response: Response, vhost: Segment, name: Segment, ports: Ports
) -> object:
    """A queue: how much is believed to wait in it beside the broker's own depth, who publishes to it and who consumes."""
    place, wanted = name_of(vhost), name_of(name)
    found = ports.views.queue_detail(place, wanted)
    if found is None:
        raise await unknown(ports, "queue", f"{shown(wanted)} in vhost {shown(place)}")
    return tagged(request, response, ports) or (queue_detail(found, ports.views.position))


@router.get(
    "/{vhost}/{name}/contents",
    operation_id="listQueueContents",
    summary="What is in a queue",
    responses=documented("cursor-invalid", "not-found", "store-unavailable"),
    response_model=ListOut[QueuedCopyOut],
)
async def list_queue_contents(
    vhost: Segment,
    name: Segment,
    ports: Ports,
    waiting: Annotated[
        bool,
        Query(description="Only what waits: not what was handed out, unless it went back."),
    ] = False,
    *,
    paging: Paging,
) -> object:
    """The copies believed to be in a queue, in queue order, with their age. Nothing is taken out of it to know."""
    state = await _known(ports, vhost, name)
    list_name = f"contents\n{state.vhost!r}\n{state.name!r}\n{waiting}"
    start = access.number_after(ports, list_name, paging.cursor) or 0
    page = ports.views.queue_contents(
        state.vhost, state.name, waiting=waiting, start=start, limit=paging.limit
    )
    total = state.waiting + (state.returned if waiting else state.delivered)
    end, now = start + len(page or ()), ports.clock()
    return ListOut[QueuedCopyOut](
        items=[queued_copy(copy, now) for copy in page or ()],
        total=total,
        total_is="exact",
        position=str(ports.views.position),
        next=access.next_cursor(ports, list_name, (end,) if page and end < total else None),
    )


async def _known(ports: ApiPorts, vhost: str, name: str) -> QueueState:
    place, wanted = name_of(vhost), name_of(name)
    found = ports.views.queue(place, wanted)
    if found is None:
        raise await unknown(ports, "queue", f"{shown(wanted)} in vhost {shown(place)}")
    return found
