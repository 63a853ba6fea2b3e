"""The export into a real OpenTelemetry Collector: what goes in on one side comes out on the other."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from projector.exporting.beginning import begin
from projector.exporting.exporter import Exporter, ExportPace
from projector.exporting.grpc import GrpcReceiver
from projector.exporting.http import HttpReceiver, tls_context
from projector.exporting.receiver import Receiver
from projector.exporting.sender import Sender
from store.memory.exports import MemoryExportPoints
from store.memory.log import MemoryEventLog
from tests.support import parts
from tests.support.logs import STREAM, fill
from tests.support.otel_collector import Collecting, built, collecting
from tests.support.otlp_receiver import Inbox, receiving
from tests.support.recorded_pipeline import untraced
from tests.support.spans import spans_in
from tests.support.wait import wait_until_async

PASSED_ON_S_MAX = 60
SPANS = {span.at.span_id: span for span in spans_in(untraced())}


@dataclass(frozen=True)
class Backend:
    """A collector, and what it passed on."""

    collector: Collecting
    inbox: Inbox


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    parts.require("otel-collector")
    try:
        built()
    except RuntimeError as refused:
        parts.missing("otel-collector", refused)
    with receiving("http/protobuf") as behind:
        directory = tmp_path_factory.mktemp("otelcol")
        with collecting(directory, behind.endpoint) as collector:
            yield Backend(collector, behind.inbox)


def client(protocol: str, endpoint: str) -> Receiver:
    if protocol == "grpc":
        return GrpcReceiver(endpoint, headers={})
    return HttpReceiver(endpoint, headers={}, context=tls_context(None, None, None))


@pytest.mark.timeout(1_900)
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
async def test_a_collector_takes_every_span(protocol: str, backend: Backend) -> None:
    """It accepts all requests, compressed, and passes on each span as it was sent."""
    log, points = MemoryEventLog(), MemoryExportPoints()
    await fill(log, untraced(), sizes=(len(untraced()),))
    point = await begin(log, points, STREAM, since=0)
    backend.inbox.requests.clear()
    async with client(protocol, backend.collector.endpoints[protocol]) as receiver:
        exporter = Exporter(
            log, None, points, Sender(receiver, "1"), point,
            monotonic=time.monotonic, pace=ExportPace(delay_s=0),
        )  # fmt: skip
        await exporter.run(asyncio.Event(), until_head=True)

    async def passed_on() -> bool:
        return len(backend.inbox.ids()) >= len(SPANS)

    await wait_until_async(passed_on, timeout_s=PASSED_ON_S_MAX)

    assert exporter.point.rejected == 0
    assert Counter(backend.inbox.ids()) == Counter(SPANS.keys())
    for service, arrived in backend.inbox.spans():
        sent = SPANS[arrived.span_id]
        assert (service, arrived.name, arrived.kind) == (sent.service, sent.name, sent.kind)
        assert arrived.trace_id == sent.at.trace_id
        assert arrived.parent_span_id == (sent.parent or b"")
        assert (arrived.start_time_unix_nano, arrived.end_time_unix_nano) == (sent.start, sent.end)
        assert len(arrived.attributes) == len(sent.attributes)
        assert len(arrived.links) == len(sent.links)
