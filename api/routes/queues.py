"""Queues, and what is believed to be in them, without taking anything out."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api import access
from api.access import Cursor, Limit, Ports, whole
from api.guard import name_of
from api.problems import documented, not_found
from api.wire import ListOut
from api.wire_views import QueuedCopyOut, QueueOut, queue, queued_copy
from events.values import shown

router = APIRouter(prefix="/queues", tags=["queues"])

Segment = Annotated[str, Path(description="Percent-encoded, also a `/` inside it: `%2F`.")]


@router.get("", operation_id="listQueues", summary="Queues", response_model=ListOut[QueueOut])
async def list_queues(request: Request, response: Response, ports: Ports) -> object:
    """Every queue: what is believed to be in it, beside the broker's own depth."""
    return access.tagged(request, response, access.entity_tag(ports, ports.views.position)) or (
        whole(ports, [queue(row) for row in ports.views.queues()])
    )


@router.get(
    "/{vhost}/{name}/contents",
    operation_id="listQueueContents",
    summary="What is in a queue",
    responses=documented("cursor-invalid", "not-found"),
    response_model=ListOut[QueuedCopyOut],
)
async def list_queue_contents(
    vhost: Segment,
    name: Segment,
    ports: Ports,
    limit: Limit = access.LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> object:
    """The copies believed to be in a queue, in queue order. Nothing is taken out of it to know."""
    place, wanted = name_of(vhost), name_of(name)
    contents = ports.views.queue_contents(place, wanted)
    if contents is None:
        raise not_found("queue", f"{shown(wanted)} in vhost {shown(place)}")
    list_name = f"contents\n{place!r}\n{wanted!r}"
    start = access.number_after(ports, list_name, cursor) or 0
    page = contents[start : start + limit]
    end = start + len(page)
    return ListOut[QueuedCopyOut](
        items=[queued_copy(copy) for copy in page],
        total=len(contents),
        total_is="exact",
        position=str(ports.views.position),
        next=access.next_cursor(ports, list_name, (end,) if end < len(contents) else None),
    )
