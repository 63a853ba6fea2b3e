"""The taps that are bound to exchanges of services: kept as the topology asks, and let go of when that is not safe any more.

One task beside the pump does the binding, so that a broker which is slow to answer delays no event. A binding that the
broker refuses ends nothing: the exchange is left alone with that reason, and tried again later.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from collector.amqp import Channel, ChannelClosed, Connection
from collector.management.broker import Management, ManagementRefused, ManagementUnavailable
from collector.settings import CollectorSettings
from collector.taps import plan
from collector.taps.modes import ALL, mode_of
from collector.topology.state import TopologyState
from collector.watch import Findings
from events.facts import ExchangeDeclared, ExchangeDeleted, Fact, TapsPlanned
from events.values import Text

LOOK_S = 60.0
"""How often the broker is asked what the taps are really bound to, and what it refused is tried again."""
RETRY_S = 5.0
"""How soon a binding is tried again whose exchange was just not there."""
not_found, refused = 404, 403

log_line = structlog.get_logger("hoptrail.collect")
Bound = dict[tuple[Text, Text], dict[str, Any]]
"""The arguments of each binding, by exchange and key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for in a vhost: by the mode, for dead letters, and whether there is an event exchange."""

    chosen: plan.BindingPlan
    dead_letters: plan.BindingPlan
    has_events: bool


class BindingTaps:
    """The bindings to exchanges of services in the vhosts that *connections* are open to.

    Until `topology_is_known`, which the writer sets after its first look at the broker, no binding is taken away.
    """

    def __init__(self, settings: CollectorSettings, connections: Mapping[str, Connection]) -> None:
        self.topology_is_known = False
        self._settings = settings
        self._mode = mode_of(settings.tap_mode)
        self._connections = connections
        self._channels: dict[str, Channel] = {}
        self._bound: dict[tuple[str, str], Bound] = {}
        self._wanted: dict[str, Wanted] = {}
        self._told: dict[str, TapsPlanned | None] = {}
        self._refused: dict[tuple[str, str], dict[Text, str]] = {}
        self._changed = asyncio.Event()
        self._retry_at = 0.0
        self._forgotten = 0

    def observed(self, fact: Fact, state: TopologyState) -> None:
        """Note what *fact*, which *state* does not know yet, does to our bindings: they go with their exchange."""
        if isinstance(fact, ExchangeDeleted):
            self._forget(fact.vhost, fact.name)
        elif isinstance(fact, ExchangeDeclared):
            known = state.things.get(("exchange", fact.vhost, fact.name))
            if known is not None and _made(known) != _made(fact):
                self._forget(fact.vhost, fact.name)

    def _forget(self, vhost: Text, exchange: Text) -> None:
        self._forgotten += 1
        for queue in (plan.FIREHOSE, plan.DEAD_LETTERS):
            bound = self._bound.get((str(vhost), queue), {})
            for key in [key for key in bound if key[0] == exchange]:
                del bound[key]
            self._refused.get((str(vhost), queue), {}).pop(exchange, None)
        self._changed.set()

    def planned_before(self, state: TopologyState) -> list[TapsPlanned]:
        """Return the plans that the log must hold before any traffic, because the mode is not that of the last one."""
        found: list[TapsPlanned] = []
        shown = self._mode.shown(self._settings.tap_queue_type)
        for vhost in self._connections:
            known = state.things.get(("taps", vhost))
            if known is None and self._mode.name != ALL:
                found.append(TapsPlanned(vhost, (), (), event_exchange=False, mode=shown))
            elif known is not None and known.mode != shown:
                found.append(msgspec.structs.replace(known, mode=shown))
        return found

    def follow(self, state: TopologyState, *, has_events: bool) -> None:
        """Let the taps be bound as the topology asks."""
        settings = self._settings
        for vhost in self._connections:
            chosen = plan.selected(state, vhost, self._mode.exchanges)
            dead_letters = plan.dead_letters(
                state, vhost, settings.dead_letter_taps, taken=chosen.tapped
            )
            self._wanted[vhost] = Wanted(
                chosen=chosen, dead_letters=dead_letters, has_events=has_events
            )
            self._told.setdefault(vhost, state.things.get(("taps", vhost)))
        self._changed.set()

    async def keep(self, management: Management, findings: Findings) -> None:
        """Bind and unbind for ever, and tell the plans that differ from those the log knows.

        Raises:
            AmqpError: the connection is lost.
        """
        look_at = 0.0
        while True:
            now = time.monotonic()
            due = min(look_at, self._retry_at or look_at)
            try:
                async with asyncio.timeout(max(0.0, due - now)):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            self._retry_at = 0.0
            if time.monotonic() >= look_at:
                self._refused.clear()
                await self._look(management)
                look_at = time.monotonic() + LOOK_S
            for vhost in list(self._wanted):
                self._try_missing_again(vhost)
                if (fact := await self._bind_all(vhost)) is not None:
                    findings.facts.append(fact)
                    findings.wake()

    def _try_missing_again(self, vhost: str) -> None:
        for queue in (plan.FIREHOSE, plan.DEAD_LETTERS):
            refusals = self._refused.get((vhost, queue), {})
            for exchange in [name for name, why in refusals.items() if why == plan.MISSING]:
                del refusals[exchange]

    async def _look(self, management: Management) -> None:
        """Ask what the taps are bound to: by an earlier capture, or still, after an exchange was made anew unseen."""
        for vhost in self._connections:
            for queue in (plan.FIREHOSE, plan.DEAD_LETTERS):
                try:
                    answer = await management.get("queues", vhost, queue, "bindings")
                except (ManagementRefused, ManagementUnavailable):
                    continue
                told: list[dict[str, Any]] = answer or []
                self._bound[vhost, queue] = {
                    (each["source"], each["routing_key"]): each.get("arguments") or {}
                    for each in told
                    if each["source"] not in ("", plan.TRACE_EXCHANGE)
                }

    async def _bind_all(self, vhost: str) -> TapsPlanned | None:
        wanted = self._wanted[vhost]
        chosen = await self._rebind(vhost, plan.FIREHOSE, wanted.chosen)
        dead_letters = wanted.dead_letters
        if self._settings.dead_letter_taps != "off":
            dead_letters = await self._rebind(vhost, plan.DEAD_LETTERS, dead_letters)
        if self._wanted[vhost] is not wanted:
            return None
        fact = TapsPlanned(
            vhost=vhost,
            dead_letter_exchanges=dead_letters.tapped,
            left_alone=dead_letters.left_alone,
            event_exchange=wanted.has_events,
            mode=self._mode.shown(self._settings.tap_queue_type),
            exchanges=chosen.tapped,
            exchanges_left_alone=chosen.left_alone,
            warnings=(*chosen.warnings, *dead_letters.warnings),
            behind=dead_letters.behind,
        )
        if self._told.get(vhost) == fact:
            return None
        self._told[vhost] = fact
        return fact

    async def _rebind(self, vhost: str, queue: str, planned: plan.BindingPlan) -> plan.BindingPlan:
        """Make the bindings of *queue* those *planned*; return what the broker let us have of it."""
        refusals = self._refused.setdefault((vhost, queue), {})
        bound = self._bound.setdefault((vhost, queue), {})
        wanted = {(exchange, key): arguments for exchange, key, arguments in planned.bindings}
        for (exchange, key), arguments in wanted.items():
            if (exchange, key) in bound or exchange in refusals:
                continue
            forgotten = self._forgotten
            why = await self._bind(vhost, queue, exchange, key, arguments)
            if why is not None:
                refusals[exchange] = why
            elif forgotten == self._forgotten:
                bound[exchange, key] = arguments
        if self.topology_is_known:
            for exchange, key in [each for each in bound if each not in wanted]:
                await self._unbind(vhost, queue, exchange, key, bound.pop((exchange, key), {}))
        return planned.without(refusals)

    async def _bind(
        self, vhost: str, queue: str, exchange: Text, key: Text, arguments: dict[str, Any]
    ) -> str | None:
        """Return why the broker did not bind, None when it did."""
        try:
            await (await self._channel(vhost)).queue_bind(queue, exchange, key, arguments)
        except ChannelClosed as error:
            del self._channels[vhost]
            if error.code == not_found:
                self._retry_at = time.monotonic() + RETRY_S
                return plan.MISSING
            log_line.warning("an exchange is not tapped", vhost=vhost, why=error.text)
            if error.code == refused:
                return "the collector's user may not read it"
            return f"the broker refuses: {error.code}"
        return None

    async def _unbind(
        self, vhost: str, queue: str, exchange: Text, key: Text, arguments: dict[str, Any]
    ) -> None:
        try:
            await (await self._channel(vhost)).queue_unbind(queue, exchange, key, arguments)
        except ChannelClosed as error:
            del self._channels[vhost]
            log_line.warning("a binding of the tap stays", vhost=vhost, why=error.text)

    async def _channel(self, vhost: str) -> Channel:
        if vhost not in self._channels:
            self._channels[vhost] = await self._connections[vhost].channel()
        return self._channels[vhost]


def _made(exchange: ExchangeDeclared) -> tuple[object, ...]:
    """Return what of an exchange cannot change without making it anew."""
    return (exchange.type, exchange.durable, exchange.auto_delete, exchange.internal)
