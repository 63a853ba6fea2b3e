"""The writer's blocks: however much is found at once, each keeps its limits, and all of it is in the log in order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from collector.amqp import AmqpAddress, Connection, DeliveryBuffer
from collector.amqp.transport import AmqpTransport
from collector.append import Appending
from collector.capture import Capture
from collector.decoding.decoder import Decoder
from collector.management.broker import Management
from collector.seal import Sealer, SealLimits
from collector.segments import SegmentKeeper
from collector.settings import CollectorSettings
from collector.taps.taps import Taps
from collector.topology.state import TopologyState
from collector.watch import Findings, Watch
from events.block import ENVELOPE_BYTES_MAX, EVENTS_MAX, open_block, start_of_log
from events.facts import Envelope, QueueDeclared, SegmentStarted
from events.values import Text
from store.memory.log import MemoryEventLog
from store.segments import SegmentLimits

KEY = bytes(32)
QUEUES = 2_500


@dataclass
class Writer:
    """A capture without a broker, and the log it writes."""

    capture: Capture
    log: MemoryEventLog

    async def written(self) -> list[Envelope]:
        """Return all events once the last block is durable."""
        await self.capture.flush()
        await self.capture.abandon()
        return [it async for block in self.log.blocks(start=0) for it in open_block(block)]


async def leads() -> None:
    """Nobody else leads."""


@asynccontextmanager
async def writer(segments: SegmentLimits) -> AsyncIterator[Writer]:
    """Open a writer whose segments end at some limits."""
    settings = CollectorSettings(amqp_url="amqp://", management_url="http://localhost")
    address = AmqpAddress(hosts=(("localhost", 1),), user="", password="", vhost="/")
    home = Connection(AmqpTransport(address, name="", heartbeat_s=0), address)
    buffer, state = DeliveryBuffer(), TopologyState()
    log = MemoryEventLog(key=KEY)
    async with Management(settings.management_url) as management:
        capture = Capture(
            sealer=Sealer(start_of_log("main", "k"), key=KEY, epoch=1, limits=SealLimits()),
            to=Appending(log=log, confirm=leads),
            segments=SegmentKeeper(None, segments, "broker"),
            decoder=Decoder(KEY),
            state=state,
            buffer=buffer,
            watch=Watch(management, management, settings, [], Findings(wake=buffer.poke), ()),
            taps=Taps(settings, home, {}),
        )
        yield Writer(capture, log)


def queue(number: int, size: int = 0) -> QueueDeclared:
    """Return a queue whose arguments take up *size* bytes."""
    told: dict[Text, Any] = {"x-note": "n" * size}
    return QueueDeclared(
        "/", f"q{number}", "quorum", True, False, False, told, {}, "reconciliation"
    )


async def test_a_large_topology_is_cut_into_blocks() -> None:
    """Thousands of facts found at once fill as many blocks as they need, none larger than its limits."""
    found = [queue(number) for number in range(QUEUES)]
    async with writer(SegmentLimits()) as it:
        await it.capture.take_in(found)
        envelopes = await it.written()
        headers = [block.header async for block in it.log.blocks(start=0)]

    assert [envelope.fact for envelope in envelopes] == found
    assert max(header.count for header in headers) <= EVENTS_MAX
    assert len(headers) == QUEUES // (EVENTS_MAX - 1) + 1


async def test_large_facts_are_cut_into_blocks_too() -> None:
    """Facts with much in them fill a block by their bytes."""
    size = 100_000
    async with writer(SegmentLimits()) as it:
        await it.capture.take_in([queue(number, size) for number in range(50)])
        await it.written()
        headers = [block.header async for block in it.log.blocks(start=0)]

    assert sum(header.count for header in headers) == 50
    assert max(header.envelope_bytes for header in headers) < ENVELOPE_BYTES_MAX + 2 * size


async def test_a_new_segment_restates_all_within_the_limits() -> None:
    """Where a segment ends, the next one begins by itself, restates everything that stands, and goes on."""
    found = [queue(number) for number in range(QUEUES)]
    async with writer(SegmentLimits(blocks_max=8)) as it:
        await it.capture.take_in([*found, *found, *found])
        envelopes = await it.written()
        headers = [block.header async for block in it.log.blocks(start=0)]
    begins = [envelope for envelope in envelopes if isinstance(envelope.fact, SegmentStarted)]

    assert max(header.count for header in headers) <= EVENTS_MAX
    assert headers[-1].segment >= 1
    assert len(begins) == headers[-1].segment
    told = sum(getattr(envelope.fact, "source", "") == "reconciliation" for envelope in envelopes)
    assert told == 3 * QUEUES
