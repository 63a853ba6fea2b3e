"""The export, against receivers that speak OTLP over gRPC and over HTTP, of a recorded run of the image pipeline."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from events.facts import Envelope
from examples.local_broker import free_ports
from projector.exporting.beginning import AlreadyBegan, begin, position_at
from projector.exporting.exporter import ExportPace
from projector.runner import rebuild
from store.memory.index import MemoryMessageIndex
from tests.support.exporting import (
    EXPECTED,
    EXPORTED_S_MAX,
    PACE,
    Store,
    receiver_of,
    running,
    until_sent,
)
from tests.support.logs import STREAM, fill
from tests.support.otlp_receiver import Inbox, Reply, Served, ids_in, receiving
from tests.support.recorded_pipeline import untraced
from tests.support.spans import spans_in
from tests.support.wait import wait_until_async

PROTOCOLS = ("grpc", "http/protobuf")


@pytest.fixture
async def store() -> Store:
    made = Store()
    await fill(made.log, untraced(), sizes=(20,))
    return made


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_every_span_arrives_once(protocol: str, store: Store) -> None:
    """A whole log gives each of its spans once, with the headers that were set, and the export stands at the head."""
    with receiving(protocol) as served:
        exporter = await store.export(served, since=0)

        assert Counter(served.inbox.ids()) == EXPECTED
        assert {each["authorization"] for each in served.inbox.headers} == {"Bearer a-secret"}
        assert (exporter.point.position, exporter.point.sent) == (len(untraced()), len(EXPECTED))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_receiver_that_is_down_is_waited_for(protocol: str, store: Store) -> None:
    """What cannot be sent is sent when the receiver is up, nothing of it is lost, and nothing twice."""
    port, inbox = free_ports(1)[0], Inbox()
    served = Served(f"http://127.0.0.1:{port}", protocol, inbox)
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiver_of(served))
        exporter = await store.exporter(receiver, since=0)
        await stack.enter_async_context(running(exporter))
        with receiving(protocol, inbox, port=port):
            await until_sent(inbox, 60)
        with receiving(protocol, inbox, port=port):
            await until_sent(inbox, len(EXPECTED))

    doubled = Counter(inbox.ids()) - EXPECTED
    assert set(inbox.ids()) == set(EXPECTED)
    assert (
        doubled.total() <= PACE.request_spans + 4
    )  # a request whose answer was lost is sent again


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_trouble_that_may_pass_is_no_loss(protocol: str, status: int, store: Store) -> None:
    """Whatever a receiver answers that does not say these spans are wrong, they are sent again."""
    with receiving(protocol) as served:
        served.inbox.script.extend([Reply(status, told="not now"), Reply(status)])
        exporter = await store.export(served, since=0)

        assert Counter(served.inbox.ids()) == EXPECTED
        assert exporter.point.rejected == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_pause_that_a_receiver_asks_for_is_kept(protocol: str, store: Store) -> None:
    """Retry-After, or RetryInfo over gRPC, sets the least time before the next try."""
    with receiving(protocol) as served:
        served.inbox.script.append(Reply(429, after_s=1))
        began = time.monotonic()
        await store.export(served, since=0)

        assert time.monotonic() - began >= 1
        assert Counter(served.inbox.ids()) == EXPECTED


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_spans_that_a_receiver_leaves_out_are_counted(protocol: str, store: Store) -> None:
    """A partial success is a success: what was rejected is counted, and not sent again."""
    with receiving(protocol) as served:
        served.inbox.script.append(Reply(rejected=3, told="too old"))
        exporter = await store.export(served, since=0)

        assert Counter(served.inbox.ids()) == EXPECTED
        assert (exporter.point.sent, exporter.point.rejected) == (len(EXPECTED), 3)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("status", [400, 413])
async def test_a_request_that_is_refused_is_sent_in_halves(
    protocol: str, status: int, store: Store
) -> None:
    """Of a request that is refused only the span that is refused alone is given up, and counted."""
    (poison, *_) = spans_in(untraced())

    def refuse_poison(request: ExportTraceServiceRequest) -> Reply | None:
        return Reply(status) if poison.at.span_id in ids_in(request) else None

    with receiving(protocol) as served:
        served.inbox.answering = refuse_poison
        exporter = await store.export(served, since=0)

        assert Counter(served.inbox.ids()) + Counter([poison.at.span_id]) == EXPECTED
        assert (exporter.point.sent, exporter.point.rejected) == (len(EXPECTED), 1)


async def test_a_rebuild_sends_nothing(store: Store) -> None:
    """Index and snapshots made again from the log leave the export where it was."""
    with receiving("grpc") as served:
        await store.export(served, since=0)
        await rebuild(
            store.log, MemoryMessageIndex(), store.snapshots, STREAM, monotonic=time.monotonic
        )
        await store.export(served)

        assert Counter(served.inbox.ids()) == EXPECTED


async def test_asked_to_it_sends_again_with_the_same_ids(store: Store) -> None:
    """Exporting again gives the same spans a second time, all of them or those from a place on."""
    with receiving("grpc") as served:
        await store.export(served, since=0)
        with pytest.raises(AlreadyBegan):
            await store.export(served, since=0)
        await store.export(served, again=True)

        assert Counter(served.inbox.ids()) == EXPECTED + EXPECTED
        served.inbox.requests.clear()
        await store.export(served, since=200, again=True)

        assert 0 < len(served.inbox.ids()) < len(EXPECTED)
        assert set(served.inbox.ids()) < set(EXPECTED)


async def test_an_export_begins_with_what_comes(store: Store) -> None:
    """Without a place to begin, what was in the log before is not sent."""
    with receiving("grpc") as served:
        await store.export(served)

        assert served.inbox.ids() == []


@pytest.mark.parametrize("snapshots", [True, False])
async def test_an_exporter_goes_on_where_the_last_one_ended(snapshots: bool, store: Store) -> None:
    """Stopped after any number of requests, the next one sends the rest, with the projector's snapshots or without."""
    if snapshots:
        await rebuild(
            store.log, MemoryMessageIndex(), store.snapshots, STREAM, monotonic=time.monotonic
        )
    loop, stops = asyncio.get_running_loop(), 0
    with receiving("grpc") as served:
        await begin(store.log, store.points, STREAM, since=0)
        while len(served.inbox.ids()) < len(EXPECTED):
            stop = asyncio.Event()
            served.inbox.answering = partial(_stop_soon, loop, stop)
            async with receiver_of(served) as receiver:
                await (await store.exporter(receiver)).run(stop, until_head=True)
            stops += 1

        assert Counter(served.inbox.ids()) == EXPECTED
        assert stops == len(served.inbox.requests)


def _stop_soon(loop: asyncio.AbstractEventLoop, stop: asyncio.Event, _request: object) -> None:
    """Ask an exporter to stop from the thread of a receiver, before that answers."""
    loop.call_soon_threadsafe(stop.set)


async def test_memory_is_bounded_while_the_receiver_is_away(store: Store) -> None:
    """With a receiver that takes nothing the log is read no further than the limit, and all is sent afterwards."""
    pace = ExportPace(delay_s=3600, request_spans=40, waiting_max=30, poll_s=0.01)
    with receiving("grpc") as served:
        served.inbox.answering = lambda _: Reply(503)
        async with receiver_of(served) as receiver:
            exporter = await store.exporter(receiver, since=0, pace=pace)
            async with running(exporter):

                async def refused() -> bool:
                    return served.inbox.refused >= 3

                await wait_until_async(refused, timeout_s=EXPORTED_S_MAX)
                waiting = exporter.waiting
                served.inbox.answering = None
                await until_sent(served.inbox, len(EXPECTED) - pace.waiting_max * 2)
        await store.export(served)

        assert waiting <= pace.waiting_max + 20  # and what one block told at once
        assert Counter(served.inbox.ids()) == EXPECTED


async def test_spans_wait_for_what_comes_to_light_late(store: Store) -> None:
    """What happened within the delay before now is not yet sent; once it is over everything is."""
    last_told = max(span.end for span in spans_in(untraced()))
    past_s = (untraced()[-1].observed_at - last_told) / 1e9
    pace = ExportPace(delay_s=past_s + 0.5, request_spans=40, poll_s=0.01)
    with receiving("grpc") as served:
        async with receiver_of(served) as receiver:
            exporter = await store.exporter(receiver, since=0, pace=pace)
            began = time.monotonic()
            async with running(exporter):
                await until_sent(served.inbox, len(EXPECTED))

        assert time.monotonic() - began >= 0.5
        assert Counter(served.inbox.ids()) == EXPECTED


async def test_a_log_that_grows_is_followed(store: Store) -> None:
    """Events appended later are exported without being asked for."""
    grown = Store()
    first, rest = untraced()[:140], untraced()[140:]
    await fill(grown.log, first, sizes=(20,))
    with receiving("http/protobuf") as served:
        async with receiver_of(served) as receiver:
            exporter = await grown.exporter(receiver, since=0)
            async with running(exporter):
                await until_sent(served.inbox, len(spans_in(first)) - 40)
                await fill(grown.log, rest, sizes=(7,))
                await until_sent(served.inbox, len(EXPECTED))

        assert Counter(served.inbox.ids()) == EXPECTED


async def test_another_log_is_exported_whole(store: Store) -> None:
    """A point that was reached in another log is not believed: everything in this one is sent."""
    with receiving("grpc") as served:
        await store.export(served, since=0)
        served.inbox.requests.clear()
        other = Store(points=store.points)
        await fill(other.log, _later(untraced()), sizes=(30,))
        await other.export(served)

        assert len(served.inbox.ids()) == len(EXPECTED)


def _later(history: Sequence[Envelope]) -> list[Envelope]:
    """Return *history* as it would have been observed a second later."""
    return [
        Envelope(each.position, each.observed_at + 10**9, each.lag_ms, each.fact)
        for each in history
    ]


async def test_a_time_is_the_first_event_observed_then(store: Store) -> None:
    """To begin at a time is to begin with the first event that was observed at or after it."""
    history = untraced()
    for place in (0, 57, 140, 298):
        at = history[place].observed_at
        first = next(each.position for each in history if each.observed_at >= at)

        assert await position_at(store.log, at) == first
    assert await position_at(store.log, history[-1].observed_at + 1) == len(history)
