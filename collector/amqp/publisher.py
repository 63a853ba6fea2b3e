"""A channel that publishes: in confirm mode and mandatory, so that the broker says of each message what became of it.

A return comes before the confirm of the message it is about. When the channel or its connection goes, what was not
confirmed may have been taken or not: the caller is told by the error, and by what is still `unconfirmed`.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from collector.amqp import methods
from collector.amqp.channel import Channel
from collector.amqp.errors import AmqpClosed, AmqpError
from collector.amqp.frames import Method
from collector.amqp.transport import AmqpTransport
from events.values import Text

FRAME_BYTES = 65_536
CONFIRM_S_MAX = 30.0
_header, _body = 2, 3


class Returned(NamedTuple):
    """A message that went nowhere: the broker's reason, and the payload of its content header."""

    why: str
    header: bytes


class Settled(NamedTuple):
    """What became of the messages published since the last time: numbers confirmed and refused, and what was returned."""

    confirmed: Sequence[int]
    refused: Sequence[int]
    returned: Sequence[Returned]


class Publisher(Channel):
    """See the module. Messages are numbered from 1; `unconfirmed` are the numbers the broker said nothing of yet."""

    def __init__(self, transport: AmqpTransport, vhost: str) -> None:
        super().__init__(transport, vhost)
        self.unconfirmed: dict[int, None] = {}
        self._numbered = 0
        self._confirmed: list[int] = []
        self._refused: list[int] = []
        self._returned: list[Returned] = []
        self._changed = asyncio.Event()

    async def open(self) -> None:
        """Open it, in confirm mode."""
        await super().open()
        await self.call(methods.CONFIRM_SELECT + b"\0", methods.CONFIRM_SELECT_OK)

    async def publish(self, exchange: Text, key: Text, header: bytes, body: bytes) -> int:
        """Publish a message with the content header payload *header*; return its number.

        Raises:
            ValueError: exchange, key or header are larger than AMQP allows. Nothing was sent.
            AmqpError: the channel is gone.
        """
        if self.failure is not None:
            raise self.failure
        size = min(FRAME_BYTES, self._transport.frame_bytes_max)
        if len(header) + 8 > self._transport.frame_bytes_max:
            raise ValueError(f"its headers have {len(header)} bytes, more than fit into a frame")
        method = methods.publish(exchange, key, mandatory=True)
        self._numbered += 1
        self.unconfirmed[self._numbered] = None
        number = self._numbered
        whole = methods.frame(1, self.number, method) + methods.frame(_header, self.number, header)
        self._transport.send(whole)
        for at in range(0, len(body), size - 8):
            await self._transport.drained()
            self._transport.send(methods.frame(_body, self.number, body[at : at + size - 8]))
        await self._transport.drained()
        return number

    async def settled(self) -> Settled:
        """Return when everything published is confirmed or refused. While the broker takes no publishes, that is waited for.

        Raises:
            AmqpError: the channel is gone, or the broker says nothing for `CONFIRM_S_MAX` seconds.
        """
        while self.unconfirmed:
            if self.failure is not None:
                raise self.failure
            self._changed.clear()
            try:
                async with asyncio.timeout(CONFIRM_S_MAX):
                    await self._changed.wait()
            except TimeoutError as error:
                if self._transport.blocked is None:
                    failure = AmqpClosed(0, f"nothing was confirmed for {CONFIRM_S_MAX:g} s")
                    self._transport.abort(failure)
                    raise failure from error
        found = Settled(self._confirmed, self._refused, self._returned)
        self._confirmed, self._refused, self._returned = [], [], []
        return found

    def fail(self, error: AmqpError) -> None:
        """End the channel, and wake who waits for confirms."""
        super().fail(error)
        self._changed.set()

    def _unasked(self, kind: bytes, method: Method) -> None:
        if kind == methods.RETURN and method.content is not None:
            why = methods.returned(method.payload)
            self._returned.append(Returned(why, method.content.header))
        elif kind in (methods.ACK, methods.NACK):
            tag, multiple = methods.confirmed(method.payload)
            into = self._confirmed if kind == methods.ACK else self._refused
            numbers = [each for each in self.unconfirmed if each <= tag] if multiple else [tag]
            for number in numbers:
                if number in self.unconfirmed:
                    del self.unconfirmed[number]
                    into.append(number)
            self._changed.set()
        else:
            super()._unasked(kind, method)
