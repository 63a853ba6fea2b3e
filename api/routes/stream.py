"""The live tail: messages as they change, as server-sent events that can be resumed by position."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request
from fastapi import Query as QueryParameter
from fastapi.responses import StreamingResponse

from api.access import SEARCH, Ports, StoredBodies
from api.holders import asking
from api.ports import ApiPorts
from api.problems import Problem, documented
from api.scopes import looks_into_bodies
from api.stored import Stored
from events.identity import position_of
from projector.answers import StreamBehind
from projector.index import is_binary, text_in
from store.documents import MessageDocument
from store.highlight import Marker
from store.matching import Subject, matches
from store.query import MatchAll, Query
from store.query_parser import parse

router = APIRouter(tags=["stream"])

EVENT_SCHEMA = {
    "type": "object",
    "description": "One server-sent event; `data` is a message, or of `behind` the positions left out.",
    "properties": {
        "event": {"enum": ["message", "behind"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "id", "data"],
}

Wanted = Callable[[MessageDocument], Awaitable[bool]]
Told = Callable[[MessageDocument], Awaitable[bytes]]


@router.get(
    "/stream",
    operation_id="streamMessages",
    summary="Messages as they change",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events named `message` with a message as a search tells it as data and a position as id, and "
            "`behind` when the reader was too slow: what lies between must be found by a search.",
            "content": {"text/event-stream": {"schema": EVENT_SCHEMA}},
        },
        **documented("query-invalid", "too-many-streams"),
    },
)
async def stream_messages(
    request: Request,
    ports: Ports,
    stored: StoredBodies,
    q: Annotated[str, SEARCH] = "",
    after: Annotated[
        int | None,
        QueryParameter(
            ge=0, le=2**63 - 1, description="Start after this position; without it, from now on."
        ),
    ] = None,
    last_event_id: Annotated[
        str | None,
        Header(description="As a browser sends it when it reconnects; goes before `after`."),
    ] = None,
) -> StreamingResponse:
    """Follow messages as they are published and change state. A message comes again with each change.

    It comes as a search tells it, with `highlights` where the query's words stand. An event's id is a position up to
    which everything was given. After a break the changes beyond it come again, so some may be seen twice and none is
    missed.
    """
    query = parse(q)
    start = _start(ports, last_event_id, after)
    open_streams: set[object] = request.app.state.streams
    if len(open_streams) >= ports.limits.streams_max:
        raise Problem("too-many-streams", f"{len(open_streams)} streams are open. Close one.")
    wanted = partial(_is_wanted, ports, stored, query)
    told = partial(_told, ports, stored, Marker(query))
    headers = request.headers
    lines = follow(ports, wanted, told, start, lambda: asking(ports, headers) is not None)
    return StreamingResponse(
        _counted(lines, open_streams),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _start(ports: ApiPorts, last_event_id: str | None, after: int | None) -> int:
    if last_event_id:
        digits = last_event_id if last_event_id.isdigit() else ""
        position = int(digits[:18]) if digits.isascii() and digits else None
        if position is None:
            position = position_of(last_event_id, ports.views.stream)
        if position is None:
            raise Problem("parameter-invalid", "Last-Event-ID is none of this log's positions.")
        return position
    return ports.views.position - 1 if after is None else after


async def _is_wanted(ports: ApiPorts, stored: Stored, query: Query, found: MessageDocument) -> bool:
    """Return whether a message matches as the index would find it."""
    if isinstance(query, MatchAll):
        return True
    text: str | None = None
    readable = not is_binary(found.content_type, found.content_encoding)
    if found.body is not None and readable and looks_into_bodies(query):
        body = await stored.body(found.body)
        text = None if body is None else text_in(body, truncated=found.body.truncated)
    return matches(query, Subject(found, text), now_ns=ports.clock())


async def _counted(lines: AsyncIterator[bytes], open_streams: set[object]) -> AsyncIterator[bytes]:
    token = object()
    open_streams.add(token)
    try:
        async for line in lines:
            yield line
    finally:
        open_streams.discard(token)


async def follow(
    ports: ApiPorts, wanted: Wanted, told: Told, start: int, goes_on: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Yield the lines of a stream from *start* on, until its time is up, its key was revoked (*goes_on*), or we stop.

    A reader that falls behind the buffer is told so and goes on from the present.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + ports.limits.stream_s_max
    reached = start
    yield b"retry: 1000\n\n"
    while loop.time() < ends_at:
        try:
            async with aclosing(_until(ports, reached, ends_at)) as changes:
                async for given, found in changes:
                    if not goes_on():
                        return
                    reached = max(reached, given)
                    if found is None:
                        yield b": still here\n\n"
                    elif await wanted(found):
                        data = await told(found)
                        yield _lines("message", f"{ports.views.stream}-{reached}", data)
        except StreamBehind:
            left_out = {"after": str(reached), "goes_on_at": str(ports.views.position)}
            reached = ports.views.position - 1
            yield _lines("behind", f"{ports.views.stream}-{reached}", orjson.dumps(left_out))
        else:
            return


async def _until(
    ports: ApiPorts, after: int, ends_at: float
) -> AsyncGenerator[tuple[int, MessageDocument | None]]:
    """Yield changes, and None at every heartbeat, until *ends_at* on the loop's clock or until we stop.

    With each comes a position up to which every change was yielded: what the views had folded before a change had to
    be waited for.
    """
    loop = asyncio.get_running_loop()
    changes = ports.views.changes(after=after)
    pending: asyncio.Task[MessageDocument | None] | None = None
    stopping = loop.create_task(ports.stop.wait())
    given = after
    try:
        while (left := ends_at - loop.time()) > 0:
            if pending is None:
                folded = ports.views.position - 1
                pending = loop.create_task(_next(changes))
                await asyncio.sleep(0)
                if not pending.done():
                    given = max(given, folded)
            heartbeat_s = min(left, ports.limits.heartbeat_s)
            await asyncio.wait(
                {pending, stopping}, timeout=heartbeat_s, return_when=asyncio.FIRST_COMPLETED
            )
            if stopping.done():
                return
            if not pending.done():
                yield given, None
                continue
            found, pending = pending.result(), None
            if found is None:
                return
            yield given, found
    finally:
        waiting = {stopping} if pending is None else {stopping, pending}
        for each in waiting:
            each.cancel()
        await asyncio.wait(waiting)
        if isinstance(changes, AsyncGenerator):
            await changes.aclose()


async def _next(changes: AsyncIterator[MessageDocument]) -> MessageDocument | None:
    return await anext(changes, None)


async def _told(ports: ApiPorts, stored: Stored, marker: Marker, found: MessageDocument) -> bytes:
    """Return a message as JSON, with what *marker* finds in it."""
    told = await stored.found(found, marker, body_bytes_max=ports.limits.list_body_bytes_max)
    return told.model_dump_json(by_alias=True).encode()


def _lines(name: str, position: str, data: bytes) -> bytes:
    return b"event: %s\nid: %s\ndata: %s\n\n" % (name.encode(), position.encode(), data)
