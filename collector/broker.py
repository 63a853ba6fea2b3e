"""The broker's management API, as far as capture needs it: who it is, what it holds, and the firehose switch.

A shell around ``httpx2``: it asks, and turns answers into facts by the pure functions of ``collector/told.py``.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import httpx2

from collector import told
from events.facts import DeadLettersCounted, Fact, QueueSampled

TIMEOUT_S = 10.0
DEFAULT_VHOST = "/"


class BrokerUnavailable(Exception):
    """The broker cannot be reached or will not have it, and the command was about nothing else."""


class ManagementUnavailable(Exception):
    """The management API cannot be reached, or not in time; trying again may help."""


class ManagementRefused(Exception):
    """The management API will not have this: wrong credentials, or a tag that the user lacks."""


class Management:
    """One management API; an async context manager. *url* carries the credentials."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self.shown = urlunsplit((parts.scheme, host, "", "", ""))
        self._auth = (
            httpx2.URL(url).username or "guest",
            httpx2.URL(url).password or "guest",
        )
        self._base = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._client = httpx2.AsyncClient(auth=self._auth, timeout=TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def get(self, *path: str, **parameters: str) -> Any:
        """Return the JSON under ``/api`` + *path*, whose parts are encoded here; None when there is no such thing.

        Raises:
            ManagementUnavailable: no answer.
            ManagementRefused: the credentials do not suffice.
        """
        return await self._call("GET", path, params=parameters)

    async def put(self, *path: str, body: dict[str, Any]) -> Any:
        """Put *body* there; raises as :meth:`get`."""
        return await self._call("PUT", path, json=body)

    async def _call(self, method: str, path: Sequence[str], **options: Any) -> Any:
        url = "/".join([self._base, "api", *(quote(part, safe="") for part in path)])
        try:
            answer = await self._client.request(method, url, **options)
        except httpx2.HTTPError as error:
            raise ManagementUnavailable(
                f"the management API at {self.shown} does not answer ({type(error).__name__}); "
                "HOPTRAIL_MANAGEMENT_URL says where it is, rabbitmq-plugins enable rabbitmq_management switches it on"
            ) from error
        if answer.status_code in {401, 403}:
            raise ManagementRefused(
                f"the management API at {self.shown} refuses {method} /api/{'/'.join(path)} for {self._auth[0]}: "
                f"{_reason(answer)}; HOPTRAIL_MANAGEMENT_URL holds user and password, and the user needs the tag "
                "monitoring"
            )
        if answer.status_code == 404:
            return None
        if answer.status_code >= 400:
            raise ManagementUnavailable(
                f"the management API at {self.shown} answered {answer.status_code}"
            )
        return answer.json() if answer.content else None

    async def identity(self) -> tuple[str, str]:
        """Return the cluster's name and the RabbitMQ version."""
        overview = await self.get("overview")
        return str(overview["cluster_name"]), str(overview["rabbitmq_version"])

    async def started_at(self, now_ns: int) -> int | None:
        """Return when the youngest running node started, in ns as of *now_ns*; None where the broker does not tell."""
        nodes: list[dict[str, Any]] = await self.get("nodes") or []
        uptimes: list[int] = [
            each["uptime"] for each in nodes if each.get("running") and "uptime" in each
        ]
        return now_ns - min(uptimes) * 1_000_000 if uptimes else None

    async def vhosts(self) -> list[dict[str, Any]]:
        """Return the vhosts as the API tells them, with `tracing` as this node has it."""
        return list(await self.get("vhosts"))

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
        overview = await self.get("overview")
        found: list[DeadLettersCounted] = []
        for listener in overview.get("listeners", []):
            if listener.get("protocol") != "http/prometheus":
                continue
            host = urlsplit(self._base).hostname
            try:
                answer = await self._client.get(f"http://{host}:{listener['port']}/metrics")
            except httpx2.HTTPError:
                continue
            if answer.status_code == 200:
                totals = told.dead_letter_totals(answer.text)
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


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(
            told.name_of({"answer": answer.json()}, "answer", "reason") or answer.status_code
        )
    except ValueError:
        return str(answer.status_code)
