"""The way to the management API: which node is asked, and what is each node's own, against servers that answer like one."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from collector.doctor.nodes import check_nodes
from collector.management.api import address_of
from collector.management.broker import Management, ManagementRefused, ManagementUnavailable
from collector.management.nodes import Nodes
from examples.local_broker import free_ports

LOGIN = "Basic " + base64.b64encode(b"who:pass/word").decode()


@asynccontextmanager
async def answering(answers: dict[str, Any], *, status: int = 200) -> AsyncIterator[int]:
    """Yield the port of a server that gives *answers* by path under /api to who logs in, and else 401."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = request.split(" ")[1].partition("?")[0].removeprefix("/api/")
        code = status if LOGIN in request else 401
        code = 404 if code == 200 and path not in answers else code
        body = json.dumps(answers.get(path)).encode()
        head = f"HTTP/1.1 {code} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def closed_port() -> int:
    """Return a port on which nobody answers, of those that are not given to servers and clients at random."""
    (port,) = free_ports(1)
    return port


def url(*ports: int) -> str:
    """Return a management URL of several nodes on this machine."""
    return "http://who:pass%2Fword@" + ",".join(f"127.0.0.1:{port}" for port in ports)


def test_a_url_may_name_several_nodes() -> None:
    """Credentials stand once, each node is a URL of its own, and a path counts for all of them."""
    found = address_of("https://a%40b:c%2Fd@one:15671,[::1]:15671/path/")

    assert found == (("https://one:15671/path", "https://[::1]:15671/path"), "a@b", "c/d")
    assert address_of("http://one:15672") == (("http://one:15672",), "guest", "guest")


async def test_the_first_node_that_answers_is_asked() -> None:
    """A node that is away or out of order is passed over, and the one that answered is asked from then on."""
    dead = closed_port()
    async with (
        answering({}, status=503) as broken,
        answering({"vhosts": [{"name": "/"}]}) as good,
        Management(url(dead, broken, good)) as management,
    ):
        assert await management.vhosts() == [{"name": "/"}]
        assert management.shown == f"http://127.0.0.1:{good}"
        assert await management.get("queues", "/", "none") is None


async def test_where_no_node_answers_that_is_told() -> None:
    """Only when all were tried is the API away; wrong credentials are no reason to ask the next one."""
    async with Management(url(closed_port(), closed_port())) as management:
        with pytest.raises(ManagementUnavailable, match="does not answer"):
            await management.vhosts()
    async with (
        answering({}) as port,
        Management(f"http://who:wrong@127.0.0.1:{port},127.0.0.1:{port}") as management,
    ):
        with pytest.raises(ManagementRefused, match="who"):
            await management.vhosts()


async def test_each_node_is_found_by_asking_who_answers() -> None:
    """The API of a node is the one that says it is that node, wherever its URL came from; others stay unknown."""
    async with AsyncExitStack() as stack:
        listeners: list[dict[str, Any]] = []
        ports: dict[str, int] = {}
        for node in ("one@127.0.0.1", "two@127.0.0.1"):
            overview = {"node": node, "listeners": listeners}
            ports[node] = await stack.enter_async_context(
                answering({"overview": overview, "vhosts": [{"name": node}]})
            )
            listeners.append(
                {"node": node, "protocol": "http", "ip_address": "::", "port": ports[node]}
            )
        away = {"node": "away@nowhere.invalid", "protocol": "http", "ip_address": "::", "port": 1}
        listeners.append(away)
        first = url(ports["one@127.0.0.1"])
        management = await stack.enter_async_context(Management(first))
        nodes = Nodes(management, management)
        stack.push_async_callback(nodes.aclose)
        for node in ports:
            api = await nodes.api(node)
            assert api is not None
            assert await api.management.vhosts() == [{"name": node}]
            assert await nodes.api(node) is api

        assert await nodes.api("away@nowhere.invalid") is None
        assert await nodes.api("never@heard") is None
        whole = await nodes.api("")
        assert whole is not None
        assert whole.management is management


QUEUE = {"message_stats": {"deliver_get": 4}}
VHOSTS = [
    {"name": "/", "message_stats": {"publish": 10, "deliver_get": 9}},
    {"name": "quiet"},
    {"name": "other", "message_stats": {"publish": 7}},
]


async def test_the_brokers_counters_without_the_taps_own() -> None:
    """What the taps and other tracers took is no delivery of a service; vhosts that are not asked for are left out."""
    answers = {
        "overview": {"disable_stats": False},
        "vhosts": VHOSTS,
        "queues/%2F/obs.tap.firehose": QUEUE,
        "queues/%2F/another%20tracer": {"message_stats": {"deliver_get": 2}},
        "exchanges/%2F/amq.rabbitmq.trace/bindings/source": [
            {"destination": name, "destination_type": kind}
            for name, kind in (
                ("obs.tap.firehose", "queue"),
                ("another tracer", "queue"),
                ("another tracer", "queue"),
                ("e", "exchange"),
            )
        ],
        "nodes": [
            {"name": "a", "running": True, "uptime": 5_000},
            {"name": "b", "running": True, "uptime": 2_000},
            {"name": "c", "running": False},
        ],
    }
    async with answering(answers) as port, Management(url(port)) as management:
        found = await management.counted(["/", "quiet"], ["obs.tap.firehose"], 10_000_000_000)

    assert found is not None
    assert dict(found.totals) == {"/": (10, 3), "quiet": (0, 0)}
    assert dict(found.own) == {"/": 6, "quiet": 0}
    assert (found.nodes, found.started_at) == (frozenset({"a", "b"}), 8_000_000_000)


async def test_a_broker_that_does_not_count_is_not_compared() -> None:
    """With the metrics of the management plugin off there is nothing to compare with."""
    async with (
        answering({"overview": {"disable_stats": True}}) as port,
        Management(url(port)) as management,
    ):
        assert await management.counted(["/"], ["obs.tap.firehose"], 1) is None


async def test_an_api_that_is_just_starting_is_away() -> None:
    """A node that answers before it has anything to say is asked again later."""
    async with answering({}) as port, Management(url(port)) as management:
        for ask in (management.vhosts, management.identity, management.bases_by_node):
            with pytest.raises(ManagementUnavailable, match="not ready"):
                await ask()


async def test_doctor_asks_every_node_of_several() -> None:
    """Each node's own switch is told: on, off with the command, or not known; a broker of one node needs no such check."""
    async with AsyncExitStack() as stack:
        listeners: list[dict[str, Any]] = []
        names = ("off@127.0.0.1", "on@127.0.0.1", "away@127.0.0.1")
        running = [{"name": name, "running": True} for name in (*names, "without@127.0.0.1")]
        ports: list[int] = []
        for name in names[:2]:
            tracing = [{"name": "/", "tracing": name.startswith("on")}, {"name": "other"}]
            answers = {"nodes": running, "vhosts": tracing}
            overview = {"node": name, "listeners": listeners}
            ports.append(
                await stack.enter_async_context(answering({**answers, "overview": overview}))
            )
        ports.append(closed_port())
        listeners += [
            {"node": name, "protocol": "http", "ip_address": "::", "port": port}
            for name, port in zip(names, ports, strict=True)
        ]
        management = await stack.enter_async_context(Management(url(ports[0])))
        found = {check.what: check for check in await check_nodes(management, ["/"], now_ns=1)}
        del running[1:]

        assert await check_nodes(management, ["/"], now_ns=1) == []
    states = {what.split("@")[0].split()[1]: check.state for what, check in found.items()}
    assert states == {"away": "warning", "off": "problem", "on": "ok"}
    off = found["node off@127.0.0.1: tracing"]
    assert off.mend == ("rabbitmqctl -n off@127.0.0.1 trace_on -p /",)
