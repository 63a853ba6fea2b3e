"""Open the taps of a leader: connections, queues, bindings. A shell over `collector/amqp`."""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import structlog

from collector.amqp import (
    PASSIVE,
    AmqpAddress,
    AmqpClosed,
    AmqpError,
    AmqpRefused,
    AmqpUnavailable,
    Channel,
    ChannelClosed,
    Connection,
    connect,
)
from collector.errors import LeaderHeld
from collector.taps.plan import HOME_VHOST, TapQueue
from collector.topology.events import OWN_CONNECTIONS

FORMER_CONSUMER_S_MAX = 30.0
FORMER_CONSUMER_POLL_S = 0.05
LEADERLESS_S_MIN = 0.2
LEFT_OUT_S = 10.0
LEFT_S_MIN = 1.0
"""A consumer that was closed is gone from its queue by then."""
EMPTY_S = 0.5
"""A queue that is recovering may be said to be empty for this long after the taps are opened."""
not_found, precondition_failed = 404, 406

log_line = structlog.get_logger("hoptrail.collect")


class Depth(NamedTuple):
    """What a queue told of itself when it was asked at `asked_at` (ns)."""

    ready: int
    consumers: int
    asked_at: int


def own_name(vhost: str) -> str:
    """Return what the collector's connection to *vhost* calls itself."""
    return f"{OWN_CONNECTIONS}{socket.gethostname()}-{os.getpid()} {vhost}"[:200]


async def open_home(address: AmqpAddress) -> Connection:
    """Connect to the default vhost, or to the URL's own where that is refused.

    Raises:
        AmqpUnavailable: no broker answers.
        AmqpRefused: neither vhost is open to this user.
    """
    try:
        return await connect(address.at(HOME_VHOST), name=own_name(HOME_VHOST))
    except AmqpRefused:
        if address.vhost == HOME_VHOST:
            raise
        return await connect(address, name=own_name(address.vhost))


async def open_vhosts(
    stack: AsyncExitStack, home: Connection, vhosts: Sequence[str]
) -> dict[str, Connection]:
    """Connect to each of *vhosts*; one that refuses the user is left out, and said so."""
    found: dict[str, Connection] = {}
    for vhost in vhosts:
        if vhost == home.address.vhost:
            found[vhost] = home
            continue
        try:
            connection = await connect(home.address.at(vhost), name=own_name(vhost))
        except AmqpRefused as error:
            log_line.warning("a vhost is left out", vhost=vhost, why=str(error))
            continue
        found[vhost] = await stack.enter_async_context(connection)
    return found


async def wait_any_open(address: AmqpAddress, vhosts: Sequence[str]) -> None:
    """Return when one of *vhosts*, which were not there or refused us, lets us in.

    Raises:
        AmqpUnavailable: the broker does not answer any more.
    """
    while True:
        await asyncio.sleep(LEFT_OUT_S)
        for vhost in vhosts:
            try:
                connection = await connect(address.at(vhost), name=own_name(vhost))
            except AmqpRefused:
                continue
            await connection.close()
            return


async def exists(connection: Connection, queue: str) -> bool:
    """Say whether *queue* is there."""
    channel = await connection.channel()
    try:
        await channel.queue_declare(queue, flags=PASSIVE)
    except ChannelClosed as error:
        if error.code == not_found:
            return False
        raise
    await channel.close()
    return True


async def declare(connection: Connection, queue: TapQueue) -> None:
    """Declare a tap queue with its bindings; one that is there with other arguments is used as it is."""
    channel = await connection.channel()
    try:
        await channel.queue_declare(queue.name, arguments=queue.arguments)
    except ChannelClosed as error:
        if error.code != precondition_failed:
            raise
        log_line.warning("a tap queue has other arguments", queue=queue.name, why=error.text)
        channel = await connection.channel()
    await bind(channel, queue.name, queue.bindings)
    await channel.close()


async def bind(
    channel: Channel, queue: str, bindings: Sequence[tuple[Any, Any, dict[str, Any]]]
) -> None:
    """Add bindings; those that are there already stay."""
    for exchange, key, arguments in bindings:
        await channel.queue_bind(queue, exchange, key, arguments)


def code_of(error: AmqpError) -> int:
    """Return the broker's code in *error*: 0 where a connection just went away, -1 where this side ended it."""
    if isinstance(error, AmqpClosed | ChannelClosed):
        return error.code
    return 0 if isinstance(error, AmqpUnavailable) else -1


async def depth_of(channel: Channel, queue: str) -> Depth | None:
    """Return what *queue* tells of itself; None where the answer cannot be trusted.

    A quorum queue without a leader is said to be empty and unread, after waiting a quarter of a second for one.
    """
    asked_at, clock = time.time_ns(), time.monotonic()
    ready, consumers = await channel.queue_declare(queue, flags=PASSIVE)
    if ready == consumers == 0 and time.monotonic() - clock >= LEADERLESS_S_MIN:
        return None
    return Depth(ready, consumers, asked_at)


async def wait_unread(
    channel: Channel, queue: str, *, settled_at: float, is_left: Callable[[], Awaitable[bool]]
) -> Depth:
    """Return the depth of *queue* once nobody consumes it.

    A former leader's consumer goes together with what it had unacknowledged; consuming before that would mix up the order.
    A queue that a restarted broker has not yet recovered is said to be empty and unread, so that is believed only from
    *settled_at* (monotonic, in s) on. A consumer whose node is gone stays with a quorum queue, which took back what it had;
    *is_left* then says that no consumer lives.

    Raises:
        LeaderHeld: somebody goes on consuming it.
        AmqpUnavailable: the queue has no leader.
    """
    end = time.monotonic() + FORMER_CONSUMER_S_MAX
    ask_at = time.monotonic() + LEFT_S_MIN
    while True:
        depth = await depth_of(channel, queue)
        now = time.monotonic()
        if depth is not None and depth.consumers == 0 and (depth.ready or now >= settled_at):
            return depth
        if depth is not None and depth.consumers and now >= ask_at:
            if await is_left():
                return depth
            ask_at = now + LEFT_S_MIN
        if now > end and depth is None:
            raise AmqpUnavailable(f"{queue} in {channel.vhost!r} has no leader")
        if now > end:
            raise LeaderHeld(f"a consumer of {queue} in {channel.vhost!r} that does not lead")
        await asyncio.sleep(FORMER_CONSUMER_POLL_S)
