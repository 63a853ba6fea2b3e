"""Send commands to the leader: over one connection, opened when first needed, with the broker's word for each. A shell."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from collector.amqp import (
    AmqpError,
    ChannelClosed,
    Connection,
    Publisher,
    TlsFiles,
    parse_url,
)
from collector.amqp.encode import header_payload
from collector.operations.command import Command, CommandsUnavailable, seal
from collector.taps.opening import open_home
from collector.taps.plan import COMMANDS
from events.facts import Properties

SENT_S_MAX = 10.0
PERSISTENT = 2
NOT_FOUND = 404
_no_queue = "no collector has led on this broker yet, so there is nobody to ask"
_full = "as many commands wait for a collector as the queue takes"


class CommandSender:
    """Sends to the broker at *url* what *key*, asked at each command, seals. An async context manager.

    *tls* counts where the URL is ``amqps``.
    """

    def __init__(
        self, url: str, key: Callable[[], Awaitable[bytes]], tls: TlsFiles | None = None
    ) -> None:
        self._url, self._tls = url, tls
        self._key = key
        self._connection: Connection | None = None
        self._publisher: Publisher | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def send(self, command: Command) -> None:
        """Return when the broker keeps *command* for the leader, durably.

        Raises:
            CommandsUnavailable: it does not; whether it does later is not known where the connection broke.
            CommandTooLarge: it is larger than a leader takes.
        """
        body = seal(command, await self._key())
        async with self._one_at_a_time:
            why = "the broker does not answer in time"
            try:
                async with asyncio.timeout(SENT_S_MAX):
                    why = await self._publish(body, command.id)
            except TimeoutError:
                await self._close()
            except AmqpError as error:
                await self._close()
                missing = isinstance(error, ChannelClosed) and error.code == NOT_FOUND
                why = _no_queue if missing else f"the broker does not take commands: {error}"
        if why:
            raise CommandsUnavailable(why)

    async def _publish(self, body: bytes, name: str) -> str:
        """Return why the broker does not keep a command, "" where it does."""
        publisher = await self._opened()
        header = header_payload(Properties(delivery_mode=PERSISTENT, message_id=name), len(body))
        await publisher.publish(COMMANDS, COMMANDS, header, body)
        settled = await publisher.settled()
        if settled.returned:
            return _no_queue
        return _full if settled.refused else ""

    async def _opened(self) -> Publisher:
        if self._publisher is not None and self._publisher.failure is None:
            return self._publisher
        await self._close()
        self._connection = await open_home(parse_url(self._url, self._tls))
        self._publisher = await self._connection.publisher()
        return self._publisher

    async def _close(self) -> None:
        connection, self._connection, self._publisher = self._connection, None, None
        if connection is not None:
            await connection.close()
