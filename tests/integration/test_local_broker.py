"""The brokers and the proxy that the other tests stand on."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import pytest

from examples.local_broker import Broker, BrokerNotOurs, BrokerUnavailable, open_broker
from examples.local_broker.broker import AMQP_HEADER
from tests.support.management import Management
from tests.support.proxy import Proxy

DURABLE = {"durable": True}
SILENCE_S = 0.3
ANSWER_S_MAX = 30


def greet(url: str, timeout_s: float = ANSWER_S_MAX) -> socket.socket:
    """Open a connection and send the AMQP header; the broker then speaks first."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout_s)
    connection.sendall(AMQP_HEADER)
    return connection


def expect_an_answer(url: str) -> None:
    """Greet and read; a connection that ends in good order is an error here too."""
    with closing(greet(url)) as connection:
        if not connection.recv(1):
            raise ConnectionAbortedError


def read_to_the_end(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def test_a_killed_broker_comes_back_on_the_same_ports_with_its_queues(
    own_broker: Callable[[], Broker],
) -> None:
    """After SIGKILL and start a broker has its old URLs, its durable queues, and a new process."""
    broker = own_broker()
    urls, pid = (broker.amqp_url, broker.management_url), broker.pid
    with Management(broker.management_url) as management:
        management.put("queues", "/", "kept", body=DURABLE)
        broker.sync()
        broker.kill()
        assert broker.pid is None
        broker.start()

        assert management.get("queues", "/", "kept")["durable"] is True
    assert (broker.amqp_url, broker.management_url) == urls
    assert broker.pid not in (None, pid)


def test_event_exchange_and_tracing_are_there(broker: Broker, management: Management) -> None:
    """The shared broker has the event exchange, and its node obeys rabbitmqctl."""
    if broker.kind != "the caller's":
        assert "rabbit" in broker.rabbitmqctl("status")

    names = {exchange["name"] for exchange in management.get("exchanges", "/")}
    assert {"amq.rabbitmq.event", "amq.rabbitmq.trace"} <= names


async def test_a_fresh_vhost_takes_messages(vhost: str, vhost_url: str) -> None:
    """A message published in the test's vhost can be got back there."""
    async with await aio_pika.connect(vhost_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("q", durable=True)
        await channel.default_exchange.publish(aio_pika.Message(b"x"), "q")
        message = await queue.get()

    assert message.body == b"x"


def test_half_a_broker_is_refused_with_the_missing_setting(tmp_path: Path) -> None:
    """One URL without the other names the one that is missing."""
    with pytest.raises(BrokerUnavailable, match="HOPTRAIL_MANAGEMENT_URL"):
        open_broker(tmp_path, amqp_url="amqp://127.0.0.1:1/")


def test_the_callers_broker_is_used_and_never_stopped(
    broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A broker given by its URLs, with credentials in one only, answers and refuses to be stopped."""
    parts = urlsplit(broker.management_url)
    bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    given = open_broker(
        tmp_path_factory.mktemp("given"), amqp_url=broker.amqp_url, management_url=bare
    )

    assert given.version == broker.version
    with pytest.raises(BrokerNotOurs):
        given.stop()


def test_the_proxy_passes_bytes_and_cuts_connections(proxy: Proxy) -> None:
    """Bytes go through, a cut resets the connection, and the next one goes through again."""
    with closing(greet(proxy.url)) as first:
        assert first.recv(1) == b"\x01"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            read_to_the_end(first)
    with closing(greet(proxy.url)) as second:
        assert second.recv(1) == b"\x01"


def test_a_paused_proxy_holds_the_bytes_back(proxy: Proxy) -> None:
    """While paused nothing comes through; afterwards everything does."""
    proxy.pause()
    with closing(greet(proxy.url, SILENCE_S)) as connection:
        with pytest.raises(TimeoutError):
            connection.recv(1)
        proxy.resume()
        connection.settimeout(ANSWER_S_MAX)

        assert connection.recv(1) == b"\x01"


def test_a_refusing_proxy_lets_nobody_in(proxy: Proxy) -> None:
    """A connection to a refusing proxy ends without a byte, and succeeds after resume."""
    proxy.refuse()
    with pytest.raises(ConnectionError):
        expect_an_answer(proxy.url)

    proxy.resume()
    with closing(greet(proxy.url)) as connection:
        assert connection.recv(1) == b"\x01"
