"""The connection by which a leader publishes retries in one vhost. A shell.

On it stands an exclusive queue, so that only one connection at a time publishes retries there. Whoever got it knows that
what a former leader had under way has either reached the broker before, or never will.
"""

import asyncio
import os
import socket
from collections.abc import Callable

from collector.amqp import (
    EXCLUSIVE,
    AmqpAddress,
    AmqpUnavailable,
    Channel,
    ChannelClosed,
    Connection,
    Publisher,
    connect,
)
from events.values import Text

LOCK = "obs.tap.retry"
LOCKED, NOT_FOUND = 405, 404
HEARTBEAT_S = 10


class Link:
    """An open connection that holds the lock, with a channel that publishes."""

    def __init__(self, connection: Connection, publisher: Publisher) -> None:
        self._connection = connection
        self.publisher = publisher

    @property
    def blocked(self) -> bool:
        """Whether the broker takes no publishes, for want of memory or disk."""
        return self._connection.blocked is not None

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return self._connection.failure is None

    async def renew(self) -> None:
        """Open another channel to publish on, after the broker closed the one before."""
        self.publisher = await self._connection.publisher()

    async def channel(self) -> Channel:
        """Open a channel beside."""
        return await self._connection.channel()

    async def missing(self, exchange: Text) -> str:
        """Return why nothing can be published to *exchange*; "" where that is not known."""
        if exchange == "":
            return ""
        channel = await self._connection.channel()
        try:
            await channel.exchange_look(exchange)
        except ChannelClosed as error:
            return error.text if error.code == NOT_FOUND else ""
        await channel.close()
        return ""

    async def close(self) -> None:
        """Close in good order."""
        await self._connection.close()


class Links:
    """The links in use, by vhost; *address* tells where the broker answers now."""

    def __init__(self, address: Callable[[], AmqpAddress]) -> None:
        self._address = address
        self._open: dict[str, Link] = {}

    async def get(self, vhost: str) -> Link:
        """Return the link of *vhost*, opened if it is not.

        Raises:
            AmqpError: it cannot be opened now; another collector may still hold the lock.
            AmqpRefused: this user may not.
        """
        link = self._open.get(vhost)
        if link is not None and link.is_open:
            if link.publisher.failure is not None:
                await link.renew()
            return link
        name = f"hoptrail retry ({socket.gethostname()}-{os.getpid()})"
        connection = await connect(self._address().at(vhost), name=name, heartbeat=HEARTBEAT_S)
        try:
            link = Link(connection, await _locked(connection))
        except BaseException:
            await connection.close()
            raise
        self._open[vhost] = link
        return link

    async def drop(self, vhost: str) -> None:
        """Close the link of *vhost*, if there is one."""
        link = self._open.pop(vhost, None)
        if link is not None:
            await link.close()

    async def keep_only(self, vhosts: set[str]) -> None:
        """Close the links of all other vhosts."""
        for vhost in self._open.keys() - vhosts:
            await self.drop(vhost)

    async def close(self) -> None:
        """Close all."""
        await asyncio.gather(*(self.drop(vhost) for vhost in list(self._open)))


async def _locked(connection: Connection) -> Publisher:
    channel = await connection.channel()
    try:
        await channel.queue_declare(LOCK, flags=EXCLUSIVE, arguments={"x-queue-type": "classic"})
    except ChannelClosed as error:
        if error.code == LOCKED:
            raise AmqpUnavailable("another collector still publishes retries there") from error
        raise
    return await connection.publisher()
