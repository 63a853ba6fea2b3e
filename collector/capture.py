"""One leadership: from reading the head until the connection is lost, everything that goes into the log.

The one writer. Deliveries come from one buffer, findings of the watch from another; both become facts in the block being
gathered, which is sealed when due and appended while the next one is gathered. When anything fails, what is not durable
is dropped: the broker has it still, and the next leadership aligns.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog

from collector.amqp import Delivery, DeliveryBuffer, TableDamaged, decode_properties
from collector.append import Appender, Appending
from collector.decoding.binding import FIREHOSE_EXCHANGE, through_binding
from collector.decoding.decoder import Decoder, Draft
from collector.decoding.refused import reason_of
from collector.errors import Replan
from collector.ledger.audit import Counts
from collector.ledger.auditor import Auditor, Taken
from collector.ledger.gaps import left_open
from collector.ledger.lag import TapLag
from collector.ledger.outages import Begin, came_short, traced
from collector.operations.intake import Intake
from collector.operations.judging import FACTS_MAX
from collector.operations.retry.standing import Standing, complete_until
from collector.seal import Sealer
from collector.segments import SegmentKeeper
from collector.taps.plan import DEAD_LETTERS, EVENTS, FIREHOSE, PLANNED_BY
from collector.taps.tap import Stored, Tap
from collector.taps.taps import Taps
from collector.topology.events import SNAPSHOT_WANTED, facts_of, is_own
from collector.topology.reconcile import reconcile
from collector.topology.state import CLIENTS, TopologyState
from collector.topology.told import KINDS
from collector.watch import Snapshot, Watch
from events.block import Block
from events.facts import (
    CaptureAudited,
    CaptureStopped,
    ChannelOpened,
    ConnectionOpened,
    Fact,
    OverlapAmbiguous,
)
from events.operations import OperatorState
from events.values import Text, to_text

RELEASE_AFTER_S = 600.0
"""A tap quiet for so long is acknowledged whole, well before the broker's half hour is over."""
IDLE_WAIT_S = 5.0
ALIGNED_S_MAX = 3.0
TRACING_WANTED = ("vhost.created", "node.added")
"""Events of the broker after which the firehose may be off somewhere."""

log_line = structlog.get_logger("hoptrail.collect")


class Capture:
    """Turns what arrives into blocks. Everything it needs was opened by the caller.

    `has_appended` says whether any block became durable.
    """

    def __init__(
        self,
        *,
        sealer: Sealer,
        to: Appending,
        segments: SegmentKeeper,
        decoder: Decoder,
        state: TopologyState,
        buffer: DeliveryBuffer,
        watch: Watch,
        taps: Taps,
    ) -> None:
        self._all = taps
        self._auditor: Auditor | None = None
        self._begin: Begin | None = None
        self._watch = watch
        self._taps: list[Tap] = []
        self._lags: dict[Tap, TapLag] = {}
        self._plan_wanted = True
        self._sealer = sealer
        self._segments = segments
        self._decoder = decoder
        self._state = state
        self._buffer = buffer
        self._findings = watch.findings
        self._appender = Appender(to, self._durable, buffer.poke)
        self.has_appended = False
        self._on_way: dict[int, list[tuple[Tap, Stored]]] = {}
        self._intake = Intake(b"", OperatorState())
        self._dead_letters_to: Mapping[tuple[Text, Text], Text | None] = state.dead_letters_to()
        self._last_traffic = time.monotonic()
        self._own_connections: set[Text] = set()
        self._durable_position = sealer.head.next_position

    @property
    def epoch(self) -> int:
        """The epoch of this leadership's blocks."""
        return self._sealer.epoch

    def standing(self, vhost: Text) -> Standing:
        """Return how far the log has come, and the tap of *vhost*."""
        position = self._sealer.head.next_position + len(self._sealer)
        return Standing(position, self._durable_position, complete_until(self._lags, vhost))

    def let_audit(self, auditor: Auditor) -> None:
        """Let *auditor* compare what is captured with what the broker counts."""
        self._auditor = auditor

    def obey(self, intake: Intake) -> None:
        """Let *intake* say what to append for the commands of operators, before any fact is added."""
        self._intake = intake

    def read(self, taps: Sequence[tuple[Tap, TapLag | None]], begin: Begin | None = None) -> None:
        """Let *taps* be the ones that deliveries come from; *begin* says what they may have lost before."""
        self._begin = begin
        self._taps = [tap for tap, _ in taps]
        self._lags = {tap: lag for tap, lag in taps if lag is not None}

    def add(self, fact: Fact) -> None:
        """Add a fact of the collector's own, and let it change the state."""
        now = time.time_ns()
        self._apply(fact, now)
        self._intake.state.apply(self._sealer.add_fact(fact, now_ns=now))
        if self._auditor is not None:
            self._auditor.saw(fact)

    async def take_in(self, facts: Iterable[Fact]) -> None:
        """Add facts of the collector's own, in as many blocks as they need.

        Raises:
            StoreError: the log took a block not, for good.
        """
        for fact in facts:
            if self._sealer.full:
                await self.flush()
            self.add(fact)
        if self._sealer.full:
            await self.flush()

    async def pump(self, stop: asyncio.Event) -> None:
        """Take what arrives until *stop* is set and, for a while, every tap is aligned: only then can all of it be let go.

        Raises:
            AmqpError: a connection was lost; what is on its way to the log is settled, the rest dropped.
            Replan: there are other vhosts than are tapped.
            StoreError: the log took a block not, for good.
        """
        until = math.inf
        while not stop.is_set() or (self._all.aligning and time.monotonic() < until):
            until = min(until, time.monotonic() + ALIGNED_S_MAX) if stop.is_set() else until
            await self._buffer.wait(self._wait_s())
            await self._take()
            await self._take_findings()
            await self._take_commands()
            await self._audit()
            self._plan()
            self._appender.check()
            await self._seal_if_due()
            await self._release_if_quiet()

    async def finish(self, why: str) -> None:
        """Append what is there and that the capture stopped; then everything is acknowledged."""
        await self._take()
        self.add(CaptureStopped(epoch=self._sealer.epoch, why=why))
        await self._release()
        await self._all.acknowledged()

    async def abandon(self, *, at_once: bool = False) -> None:
        """Settle the block on its way, or leave it *at_once*, and drop what was gathered after it."""
        self._sealer.discard()
        if at_once:
            await self._appender.give_up()
        else:
            await self._appender.settle()

    async def flush(self) -> None:
        """Seal what is gathered and send it on its way to the log."""
        if not len(self._sealer):
            return
        await self._appender.settle()
        block = self._sealer.seal()
        self._on_way[block.number] = [
            (tap, stored) for tap in self._taps if (stored := tap.sealed()) is not None
        ]
        self._intake.sealed(block.number)
        await self._appender.start(block)
        if self._segments.is_full(block):
            for fact in self._segments.open_next(self._sealer, self._state, self._intake.state):
                self._sealer.add_fact(fact, now_ns=time.time_ns())
                if self._sealer.full:
                    await self.flush()

    async def _align(self, tap: Tap) -> None:
        """Drop what of *tap*'s redelivered run the log holds, and add the rest."""
        overlap, new = tap.align()
        if overlap.ambiguous:
            told = OverlapAmbiguous(tap.vhost, tap.queue, overlap.drop, overlap.most)
            await self.take_in([told])
        log_line.info(
            "aligned",
            vhost=tap.vhost,
            tap=tap.queue,
            stored_already=overlap.drop,
            at_most=overlap.most,
            new=len(new),
        )
        if not any(each.aligning for each in self._taps if each.vhost == tap.vhost):
            await self.take_in(left_open(self._state, tap.vhost, now_ns=time.time_ns()))
        if tap.queue == FIREHOSE and self._begin is not None:
            await self.take_in(came_short(tap.vhost, tap.short, self._begin))
        now = time.time_ns()
        for delivery, draft in new:
            self._add(tap, delivery, draft, now)
            if self._sealer.full:
                await self.flush()

    async def _take(self) -> None:
        now = time.time_ns()
        sealer = self._sealer
        for delivery in self._buffer.take():
            tap: Tap = delivery.source
            tap.received += 1
            draft = self._decode(tap, delivery)
            if tap.aligning:
                tap.hold_back(delivery, draft)
            elif draft is None:
                tap.ignore(delivery)
            else:
                self._add(tap, delivery, draft, now)
                if sealer.full:
                    await self.flush()
        for tap in self._taps:
            if tap.aligning and tap.can_align:
                await self._align(tap)

    def _add(self, tap: Tap, delivery: Delivery, draft: Draft, now: int) -> None:
        lag = self._lags.get(tap)
        self._sealer.add(draft, now_ns=now, lag_ms=lag.lag_ms(delivery.tag, now) if lag else 0)
        tap.added(delivery, draft)
        self._last_traffic = time.monotonic()

    def _decode(self, tap: Tap, delivery: Delivery) -> Draft | None:
        if tap.queue == FIREHOSE and delivery.exchange == FIREHOSE_EXCHANGE:
            return self._decoder.firehose(delivery, tap=tap.queue, vhost=tap.vhost)
        if tap.queue == EVENTS:
            return self._event(tap, delivery)
        if tap.queue == DEAD_LETTERS:
            return self._decoder.dead_letter(
                delivery, tap=tap.queue, vhost=tap.vhost, dead_letters_to=self._dead_letters_to
            )
        return through_binding(
            self._decoder,
            delivery,
            tap=tap.queue,
            vhost=tap.vhost,
            dead_letters_to=self._dead_letters_to,
        )

    def _event(self, tap: Tap, delivery: Delivery) -> Draft | None:
        routing_key = to_text(delivery.routing_key)
        try:
            told: dict[Text, Any] = decode_properties(delivery.header).get("headers") or {}
            fact = facts_of(routing_key, told, self._state)
        except (TableDamaged, KeyError, TypeError) as error:
            reason = reason_of(error)
            return self._decoder.undecodable(
                delivery, tap=tap.queue, vhost=tap.vhost, reason=reason
            )
        if isinstance(routing_key, str) and routing_key.startswith(SNAPSHOT_WANTED):
            self._watch.snapshot_wanted.set()
        if routing_key in TRACING_WANTED:
            self._watch.tracing_wanted.set()
        if fact is None or not self._state.is_news(fact):
            return None
        self._apply(fact, time.time_ns())
        return Draft(fact, bulk=len(delivery.header) + 96)

    def _apply(self, fact: Fact, now: int) -> None:
        self._all.bindings.observed(fact, self._state)
        self._state.apply(fact, now)
        self._plan_wanted = self._plan_wanted or isinstance(fact, PLANNED_BY)

    async def _take_findings(self) -> None:
        findings = self._findings
        if findings.vhosts_changed:
            raise Replan
        taken, findings.snapshots = findings.snapshots, []
        for snapshot in taken:
            await self._reconcile(snapshot)
        facts, findings.facts = findings.facts, []
        await self.take_in(facts)
        tracing, findings.tracing = findings.tracing, []
        for found in tracing:
            await self.take_in(traced(self._state, found))

    async def _take_commands(self) -> None:
        """Add the facts of each command to one block, so that the log holds all of them or none."""
        commands, self._findings.commands = self._findings.commands, []
        for asked in commands:
            while self._sealer.lacks_room(FACTS_MAX):
                await self.flush()
            for fact in self._intake.take(asked, time.time_ns()):
                self.add(fact)

    async def _audit(self) -> None:
        readings, self._findings.readings = self._findings.readings, []
        if self._auditor is None:
            return
        for reading in readings:
            self._auditor.read(reading)
        now = time.time_ns()
        if self._auditor.is_due(now):
            taken: dict[Text, Taken] = {
                tap.vhost: Taken(
                    Counts(tap.published, tap.delivered), lag.complete_until(tap.taken_tag)
                )
                for tap, lag in self._lags.items()
                if tap.queue == FIREHOSE and not tap.aligning
            }
            await self.take_in(self._auditor.look(now, taken))

    async def _reconcile(self, snapshot: Snapshot) -> None:
        vhosts = set(self._all.vhosts)
        facts = list(self._observed(snapshot)) if snapshot.clients else snapshot.facts
        news = reconcile(
            self._state,
            facts,
            kinds=CLIENTS if snapshot.clients else KINDS,
            vhosts=vhosts,
            now_ns=snapshot.at,
            has_events=self._all.has_events,
        )
        if not snapshot.clients and not self._all.bindings.topology_is_known:
            self._all.bindings.topology_is_known = self._plan_wanted = True
        await self.take_in(news)
        self._state.confirm(facts, snapshot.at)

    def _observed(self, snapshot: Snapshot) -> list[Fact]:
        """Return the clients of the snapshot but the collector's own."""
        self._own_connections |= {
            fact.name
            for fact in snapshot.facts
            if isinstance(fact, ConnectionOpened) and is_own(fact.client_name)
        }
        found: list[Fact] = []
        for fact in snapshot.facts:
            name = fact.name if isinstance(fact, ConnectionOpened) else None
            name = fact.connection if isinstance(fact, ChannelOpened) else name
            if name not in self._own_connections:
                found.append(fact)
        return found

    def _plan(self) -> None:
        if self._plan_wanted:
            self._plan_wanted = False
            self._dead_letters_to = self._state.dead_letters_to()
            self._all.bindings.follow(self._state, has_events=self._all.has_events)

    def _wait_s(self) -> float:
        due = self._sealer.due_in_ms(time.time_ns())
        return IDLE_WAIT_S if due is None else max(0.001, due / 1e3)

    async def _seal_if_due(self) -> None:
        due = self._sealer.due_in_ms(time.time_ns())
        if due is not None and due <= 0 and not self._appender.busy:
            await self.flush()

    def _durable(self, block: Block) -> None:
        self.has_appended = True
        self._durable_position = block.header.first_position + block.header.count
        for tap, stored in self._on_way.pop(block.number, []):
            if self._buffer.failure is None:
                tap.durable(stored)
        self._intake.durable(block.number)

    async def _release_if_quiet(self) -> None:
        if self._appender.busy or self._all.aligning:
            return  # of a tap that is aligning it would not be true that all is acknowledged
        starved = any(tap.is_starved for tap in self._taps)
        quiet_s = time.monotonic() - self._last_traffic
        if not starved and (quiet_s < RELEASE_AFTER_S or len(self._sealer)):
            return
        if any(tap.stored_unacknowledged for tap in self._taps):
            now = time.time_ns()
            self.add(CaptureAudited("", now, now, -1, -1, -1, -1, acknowledged=True))
            await self._release()

    async def _release(self) -> None:
        await self.flush()
        await self._appender.settle()
        for tap in self._taps:
            tap.release()
