"""What runs beside the taps: tracing is asserted, snapshots and samples are taken. A shell around the management API.

Everything found goes to the one writer as a :class:`Finding`; nothing here touches the log or the topology state. An API
that does not answer for a while is no reason to stop capturing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog

from collector.ledger.audit import Reading
from collector.management.broker import Management, ManagementRefused, ManagementUnavailable
from collector.management.nodes import NodeApi, Nodes
from collector.management.tracing import TracingFound, TracingMemory, trace_on_command
from collector.operations.intake import Asked
from collector.settings import CollectorSettings
from collector.taps.modes import mode_of
from collector.taps.plan import FIREHOSE, OWN_QUEUES
from events.facts import DeadLettersCounted, Fact, QueueSampled
from events.values import Text

TRACING_S = 5.0
FIRST_AUDIT_S = 8.0
"""So much later than its counters can be does a tap that is level know that it is."""
SETTLE_S = 1.0
LOOK_AGAIN_S = (2.0, 4.0)
"""How much later it is looked again, twice; together longer than a broker's statistics are usually late."""
CONFIRM_S = 6.0
CONFIRMED_SOON = 3
CONFIRM_S_MAX = 300.0
"""A depth that stays is told again: a sample says nothing of what came shortly before it, and what never arrives in a queue
changes nothing there. So often soon, then ever less often."""

log_line = structlog.get_logger("hoptrail.collect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the management API told of `kinds`, asked for at `at` (ns)."""

    facts: Sequence[Fact]
    clients: bool
    at: int


@dataclass(slots=True)
class Findings:
    """What the watch found and the writer has not taken yet. `wake` tells the writer.

    `tap_bytes` is how many bytes wait in the firehose tap of each vhost. `vhosts_known_at` (ns) is when there were no other
    vhosts than are tapped.
    """

    wake: Callable[[], None]
    snapshots: list[Snapshot] = field(default_factory=list[Snapshot])
    facts: list[Fact] = field(default_factory=list[Fact])
    tracing: list[TracingFound] = field(default_factory=list[TracingFound])
    readings: list[Reading] = field(default_factory=list[Reading])
    commands: list[Asked] = field(default_factory=list[Asked])
    tap_bytes: dict[str, int] = field(default_factory=dict[str, int])
    vhosts_changed: bool = False
    vhosts_known_at: int = 0

    def tell(self, fact: Fact) -> None:
        """Give the writer *fact*."""
        self.facts.append(fact)
        self.wake()


class _Told(NamedTuple):
    """A sample that was told at `at` (s, monotonic), `again` times more since it changed last."""

    sample: QueueSampled
    at: float
    again: int = 0

    @property
    def rests_s(self) -> float:
        """How long it is not told again, if it stays."""
        return min(CONFIRM_S_MAX, CONFIRM_S * (1 << min(max(0, self.again - CONFIRMED_SOON), 16)))


class Watch:
    """Watches *vhosts* through the management API, and puts what it finds into `findings`.

    Those *known* besides refuse us and are no news; any other vhost is. `snapshot_wanted` asks for a snapshot soon,
    `tracing_wanted` for a look at the firehose's switch.
    """

    def __init__(
        self,
        management: Management,
        admin: Management,
        settings: CollectorSettings,
        vhosts: Sequence[str],
        findings: Findings,
        known: Collection[str],
    ) -> None:
        self.snapshot_wanted = asyncio.Event()
        self.tracing_wanted = asyncio.Event()
        self._management = management
        self._settings = settings
        self._vhosts = vhosts
        self._known = {*vhosts, *known}
        self.findings = findings
        self._samples: dict[tuple[Text, Text], _Told] = {}
        self._counted: dict[Text, DeadLettersCounted] = {}
        self._failing: set[str] = set()
        self._tracing = TracingMemory()
        self._nodes = Nodes(management, admin)
        self._traces = mode_of(settings.tap_mode).traces

    async def aclose(self) -> None:
        """Close what was opened to ask single nodes."""
        await self._nodes.aclose()

    async def tracing(self) -> None:
        """Assert tracing for ever: regularly, and soon after a vhost or a node came."""
        while True:
            await self._try("tracing", self.assert_tracing)
            with suppress(TimeoutError):
                async with asyncio.timeout(TRACING_S):
                    await self.tracing_wanted.wait()
            self.tracing_wanted.clear()

    async def audits(self) -> None:
        """Read the broker's own counters for ever; never where the settings say so, or the mode takes a part only."""
        every_s = self._settings.audit_s
        if every_s <= 0 or not self._traces:
            return
        await asyncio.sleep(min(every_s, self._settings.audit_late_s + FIRST_AUDIT_S))
        while True:
            await self._try("audit", self._audit)
            await asyncio.sleep(every_s)

    async def snapshots(self) -> None:
        """Take snapshots for ever: regularly, and soon after something happened that only a snapshot shows.

        A queue tells its policy with its statistics, so what one look misses a later one sees.
        """
        later: list[float] = []
        while True:
            await self._try("snapshot", self._snapshot)
            try:
                async with asyncio.timeout(later.pop(0) if later else self._settings.snapshot_s):
                    await self.snapshot_wanted.wait()
                await asyncio.sleep(SETTLE_S)
                later = [*LOOK_AGAIN_S]
            except TimeoutError:
                pass
            self.snapshot_wanted.clear()

    async def samples(self) -> None:
        """Sample depths and counters for ever; what changed is told, and what stays is told some times more.

        The counters are asked for at once, because they count from before: what they grow by is what matters.
        """
        await self._try("counters", self._count)
        while True:
            await asyncio.sleep(self._settings.sample_s)
            await self._try("samples", self._sample)
            await self._try("counters", self._count)

    async def assert_tracing(self) -> None:
        """Switch tracing on where it is off, node by node and one vhost at a time, and note what was found.

        A mode that does without the firehose leaves tracing as it is, and misses nothing by it.

        Raises:
            ManagementUnavailable: no node answers.
        """
        now = time.time_ns()
        running = await self._management.nodes(now)
        for node in self._tracing.nodes(running, now):
            api = await self._nodes.api(node)
            try:
                if api is not None:
                    await self._assert_on(node, api)
                    self._tracing.known(node)
                    continue
            except ManagementUnavailable:
                if node == "":
                    raise
            self._cannot_ask(node)
        self.findings.tracing += self._tracing.gone(self._vhosts, now)
        self.findings.wake()

    async def _assert_on(self, node: str, api: NodeApi) -> None:
        asked_at = time.time_ns()
        told: list[dict[str, Any]] = await api.management.vhosts()
        if {vhost["name"] for vhost in told} - self._known and not self._settings.vhosts:
            self.findings.vhosts_changed = True
        else:
            self.findings.vhosts_known_at = asked_at
        for vhost in told:
            name = vhost["name"]
            if name not in self._vhosts:
                continue
            now = time.time_ns()
            if vhost.get("tracing") or not self._traces:
                if (found := self._tracing.on(node, name, now)) is not None:
                    self.findings.tracing.append(found)
                continue
            on_at = await self._switch_on(node, api.admin, vhost)
            self.findings.tracing.append(self._tracing.off(node, name, now, on_at))

    async def _switch_on(self, node: str, admin: Management, vhost: dict[str, Any]) -> int | None:
        try:
            await admin.switch_tracing_on(vhost)
        except ManagementRefused:
            if (what := f"tracing {node} {vhost['name']}") not in self._failing:
                self._failing.add(what)
                log_line.warning(
                    "tracing is off and only an administrator may switch it on",
                    run=trace_on_command(vhost["name"], node),
                )
            return None
        return time.time_ns()

    def _cannot_ask(self, node: str) -> None:
        if not self._traces:
            return
        found = self._tracing.unknown(node, self._vhosts, time.time_ns())
        self.findings.tracing += found
        if found:
            log_line.warning(
                "the management API of a node cannot be reached, so nobody knows whether it traces",
                node=node,
                run=[trace_on_command(vhost, node) for vhost in self._vhosts],
            )

    async def _snapshot(self) -> None:
        at = time.time_ns()
        facts = await self._management.topology(self._vhosts)
        self.findings.snapshots.append(Snapshot(facts=facts, clients=False, at=at))
        at = time.time_ns()
        facts = await self._management.clients(self._vhosts)
        self.findings.snapshots.append(Snapshot(facts=facts, clients=True, at=at))
        self.findings.wake()

    async def _sample(self) -> None:
        now = time.monotonic()
        for sample in await self._management.samples(self._vhosts):
            key = (sample.vhost, sample.queue)
            known = self._samples.get(key)
            if known is None or known.sample != sample:
                self._samples[key] = _Told(sample, now)
            elif now - known.at >= known.rests_s:
                self._samples[key] = _Told(sample, now, known.again + 1)
            else:
                continue
            self.findings.facts.append(sample)
        self.findings.tap_bytes = await self._management.tap_bytes(self._vhosts, FIREHOSE)
        if self.findings.facts:
            self.findings.wake()

    async def _audit(self) -> None:
        reading = await self._management.counted(self._vhosts, OWN_QUEUES, time.time_ns())
        if reading is not None:
            self.findings.readings.append(reading)
            self.findings.wake()

    async def _count(self) -> None:
        for counted in await self._management.dead_letters():
            if self._counted.get(counted.node) != counted:
                self._counted[counted.node] = counted
                self.findings.facts.append(counted)
        if self.findings.facts:
            self.findings.wake()

    async def _try(self, what: str, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            await ask()
        except (ManagementUnavailable, ManagementRefused) as error:
            if what not in self._failing:
                self._failing.add(what)
                log_line.warning("the management API does not help", what=what, why=str(error))
        else:
            if what in self._failing:
                self._failing.discard(what)
                log_line.info("the management API answers again", what=what)
