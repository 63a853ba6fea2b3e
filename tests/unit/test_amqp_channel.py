"""One channel: answers to their calls, closes that cross, late frames that fall, and numbers that are used again."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest

from collector.amqp import (
    AmqpProtocolError,
    Channel,
    ChannelClosed,
    Connection,
    ConsumerCancelled,
    DeliveryBuffer,
)
from collector.amqp.transport import AmqpTransport
from tests.support.amqp_server import (
    channel_open_ok,
    close,
    close_ok,
    consume_ok,
    declare_ok,
    delivery,
    greeted,
    method,
)

T = TypeVar("T")


async def answered(transport: AmqpTransport, asking: Awaitable[T], answer: bytes) -> T:
    """Return what *asking* returns when the server sends *answer*."""
    waiting = asyncio.ensure_future(asking)
    await asyncio.sleep(0)
    transport.data_received(answer)
    return await waiting


async def consuming() -> tuple[Connection, AmqpTransport, Any, Channel, DeliveryBuffer]:
    """Return a connection with a channel that consumes."""
    connection, transport, memory = greeted()
    channel = await answered(transport, connection.channel(), channel_open_ok(1))
    buffer = DeliveryBuffer()
    consume = channel.consume("q", buffer, source="s", tag="t")
    await answered(transport, consume, consume_ok(1))
    memory.written.clear()
    return connection, transport, memory, channel, buffer


async def test_late_frames_of_a_channel_that_we_close_fall() -> None:
    """Between our close and the answer deliveries, cancels and answers fall, and are no errors."""
    _, transport, _, channel, buffer = await consuming()
    transport.data_received(b"".join(delivery(1, 1, b"before")))
    closing = asyncio.ensure_future(channel.close())
    await asyncio.sleep(0)
    for late in (*delivery(1, 2, b"late"), method(1, b"\0\x3c\0\x1e", b"\x01t\x01"), declare_ok(1)):
        transport.data_received(late)
    transport.data_received(close_ok(1))
    await closing

    assert [each.body for each in buffer.take()] == [b"before"]
    assert transport.failure is None
    with pytest.raises(ChannelClosed):
        channel.ack(1)


async def test_the_number_of_a_closed_channel_is_used_again() -> None:
    """A number is free when both sides know that its channel is closed, even in the middle of a body."""
    connection, transport, _, channel, _ = await consuming()
    transport.data_received(b"".join(delivery(1, 1, b"body")[:2]))
    transport.data_received(close(1, 406, b"PRECONDITION_FAILED"))
    again = await answered(transport, connection.channel(), channel_open_ok(1))
    other = DeliveryBuffer()
    with pytest.raises(ValueError, match="one buffer"):
        await again.consume("q", other, source="s", tag="t")

    assert again.number == 1
    assert isinstance(channel.failure, ChannelClosed)
    assert channel.failure.code == 406


async def test_closes_that_cross() -> None:
    """When both sides close at once each gets its answer, and the number waits for both."""
    connection, transport, memory, channel, _ = await consuming()
    closing = asyncio.ensure_future(channel.close())
    await asyncio.sleep(0)
    transport.data_received(close(1, 404, b"gone"))
    assert close_ok(1) in memory.written
    second = await answered(transport, connection.channel(), channel_open_ok(2))
    transport.data_received(close_ok(1))
    await closing
    third = await answered(transport, connection.channel(), channel_open_ok(1))

    assert (second.number, third.number) == (2, 1)
    assert transport.failure is None


async def test_the_answer_to_a_call_that_was_given_up_falls() -> None:
    """A late answer goes to the call it belongs to, not to the next one."""
    _, transport, _, channel, _ = await consuming()
    first = asyncio.ensure_future(channel.queue_declare("q"))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.ensure_future(channel.queue_declare("q"))
    await asyncio.sleep(0)
    transport.data_received(declare_ok(1, ready=1))
    assert not second.done()
    transport.data_received(declare_ok(1, ready=2))

    assert await second == (2, 0)


@pytest.mark.parametrize("nowait", [True, False])
async def test_a_cancel_by_the_broker(nowait: bool) -> None:
    """A consumer that the broker ends fails its buffer, and is answered where an answer is asked for."""
    _, transport, memory, _, buffer = await consuming()
    transport.data_received(method(1, b"\0\x3c\0\x1e", b"\x01t" + bytes([nowait])))

    with pytest.raises(ConsumerCancelled):
        buffer.take()
    assert bytes(memory.written) == (b"" if nowait else method(1, b"\0\x3c\0\x1f", b"\x01t"))


async def test_a_flow_is_answered() -> None:
    """A channel.flow, which no RabbitMQ sends to a consumer any more, is answered."""
    _, transport, memory, _, _ = await consuming()
    transport.data_received(method(1, b"\0\x14\0\x14", b"\x01"))

    assert bytes(memory.written) == method(1, b"\0\x14\0\x15", b"\x01")


@pytest.mark.parametrize(
    "unasked", [declare_ok(1), method(1, b"\0\x5a\0\x0b"), method(1, b"\0"), close_ok(2)]
)
async def test_what_nobody_asked_for(unasked: bytes) -> None:
    """An answer without a call, an unknown method or one on a channel that is not open ends the connection."""
    _, transport, _, _, buffer = await consuming()
    transport.data_received(unasked)

    assert isinstance(transport.failure, AmqpProtocolError)
    with pytest.raises(AmqpProtocolError):
        buffer.take()


async def test_an_answer_that_is_cut_short() -> None:
    """An answer without its numbers raises the error of a bad peer."""
    _, transport, _, channel, _ = await consuming()
    short_one = method(1, b"\0\x32\0\x0b", b"\x01q\0\0")

    with pytest.raises(AmqpProtocolError, match="cut short"):
        await answered(transport, channel.queue_declare("q"), short_one)
