"""One leadership, put together: what the log says, what the broker has, the taps, and the tasks that run beside.

The order is what makes it safe: leader first, then the head; whose broker it is before anything on it is changed; tracing
as early as possible, for until then events are missed; then the taps are consumed, which proves that they work; and what
came is looked at once it is known what the log holds.
"""

import asyncio
import socket
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog
from msgspec.structs import replace

from collector.amqp import AmqpError, Connection, DeliveryBuffer
from collector.broker import Management
from collector.capture import Capture
from collector.decode import Decoder
from collector.errors import VhostUnknown
from collector.history import History, read_cluster_name, read_history, read_windows
from collector.lag import UNKNOWN_NS
from collector.ledger import beginning, outages
from collector.seal import Sealer, SealLimits
from collector.segments import SegmentKeeper
from collector.settings import CollectorSettings
from collector.tap import events_per_block, hold_of
from collector.taps import Taps
from collector.watch import Findings, Watch
from events.block import EVENTS_MAX, BlockHead, start_of_log
from events.facts import CaptureStarted
from events.identity import key_id
from events.values import shown
from store import retention
from store.errors import LogRefused, LogUnavailable, WrongBroker
from store.ports import EventLog

RETENTION_S = 3600.0
FINISH_S_MAX = 10.0
WINDOW_MIN = 4_000
"""Deliveries looked back for at least, in case the former leader had a larger prefetch."""

log_line = structlog.get_logger("hoptrail.collect")


@dataclass(slots=True)
class Memory:
    """What one process keeps between leaderships. `lost_at` is when the last one ended by a failure, in ns."""

    has_led: bool = False
    has_captured: bool = False
    captures: bool = False
    refused_at: float | None = None
    lost_at: int | None = None
    own_connections: list[str] = field(default_factory=list[str])


class Session:
    """A leadership over *home*, which holds the leader queue."""

    def __init__(
        self, settings: CollectorSettings, log: EventLog, home: Connection, memory: Memory
    ) -> None:
        self._settings = settings
        self._log = log
        self._home = home
        self._memory = memory
        self._cluster_name = str(home.server.get("cluster_name", ""))
        self._version = str(home.server.get("version", ""))
        self._buffer = DeliveryBuffer()
        self._findings = Findings(wake=self._buffer.poke)
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Capture until *stop* is set or something fails; then nothing is on its way to the log any more."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            management = await stack.enter_async_context(Management(settings.management_url))
            admin = management
            if settings.admin_url is not None:
                admin = await stack.enter_async_context(Management(settings.admin_url))
            head = await self._log.head()
            await self._check_broker(head)
            taps = Taps(settings, self._home, await self._wanted(management))
            await taps.open(stack)
            watch = Watch(management, admin, settings, taps.vhosts, self._findings)
            await watch.assert_tracing()
            await taps.learn_bindings(management)
            await taps.open_events(management)
            await taps.consume(self._buffer)
            history = await read_history(self._log, head)
            capture = await self._capture(head, history, taps, watch)
            for fact in await self._first_facts(management, head, history, taps, capture.epoch):
                capture.add(fact)
            newest = await read_windows(
                self._log,
                head,
                taps=taps.queue_names(),
                deliveries=max(WINDOW_MIN, settings.prefetch, history.prefetch),
                hold=hold_of(settings.prefetch),
            )
            capture.read(taps.expect(newest, since_ns=time.time_ns() - UNKNOWN_NS))
            self._memory.lost_at = None
            self._memory.has_captured = self._memory.captures = True
            await self._work(capture, taps, watch, stop)

    async def _work(self, capture: Capture, taps: Taps, watch: Watch, stop: asyncio.Event) -> None:
        for task in (
            self._poke_on(stop),
            taps.watch_depths(self._findings),
            watch.tracing(),
            watch.snapshots(),
            watch.samples(),
            self._retain(),
        ):
            self._spawn(task)
        log_line.info("capturing", broker=self._cluster_name, vhosts=taps.vhosts)
        try:
            await _until_stopped(capture, stop)
        except BaseException as error:
            if isinstance(error, AmqpError):
                self._memory.lost_at = time.time_ns()
            await capture.abandon(at_once=stop.is_set())
            raise
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* beside the pump; its failure is the pump's."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._buffer.fail(error)

        task = asyncio.create_task(work)
        task.add_done_callback(ended)
        self._tasks.append(task)

    async def _check_broker(self, head: BlockHead | None) -> None:
        bound = await read_cluster_name(self._log, head)
        if bound is not None and bound != self._cluster_name:
            raise WrongBroker(
                f"the log holds the events of {shown(bound)!r}, but {self._home.address} is "
                f"{self._cluster_name!r}; point HOPTRAIL_STORE at another directory, "
                "or HOPTRAIL_AMQP_URL at that broker"
            )

    async def _wanted(self, management: Management) -> dict[str, bool]:
        told = {vhost["name"]: bool(vhost.get("tracing")) for vhost in await management.vhosts()}
        unknown = sorted(set(self._settings.vhosts) - told.keys())
        if unknown:
            raise VhostUnknown(unknown, sorted(told))
        return {name: told[name] for name in self._settings.vhosts or sorted(told)}

    async def _capture(
        self, head: BlockHead | None, history: History, taps: Taps, watch: Watch
    ) -> Capture:
        settings = self._settings
        key = await self._log.fingerprint_key()
        segments = await self._log.segments()
        start = head or start_of_log(settings.stream, key_id(key))
        limits = SealLimits(
            events_max=events_per_block(settings.prefetch, EVENTS_MAX),
            linger_busy_ms=settings.linger_busy_ms,
            linger_ms=settings.linger_ms,
            body_cap=settings.body_bytes_max,
        )
        return Capture(
            log=self._log,
            sealer=Sealer(
                replace(start, key_id=key_id(key)), key=key, epoch=start.epoch + 1, limits=limits
            ),
            segments=SegmentKeeper(
                segments[-1] if segments else None, settings.segments, self._cluster_name
            ),
            decoder=Decoder(key, redact=settings.redact_headers),
            state=history.state,
            buffer=self._buffer,
            watch=watch,
            taps=taps,
        )

    async def _first_facts(
        self,
        management: Management,
        head: BlockHead | None,
        history: History,
        taps: Taps,
        epoch: int,
    ) -> list[Any]:
        now = time.time_ns()
        found, self._findings.tracing = self._findings.tracing, []
        lost_at = self._memory.lost_at or (head.last_observed_at if head is not None else now)
        facts = beginning(self._cluster_name, self._version) if head is None else []
        facts += outages(
            history.state,
            found,
            lost_at=lost_at,
            broker_started_at=await management.started_at(now),
            consumed_at=taps.consumed_at,
            taps_missing=taps.missing,
            now=now,
        )
        facts.append(
            CaptureStarted(
                epoch=epoch,
                collector=socket.gethostname(),
                broker_version=self._version,
                prefetch=self._settings.prefetch,
                vhosts=tuple(taps.vhosts),
                settings=self._settings.told,
            )
        )
        return facts

    async def _poke_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._buffer.poke()

    async def _retain(self) -> None:
        """Let the log go of what is too old, for ever. Where this user may not, that is told once."""
        refused = ""
        while True:
            await asyncio.sleep(RETENTION_S)
            try:
                segments = await self._log.segments()
                drops = retention.plan(segments, self._settings.retention, now_ns=time.time_ns())
                await retention.apply(self._log, drops)
            except LogUnavailable as error:
                log_line.debug("retention waits for the store", why=str(error))
            except LogRefused as error:
                if str(error) != refused:
                    log_line.warning("retention is left to hoptrail log retain", why=str(error))
                refused = str(error)


async def _until_stopped(capture: Capture, stop: asyncio.Event) -> None:
    """Capture until *stop* is set, then end in order.

    Raises:
        LogUnavailable: the log does not take in time what is left.
    """
    pumping = asyncio.create_task(capture.pump(stop))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({pumping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        async with asyncio.timeout(FINISH_S_MAX if stop.is_set() else None):
            await pumping
            await capture.finish("stopped")
    except TimeoutError as error:
        raise LogUnavailable(
            f"the store took nothing for {FINISH_S_MAX:g} s; what it does not hold stays on the taps"
        ) from error
    finally:
        pumping.cancel()
        stopping.cancel()
        await asyncio.gather(pumping, stopping, return_exceptions=True)
