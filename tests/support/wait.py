"""Wait for a condition with a named limit; the only place in the tests that sleeps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

POLL_INTERVAL_S = 0.05

T = TypeVar("T")


def wait_until(condition: Callable[[], T], *, timeout_s: float) -> T:
    """Return the first true value of *condition*; an exception it raises is passed on.

    Raises:
        AssertionError: still not true after *timeout_s* seconds; tells the last value.
    """
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(_complaint(condition, value, timeout_s))
        time.sleep(POLL_INTERVAL_S)
    return value


async def wait_until_async(condition: Callable[[], Awaitable[T]], *, timeout_s: float) -> T:
    """Return the first true value that the coroutine function *condition* returns.

    Raises:
        AssertionError: still not true after *timeout_s* seconds; tells the last value.
    """
    deadline = time.monotonic() + timeout_s
    while not (value := await condition()):
        if time.monotonic() > deadline:
            raise AssertionError(_complaint(condition, value, timeout_s))
        await asyncio.sleep(POLL_INTERVAL_S)
    return value


def _complaint(condition: object, value: object, timeout_s: float) -> str:
    name = getattr(condition, "__qualname__", repr(condition))
    return f"{name} is still {value!r} after {timeout_s} s"
