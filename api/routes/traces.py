"""Traces: all messages of one conversation, each with the message that caused it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import ConfigDict, Field

from api import access
from api.absent import absent_trace
from api.access import Cursor, Limit, Ports, StoredBodies
from api.guard import name_of
from api.ports import ApiPorts
from api.problems import documented
from api.wire import ListOut
from api.wire_messages import MessageOut
from events.values import shown
from store.documents import MessageDocument
from store.ports import Sort
from store.query import Term

router = APIRouter(prefix="/traces", tags=["traces"])


class TraceOut(ListOut[MessageOut]):
    """A trace. The tree is in each message's `parent`; a parent elsewhere or not retained is named as well."""

    model_config = ConfigDict(json_schema_extra={"description": __doc__})

    trace_id: str
    services: list[str] = Field(description="Services that published or consumed in these items.")


@router.get(
    "/{trace_id}",
    operation_id="getTrace",
    summary="A trace",
    responses=documented("cursor-invalid", "not-found", "not-retained", "store-unavailable"),
    response_model=TraceOut,
)
async def get_trace(
    request: Request,
    response: Response,
    trace_id: Annotated[str, Path(description="As `trace_id` of a message.")],
    ports: Ports,
    stored: StoredBodies,
    limit: Limit = 500,
    cursor: Cursor = None,
) -> object:
    """The messages of a trace in the order of their publishing, with their parents, evidence and confidence."""
    wanted = shown(name_of(trace_id))
    position = await access.indexed_position(ports)
    name = f"trace\n{wanted}"
    page = await ports.index.search(
        Term("trace_id", wanted),
        sort=Sort("published_at", descending=False),
        limit=limit,
        after=access.after(ports, name, cursor),
        now_ns=ports.clock(),
    )
    documents = [_newest(ports, found) for found in page.items]
    if not documents and cursor is None:
        raise await absent_trace(ports, wanted)
    if held := access.tagged(request, response, access.entity_tag(ports, position)):
        return held
    body_max = ports.limits.list_body_bytes_max
    return TraceOut(
        trace_id=wanted,
        services=_services(documents),
        items=[await stored.message(found, body_bytes_max=body_max) for found in documents],
        total=page.total,
        total_is="exact" if page.total_is_exact else "at_least",
        position=str(position),
        next=access.next_cursor(ports, name, page.after),
    )


def _newest(ports: ApiPorts, indexed: MessageDocument) -> MessageDocument:
    live = ports.views.message(indexed.uid)
    return live if live is not None and live.version > indexed.version else indexed


def _services(documents: list[MessageDocument]) -> list[str]:
    found: set[str] = set()
    for document in documents:
        parties = [document.publisher]
        parties += [attempt.consumer for copy in document.copies for attempt in copy.attempts]
        found.update(party.service for party in parties if party.service)
    return sorted(found)
