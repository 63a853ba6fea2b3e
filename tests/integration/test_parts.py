"""The parts of the machine that tests ask for, and waiting for them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from examples.local_broker import free_ports
from tests.support.wait import wait_until, wait_until_async


def test_a_small_disk_becomes_full(small_disk: Callable[[int], Path]) -> None:
    """A file larger than the small disk cannot be written there."""
    directory = small_disk(1 << 20)

    with pytest.raises(OSError, match="No space left"):
        (directory / "file").write_bytes(bytes(2 << 20))


def test_free_ports_differ() -> None:
    """Ports are never given twice by one process."""
    ports = [*free_ports(20), *free_ports(20)]

    assert len(set(ports)) == 40


def test_waiting_ends_with_the_last_value() -> None:
    """A condition that stays false fails with its value and the limit."""
    with pytest.raises(AssertionError, match=r"still 0 after 0\.1 s"):
        wait_until(lambda: 0, timeout_s=0.1)


async def test_waiting_returns_what_it_waited_for() -> None:
    """The first true value is returned."""
    values = iter([0, 0, 7])

    async def value() -> int:
        return next(values)

    assert await wait_until_async(value, timeout_s=5) == 7
