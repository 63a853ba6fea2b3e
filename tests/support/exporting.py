"""An exporter over stores in memory, and receivers to export to."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from projector.exporting.beginning import begin
from projector.exporting.exporter import Exporter, ExportPace
from projector.exporting.grpc import GrpcReceiver
from projector.exporting.http import HttpReceiver, tls_context
from projector.exporting.receiver import Receiver
from projector.exporting.sender import Sender
from store.memory.exports import MemoryExportPoints
from store.memory.log import MemoryEventLog
from store.memory.snapshots import MemorySnapshotStore
from tests.support.logs import STREAM
from tests.support.otlp_receiver import Inbox, Served
from tests.support.recorded_pipeline import untraced
from tests.support.spans import spans_in
from tests.support.wait import wait_until_async

EXPORTED_S_MAX = 30.0
EXPECTED = Counter(span.at.span_id for span in spans_in(untraced()))
PACE = ExportPace(delay_s=0, request_spans=40, poll_s=0.01)
HEADERS = {"authorization": "Bearer a-secret"}
SEND_AGAIN_S = 0.02


def receiver_of(served: Served) -> Receiver:
    """Return the client of *served*."""
    if served.protocol == "grpc":
        return GrpcReceiver(served.endpoint, headers=HEADERS)
    return HttpReceiver(served.endpoint, headers=HEADERS, context=tls_context(None, None, None))


@dataclass
class Store:
    """What an exporter works on; it outlives exporters."""

    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    points: MemoryExportPoints = field(default_factory=MemoryExportPoints)
    snapshots: MemorySnapshotStore = field(default_factory=MemorySnapshotStore)

    async def exporter(
        self,
        receiver: Receiver,
        *,
        pace: ExportPace = PACE,
        since: int | None = None,
        again: bool = False,
    ) -> Exporter:
        """Return an exporter that goes on where the last one was."""
        point = await begin(self.log, self.points, STREAM, since=since, again=again)
        return Exporter(
            self.log,
            self.snapshots,
            self.points,
            Sender(receiver, "1", pause_s_min=SEND_AGAIN_S),
            point,
            monotonic=time.monotonic,
            pace=pace,
        )

    async def export(
        self, served: Served, *, since: int | None = None, again: bool = False
    ) -> Exporter:
        """Export up to the head."""
        async with receiver_of(served) as receiver:
            exporter = await self.exporter(receiver, since=since, again=again)
            await exporter.run(asyncio.Event(), until_head=True)
        return exporter


@asynccontextmanager
async def running(exporter: Exporter) -> AsyncIterator[asyncio.Event]:
    """Let *exporter* run until the end of the block, or until the event is set."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(exporter.run(stop))
        try:
            yield stop
        finally:
            stop.set()


async def until_sent(inbox: Inbox, count: int) -> None:
    """Wait until *count* different spans have arrived."""

    async def arrived() -> bool:
        return len(set(inbox.ids())) >= count

    await wait_until_async(arrived, timeout_s=EXPORTED_S_MAX)
