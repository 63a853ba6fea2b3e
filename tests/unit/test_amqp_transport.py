"""The socket side: greeting, heartbeats, bounded memory in both directions, and closes from either side."""

import asyncio
from collections.abc import Callable

import pytest

from collector.amqp import (
    AmqpClosed,
    AmqpError,
    AmqpProtocolError,
    AmqpRefused,
    AmqpUnavailable,
    DeliveryBuffer,
)
from collector.amqp.methods import frame
from collector.amqp.transport import HEARTBEAT_FRAME, UNSENT_BYTES_MAX
from tests.support.amqp_server import (
    OPEN_OK,
    channel_open_ok,
    close,
    consume_ok,
    declare_ok,
    delivery,
    greeted,
    method,
    start,
    tune,
)
from tests.support.amqp_socket import transport_of
from tests.support.wait import wait_until_async

BEAT_S_MAX = 60.0


@pytest.mark.parametrize(
    ("begin", "words"),
    [
        (b"\x15\x03\x03\x00\x02\x02\x28", "amqps://"),
        (b"\x15", "amqps://"),
        (b"AMQP\x00\x01\x00\x00", "another AMQP"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
    ],
)
async def test_another_protocol_is_told(begin: bytes, words: str) -> None:
    """What is not AMQP 0-9-1 is named from its first byte."""
    transport, _ = transport_of()
    transport.data_received(begin)

    with pytest.raises(AmqpRefused, match=words):
        await transport.ready


async def test_a_mechanism_that_is_not_offered() -> None:
    """A server that offers other mechanisms only is refused, with what it offers."""
    transport, _ = transport_of()
    transport.data_received(start(b"EXTERNAL RABBIT-CR-DEMO"))

    with pytest.raises(AmqpRefused, match="PLAIN, only EXTERNAL, RABBIT-CR-DEMO"):
        await transport.ready


@pytest.mark.parametrize(
    "frames",
    [
        OPEN_OK,
        tune(),
        start() + OPEN_OK,
        start() + start(),
        start() + tune() + tune(),
        start() + tune() + OPEN_OK + tune(),
        start() + tune() + OPEN_OK + OPEN_OK,
        start() + frame(1, 0, b"\0\x0a\0\x1e\0\0"),
        start() + channel_open_ok(1),
        method(0, b"\0\x0a\0\x63"),
        method(0, b"\0"),
    ],
)
async def test_a_greeting_out_of_order(frames: bytes) -> None:
    """A method that is out of order, unknown or cut short ends the connection with one kind of error."""
    transport, _ = transport_of()
    transport.data_received(frames)

    assert isinstance(transport.failure, AmqpProtocolError)
    assert transport.ready.done()
    transport.ready.exception()


async def test_a_server_that_hangs_up_at_once() -> None:
    """A connection that ends without a byte is told with what may be the reason."""
    transport, memory = transport_of()
    memory.end(None)

    with pytest.raises(AmqpClosed, match="amqps://"):
        await transport.ready


@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"), [(2, 60, 2), (60, 2, 2), (2, 0, 2), (0, 60, 0)]
)
async def test_the_smaller_heartbeat_counts(ours: int, theirs: int, agreed: int) -> None:
    """Of two wishes the shorter counts; where the server has none ours does, and without ours there is none."""
    transport, memory = transport_of(heartbeat_s=ours)
    transport.data_received(start() + tune(heartbeat_s=theirs))

    tune_ok = bytes(memory.written).partition(b"\0\x0a\0\x1f")[2][:8]
    assert int.from_bytes(tune_ok[6:8], "big") == agreed
    transport.abort(AmqpClosed(0, "done"))
    transport.ready.exception()


async def until(condition: Callable[[], bool]) -> None:
    """Return when *condition* holds."""

    async def holds() -> bool:
        return condition()

    await wait_until_async(holds, timeout_s=BEAT_S_MAX)


async def test_heartbeats_go_out_while_nothing_is_read() -> None:
    """A paused connection goes on beating, and does not take the peer for dead."""
    _, transport, memory = greeted(heartbeat_s=1, theirs_s=1)
    transport.pause()
    await until(lambda: memory.written.count(HEARTBEAT_FRAME) >= 6)

    assert memory.is_reading_paused
    assert transport.failure is None
    transport.resume()
    assert not memory.is_reading_paused
    transport.abort(AmqpClosed(0, "done"))


async def test_heartbeats_do_not_pile_up() -> None:
    """While earlier bytes wait for a peer that does not read, no heartbeat is put behind them."""
    _, transport, memory = greeted(heartbeat_s=1, theirs_s=1)
    memory.unsent_bytes = 10
    await until(lambda: transport.failure is not None)

    assert "silent" in str(transport.failure)
    assert memory.written == b""


async def test_a_large_body_is_life() -> None:
    """A peer that sends a body in small pieces for long is not silent, though no frame ends."""
    _, transport, memory = greeted(heartbeat_s=1, theirs_s=1)
    transport.data_received(b"\x03\0\x01\x00\x10\x00\x00")
    began = asyncio.get_running_loop().time()

    def long_enough() -> bool:
        transport.data_received(b"x")
        beats = memory.written.count(HEARTBEAT_FRAME)
        return beats >= 4 and asyncio.get_running_loop().time() - began > 4

    await until(long_enough)
    assert transport.failure is None
    transport.abort(AmqpClosed(0, "done"))


async def test_a_peer_that_does_not_read() -> None:
    """What waits to be sent is bounded: beyond it the connection is given up."""
    _, transport, memory = greeted()
    transport.send(HEARTBEAT_FRAME)
    memory.unsent_bytes = UNSENT_BYTES_MAX + 1

    with pytest.raises(AmqpClosed, match="does not read"):
        transport.send(HEARTBEAT_FRAME)
    assert memory.is_closing()
    with pytest.raises(AmqpClosed, match="does not read"):
        transport.send(HEARTBEAT_FRAME)


async def test_a_full_buffer_holds_the_socket_back() -> None:
    """When more than the buffer's limit waits, nothing more is read until it was taken."""
    connection, transport, memory = greeted()
    buffer = DeliveryBuffer(bytes_max=1_000)
    opening = asyncio.ensure_future(connection.channel())
    await asyncio.sleep(0)
    transport.data_received(channel_open_ok(1))
    channel = await opening
    consuming = asyncio.ensure_future(channel.consume("q", buffer, source="s", tag="t"))
    await asyncio.sleep(0)
    transport.data_received(consume_ok(1) + b"".join(delivery(1, 1, b"x" * 2_000)))
    await consuming

    assert memory.is_reading_paused
    assert len(buffer.take()) == 1
    assert not memory.is_reading_paused


async def test_an_answer_is_read_though_the_buffer_is_full() -> None:
    """Who asks gets an answer that stands behind more deliveries than the buffer should hold; then reading stops again."""
    connection, transport, memory = greeted()
    buffer = DeliveryBuffer(bytes_max=1_000)
    opening = asyncio.ensure_future(connection.channel())
    await asyncio.sleep(0)
    transport.data_received(channel_open_ok(1))
    channel = await opening
    consuming = asyncio.ensure_future(channel.consume("q", buffer, source="s", tag="t"))
    await asyncio.sleep(0)
    transport.data_received(consume_ok(1) + b"".join(delivery(1, 1, b"x" * 2_000)))
    await consuming
    assert memory.is_reading_paused

    asking = asyncio.ensure_future(channel.queue_declare("q"))
    await asyncio.sleep(0)
    assert not memory.is_reading_paused
    transport.data_received(b"".join(delivery(1, 2, b"x" * 2_000)))
    assert not memory.is_reading_paused
    transport.data_received(declare_ok(1))
    await asking

    assert memory.is_reading_paused
    assert len(buffer.take()) == 2
    assert not memory.is_reading_paused


async def test_a_close_by_the_broker_in_the_middle_of_a_body() -> None:
    """A connection.close counts wherever it comes, is answered, and what had not come whole falls."""
    _, transport, memory = greeted()
    buffer = DeliveryBuffer()
    transport.route(1, buffer, "s")
    parts = delivery(1, 1, b"body")
    transport.data_received(b"".join(parts[:2]) + close(0, 320, b"CONNECTION_FORCED"))
    transport.data_received(parts[2])

    assert isinstance(transport.failure, AmqpClosed)
    assert (transport.failure.code, transport.failure.text) == (320, "CONNECTION_FORCED")
    assert bytes(memory.written) == method(0, b"\0\x0a\0\x33")
    assert memory.is_closing()
    assert buffer.take() == []


async def test_blocked_and_unblocked_are_told() -> None:
    """The reason why the broker takes no publishes is there as long as it takes none."""
    connection, transport, _ = greeted()
    transport.data_received(method(0, b"\0\x0a\0\x3c", b"\x06memory"))
    assert connection.blocked == "memory"
    transport.data_received(method(0, b"\0\x0a\0\x3d"))

    assert connection.blocked is None


async def test_as_many_channels_as_the_broker_allows() -> None:
    """One channel more than agreed is refused here, and a closed one makes room."""
    connection, transport, _ = greeted(channel_max=2)
    for number in (1, 2):
        opening = asyncio.ensure_future(connection.channel())
        await asyncio.sleep(0)
        transport.data_received(channel_open_ok(number))
        assert (await opening).number == number
    with pytest.raises(AmqpUnavailable, match="allows 2 channels"):
        await connection.channel()
    transport.data_received(close(1, 404, b"gone"))
    opening = asyncio.ensure_future(connection.channel())
    await asyncio.sleep(0)
    transport.data_received(channel_open_ok(1))

    assert (await opening).number == 1


async def test_whoever_waits_hears_of_the_end() -> None:
    """When the connection dies, calls in flight and buffers get the same typed error."""
    connection, transport, memory = greeted()
    opening = asyncio.ensure_future(connection.channel())
    await asyncio.sleep(0)
    memory.end(ConnectionResetError("reset"))

    with pytest.raises(AmqpError, match="reset"):
        await opening
    assert transport.failure is not None
    await connection.close()
