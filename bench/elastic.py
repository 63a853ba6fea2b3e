"""The log of blocks on Elasticsearch against one document per event, on the same server in the same run.

The baseline is what one would write without blocks: an index with a document per event, its body in it where it was
published, written by bulk requests of as many events as a block has, one after another, and read in pages by position.
Both are acknowledged when they are on disk. *url* names the server; every call has indices of its own and deletes them.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import islice

import msgspec

from bench.fold_input import packed_blocks
from bench.measure import Timed
from bench.rebuild import fold_log, open_log
from bench.traffic import body, order, pairs
from events.block import Block, head_of, open_block, seal, start_of_log
from events.facts import Envelope, MessageDelivered, MessagePublished
from events.upcast import decode
from events.values import encode_extension
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.log import ElasticEventLog

EVENTS = 100_000
PAGE = 1_000
BLOCK_EVENTS = 1_000
KEYLESS = "00" * 8


class _Document(msgspec.Struct):
    """One event as a document: typed, as the facts of a block are, what one would search it by, and its body beside it."""

    position: int
    event: Envelope
    body: str = ""
    observed_at: int = 0
    kind: str = ""
    exchange: str = ""
    queues: tuple[str, ...] = ()
    routing_keys: tuple[str, ...] = ()
    connection: str = ""
    message_id: str | None = None
    correlation_id: str | None = None
    type: str | None = None


class _Hit(msgspec.Struct):
    source: _Document = msgspec.field(name="_source")


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Found(msgspec.Struct):
    hits: _Hits


class _Sent(msgspec.Struct):
    errors: bool


_encode = msgspec.json.Encoder(enc_hook=encode_extension).encode
_found = msgspec.json.Decoder(_Found)
_sent = msgspec.json.Decoder(_Sent)


def blocks_of(
    events: int, size: int, body_bytes: int, make: Callable[[int, int], bytes] = body
) -> list[Block]:
    """Return *events* events with bodies of *body_bytes* as blocks of *size*."""
    head, blocks = start_of_log("main", KEYLESS), []
    stream = pairs(events, body_bytes=body_bytes)
    while envelopes := list(islice(stream, size)):
        bodies = [make(each.position, body_bytes) for each in envelopes if _has_body(each)]
        blocks.append(seal(envelopes, bodies, head, epoch=1, segment=0))
        head = head_of(blocks[-1])
    return blocks


KEYWORDS = (
    "kind", "exchange", "queues", "routing_keys", "connection", "message_id", "correlation_id", "type",
)  # fmt: skip
MAPPINGS: dict[str, dict[str, object]] = {
    "bare": {"position": {"type": "long"}},
    "searchable": {
        "position": {"type": "long"},
        "observed_at": {"type": "long"},
        **{name: {"type": "keyword"} for name in KEYWORDS},
    },
}
"""What the baseline maps of a document: nothing but what replay needs, or what one would have documents for."""


def _document(each: Envelope, body_bytes: int) -> _Document:
    fact = each.fact
    assert isinstance(fact, MessagePublished | MessageDelivered)
    queues = fact.routed_queues if isinstance(fact, MessagePublished) else (fact.queue,)
    told = fact.properties
    return _Document(
        position=each.position,
        event=each,
        body=body(each.position, body_bytes).decode() if _has_body(each) else "",
        observed_at=each.observed_at,
        kind=type(fact).__name__,
        exchange=str(fact.exchange),
        queues=tuple(map(str, queues)),
        routing_keys=tuple(map(str, fact.routing_keys)),
        connection=str(fact.connection),
        message_id=str(told.message_id),
        correlation_id=str(told.correlation_id),
        type=str(told.type),
    )


def _has_body(each: Envelope) -> bool:
    return isinstance(each.fact, MessagePublished)


@asynccontextmanager
async def _elastic(url: str) -> AsyncIterator[Elastic]:
    prefix = f"bench{os.getpid()}"
    async with Elastic(ElasticSettings.of_url(url, prefix=prefix)) as elastic:
        try:
            yield elastic
        finally:
            names = elastic.names
            for index in (names.blocks(0), names.bodies(0), names.segments, f"{prefix}-documents"):
                await elastic.request("DELETE", f"/{index}", expect={404})


async def _size(elastic: Elastic, pattern: str) -> int:
    """Return the bytes on disk of the indices, once they are merged."""
    await elastic.request("POST", f"/{pattern}/_refresh")
    await elastic.request(
        "POST", f"/{pattern}/_forcemerge", params={"max_num_segments": "1"}, timeout_s=600
    )
    await elastic.request("POST", f"/{pattern}/_flush", params={"wait_if_ongoing": "true"})
    answer = await elastic.request("GET", f"/{pattern}/_stats/store")
    return msgspec.json.decode(answer.body)["_all"]["primaries"]["store"]["size_in_bytes"]


def _measured(
    url: str,
    events: int,
    prepare: Callable[[Elastic], Awaitable[None]],
    work: Callable[[Elastic], Awaitable[None]],
    pattern: str,
) -> Timed:
    """Time *work* after *prepare*, within one event loop."""

    async def run() -> Timed:
        async with _elastic(url) as elastic:
            await prepare(elastic)
            cpu, clock = time.process_time(), time.perf_counter()
            await work(elastic)
            seconds, cpu_s = time.perf_counter() - clock, time.process_time() - cpu
            size = await _size(elastic, f"{elastic.settings.prefix}-{pattern}")
            extra = {"bytes_per_event": round(size / events, 1)}
            return Timed(count=events, seconds=seconds, cpu_s=cpu_s, extra=extra)

    return asyncio.run(run())


def _appending(blocks: list[Block]) -> Callable[[Elastic], Awaitable[None]]:
    async def append(elastic: Elastic) -> None:
        async with ElasticEventLog(elastic) as log:
            for block in blocks:
                await log.append(block)

    return append


def _indexing(
    events: int, size: int, body_bytes: int, mapped: str
) -> tuple[Callable[[Elastic], Awaitable[None]], Callable[[Elastic], Awaitable[None]]]:
    """Return what makes the index with its first documents in it, and what indexes the others."""

    def line(each: Envelope) -> bytes:
        head = b'{"create":{"_id":"%d"}}\n' % each.position
        return head + _encode(_document(each, body_bytes)) + b"\n"

    lines = [line(each) for each in pairs(events + size, body_bytes=body_bytes)]

    async def send(elastic: Elastic, start: int, stop: int) -> None:
        for first in range(start, stop, size):
            answer = await elastic.request(
                "POST",
                f"/{elastic.settings.prefix}-documents/_bulk",
                body=b"".join(lines[first : first + size]),
                params={"filter_path": "errors"},
                ndjson=True,
            )
            if _sent.decode(answer.body).errors:
                raise RuntimeError("an event was refused")

    async def make(elastic: Elastic) -> None:
        mapping = {
            "settings": {"index": {"number_of_shards": 1, "codec": "best_compression"}},
            "mappings": {"dynamic": False, "properties": MAPPINGS[mapped]},
        }
        name = f"/{elastic.settings.prefix}-documents"
        await elastic.request("PUT", name, body=msgspec.json.encode(mapping))
        await send(elastic, 0, size)

    return make, lambda elastic: send(elastic, size, len(lines))


def append_blocks(
    url: str, mapped: str, size: str, body_bytes: str, events: str = str(EVENTS)
) -> Timed:
    """Append blocks of *size* events, one after another, each durable before the next. *mapped* concerns the baseline."""
    del mapped
    first, *rest = blocks_of(int(events) + int(size), int(size), int(body_bytes))
    return _measured(url, int(events), _appending([first]), _appending(rest), "log-*")


def append_orders(url: str, body_bytes: str, events: str = str(EVENTS)) -> Timed:
    """Append blocks whose bodies are as repetitive as a shop's orders, for their size on disk."""
    blocks = blocks_of(int(events), BLOCK_EVENTS, int(body_bytes), order)
    return _measured(url, int(events), _appending([]), _appending(blocks), "log-*")


def append_documents(
    url: str, mapped: str, size: str, body_bytes: str, events: str = str(EVENTS)
) -> Timed:
    """Index one document per event, *size* events in each bulk request, each durable before the next."""
    make, work = _indexing(int(events), int(size), int(body_bytes), mapped)
    return _measured(url, int(events), make, work, "documents")


def replay_blocks(url: str, body_bytes: str, events: str = str(EVENTS)) -> Timed:
    """Read and open all blocks, digests checked, into typed facts."""

    async def read(elastic: Elastic) -> None:
        async with ElasticEventLog(elastic, read_only=True) as log:
            count, previous = 0, None
            async for block in log.blocks(start=0):
                count += len(open_block(block, expect=previous))
                previous = block.digest
        _check(count, int(events))

    prepare = _appending(blocks_of(int(events), BLOCK_EVENTS, int(body_bytes)))
    return _measured(url, int(events), prepare, read, "log-*")


def replay_documents(url: str, body_bytes: str, events: str = str(EVENTS)) -> Timed:
    """Page through the documents by position into typed facts."""

    async def read(elastic: Elastic) -> None:
        count, after = 0, -1
        while True:
            query = {
                "size": PAGE,
                "track_total_hits": False,
                "sort": [{"position": "asc"}],
                "search_after": [after],
            }
            name = f"/{elastic.settings.prefix}-documents/_search"
            answer = await elastic.request("POST", name, body=msgspec.json.encode(query))
            hits = _found.decode(answer.body).hits.hits
            if not hits:
                return _check(count, int(events))
            count, after = count + len(hits), hits[-1].source.position

    async def prepare(elastic: Elastic) -> None:
        make, fill = _indexing(int(events) - BLOCK_EVENTS, BLOCK_EVENTS, int(body_bytes), "bare")
        await make(elastic)
        await fill(elastic)
        await elastic.request("POST", f"/{elastic.settings.prefix}-documents/_refresh")

    return _measured(url, int(events), prepare, read, "documents")


def _check(count: int, events: int) -> None:
    if count != events:
        raise RuntimeError(f"{count} of {events} events came back")


def from_zero(url: str, events: str) -> Timed:
    """Rebuild linker and views from zero."""
    return _replayed(url, int(events), fold_log)


def read_only(url: str, events: str) -> Timed:
    """Read and open the same log."""
    return _replayed(url, int(events), open_log)


def _replayed(url: str, events: int, work: Callable[[ElasticEventLog], Awaitable[int]]) -> Timed:
    async def prepare(elastic: Elastic) -> None:
        async with ElasticEventLog(elastic) as log:
            head = start_of_log("main", KEYLESS)
            for packed in packed_blocks(events):
                block = seal(decode(packed), (), head, epoch=1, segment=0)
                await log.append(block)
                head = head_of(block)

    async def run(elastic: Elastic) -> None:
        async with ElasticEventLog(elastic, read_only=True) as log:
            reached = await work(log)
        if reached < events:
            raise RuntimeError(f"{reached} of {events} events")

    return _measured(url, events, prepare, run, "log-*")
