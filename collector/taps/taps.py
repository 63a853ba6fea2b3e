"""All taps of a leadership: their connections, queues and bindings, their consumers, and how deep they are."""

import asyncio
import time
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import structlog

from collector.amqp import Channel, Connection, DeliveryBuffer
from collector.history import Newest
from collector.ledger.lag import TapLag
from collector.ledger.overflow import Overflows
from collector.management.broker import Management, ManagementRefused
from collector.settings import CollectorSettings
from collector.taps import plan
from collector.taps.bindings import BindingTaps
from collector.taps.modes import mode_of
from collector.taps.opening import (
    EMPTY_S,
    Depth,
    code_of,
    declare,
    depth_of,
    exists,
    open_vhosts,
    wait_unread,
)
from collector.taps.tap import Tap, hold_of
from collector.taps.watchdog import Ending
from collector.watch import Findings
from events.facts import Fact
from events.values import Text

DEPTH_S = 0.5
ALIGNING_DEPTH_S = 0.05
QUIET_S_MIN = 0.3
AWAITED_S_MAX = 5.0

log_line = structlog.get_logger("hoptrail.collect")


@dataclass(slots=True, kw_only=True)
class Consumed:
    """A tap with its channel; *before* is how deep it was before it was consumed, from *since* (monotonic) on.

    `lag` is set once the log was looked at, and stays None where nothing is aligned.
    """

    tap: Tap
    channel: Channel
    before: Depth
    since: float
    lag: TapLag | None = None


class Taps:
    """The taps on one broker.

    *wanted* are the vhosts to tap, with whether they are traced; those that refuse us are left out of `vhosts`.
    """

    def __init__(
        self, settings: CollectorSettings, home: Connection, wanted: Mapping[str, bool]
    ) -> None:
        self.missing: list[str] = []
        self.has_events = False
        self.depths: dict[tuple[str, str], int] = {}
        self.consumed_at: dict[str, int] = {}
        self._settings = settings
        self._nodes = 1
        self._home = home
        self.wanted = wanted
        self._version = str(home.server.get("version", ""))
        self._connections: dict[str, Connection] = {}
        self.overflows = Overflows(settings.tap_messages_max, settings.tap_bytes_max)
        self._taps: list[Consumed] = []
        self._mode = mode_of(settings.tap_mode)
        self.bindings = BindingTaps(settings, {})

    @property
    def vhosts(self) -> list[str]:
        """The vhosts that are tapped."""
        return [vhost for vhost in self._connections if vhost in self.wanted]

    async def open(self, stack: AsyncExitStack, nodes: int) -> None:
        """Connect to every vhost and declare its queues; `missing` tells where there was no firehose tap.

        The cluster has *nodes* nodes.
        """
        self._nodes = nodes
        everywhere = sorted({*self.wanted, self._home.address.vhost})
        self._connections = await open_vhosts(stack, self._home, everywhere)
        for vhost in self.vhosts:
            connection = self._connections[vhost]
            if not await exists(connection, plan.FIREHOSE):
                self.missing.append(vhost)
            for queue in self._queues(vhost):
                await declare(connection, plan.placed(queue, nodes))
            channel = await connection.channel()
            for key in plan.former_keys(self._mode.keys):
                await channel.queue_unbind(plan.FIREHOSE, plan.TRACE_EXCHANGE, key)
            if self._settings.dead_letter_taps == "off":
                await channel.queue_delete(plan.DEAD_LETTERS)
            await channel.close()
        self.bindings = BindingTaps(
            self._settings, {vhost: self._connections[vhost] for vhost in self.vhosts}
        )

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
                traced_before=self.wanted[vhost],
                keys=self._mode.keys,
            )
        ]
        if settings.dead_letter_taps != "off":
            queues.append(
                plan.dead_letters_queue(
                    vhost,
                    self._version,
                    bytes_max=bytes_max,
                    queue_type=queue_type,
                    planned=plan.BindingPlan(),
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
            await declare(home, plan.placed(queue, self._nodes))

    def queue_names(self) -> list[tuple[str, str]]:
        """Return (vhost, queue) of the taps whose deliveries are aligned with the log."""
        names = [plan.FIREHOSE]
        if self._settings.dead_letter_taps != "off":
            names.append(plan.DEAD_LETTERS)
        return [(vhost, name) for vhost in self.vhosts for name in names]

    async def consume(self, buffer: DeliveryBuffer, management: Management) -> None:
        """Begin to consume every tap into *buffer*; `consumed_at` (ns, by vhost) is when its firehose tap surely worked.

        After a restart of the broker a quorum queue loses what is sent to it until it has a leader again, and does not
        say so. A consumer is accepted by a leader only.
        """
        settled_at = time.monotonic() + EMPTY_S
        for vhost, queue in self.queue_names():
            channel = await self._connections[vhost].channel()
            before = await wait_unread(
                channel,
                queue,
                settled_at=settled_at,
                is_left=partial(management.is_left, vhost, queue),
            )
            await self._consume_one(vhost, queue, channel, buffer, before=before, aligned=True)
            if queue == plan.FIREHOSE:
                self.consumed_at[vhost] = time.time_ns()
        if self.has_events:
            channel = await self._connections[plan.HOME_VHOST].channel()
            is_left = partial(management.is_left, plan.HOME_VHOST, plan.EVENTS)
            before = await wait_unread(channel, plan.EVENTS, settled_at=0.0, is_left=is_left)
            await self._consume_one(
                plan.HOME_VHOST, plan.EVENTS, channel, buffer, before=before, aligned=False
            )

    def expect(
        self,
        newest: Mapping[tuple[Text, str], Newest],
        *,
        since_ns: int,
        turned: Collection[str],
    ) -> list[tuple[Tap, TapLag | None]]:
        """Tell the taps what the log holds of them; before *since_ns* nothing was published that waited in another one.

        In the vhosts *turned* a leader was killed while it turned the taps round.
        """
        for each in self._taps:
            if each.tap.aligning:
                known = newest.get((each.tap.vhost, each.tap.queue), Newest())
                each.tap.window = known.window
                each.tap.turned = each.tap.vhost in turned
                since = since_ns if known.published_after is None else known.published_after
                each.lag = TapLag(
                    ready=each.before.ready, since_ns=since, now_ns=each.before.asked_at
                )
        return [(each.tap, each.lag) for each in self._taps]

    async def _consume_one(
        self,
        vhost: str,
        queue: str,
        channel: Channel,
        buffer: DeliveryBuffer,
        *,
        before: Depth,
        aligned: bool,
    ) -> None:
        prefetch = self._settings.prefetch
        tap = Tap(
            vhost=vhost,
            queue=queue,
            channel=channel,
            aligned=aligned,
            hold=hold_of(prefetch) if aligned else 0,
            prefetch=prefetch,
        )
        consumed = Consumed(tap=tap, channel=channel, before=before, since=time.monotonic())
        self._taps.append(consumed)
        await channel.qos(prefetch)
        await channel.consume(queue, buffer, source=tap, tag=queue)

    def endings(self) -> list[Ending]:
        """Return how consuming ended, for the taps for which it did."""
        now = time.monotonic()
        return [
            Ending(
                tap=(each.tap.vhost, each.tap.queue),
                code=code_of(failure),
                head=each.tap.head,
                stored=each.tap.has_stored,
                lasted_s=now - each.since,
            )
            for each in self._taps
            if (failure := each.channel.failure) is not None
        ]

    @property
    def aligning(self) -> bool:
        """Whether it is not known yet of some tap what of it is stored."""
        return any(each.tap.aligning for each in self._taps)

    async def acknowledged(self) -> None:
        """Return when the broker has read every acknowledgement that was sent."""
        for each in self._taps:
            await each.channel.qos(self._settings.prefetch)

    async def watch_depths(self, findings: Findings) -> None:
        """Ask how deep the taps are, for ever: for their lag, their alignment and their overflow."""
        quiet: dict[Tap, tuple[int, float]] = {}
        for each in self._taps:
            findings.facts += self._overflow(each, each.before.ready, each.before.asked_at, 0)
        while True:
            aligning = False
            for each in self._taps:
                tap = each.tap
                ready = await self._sample(each)
                aligning = aligning or tap.aligning
                if ready is None:
                    quiet.pop(tap, None)
                    continue
                self.depths[tap.vhost, tap.queue] = ready
                if tap.aligning:
                    self._look_if_quiet(tap, ready, quiet)
                waiting = findings.tap_bytes.get(tap.vhost, 0)
                findings.facts += self._overflow(each, ready, time.time_ns(), waiting)
            if aligning:
                findings.wake()
            await asyncio.sleep(ALIGNING_DEPTH_S if aligning else DEPTH_S)

    def _overflow(self, each: Consumed, ready: int, now: int, bytes_ready: int) -> list[Fact]:
        tap, lag = each.tap, each.lag
        if tap.queue != plan.FIREHOSE or lag is None:
            return []
        since = lag.complete_until(tap.taken_tag)
        return [
            *self.overflows.looked(tap.vhost, ready, now, since_ns=since, bytes_ready=bytes_ready)
        ]

    async def _sample(self, each: Consumed) -> int | None:
        """Return how many events are ready in a tap, None where it cannot be told, and tell its lag.

        Asked on the channel that consumes. What the queue had handed out before it told its depth has come when a second
        request on that channel is answered, for one channel's frames keep their order.
        """
        depth = await depth_of(each.channel, each.tap.queue)
        if depth is None:
            return None
        if each.lag is not None:
            await each.channel.qos(self._settings.prefetch)
            each.lag.sampled(depth.ready, tag=each.channel.newest_tag, at_ns=depth.asked_at)
        return depth.ready

    def _look_if_quiet(self, tap: Tap, ready: int, quiet: dict[Tap, tuple[int, float]]) -> None:
        now = time.monotonic()
        received, since = quiet.get(tap, (-1, now))
        if ready or received != tap.received:
            quiet[tap] = (tap.received, now)
            return
        enough_s = AWAITED_S_MAX if tap.awaits_more else QUIET_S_MIN
        tap.nothing_more = now - since >= enough_s
