"""All taps of a leadership: their connections, queues and bindings, their consumers, and how deep they are."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from collector import plan
from collector.amqp import Channel, Connection, DeliveryBuffer
from collector.broker import Management, ManagementRefused
from collector.gaps import closed, opened
from collector.history import Newest
from collector.lag import TapLag
from collector.opening import (
    EMPTY_S,
    Depth,
    bind,
    declare,
    depth_of,
    exists,
    open_vhosts,
    wait_unread,
)
from collector.settings import CollectorSettings
from collector.tap import Tap, hold_of
from collector.topology_state import TopologyState
from collector.watch import Findings
from events.facts import GapOpened, TapsPlanned
from events.values import Text

DEPTH_S = 0.5
ALIGNING_DEPTH_S = 0.05
QUIET_S_MIN = 0.3
AWAITED_S_MAX = 5.0
OVERFLOW_SHARE = 0.99

log_line = structlog.get_logger("hoptrail.collect")


@dataclass(slots=True, kw_only=True)
class Consumed:
    """A tap with its channel; *before* is how deep it was before it was consumed.

    `lag` is set once the log was looked at, and stays None where nothing is aligned.
    """

    tap: Tap
    channel: Channel
    before: Depth
    lag: TapLag | None = None


class Taps:
    """The taps on one broker.

    *wanted* are the vhosts to tap, with whether they are traced; those that refuse us are left out of `vhosts`. Until
    `topology_is_known`, which the writer sets after its first look at the broker, no binding is taken away.
    """

    def __init__(
        self, settings: CollectorSettings, home: Connection, wanted: Mapping[str, bool]
    ) -> None:
        self.missing: list[str] = []
        self.has_events = False
        self.depths: dict[tuple[str, str], int] = {}
        self.consumed_at: dict[str, int] = {}
        self.topology_is_known = False
        self._settings = settings
        self._home = home
        self._wanted = wanted
        self._version = str(home.server.get("version", ""))
        self._connections: dict[str, Connection] = {}
        self._control: dict[str, Channel] = {}
        self._bound: dict[str, set[tuple[Text, Text]]] = {}
        self._overflows: dict[str, GapOpened] = {}
        self._taps: list[Consumed] = []

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
            if self._settings.dead_letter_taps == "off":
                await (await connection.channel()).queue_delete(plan.DEAD_LETTERS)
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
                traced_before=self._wanted[vhost],
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

    async def learn_bindings(self, management: Management) -> None:
        """Ask what the dead-letter taps are bound to already, so that what is not safe any more is let go."""
        for vhost in self.vhosts:
            try:
                answer = await management.get("queues", vhost, plan.DEAD_LETTERS, "bindings")
            except ManagementRefused:
                continue
            told: list[dict[str, str]] = answer or []
            self._bound[vhost] = {
                (each["source"], each["routing_key"]) for each in told if each["source"]
            }

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

    async def consume(self, buffer: DeliveryBuffer) -> None:
        """Begin to consume every tap into *buffer*; `consumed_at` (ns, by vhost) is when its firehose tap surely worked.

        After a restart of the broker a quorum queue loses what is sent to it until it has a leader again, and does not
        say so. A consumer is accepted by a leader only.
        """
        settled_at = time.monotonic() + EMPTY_S
        for vhost, queue in self.queue_names():
            channel = await self._connections[vhost].channel()
            before = await wait_unread(channel, queue, settled_at=settled_at)
            await self._consume_one(vhost, queue, channel, buffer, before=before, aligned=True)
            if queue == plan.FIREHOSE:
                self.consumed_at[vhost] = time.time_ns()
        if self.has_events:
            channel = await self._connections[plan.HOME_VHOST].channel()
            before = await wait_unread(channel, plan.EVENTS, settled_at=0.0)
            await self._consume_one(
                plan.HOME_VHOST, plan.EVENTS, channel, buffer, before=before, aligned=False
            )

    def expect(
        self, newest: Mapping[tuple[Text, str], Newest], *, since_ns: int
    ) -> list[tuple[Tap, TapLag | None]]:
        """Tell the taps what the log holds of them; before *since_ns* nothing was published that waited in another one."""
        for each in self._taps:
            if each.tap.aligning:
                known = newest.get((each.tap.vhost, each.tap.queue), Newest())
                each.tap.window = known.window
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
        self._taps.append(Consumed(tap=tap, channel=channel, before=before))
        await channel.qos(prefetch)
        await channel.consume(queue, buffer, source=tap, tag=queue)

    async def acknowledged(self) -> None:
        """Return when the broker has read every acknowledgement that was sent."""
        for each in self._taps:
            await each.channel.qos(self._settings.prefetch)

    async def watch_depths(self, findings: Findings) -> None:
        """Ask how deep the taps are, for ever: for their lag, their alignment and their overflow."""
        quiet: dict[Tap, tuple[int, float]] = {}
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
                self._look_for_overflow(tap, ready, findings)
            if aligning:
                findings.wake()
            await asyncio.sleep(ALIGNING_DEPTH_S if aligning else DEPTH_S)

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

    def _look_for_overflow(self, tap: Tap, ready: int, findings: Findings) -> None:
        now = time.time_ns()
        gap = self._overflows.get(tap.vhost)
        full = ready >= OVERFLOW_SHARE * self._settings.tap_messages_max
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
        stale = bound - wanted.keys() if self.topology_is_known else set[tuple[Text, Text]]()
        for exchange, key in stale:
            arguments = {"x-match": "all"} if key == "" else {}
            for each in ({}, arguments):
                await self._control[vhost].queue_unbind(plan.DEAD_LETTERS, exchange, key, each)
            bound.discard((exchange, key))
