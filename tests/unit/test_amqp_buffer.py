"""The buffer between sockets and writer: order kept, memory bounded, and no delivery taken after a failure."""

import pytest

from collector.amqp import AmqpClosed, Delivery, DeliveryBuffer


class Reader:
    """A connection that remembers whether it is held back."""

    def __init__(self) -> None:
        self.paused = False

    def pause(self) -> None:
        """Stop reading."""
        assert not self.paused
        self.paused = True

    def resume(self) -> None:
        """Read on."""
        assert self.paused
        self.paused = False


def deliveries(count: int) -> list[Delivery]:
    """Return deliveries of ten bytes."""
    return [Delivery(None, tag, False, b"", b"", b"headr", b"bodyy") for tag in range(count)]


async def test_what_waits_is_bounded_in_bytes() -> None:
    """Readers that bring more than the limit are held back until everything was taken."""
    first, second, buffer = Reader(), Reader(), DeliveryBuffer(bytes_max=100)
    buffer.put(deliveries(10), first)
    assert not first.paused
    buffer.put(deliveries(1), first)
    buffer.put(deliveries(1), second)
    buffer.put(deliveries(1), first)
    assert first.paused
    assert second.paused

    assert len(buffer.take()) == 13
    assert not first.paused
    assert not second.paused
    assert buffer.take() == []


async def test_deliveries_are_taken_in_their_order() -> None:
    """What came first is taken first, and each once."""
    buffer, told = DeliveryBuffer(), deliveries(4)
    buffer.put(told[:3], Reader())
    buffer.put(told[3:], Reader())

    assert buffer.take() == told
    assert len(buffer) == 0


async def test_a_failure_stays() -> None:
    """After a failure nothing is taken, and the first failure is the one that is told."""
    buffer = DeliveryBuffer()
    buffer.put(deliveries(1), Reader())
    buffer.fail(AmqpClosed(320, "first"))
    buffer.fail(AmqpClosed(0, "second"))
    await buffer.wait(60)

    for _ in range(2):
        with pytest.raises(AmqpClosed, match="first"):
            buffer.take()


async def test_waiting_ends_with_a_delivery_a_poke_or_its_time() -> None:
    """A wait returns at once when something is there, and by itself when nothing comes."""
    buffer = DeliveryBuffer()
    buffer.poke()
    await buffer.wait(60)
    buffer.take()
    await buffer.wait(0.001)

    assert len(buffer) == 0
