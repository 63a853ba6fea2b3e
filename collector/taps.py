"""All taps of a leadership: their connections, queues and bindings, their consumers, and how deep they are."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import structlog

from collector import plan
from collector.align import Window
from collector.amqp import PASSIVE, Channel, Connection, DeliveryBuffer
from collector.broker import Management, ManagementRefused
from collector.gaps import closed, opened
from collector.lag import TapLag
from collector.opening import bind, declare, exists, open_vhosts, wait_unread
from collector.settings import CollectorSettings
from collector.tap import Tap, hold_of
from collector.topology_state import TopologyState
from collector.watch import Findings
from events.facts import GapOpened, TapsPlanned
from events.values import Text

depth_s = 0.5
aligning_depth_s = 0.05
quiet_s_min = 0.3
awaited_s_max = 5.0
overflow_share = 0.99

log_line = structlog.get_logger("hoptrail.collect")


class Taps:
    """The taps on one broker. *wanted* names the vhosts to tap; those that refuse us are left out of `vhosts`."""

    def __init__(
        self, settings: CollectorSettings, home: Connection, wanted: Sequence[str]
    ) -> None:
        self.missing: list[str] = []
        self.has_events = False
        self.depths: dict[tuple[str, str], int] = {}
        self._settings = settings
        self._home = home
        self._wanted = wanted
        self._version = str(home.server.get("version", ""))
        self._connections: dict[str, Connection] = {}
        self._control: dict[str, Channel] = {}
        self._bound: dict[str, set[tuple[Text, Text]]] = {}
        self._overflows: dict[str, GapOpened] = {}
        self._taps: list[tuple[Tap, TapLag | None]] = []

    @property
    def vhosts(self) -> list[str]:
        """The vhosts that are tapped."""
        return [vhost for vhost in self._connections if vhost in self._wanted]

    async def open(self, stack: AsyncExitStack) -> None:
        """Connect to every vhost and declare its queues; `missing` tells where there was no firehose tap."""
        everywhere = sorted({*self._wanted, self._home.address.vhost})
        self._connections = await open_vhosts(stack, self._home, everywhere)
        for vhost in self.vhosts:
            connection = self._connections[vhost]
            if not await exists(connection, plan.FIREHOSE):
                self.missing.append(vhost)
            for queue in self._queues(vhost):
                await declare(connection, queue)
        for vhost, connection in self._connections.items():
            self._control[vhost] = await connection.channel()

    def _queues(self, vhost: str) -> list[plan.TapQueue]:
        settings = self._settings
        bytes_max, queue_type = settings.tap_bytes_max, settings.tap_queue_type
        queues = [
            plan.firehose_queue(
                vhost,
                self._version,
                messages_max=settings.tap_messages_max,
                bytes_max=bytes_max,
                queue_type=queue_type,
            )
        ]
        if settings.dead_letter_taps != "off":
            queues.append(
                plan.dead_letters_queue(
                    vhost,
                    self._version,
                    bytes_max=bytes_max,
                    queue_type=queue_type,
                    planned=plan.DeadLetterPlan(),
                )
            )
        return queues

    async def open_events(self, management: Management) -> None:
        """Declare the tap on the event exchange, if there is one that we may read."""
        home = self._connections.get(plan.HOME_VHOST)
        if home is None:
            return
        try:
            self.has_events = await management.event_exchange_is_there()
        except ManagementRefused:
            return
        if self.has_events:
            queue = plan.events_queue(self._version, queue_type=self._settings.tap_queue_type)
            await declare(home, queue)

    def queue_names(self) -> list[tuple[str, str]]:
        """Return (vhost, queue) of the taps whose deliveries are aligned with the log."""
        names = [plan.FIREHOSE]
        if self._settings.dead_letter_taps != "off":
            names.append(plan.DEAD_LETTERS)
        return [(vhost, name) for vhost in self.vhosts for name in names]

    async def consume(
        self,
        buffer: DeliveryBuffer,
        windows: Mapping[tuple[Text, str], Window],
        *,
        since_ns: int,
    ) -> list[tuple[Tap, TapLag | None]]:
        """Begin to consume every tap; *since_ns* bounds how long ago what waits in them was published."""
        if self.has_events:
            await self._consume_one(plan.HOME_VHOST, plan.EVENTS, buffer, None, since_ns)
        for vhost, queue in self.queue_names():
            window = windows.get((vhost, queue), Window())
            await self._consume_one(vhost, queue, buffer, window, since_ns)
        return self._taps

    async def _consume_one(
        self,
        vhost: str,
        queue: str,
        buffer: DeliveryBuffer,
        window: Window | None,
        since_ns: int,
    ) -> None:
        prefetch = self._settings.prefetch
        channel = await self._connections[vhost].channel()
        ready = await wait_unread(channel, queue)
        tap = Tap(
            vhost=vhost,
            queue=queue,
            channel=channel,
            window=window,
            hold=hold_of(prefetch) if window is not None else 0,
            prefetch=prefetch,
        )
        lag = None
        if window is not None:
            lag = TapLag(ready=ready, since_ns=since_ns, now_ns=time.time_ns())
        self._taps.append((tap, lag))
        await channel.qos(prefetch)
        await channel.consume(queue, buffer, source=tap, tag=queue)

    async def watch_depths(self, findings: Findings) -> None:
        """Ask how deep the taps are, for ever: for their lag, their alignment and their overflow."""
        quiet: dict[Tap, tuple[int, float]] = {}
        while True:
            aligning = False
            for tap, lag in self._taps:
                ready, _ = await self._control[tap.vhost].queue_declare(tap.queue, flags=PASSIVE)
                self.depths[tap.vhost, tap.queue] = ready
                if lag is not None:
                    lag.sampled(ready, time.time_ns())
                if tap.aligning:
                    aligning = True
                    self._look_if_quiet(tap, ready, quiet)
                self._look_for_overflow(tap, ready, findings)
            if aligning:
                findings.wake()
            await asyncio.sleep(aligning_depth_s if aligning else depth_s)

    def _look_if_quiet(self, tap: Tap, ready: int, quiet: dict[Tap, tuple[int, float]]) -> None:
        now = time.monotonic()
        received, since = quiet.get(tap, (-1, now))
        if ready or received != tap.received:
            quiet[tap] = (tap.received, now)
            return
        enough_s = awaited_s_max if tap.awaits_more else quiet_s_min
        tap.nothing_more = now - since >= enough_s

    def _look_for_overflow(self, tap: Tap, ready: int, findings: Findings) -> None:
        now = time.time_ns()
        gap = self._overflows.get(tap.vhost)
        full = ready >= overflow_share * self._settings.tap_messages_max
        if tap.queue == plan.FIREHOSE and full and gap is None:
            self._overflows[tap.vhost] = gap = opened("tap-overflow", tap.vhost, now)
            findings.facts.append(gap)
        elif tap.queue == plan.FIREHOSE and not full and gap is not None:
            del self._overflows[tap.vhost]
            findings.facts.append(closed(gap, now))

    async def tap_dead_letters(self, state: TopologyState) -> list[TapsPlanned]:
        """Bind the dead-letter taps as the topology asks; return what differs from the plan the log knows."""
        found: list[TapsPlanned] = []
        for vhost in self.vhosts:
            planned = plan.dead_letters(state, vhost, self._settings.dead_letter_taps)
            await self._rebind(vhost, planned)
            fact = TapsPlanned(
                vhost=vhost,
                dead_letter_exchanges=planned.tapped,
                left_alone=planned.left_alone,
                event_exchange=self.has_events,
                mode=f"firehose, {self._settings.tap_queue_type}",
            )
            if state.things.get(("taps", vhost)) != fact:
                found.append(fact)
        return found

    async def _rebind(self, vhost: str, planned: plan.DeadLetterPlan) -> None:
        wanted = {(exchange, key): arguments for exchange, key, arguments in planned.bindings}
        bound = self._bound.setdefault(vhost, set())
        new = [(*key, arguments) for key, arguments in wanted.items() if key not in bound]
        for exchange, key, arguments in new:
            await bind(self._control[vhost], plan.DEAD_LETTERS, [(exchange, key, arguments)])
            bound.add((exchange, key))
        for exchange, key in bound - wanted.keys():
            arguments = {"x-match": "all"} if key == "" else {}
            for each in ({}, arguments):
                await self._control[vhost].queue_unbind(plan.DEAD_LETTERS, exchange, key, each)
            bound.discard((exchange, key))
