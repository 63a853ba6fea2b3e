"""The queue by which commands reach the leader: durable and bounded, so that they wait for one. A shell.

It stands in the vhost of the leader queue. Full, it refuses what is sent (the sender is told) rather than drop what waits.
An exchange of the same name goes before it, so that whoever sends commands needs no right to publish to any queue.
"""

from functools import partial

import structlog

from collector.amqp import (
    AmqpError,
    Channel,
    ChannelClosed,
    Connection,
    Delivery,
    DeliveryBuffer,
    connect,
)
from collector.operations.intake import Asked
from collector.taps.opening import declare, own_name
from collector.taps.plan import COMMANDS, TapQueue
from collector.watch import Findings

COMMANDS_WAITING_MAX = 10_000
BYTES_WAITING_MAX = 64 << 20
PREFETCH = 8
WAIT_S = 60.0
REFUSED, PRECONDITION_FAILED = 403, 406
ARGUMENTS = {
    "x-queue-type": "classic",
    "x-max-length": COMMANDS_WAITING_MAX,
    "x-max-length-bytes": BYTES_WAITING_MAX,
    "x-overflow": "reject-publish",
}

log_line = structlog.get_logger("hoptrail.collect")


async def take_commands(home: Connection, findings: Findings) -> None:
    """Take commands off the queue where *home* is into *findings*, for ever; who appends its facts acknowledges each.

    They come over a connection of their own, so that the taps never wait for them. Where the user may not make the queue,
    that is told once, and nobody is heard.

    Raises:
        AmqpError: the connection or the queue is gone.
    """
    try:
        await _take(home, findings)
    except ChannelClosed as error:
        if error.code != REFUSED:
            raise
        log_line.warning("nobody can ask for anything", queue=COMMANDS, why=error.text)


async def _take(home: Connection, findings: Findings) -> None:
    vhost = home.address.vhost
    queue = TapQueue(
        vhost=vhost, name=COMMANDS, arguments=ARGUMENTS, bindings=((COMMANDS, COMMANDS, {}),)
    )
    async with await connect(home.address, name=own_name(vhost)) as connection:
        await _declare_exchange(connection)
        await declare(connection, queue)
        channel, buffer = await connection.channel(), DeliveryBuffer()
        await channel.qos(PREFETCH)
        await channel.consume(COMMANDS, buffer, source=None, tag=COMMANDS)
        while True:
            await buffer.wait(WAIT_S)
            for delivery in buffer.take():
                acknowledge = partial(_acknowledge, channel, delivery)
                findings.commands.append(Asked(delivery.body, acknowledge))
            findings.wake()


async def _declare_exchange(connection: Connection) -> None:
    channel = await connection.channel()
    try:
        await channel.exchange_declare(COMMANDS, "direct")
    except ChannelClosed as error:
        if error.code != PRECONDITION_FAILED:
            raise
        log_line.warning("an exchange has other arguments", exchange=COMMANDS, why=error.text)
    else:
        await channel.close()


def _acknowledge(channel: Channel, delivery: Delivery) -> None:
    try:
        channel.ack(delivery.tag, multiple=False)
    except AmqpError as error:  # it comes again, and is known then
        log_line.debug("a command was not acknowledged", why=str(error))
