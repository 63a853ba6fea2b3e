"""Conversations and effects in light form: many messages in one answer, without headers and bodies."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api import access
from api.absent import absent_trace
from api.access import Cursor, Ports
from api.guard import name_of
from api.ports import ApiPorts
from api.problems import documented
from api.routes.messages import find
from api.wire_outline import EffectsOut, OutlineOut, encoded, light, services_of
from events.values import shown
from store.documents import MessageDocument
from store.ports import Page, Sort
from store.query import Query as Asked
from store.query import Term

router = APIRouter()

LIGHT_MAX = 10_000
"""So many messages in light form are told at once."""
EFFECTS_DEFAULT = 200
OLDEST_FIRST = Sort("published_at", descending=False)

Uid = Annotated[str, Path(description="As `uid` of a message.")]


@router.get(
    "/traces/{trace_id}/outline",
    tags=["traces"],
    operation_id="getTraceOutline",
    summary="A whole conversation in light form",
    responses=documented("cursor-invalid", "not-found", "not-retained", "store-unavailable"),
    response_model=OutlineOut,
)
async def get_trace_outline(
    request: Request,
    response: Response,
    trace_id: Annotated[str, Path(description="As `trace_id` of a message.")],
    ports: Ports,
    limit: Annotated[
        int, Query(ge=1, le=LIGHT_MAX, description="Items on a page.", examples=[1_000])
    ] = LIGHT_MAX,
    cursor: Cursor = None,
) -> Response:
    """The messages of a trace in the order of their publishing, without headers and bodies: up to 10,000 in one answer.

    `total` is exact. What is null, empty or the default is left out of the items.
    """
    wanted = shown(name_of(trace_id))
    position, held = await _held(request, response, ports)
    if held is not None:
        return held
    name = f"outline\n{wanted}"
    page = await _page(ports, Term("trace_id", wanted), limit, name, cursor)
    if not page.items and cursor is None:
        raise await absent_trace(ports, wanted)
    documents = [newest(ports, found) for found in page.items]
    return _answer(
        response,
        encoded(
            list(map(light, documents)),
            page.total,
            exact=page.total_is_exact,
            position=position,
            cursor=access.next_cursor(ports, name, page.after),
            trace_id=wanted,
            services=services_of(documents),
        ),
    )


@router.get(
    "/messages/{uid}/effects",
    tags=["messages"],
    operation_id="listMessageEffects",
    summary="What a message caused, and what caused it",
    responses=documented("cursor-invalid", "not-found", "not-retained", "store-unavailable"),
    response_model=EffectsOut,
)
async def list_message_effects(
    request: Request,
    response: Response,
    uid: Uid,
    ports: Ports,
    limit: Annotated[
        int, Query(ge=1, le=LIGHT_MAX, description="Items on a page.", examples=[EFFECTS_DEFAULT])
    ] = EFFECTS_DEFAULT,
    cursor: Cursor = None,
) -> Response:
    """The messages that a message is believed to have caused directly, oldest first, without headers and bodies.

    With them come its own causes, and how many `siblings` it has. How sure a link is stands in each item's `parent`.
    """
    document = await find(ports, uid)
    position, held = await _held(request, response, ports)
    if held is not None:
        return held
    name = f"effects\n{document.uid}"
    page = await _page(ports, Term("parent.uid", document.uid), limit, name, cursor)
    return _answer(
        response,
        encoded(
            [light(newest(ports, found)) for found in page.items],
            page.total,
            exact=page.total_is_exact,
            position=position,
            cursor=access.next_cursor(ports, name, page.after),
            uid=document.uid,
            causes=[light(cause) for cause in await _causes(ports, document)],
            siblings=await _siblings(ports, document),
        ),
    )


def newest(ports: ApiPorts, indexed: MessageDocument) -> MessageDocument:
    """Return what the linker holds of a message where that is newer than *indexed*."""
    live = ports.views.message(indexed.uid)
    return live if live is not None and live.version > indexed.version else indexed


async def _held(
    request: Request, response: Response, ports: ApiPorts
) -> tuple[int, Response | None]:
    """Return the position of the index, and the answer to who holds what stands there."""
    position = await access.indexed_position(ports)
    return position, access.tagged(request, response, access.entity_tag(ports, position))


async def _page(ports: ApiPorts, asked: Asked, limit: int, name: str, cursor: str | None) -> Page:
    return await ports.index.search(
        asked,
        sort=OLDEST_FIRST,
        limit=limit,
        after=access.after(ports, name, cursor),
        exact_total=True,
        now_ns=ports.clock(),
    )


async def _causes(ports: ApiPorts, document: MessageDocument) -> list[MessageDocument]:
    links = (document.parent, *document.other_parents) if document.parent else ()
    found = [await ports.index.get(link.uid) for link in links if link is not None]
    return [newest(ports, cause) for cause in found if cause is not None]


async def _siblings(ports: ApiPorts, document: MessageDocument) -> int | None:
    if document.parent is None:
        return None
    asked = Term("parent.uid", document.parent.uid)
    page = await ports.index.search(
        asked, sort=OLDEST_FIRST, limit=1, exact_total=True, now_ns=ports.clock()
    )
    return max(page.total - 1, 0)


def _answer(response: Response, content: bytes) -> Response:
    headers = {"ETag": response.headers["ETag"]}
    return Response(content, media_type="application/json", headers=headers)
