"""Hold the leader queue, and know that it is still held. A shell around ``collector/lease.py``."""

import asyncio
import time

from collector.amqp import EXCLUSIVE, PASSIVE, Channel, ChannelClosed, Connection
from collector.amqp.connection import HEARTBEAT_S
from collector.errors import LeaderHeld
from collector.lease import Lease
from collector.taps.plan import LEADER

RENEW_S = 1.0
LOCKED = 405


class Leadership:
    """The leadership that *channel* holds until its connection ends."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lease = Lease(HEARTBEAT_S)

    async def confirm(self) -> None:
        """Return while we lead; to be awaited right before every append.

        Raises:
            AmqpError: the connection is lost, and the leadership with it.
        """
        while not self._lease.holds(time.monotonic()):
            await self._ask()

    async def keep(self) -> None:
        """Ask again and again, for ever, so that an append seldom waits.

        Raises:
            AmqpError: the connection is lost, and the leadership with it.
        """
        while True:
            await self._ask()
            await asyncio.sleep(RENEW_S)

    async def _ask(self) -> None:
        asked_at = time.monotonic()
        await self._channel.queue_declare(LEADER, flags=PASSIVE)
        self._lease.answered(asked_at)


async def take_leadership(home: Connection) -> Leadership:
    """Hold the leader queue on *home* until the connection ends.

    Raises:
        LeaderHeld: another connection holds it.
    """
    channel = await home.channel()
    try:
        await channel.queue_declare(LEADER, flags=EXCLUSIVE, arguments={"x-queue-type": "classic"})
    except ChannelClosed as error:
        if error.code == LOCKED:
            raise LeaderHeld(None) from error
        raise
    return Leadership(channel)
