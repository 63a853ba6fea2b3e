"""Draining a tap's backlog into Elasticsearch: hoptrail against the script that one would write first.

The script is aio-pika and one bulk request for each batch, a document for each event with headers, properties and body
decoded. It is written plainly but well: the next batch arrives while one is stored, one acknowledgement for each batch,
the fields mapped that one would search by, bodies kept but not indexed. Both are timed from the first event they are
handed until the last one is durable.
"""

import asyncio
import os
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import aio_pika
import aiohttp
import orjson
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from bench.capture import TAP, backlog, collector
from bench.measure import Timed
from bench.usage import cpu_s, peak_mib
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.log import ElasticEventLog
from store.errors import LogUnavailable
from store.ports import EventLog
from store.sqlite.log import SqliteEventLog
from tests.support.captured import TRAFFIC_KINDS, Meter
from tests.support.wait import wait_until

EVENTS: Final = 100_000
BATCH: Final = 1_000
PREFETCH: Final = 2 * BATCH
DRAIN_S_MAX: Final = 300
INDEX: Final = "obvious"
KEYWORDS: Final = (
    "kind", "exchange", "queues", "routing_keys", "connection", "node", "user", "vhost",
    "message_id", "correlation_id", "type",
)  # fmt: skip
MAPPING: Final[dict[str, Any]] = {
    "settings": {"index": {"number_of_shards": 1, "number_of_replicas": 0}},
    "mappings": {
        "dynamic": False,
        "properties": {
            "@timestamp": {"type": "date"},
            "headers": {"type": "flattened"},
            **{name: {"type": "keyword"} for name in KEYWORDS},
        },
    },
}


def drain_by_script(url: str, events: str = str(EVENTS)) -> Timed:
    """Let the script drain the backlog into the Elasticsearch at *url*."""
    with tempfile.TemporaryDirectory() as folder, backlog(int(events), Path(folder)) as (amqp, _):
        used = time.process_time()
        seconds = asyncio.run(_script(amqp, f"{url}/{INDEX}{os.getpid()}", int(events)))
        return Timed(count=int(events), seconds=seconds, cpu_s=time.process_time() - used)


async def _script(amqp_url: str, index_url: str, events: int) -> float:
    """Make the index, store *events* events in it, and return the seconds that took."""
    async with aiohttp.ClientSession() as session, await aio_pika.connect(amqp_url) as connection:
        await _ask(session, "PUT", index_url, orjson.dumps(MAPPING))
        try:
            seconds = await _drain(session, connection, index_url, events)
            await _ask(session, "POST", f"{index_url}/_refresh")
            found = await _ask(session, "GET", f"{index_url}/_count")
            assert found["count"] == events, f"{found['count']} of {events} documents"
            return seconds
        finally:
            await _ask(session, "DELETE", index_url)


async def _drain(
    session: aiohttp.ClientSession, connection: AbstractConnection, index_url: str, events: int
) -> float:
    """Store *events* events of the tap, and return the seconds from the first to the last."""
    channel = await connection.channel(publisher_confirms=False)
    await channel.set_qos(prefetch_count=PREFETCH)
    queue = await channel.get_queue(TAP)
    batch: list[AbstractIncomingMessage] = []
    stored, began = 0, 0.0
    async with queue.iterator() as messages:
        async for message in messages:
            began = began or time.perf_counter()
            batch.append(message)
            if len(batch) == BATCH or stored + len(batch) == events:
                body = b"".join(map(_lines, batch))
                answer = await _ask(session, "POST", f"{index_url}/_bulk?filter_path=errors", body)
                assert not answer["errors"], "a document was refused"
                await message.ack(multiple=True)
                stored, batch = stored + len(batch), []
            if stored == events:
                break
    return time.perf_counter() - began


async def _ask(
    session: aiohttp.ClientSession, method: str, url: str, body: bytes | None = None
) -> Any:
    kind = "application/x-ndjson" if "_bulk" in url else "application/json"
    async with session.request(method, url, data=body, headers={"Content-Type": kind}) as answer:
        answer.raise_for_status()
        return orjson.loads(await answer.read())


def _lines(message: AbstractIncomingMessage) -> bytes:
    """Return the two lines of a bulk request for an event of the firehose."""
    told = message.headers
    kind, _, _ = (message.routing_key or "").partition(".")
    properties: Any = told.get("properties") or {}
    document = {
        "@timestamp": int(time.time() * 1000),
        "kind": kind,
        "exchange": told.get("exchange_name"),
        "queues": told.get("routed_queues") or [(message.routing_key or "").partition(".")[2]],
        "redelivered": told.get("redelivered"),
        **{
            name: told.get(name)
            for name in ("routing_keys", "node", "vhost", "connection", "channel", "user")
        },
        **properties,
        "body": _text(message.body),
    }
    return b'{"create":{}}\n' + orjson.dumps(document, default=_shown) + b"\n"


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return b64encode(body).decode()


def _shown(value: object) -> object:
    """Return a value of a field table as JSON can hold it."""
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value))
    return str(value)


def drain_into_elastic(url: str, events: str = str(EVENTS)) -> Timed:
    """Let ``hoptrail collect`` drain the backlog into the Elasticsearch at *url*."""
    prefix = f"script{os.getpid()}"
    settings = {"HOPTRAIL_STORE": url, "HOPTRAIL_STORE_PREFIX": prefix}

    def log() -> EventLog:
        elastic = Elastic(ElasticSettings.of_url(url, prefix=prefix))
        return ElasticEventLog(elastic, read_only=True)

    try:
        return _collected(settings, lambda _: log(), int(events))
    finally:
        asyncio.run(_forget(url, prefix))


def drain_into_sqlite(url: str, events: str = str(EVENTS)) -> Timed:
    """Let ``hoptrail collect`` drain the backlog into SQLite; *url* concerns the baseline."""
    del url
    return _collected({}, lambda store: SqliteEventLog(store, read_only=True), int(events))


def _collected(
    settings: Mapping[str, str], log_of: Callable[[Path], EventLog], events: int
) -> Timed:
    with tempfile.TemporaryDirectory() as folder, backlog(events, Path(folder)) as (_, given):
        log = partial(log_of, Path(folder) / "store")
        with collector({**given, **settings}, Path(folder)) as process:
            ended = _wait_captured(log, events)
            began = asyncio.run(_first_traffic_at(log))
            return Timed(
                count=events,
                seconds=(ended - began) / 1e9,
                cpu_s=cpu_s(process.pid),
                extra={"collector_peak_mib": peak_mib(process.pid)},
            )


def _wait_captured(log: Callable[[], EventLog], events: int) -> int:
    """Return when the log was first seen to hold *events* publishes and deliveries, in ns since 1970."""
    meter, seen_at = Meter(log), 0

    def has_all() -> bool:
        nonlocal seen_at
        # Only the head is looked at as long as it says enough: reading the log takes from what is measured.
        if asyncio.run(_next_position(log)) < events:
            return False
        seen_at = time.time_ns()
        return meter.traffic() >= events

    wait_until(has_all, timeout_s=DRAIN_S_MAX)
    return seen_at


async def _next_position(log: Callable[[], EventLog]) -> int:
    try:
        async with log() as opened:
            head = await opened.head()
            return head.next_position if head else 0
    except LogUnavailable:
        return 0  # the collector is just making it


async def _first_traffic_at(log: Callable[[], EventLog]) -> int:
    async with log() as opened:
        async for block in opened.blocks(start=0):
            if not block.header.kinds.keys().isdisjoint(TRAFFIC_KINDS):
                return block.header.first_observed_at
    raise AssertionError("no traffic in the log")


async def _forget(url: str, prefix: str) -> None:
    """Delete everything of the log from Elasticsearch."""
    async with aiohttp.ClientSession() as session:
        found = await _ask(
            session, "GET", f"{url}/{prefix}-*?expand_wildcards=all&features=aliases"
        )
        for index in found:
            await _ask(session, "DELETE", f"{url}/{index}")
