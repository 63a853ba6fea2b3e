"""What runs beside the taps: tracing is asserted, snapshots and samples are taken. A shell around the management API.

Everything found goes to the one writer as a :class:`Finding`; nothing here touches the log or the topology state. An API
that does not answer for a while is no reason to stop capturing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from collector.broker import Management, ManagementRefused, ManagementUnavailable
from collector.settings import CollectorSettings
from events.facts import DeadLettersCounted, Fact, QueueSampled
from events.values import Text

TRACING_S = 10.0
SETTLE_S = 1.0

log_line = structlog.get_logger("hoptrail.collect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the management API told of `kinds`, asked for at `at` (ns)."""

    facts: Sequence[Fact]
    clients: bool
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingFound:
    """Tracing of a vhost was found off at `off_at` and is on since `on_at` (None: not ours to switch)."""

    vhost: str
    since: int
    on_at: int | None


@dataclass(slots=True)
class Findings:
    """What the watch found and the writer has not taken yet. `wake` tells the writer."""

    wake: Callable[[], None]
    snapshots: list[Snapshot] = field(default_factory=list[Snapshot])
    facts: list[Fact] = field(default_factory=list[Fact])
    tracing: list[TracingFound] = field(default_factory=list[TracingFound])
    vhosts_changed: bool = False


class Watch:
    """Watches *vhosts* through the management API, and puts what it finds into `findings`.

    `snapshot_wanted` asks for a snapshot soon.
    """

    def __init__(
        self,
        management: Management,
        admin: Management,
        settings: CollectorSettings,
        vhosts: Sequence[str],
        findings: Findings,
    ) -> None:
        self.snapshot_wanted = asyncio.Event()
        self._management = management
        self._admin = admin
        self._settings = settings
        self._vhosts = vhosts
        self.findings = findings
        self._samples: dict[tuple[Text, Text], QueueSampled] = {}
        self._counted: dict[Text, DeadLettersCounted] = {}
        self._failing: set[str] = set()
        self._tracing_on_at: dict[str, int] = {}

    async def tracing(self) -> None:
        """Assert tracing for ever."""
        while True:
            await self._try("tracing", self.assert_tracing)
            await asyncio.sleep(TRACING_S)

    async def snapshots(self) -> None:
        """Take snapshots for ever: regularly, and soon after something happened that only a snapshot shows."""
        while True:
            await self._try("snapshot", self._snapshot)
            try:
                async with asyncio.timeout(self._settings.snapshot_s):
                    await self.snapshot_wanted.wait()
                await asyncio.sleep(SETTLE_S)
            except TimeoutError:
                pass
            self.snapshot_wanted.clear()

    async def samples(self) -> None:
        """Sample depths and counters for ever; only what changed is told.

        The counters are asked for at once, because they count from before: what they grow by is what matters.
        """
        await self._try("counters", self._count)
        while True:
            await asyncio.sleep(self._settings.sample_s)
            await self._try("samples", self._sample)
            await self._try("counters", self._count)

    async def assert_tracing(self) -> None:
        """Switch tracing on where it is off, one vhost at a time, and note what was found."""
        told: list[dict[str, Any]] = await self._management.vhosts()
        for vhost in told:
            name = vhost["name"]
            if name not in self._vhosts:
                self.findings.vhosts_changed |= not self._settings.vhosts
                continue
            now = time.time_ns()
            if vhost.get("tracing"):
                if self._tracing_on_at.get(name, 0) == 0:
                    self.findings.tracing.append(TracingFound(vhost=name, since=now, on_at=now))
                self._tracing_on_at[name] = now
                continue
            since = self._tracing_on_at.get(name) or now
            on_at = await self._switch_on(vhost)
            self.findings.tracing.append(TracingFound(vhost=name, since=since, on_at=on_at))
            self._tracing_on_at[name] = on_at or 0
        self.findings.wake()

    async def _switch_on(self, vhost: dict[str, Any]) -> int | None:
        try:
            await self._admin.switch_tracing_on(vhost)
        except ManagementRefused:
            if f"tracing {vhost['name']}" not in self._failing:
                self._failing.add(f"tracing {vhost['name']}")
                log_line.warning(
                    "tracing is off and only an administrator may switch it on",
                    run=f"rabbitmqctl trace_on -p {vhost['name']}",
                )
            return None
        return time.time_ns()

    async def _snapshot(self) -> None:
        at = time.time_ns()
        facts = await self._management.topology(self._vhosts)
        self.findings.snapshots.append(Snapshot(facts=facts, clients=False, at=at))
        at = time.time_ns()
        facts = await self._management.clients(self._vhosts)
        self.findings.snapshots.append(Snapshot(facts=facts, clients=True, at=at))
        self.findings.wake()

    async def _sample(self) -> None:
        for sample in await self._management.samples(self._vhosts):
            key = (sample.vhost, sample.queue)
            if self._samples.get(key) != sample:
                self._samples[key] = sample
                self.findings.facts.append(sample)
        if self.findings.facts:
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
