"""The consumer with a real broker: the largest bodies, held-back reading, heartbeats, channels in number, several nodes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest

from bench.raw import RawConnection, frames_of
from collector.amqp import (
    AmqpAddress,
    AmqpRefused,
    AmqpUnavailable,
    Connection,
    Delivery,
    DeliveryBuffer,
    connect,
    parse_url,
)
from collector.amqp.connection import HEARTBEAT_S
from examples.local_broker import Broker
from tests.support.collecting import url_in
from tests.support.management import Management
from tests.support.wait import wait_until_async

MIB = 1 << 20
ARRIVED_S_MAX = 120
PAUSED_S = 5
CLOSED_PORT = 1


def largest(broker: Broker) -> int:
    """Return the bytes of the largest message that the broker takes."""
    return (128 if broker.version.startswith("3.") else 16) * MIB


@asynccontextmanager
async def tapped(url: str, buffer: DeliveryBuffer) -> AsyncIterator[Connection]:
    """Yield a connection that consumes the firehose of a vhost into *buffer*."""
    async with await connect(parse_url(url), name="tapped") as connection:
        channel = await connection.channel()
        await channel.queue_declare("tap", flags=4)
        await channel.queue_bind("tap", "amq.rabbitmq.trace", "publish.#")
        await channel.qos(100)
        await channel.consume("tap", buffer, source=channel, tag="tap")
        yield connection


async def taken(buffer: DeliveryBuffer, count: int) -> list[Delivery]:
    """Return *count* deliveries."""
    found: list[Delivery] = []

    async def enough() -> bool:
        await buffer.wait(1)
        found.extend(buffer.take())
        return len(found) >= count

    await wait_until_async(enough, timeout_s=ARRIVED_S_MAX)
    return found


def publish(url: str, *sizes: int) -> None:
    """Publish messages of these *sizes*, and return when the broker has them."""
    with RawConnection(url) as connection:
        bodies = [bytes([number]) * size for number, size in enumerate(sizes)]
        connection.publish_all([frames_of(1, b"amq.topic", b"k", {}, body) for body in bodies])


async def test_the_largest_body_comes_through_the_firehose(
    broker: Broker, management: Management, vhost: str
) -> None:
    """Bodies of the largest size and others arrive whole and in order, and what is not taken stays with the broker."""
    management.put("vhosts", vhost, body={"tracing": True})
    url, buffer = url_in(broker, vhost), DeliveryBuffer(bytes_max=MIB)
    sizes = (largest(broker), 8 * MIB, 3)
    async with tapped(url, buffer):
        publishing = asyncio.create_task(asyncio.to_thread(publish, url, *sizes))

        async def one_waits() -> bool:
            return len(buffer) > 0

        await wait_until_async(one_waits, timeout_s=ARRIVED_S_MAX)
        await publishing
        assert len(buffer) == 1
        came = await taken(buffer, len(sizes))

    assert tuple(len(each.body) for each in came) == sizes
    assert [each.body[0] for each in came] == [0, 1, 2]


async def test_the_broker_agrees_to_short_heartbeats(
    broker: Broker, management: Management, vhost: str
) -> None:
    """The interval that is asked for is the one the broker keeps."""
    async with await connect(parse_url(url_in(broker, vhost)), name="short") as connection:

        async def told() -> object:
            everything = await asyncio.to_thread(management.get, "connections")
            return next(
                (it.get("timeout") for it in everything if it["name"] == connection.name), None
            )

        assert await wait_until_async(told, timeout_s=ARRIVED_S_MAX) == HEARTBEAT_S


async def test_a_connection_that_reads_nothing_stays(
    broker: Broker, management: Management, vhost: str
) -> None:
    """Held back for several heartbeats, with deliveries waiting in the socket, a connection lives and goes on."""
    management.put("vhosts", vhost, body={"tracing": True})
    url, buffer = url_in(broker, vhost), DeliveryBuffer(bytes_max=0)
    async with tapped(url, buffer) as connection:
        await asyncio.to_thread(publish, url, *[100_000] * 30)
        began = asyncio.get_running_loop().time()

        async def long_enough() -> bool:
            return asyncio.get_running_loop().time() - began > PAUSED_S * HEARTBEAT_S / 2

        await wait_until_async(long_enough, timeout_s=ARRIVED_S_MAX)
        assert len(buffer) < 30
        assert connection.failure is None
        came = await taken(buffer, 30)

    assert [len(each.body) for each in came] == [100_000] * 30


async def test_channels_come_and_go(broker: Broker, vhost: str) -> None:
    """Opened and closed over and over, channels use one number, and the broker is left with those that are open."""
    async with await connect(parse_url(url_in(broker, vhost)), name="many") as connection:
        kept = await connection.channel()
        numbers: set[int] = set()
        for _ in range(200):
            channel = await connection.channel()
            numbers.add(channel.number)
            await channel.close()

        assert (kept.number, numbers) == (1, {2})
        assert connection.failure is None
        assert await kept.get(await new_queue(connection)) is None


async def new_queue(connection: Connection) -> str:
    """Declare a queue and return its name."""
    channel = await connection.channel()
    await channel.queue_declare("q", flags=4)
    return "q"


@asynccontextmanager
async def mute() -> AsyncIterator[int]:
    """Yield a port where connections are accepted and nothing is ever said."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    for writer in writers:
        writer.close()
    server.close()


def cluster(broker: Broker, vhost: str, *ports: int, password: str | None = None) -> AmqpAddress:
    """Return the address of a cluster with nodes on *ports*."""
    told = ",".join(f"127.0.0.1:{port}" for port in ports)
    login = f"{broker.user}:{password or broker.password}"
    return parse_url(f"amqp://{login}@{told}/{quote(vhost, safe='')}")


async def test_the_node_that_answers_is_taken(broker: Broker, vhost: str) -> None:
    """Past a node that is down and one that hangs the next is taken, and tried first from then on."""
    async with mute() as hung:
        address = cluster(broker, vhost, CLOSED_PORT, hung, broker.port)
        async with await connect(address, name="third") as connection:
            assert connection.address.hosts == (
                ("127.0.0.1", broker.port),
                ("127.0.0.1", CLOSED_PORT),
                ("127.0.0.1", hung),
            )
        async with await connect(connection.address.at(vhost), name="first") as again:
            assert again.address == connection.address


async def test_when_no_node_answers_each_is_told(broker: Broker, vhost: str) -> None:
    """With every node down the error names them all, and is one that waiting may mend."""
    with pytest.raises(AmqpUnavailable) as told:
        await connect(cluster(broker, vhost, CLOSED_PORT, 2, 3), name="none")

    assert [str(told.value).count(f":{port} ") for port in (CLOSED_PORT, 2, 3)] == [1, 1, 1]


async def test_a_refusal_by_one_node_is_told(broker: Broker, vhost: str) -> None:
    """Wrong credentials are told as such, though another node is down."""
    address = cluster(broker, vhost, CLOSED_PORT, broker.port, password="wrong")
    with pytest.raises(AmqpRefused, match="HOPTRAIL_AMQP_URL"):
        await connect(address, name="refused")
