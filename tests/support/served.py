"""The API over a small log in memory, in-process: an ordinary history, then hostile messages with bodies."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
from starlette.types import ASGIApp

from api.app import create_app
from api.ports import ApiPorts, Limits, cursor_key
from events.block import Block, BlockHead, head_of, seal, start_of_log
from events.facts import (
    BodyRef,
    Envelope,
    MessagePublished,
    Properties,
    QueueDeclared,
)
from events.identity import body_digest, fingerprint, key_id
from events.values import AmqpDecimal, AmqpTimestamp, Text
from projector.linker import limits as linker
from projector.live import LiveProjection
from projector.runner import Pace, Projector
from store.memory.index import MemoryMessageIndex
from store.memory.log import MemoryEventLog
from tests.support.histories import KEY, long_history
from tests.support.leading import LocalLeader

STREAM = "main"
BLOCK_EVENTS = 100
STEP_NS = 1_000_000
WAIT_S_MAX = 60.0
URL = "http://localhost"
STREAM_S = 0.3
HOSTILE_QUEUE = b"q/%\xff\x1b[31m"
HOSTILE_HEADERS = {
    b"\xff\xfe": b"\x80",
    "nested": {"a": [1, {"b": None}], "t": AmqpTimestamp(2**63), "d": AmqpDecimal(2, -5)},
    "huge": 2**62,
    "float": float("inf"),
    "evil": "\x1b]0;owned\x07<script>alert(1)</script>",
}
BODIES = (
    b'{"order": 7, "note": "card declined"}',
    b"",
    b"\xff\xd8\xff\x00",
    b"plain \x1b[2J text",
    b"[" * 2_000,
    b"x" * 50_000,
)


@dataclass
class Served:
    """The API in-process, and the log to append more to."""

    app: ASGIApp
    log: MemoryEventLog
    views: LiveProjection
    ports: ApiPorts
    head: BlockHead
    leader: LocalLeader
    hostile: list[str] = field(default_factory=list[str])

    def client(self, **headers: str) -> httpx2.AsyncClient:
        """Return a client of the app."""
        transport = httpx2.ASGITransport(self.app)
        return httpx2.AsyncClient(transport=transport, base_url=URL, headers=headers)

    async def streamed(self, path: str, ends: Callable[[str], bool], **headers: str) -> str:
        """Return what the stream at *path* tells until *ends* holds for it; then its reader goes away."""
        told, is_enough = bytearray(), asyncio.Event()
        where = urlsplit(path)
        lines = {"host": urlsplit(URL).netloc, **headers}
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": where.path,
            "raw_path": where.path.encode(),
            "root_path": "",
            "query_string": where.query.encode(),
            "headers": [(name.lower().encode(), text.encode()) for name, text in lines.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

        async def receive() -> dict[str, Any]:
            await is_enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            told.extend(message.get("body", b""))
            if ends(told.decode()):
                is_enough.set()

        async with asyncio.timeout(WAIT_S_MAX):
            await self.app(scope, receive, send)
        return told.decode()

    async def append(self, envelopes: Sequence[Envelope], bodies: Sequence[bytes] = ()) -> None:
        """Append one block."""
        await self.append_block(seal(envelopes, bodies, self.head, epoch=1, segment=0))

    async def append_block(self, block: Block) -> None:
        """Append *block*, which follows the head."""
        await self.log.append(block)
        self.head = head_of(block)


@asynccontextmanager
async def served(
    *,
    moves: int = 400,
    limits: Limits | None = None,
    keys: frozenset[bytes] = frozenset(),
    edits: bool = False,
    held: linker.Limits | None = None,
) -> AsyncIterator[Served]:
    """Serve a history of *moves* and the hostile messages, indexed to the head; *held* bounds what the linker holds."""
    log, index = MemoryEventLog(), MemoryMessageIndex()
    views = LiveProjection(log, None, STREAM, limits=held, poll_s=0.01)
    async with log, index, views:
        key = await log.fingerprint_key()
        leader = LocalLeader(key, lambda: made.head, lambda block: made.append_block(block))  # noqa: PLW0108 - it is made below
        ports = ApiPorts(
            log=log,
            index=index,
            views=views,
            cursor_key=cursor_key(key),
            clock=time.time_ns,
            key_digests=keys,
            limits=limits or Limits(stream_s_max=STREAM_S, heartbeat_s=0.1),
            commands=leader,
            edits=edits,
        )
        start = start_of_log(STREAM, key_id(key))
        made = Served(create_app(ports), log, views, ports, start, leader)
        history = long_history(1, moves) if moves else []
        for start in range(0, len(history), BLOCK_EVENTS):
            await made.append(history[start : start + BLOCK_EVENTS])
        await _append_hostile(made)
        async with asyncio.timeout(WAIT_S_MAX):
            await views.until(made.head.next_position)
            await index_all(made)
        yield made


async def index_all(made: Served) -> None:
    """Bring the index to the head of the log."""
    stop = asyncio.Event()
    projector = Projector(
        made.log,
        made.ports.index,
        None,
        STREAM,
        monotonic=time.monotonic,
        pace=Pace(poll_s=0.01),
        on_progress=lambda done: stop.set() if done.position >= made.head.next_position else None,
    )
    await projector.run(stop)


async def _append_hostile(made: Served) -> None:
    first, at = made.head.next_position, made.head.last_observed_at + STEP_NS
    number = made.head.number + 1
    declared = QueueDeclared("/", HOSTILE_QUEUE, "classic", True, False, False, {}, {}, "event")
    envelopes = [Envelope(first, at, 0, declared)]
    for index, body in enumerate(BODIES):
        fact = hostile_publish(body, BodyRef(body_digest(KEY, body), len(body), number, index))
        position = first + len(envelopes)
        made.hostile.append(f"{STREAM}-{position}")
        envelopes.append(Envelope(position, at + position * STEP_NS, 0, fact))
    await made.append(envelopes, BODIES)


def hostile_publish(body: bytes, ref: BodyRef, queue: Text = HOSTILE_QUEUE) -> MessagePublished:
    """Return a publish whose names and headers are as unpleasant as a broker lets through."""
    properties = Properties(
        headers=dict(HOSTILE_HEADERS), message_id="\u202e\x00id", type=b"\xfftype", timestamp=-1
    )
    return MessagePublished(
        tap="obs.tap.firehose",
        delivery=b"",
        vhost="/",
        exchange="\x1b[31mred",
        routing_keys=("a.ü.\x07", b"\xff"),
        routed_queues=(queue,),
        node="rabbit@here",
        connection="10.0.0.1:1 -> 10.0.0.9:5672",
        channel=1,
        user="guest",
        properties=properties,
        fingerprint=fingerprint(KEY, body_digest(KEY, body), properties),
        body=ref,
    )
