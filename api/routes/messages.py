"""Messages: search, one message, its body as bytes, its facts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api import access
from api.absent import absent
from api.access import SEARCH, Cursor, Limit, Paging, Ports, StoredBodies
from api.guard import name_of
from api.ports import ApiPorts
from api.problems import Problem, documented, not_found
from api.routes import counts
from api.wire import ListOut
from api.wire_capture import gap
from api.wire_messages import EventOut, MessageOut, event
from api.wire_search import SearchOut
from events.values import shown
from store.documents import MessageDocument
from store.highlight import Marker
from store.ports import Sort
from store.query_parser import parse
from store.query_time import overlaps, time_span

router = APIRouter(prefix="/messages", tags=["messages"])

SortField = Literal[
    "-published_at",
    "published_at",
    "-position",
    "position",
    "-latency_ms",
    "latency_ms",
    "-body.size",
    "body.size",
    "-retry_rounds",
    "retry_rounds",
]


@router.get(
    "",
    operation_id="searchMessages",
    summary="Search messages",
    responses=documented("query-invalid", "store-unavailable"),
    response_model=SearchOut,
)
async def search_messages(
    request: Request,
    response: Response,
    ports: Ports,
    stored: StoredBodies,
    q: Annotated[str, SEARCH] = "",
    sort: Annotated[
        SortField, Query(description="A leading minus: largest first.")
    ] = "-published_at",
    *,
    paging: Paging,
    exact_total: Annotated[bool, Query(description="Count to the end, at a price.")] = False,
) -> object:
    """Messages that match a query, newest first unless asked otherwise.

    Bodies above 16 KiB are left out of a list. `highlights` tell where the query's words stand, in large bodies too.
    `now` in a query stays what it was on the first page.
    """
    query = parse(q)
    position = await access.indexed_position(ports)
    if not access.depends_on_now(q) and (
        held := access.tagged(request, response, access.entity_tag(ports, position))
    ):
        return held
    name = f"messages\n{sort}\n{q}"
    now_ns, after = _resumed(access.after(ports, name, paging.cursor), ports.clock())
    marker = Marker(query)
    page = await ports.index.search(
        query,
        sort=Sort(sort.removeprefix("-"), descending=sort.startswith("-")),
        limit=min(paging.limit, ports.limits.page_items_max),
        after=after,
        exact_total=exact_total,
        now_ns=now_ns,
    )
    body_max = ports.limits.list_body_bytes_max
    span = time_span(query, now_ns)
    missed = [each for each in ports.views.capture().gaps if overlaps(span, each.since, each.until)]
    return SearchOut(
        items=[await stored.found(each, marker, body_bytes_max=body_max) for each in page.items],
        not_captured=[gap(each) for each in missed],
        total=page.total,
        total_is="exact" if page.total_is_exact else "at_least",
        position=str(position),
        next=access.next_cursor(ports, name, None if page.after is None else (now_ns, *page.after)),
    )


def _resumed(
    values: tuple[int | str, ...] | None, now_ns: int
) -> tuple[int, tuple[int | str, ...] | None]:
    match values:
        case None:
            return now_ns, None
        case (int() as then, *after) if after:
            return then, tuple(after)
        case _:
            raise Problem("cursor-invalid", "The cursor belongs to another list.")


router.include_router(counts.router)  # before /{uid}, which would take their names for uids


@router.get(
    "/{uid}",
    operation_id="getMessage",
    summary="One message",
    responses=documented("not-found", "not-retained", "store-unavailable"),
    response_model=MessageOut,
)
async def get_message(
    request: Request, response: Response, uid: str, ports: Ports, stored: StoredBodies
) -> object:
    """One message: its copies, attempts, deaths, and why it is linked to others.

    The `ETag` is the position folded in. A caller waiting for its own message polls until that passes it; an older
    answer is not an error.
    """
    document = await find(ports, uid)
    tag = access.entity_tag(ports, max(ports.views.position, await access.indexed_position(ports)))
    return access.tagged(request, response, tag) or await stored.message(document)


@router.get(
    "/{uid}/body",
    operation_id="getMessageBody",
    summary="A message's body as bytes",
    response_class=Response,
    responses={
        200: {
            "description": "The bytes as the log keeps them.",
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        },
        **documented("not-found", "not-retained", "store-unavailable"),
    },
)
async def get_message_body(
    uid: str,
    ports: Ports,
    stored: StoredBodies,
    disposition: Annotated[
        Literal["attachment", "inline"], Query(description="inline: to be shown, as plain bytes.")
    ] = "attachment",
) -> Response:
    """The raw bytes of a body, as an attachment unless asked otherwise; never under a type that a browser would run."""
    document = await find(ports, uid)
    if document.body is None:
        raise not_found("body of message", document.uid)
    body = await stored.body(document.body)
    if body is None:
        raise Problem("not-retained", f"The body of {document.uid} is no longer retained.")
    headers = {
        "Content-Disposition": f'{disposition}; filename="{document.uid}.bin"',
        "X-Hoptrail-Body-Size": str(document.body.size),
        "X-Hoptrail-Body-Truncated": str(document.body.truncated).lower(),
    }
    return Response(body, media_type="application/octet-stream", headers=headers)


@router.get(
    "/{uid}/events",
    operation_id="listMessageEvents",
    summary="The facts behind a message",
    responses=documented("cursor-invalid", "not-found", "not-retained", "store-unavailable"),
    response_model=ListOut[EventOut],
)
async def list_message_events(
    uid: str,
    ports: Ports,
    stored: StoredBodies,
    limit: Limit = access.LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> object:
    """The facts of the log that were folded into a message, oldest first. Those that retention removed are left out."""
    document = await find(ports, uid)
    name = f"events\n{document.uid}"
    after = access.number_after(ports, name, cursor)
    rest = [at for at in document.events if after is None or at > after]
    page = rest[:limit]
    return ListOut[EventOut](
        items=[event(found) for found in await stored.events(page)],
        total=len(document.events),
        total_is="exact",
        position=str(await access.indexed_position(ports)),
        next=access.next_cursor(ports, name, (page[-1],) if len(rest) > limit else None),
    )


async def find(ports: ApiPorts, segment: str) -> MessageDocument:
    """Return the newer of what the linker holds and what the index has.

    Raises:
        Problem: not-found, not-retained.
    """
    uid = shown(name_of(segment))
    live, indexed = ports.views.message(uid), await ports.index.get(uid)
    found = max((d for d in (live, indexed) if d), key=lambda d: d.version, default=None)
    if found is None:
        raise await absent(ports, uid)
    return found
