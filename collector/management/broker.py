"""The broker's management API, as far as capture needs it: who it is, what it holds and counts, and the firehose switch.

It asks, and turns answers into facts by the pure functions of ``collector/topology/told.py``.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from collector.ledger.audit import Counts, Reading
from collector.management.api import (
    ManagementApi,
    ManagementRefused,
    ManagementUnavailable,
)
from collector.management.tracing import NodeSeen
from collector.topology import told
from events.facts import DeadLettersCounted, Fact, QueueSampled
from events.values import Text

__all__ = ["BrokerUnavailable", "Management", "ManagementRefused", "ManagementUnavailable"]

DEFAULT_VHOST = "/"
TRACE_EXCHANGE = "amq.rabbitmq.trace"
READ_TRIES = 3


class BrokerUnavailable(Exception):
    """The broker cannot be reached or will not have it, and the command was about nothing else."""


class Management(ManagementApi):
    """What capture asks of a broker. Everything raises as :meth:`ManagementApi.get` does."""

    async def identity(self) -> tuple[str, str]:
        """Return the cluster's name and the RabbitMQ version."""
        overview = await self.need("overview")
        return str(overview["cluster_name"]), str(overview["rabbitmq_version"])

    async def nodes(self, now_ns: int) -> list[NodeSeen]:
        """Return the running nodes, and when each of them started, in ns as of *now_ns*."""
        return told.nodes(await self.need("nodes", columns="name,running,uptime"), now_ns)

    async def node_names(self) -> list[str]:
        """Return the names of the cluster's nodes, running or not."""
        return [node["name"] for node in await self.need("nodes", columns="name")]

    async def started_at(self, now_ns: int) -> int | None:
        """Return when the youngest running node started, in ns as of *now_ns*; None where the broker does not tell."""
        return told.youngest(await self.nodes(now_ns))

    async def bases_by_node(self) -> dict[str, list[str]]:
        """Return for each node the URLs under which its own management API may answer, the likeliest first."""
        overview = await self.need("overview")
        known = {overview["node"]: self.shown}
        return told.management_bases(overview.get("listeners") or [], known, self.bases)

    async def counted(self, vhosts: Sequence[str], own: Sequence[str], at: int) -> Reading | None:
        """Return the broker's own counters of *vhosts*, asked at *at* (ns), without what the queues *own* delivered.

        Left out as well is what other queues delivered that are bound to the firehose, such as those of the broker's own
        tracing plugin: the firehose does not show deliveries of what it said itself. None where the broker does not count,
        or where its counters did not keep still while they were read.
        """
        if (await self.need("overview")).get("disable_stats"):
            return None
        queues = {vhost: [*own, *await self._tracers(vhost, own)] for vhost in vhosts}
        for _ in range(READ_TRIES):
            before = await self._delivered(queues)
            found: list[dict[str, Any]] = await self.need("vhosts", columns="name,message_stats")
            if before == await self._delivered(queues):
                nodes = await self.nodes(at)
                return Reading(
                    at=at,
                    totals={
                        name: Counts(published, max(0, delivered - before[name]))
                        for name, (published, delivered) in told.totals(found).items()
                        if name in before
                    },
                    own=before,
                    nodes=frozenset(node.name for node in nodes),
                    started_at=told.youngest(nodes),
                )
        return None

    async def tap_bytes(self, vhosts: Sequence[str], queue: str) -> dict[str, int]:
        """Return how many bytes wait in the tap *queue* of each of *vhosts*."""
        return {vhost: told.bytes_ready(await self.get("queues", vhost, queue)) for vhost in vhosts}

    async def _tracers(self, vhost: str, own: Sequence[str]) -> list[str]:
        found = await self.get("exchanges", vhost, TRACE_EXCHANGE, "bindings", "source")
        told_of: list[dict[str, Any]] = found or []
        return sorted(set(told.bound_queues(told_of)) - set(own))

    async def _delivered(self, queues: Mapping[str, Sequence[str]]) -> Mapping[Text, int]:
        found: dict[Text, int] = {}
        for vhost, names in queues.items():
            told_of = [await self.get("queues", vhost, name) for name in names]
            found[vhost] = sum(told.delivered(queue) for queue in told_of)
        return found

    async def vhosts(self) -> list[dict[str, Any]]:
        """Return the vhosts as the API tells them, with `tracing` as this node has it."""
        return list(await self.need("vhosts"))

    async def event_exchange_is_there(self) -> bool:
        """Say whether the event exchange plugin is enabled (its exchange stands in the default vhost)."""
        return await self.get("exchanges", DEFAULT_VHOST, "amq.rabbitmq.event") is not None

    async def leader_of(self, queue: str) -> str | None:
        """Return who owns the exclusive *queue* in the default vhost; None when it is gone or not told."""
        found = await self.get("queues", DEFAULT_VHOST, queue)
        owner = told.name_of(found, "owner_pid_details", "name")
        if owner is None:
            return None
        connection = await self.get("connections", owner)
        client = told.name_of(connection, "client_properties", "connection_name")
        return f"{client} ({owner})" if client else owner

    async def is_left(self, vhost: str, queue: str) -> bool:
        """Say whether no consumer of *queue* lives; one whose node is gone still counts for the queue itself."""
        try:
            found: dict[str, Any] | None = await self.get("queues", vhost, queue)
        except (ManagementUnavailable, ManagementRefused):
            return False
        return found is not None and found.get("consumer_details") == []

    async def topology(self, vhosts: Sequence[str]) -> list[Fact]:
        """Return nodes, and vhosts, exchanges, queues, bindings and policies of *vhosts*, as facts."""
        wanted = set(vhosts)
        nodes: list[dict[str, Any]] = await self.get("nodes") or []
        facts = [fact for node in nodes for fact in told.node(node)]
        facts += [told.vhost(each) for each in await self.vhosts() if each["name"] in wanted]
        for name in vhosts:
            facts += told.exchanges(await self.get("exchanges", name) or [])
            facts += told.queues(await self.get("queues", name) or [])
            facts += told.bindings(await self.get("bindings", name) or [])
            facts += told.policies(await self.get("policies", name) or [])
        return facts

    async def clients(self, vhosts: Sequence[str]) -> list[Fact]:
        """Return connections, channels and consumers of *vhosts* as facts."""
        wanted = set(vhosts)
        facts = told.connections(await self.get("connections") or [])
        facts += told.channels(await self.get("channels") or [])
        for name in vhosts:
            facts += told.consumers(await self.get("consumers", name) or [])
        return [fact for fact in facts if getattr(fact, "vhost", "") in wanted]

    async def samples(self, vhosts: Sequence[str]) -> list[QueueSampled]:
        """Return the depth of every queue of *vhosts* but the tap's own."""
        return [
            sample
            for name in vhosts
            for sample in told.samples(await self.get("queues", name) or [])
        ]

    async def dead_letters(self) -> list[DeadLettersCounted]:
        """Return the nodes' own counters of dead letters, where the Prometheus plugin shows them; else nothing."""
        overview = await self.need("overview")
        found: list[DeadLettersCounted] = []
        for listener in overview.get("listeners", []):
            if listener.get("protocol") != "http/prometheus":
                continue
            here = urlsplit(self.shown).hostname if listener["node"] == overview["node"] else None
            host = here or told.host_of(listener)
            metrics = await self.fetch(f"http://{host}:{listener['port']}/metrics")
            if metrics is not None:
                totals = told.dead_letter_totals(metrics)
                found.append(DeadLettersCounted(str(listener["node"]), totals))
        return found

    async def switch_tracing_on(self, vhost: dict[str, Any]) -> None:
        """Switch the firehose of *vhost* on, keeping its description and tags, which a bare PUT would wipe."""
        body = told.vhost_settings(vhost) | {"tracing": True}
        await self.put("vhosts", vhost["name"], body=body)

    async def switch_tracing_off(self, vhost: dict[str, Any]) -> None:
        """Switch the firehose of *vhost* off, keeping its description and tags."""
        body = told.vhost_settings(vhost) | {"tracing": False}
        await self.put("vhosts", vhost["name"], body=body)
