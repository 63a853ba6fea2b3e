"""One leadership, put together: what the log says, what the broker has, the taps, and the tasks that run beside.

The order is what makes it safe: leader first, then the head; whose broker it is before anything on it is changed; tracing
as early as possible, for until then events are missed; then the taps are consumed, which proves that they work; and what
came is looked at once it is known what the log holds.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any

import structlog
from msgspec.structs import replace

from collector.amqp import AmqpError, Connection, DeliveryBuffer
from collector.append import PATIENCE_S, Appending
from collector.capture import Capture
from collector.cluster_name import is_same
from collector.decoding.decoder import Decoder
from collector.errors import Replan, VhostUnknown
from collector.history import History, Newest, read_cluster_name, read_history, read_windows
from collector.leadership import Leadership
from collector.ledger.audit import Audits, Base, Counts
from collector.ledger.auditor import Auditor
from collector.ledger.bases import read_bases
from collector.ledger.gaps import POISON
from collector.ledger.lag import LIVE_NS_MAX, UNKNOWN_NS
from collector.ledger.outages import Begin, beginning, outages
from collector.management.broker import Management
from collector.memory import Memory
from collector.operations.command import command_key
from collector.operations.intake import Intake
from collector.operations.queue import take_commands
from collector.operations.retry.executor import Executor
from collector.operations.retry.link import Links
from collector.operations.retry.sources import Sources
from collector.operations.retry.work import Around
from collector.retaining import retain
from collector.seal import Sealer, SealLimits
from collector.segments import SegmentKeeper
from collector.settings import CollectorSettings
from collector.taps.modes import ALL, mode_of
from collector.taps.opening import wait_any_open
from collector.taps.plan import FIREHOSE
from collector.taps.poison import Surgery
from collector.taps.tap import events_per_block, hold_of
from collector.taps.taps import Taps
from collector.watch import Findings, Watch
from events.block import EVENTS_MAX, BlockHead, start_of_log
from events.facts import CaptureStarted, Fact
from events.identity import key_id
from events.restating import restated
from events.values import Text, shown
from store.errors import LogUnavailable, WrongBroker
from store.ports import EventLog

AUDIT_BACK_S = 120.0
FINISH_S_MAX = 10.0
WINDOW_MIN = 4_000
"""Deliveries looked back for at least, in case the former leader had a larger prefetch."""

log_line = structlog.get_logger("hoptrail.collect")


class Session:
    """A leadership over *home*, which *leadership* is held on."""

    def __init__(
        self,
        settings: CollectorSettings,
        log: EventLog,
        home: Connection,
        leadership: Leadership,
        memory: Memory,
    ) -> None:
        self._leadership = leadership
        self._to = Appending(
            log=log,
            confirm=leadership.confirm,
            patience_s=PATIENCE_S if settings.standby else None,
        )
        self._settings = settings
        self._log = log
        self._home = home
        self._memory = memory
        self._cluster_name: Text = str(home.server.get("cluster_name", ""))
        self._version = str(home.server.get("version", ""))
        self._buffer = DeliveryBuffer()
        self._findings = Findings(wake=self._buffer.poke)
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Capture until *stop* is set or something fails; then nothing is on its way to the log any more."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            management = await stack.enter_async_context(
                Management(settings.management_url, settings.management_tls)
            )
            admin = management
            if settings.admin_url is not None:
                admin = await stack.enter_async_context(
                    Management(settings.admin_url, settings.management_tls)
                )
            head = await self._log.head()
            nodes = await management.node_names()
            await self._check_broker(head, nodes)
            taps = Taps(settings, self._home, await self._wanted(management))
            await taps.open(stack, nodes=len(nodes))
            watch = Watch(management, admin, settings, taps.vhosts, self._findings, taps.wanted)
            stack.push_async_callback(watch.aclose)
            await watch.assert_tracing()
            await taps.open_events(management)
            stack.push(self._note_endings(taps))
            head = await self._rid_of_poison(head, taps)
            await taps.consume(self._buffer, management)
            history = await read_history(self._log, head)
            newest = await read_windows(
                self._log,
                head,
                taps=taps.queue_names(),
                deliveries=max(WINDOW_MIN, settings.prefetch, history.prefetch),
                hold=hold_of(settings.prefetch),
            )
            begin = await self._begin(management, head, history, taps, newest)
            capture = await self._capture(head, history, taps, watch)
            capture.let_audit(await self._auditor(head, history, taps, begin))
            await capture.take_in(self._first_facts(head, history, taps, begin, capture.epoch))
            taps.overflows.adopt(history.state.of("gap"))
            await capture.take_in(taps.bindings.planned_before(history.state))
            turned = {str(gap.vhost) for gap in history.state.of("gap") if gap.why == POISON}
            reading = taps.expect(newest, since_ns=time.time_ns() - UNKNOWN_NS, turned=turned)
            capture.read(reading, begin)
            self._memory.lost_at = None
            self._memory.has_captured = self._memory.captures = True
            self._memory.tell.captures()
            self._spawn(taps.bindings.keep(management, self._findings))
            self._spawn((await self._executor(capture, history)).run(time.monotonic))
            await self._work(capture, taps, watch, stop)

    async def _work(self, capture: Capture, taps: Taps, watch: Watch, stop: asyncio.Event) -> None:
        for task in (
            self._poke_on(stop),
            self._leadership.keep(),
            taps.watch_depths(self._findings),
            take_commands(self._home, self._findings),
            watch.tracing(),
            watch.snapshots(),
            watch.samples(),
            watch.audits(),
            retain(self._log, self._settings.retention),
            self._await_left_out(taps),
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
            self._memory.has_appended = capture.has_appended
            self._memory.vhosts_known_at = self._findings.vhosts_known_at
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

    async def _rid_of_poison(self, head: BlockHead | None, taps: Taps) -> BlockHead | None:
        """Look at the taps that cannot be consumed as they are; return the head of the log after that."""
        settings = self._settings
        surgery = Surgery(
            self._to,
            head,
            self._home,
            beginning(self._cluster_name, self._version),
            stream=settings.stream,
        )
        await surgery.look(
            self._memory.watchdog,
            vhosts=taps.vhosts,
            depth=settings.prefetch,
            turns=settings.tap_queue_type == "quorum",
            since=self._memory.lost_at or (head.last_observed_at if head else time.time_ns()),
        )
        return surgery.head

    def _note_endings(self, taps: Taps) -> Callable[..., bool]:
        """Return what tells the watchdog, when the leadership ends by an error, how consuming ended."""

        def note(_kind: object, error: BaseException | None, _trace: object) -> bool:
            if isinstance(error, AmqpError):
                for ending in taps.endings():
                    self._memory.watchdog.ended(ending)
            return False

        return note

    async def _check_broker(self, head: BlockHead | None, nodes: list[str]) -> None:
        bound = await read_cluster_name(self._log, head)
        if bound is not None and is_same(bound, self._cluster_name, nodes):
            self._cluster_name = bound
        elif bound is not None:
            raise WrongBroker(
                f"the log holds the events of {shown(bound)!r}, but {self._home.address} is "
                f"{self._cluster_name!r}; point HOPTRAIL_STORE at another directory, "
                "or HOPTRAIL_AMQP_URL at that broker"
            )

    async def _wanted(self, management: Management) -> dict[str, bool]:
        told = {vhost["name"]: bool(vhost.get("tracing")) for vhost in await management.vhosts()}
        unknown = sorted(set(self._settings.vhosts) - told.keys())
        wanted = [name for name in self._settings.vhosts or sorted(told) if name in told]
        if unknown and not (wanted and self._memory.has_captured):
            raise VhostUnknown(unknown, sorted(told))
        if unknown:
            log_line.warning("vhosts are gone and no longer captured", vhosts=unknown)
        return {name: told[name] for name in wanted}

    async def _capture(
        self,
        head: BlockHead | None,
        history: History,
        taps: Taps,
        watch: Watch,
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
        capture = Capture(
            to=self._to,
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
        capture.obey(Intake(command_key(settings.command_secret, key), history.operators))
        return capture

    async def _executor(self, capture: Capture, history: History) -> Executor:
        """Return what carries out the retries that operators asked for."""
        around = Around(
            standing=capture.standing,
            topology=history.state,
            sources=Sources(self._log),
            links=Links(lambda: self._home.address),
            tell=self._findings.tell,
            confirm=self._leadership.confirm,
            key=await self._log.fingerprint_key(),
            version=self._version,
        )
        begin = capture.standing("").next_position
        return Executor(history.operators, around, begin=begin)

    async def _begin(
        self,
        management: Management,
        head: BlockHead | None,
        history: History,
        taps: Taps,
        newest: Mapping[tuple[Text, str], Newest],
    ) -> Begin:
        now = time.time_ns()
        lost_at = self._memory.lost_at or (head.last_observed_at if head is not None else now)
        every_vhost = not self._settings.vhosts
        return Begin(
            lost_at=lost_at,
            now=now,
            broker_started_at=await management.started_at(now),
            consumed_at=taps.consumed_at,
            taps_missing=taps.missing,
            stored_until={
                str(vhost): known.published_after - LIVE_NS_MAX
                for (vhost, queue), known in newest.items()
                if queue == FIREHOSE and known.published_after is not None
            },
            keeps_backlog=self._settings.tap_queue_type == "quorum",
            new_since=(self._memory.vhosts_known_at or lost_at)
            if every_vhost and history.captured
            else None,
        )

    async def _auditor(
        self, head: BlockHead | None, history: History, taps: Taps, begin: Begin
    ) -> Auditor:
        settings = self._settings
        late_ns = int(settings.audit_late_s * 1e9)
        back_ns = int((3 * settings.audit_s + AUDIT_BACK_S) * 1e9)
        kept = [vhost for vhost in taps.vhosts if vhost not in taps.missing]
        home = self._home.address.vhost
        bases = await read_bases(self._log, head, kept, back_ns=back_ns, home=home)
        if begin.new_since is not None and begin.new_since == self._memory.vhosts_known_at:
            for vhost in taps.vhosts:  # what was not there then has counted from zero since
                if ("taps", vhost) not in history.state.things:
                    bases.of[vhost] = Base(at=begin.new_since, totals=Counts(), taken=Counts())
        audits = Audits(taps.vhosts, late_ns=late_ns, since=begin.now, bases=bases.of)
        gaps = [*history.state.of("gap"), *bases.gaps]
        deliveries = mode_of(settings.tap_mode).name == ALL
        return Auditor(audits, gaps, late_ns=late_ns, deliveries=deliveries)

    def _first_facts(
        self,
        head: BlockHead | None,
        history: History,
        taps: Taps,
        begin: Begin,
        epoch: int,
    ) -> list[Fact]:
        found, self._findings.tracing = self._findings.tracing, []
        facts = beginning(self._cluster_name, self._version) if head is None else []
        facts += restated(history.operators) if history.owes_operators else []
        facts += outages(history.state, found, begin)
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

    async def _await_left_out(self, taps: Taps) -> None:
        """Begin again when a vhost that is to be captured, but was gone or refused us, lets us in."""
        left_out = sorted({*self._settings.vhosts, *taps.wanted} - set(taps.vhosts))
        if left_out:
            await wait_any_open(self._home.address, left_out)
            raise Replan


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
