"""A socket in memory for the AMQP transport: what it writes is kept, what it should read is fed by hand, at any split."""

import asyncio
from collections.abc import Callable
from typing import Any

from collector.amqp import AmqpAddress
from collector.amqp.transport import AmqpTransport

ADDRESS = AmqpAddress(hosts=(("memory", 5672),), user="guest", password="guest", vhost="/")


class MemorySocket(asyncio.Transport):
    """The socket of *protocol*; *told* is called with what it writes. `unsent_bytes` is what it says that it holds."""

    def __init__(
        self, protocol: asyncio.Protocol, told: Callable[[bytes], None] = lambda _: None
    ) -> None:
        super().__init__({"sockname": ("127.0.0.1", 40_000), "peername": ("127.0.0.1", 5_672)})
        self.written = bytearray()
        self.unsent_bytes = 0
        self.is_reading_paused = False
        self._protocol = protocol
        self._told = told
        self._is_closing = False

    def write(self, data: Any) -> None:
        """Keep *data*."""
        self.written += data
        self._told(bytes(data))

    def close(self) -> None:
        """End the connection from this side."""
        self.end(None)

    def abort(self) -> None:
        """End the connection from this side."""
        self.end(None)

    def end(self, error: Exception | None) -> None:
        """Tell the protocol that the connection is gone; once."""
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, error)

    def is_closing(self) -> bool:
        """Say whether it ended."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Remember that nothing is to be fed."""
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        """Remember that more may be fed."""
        self.is_reading_paused = False

    def get_write_buffer_size(self) -> int:
        """Return what the test wants it to be."""
        return self.unsent_bytes


def transport_of(
    *,
    heartbeat_s: int = 0,
    name: str = "memory",
    told: Callable[[bytes], None] = lambda _: None,
) -> tuple[AmqpTransport, MemorySocket]:
    """Return a transport with its socket; the protocol header is written."""
    transport = AmqpTransport(ADDRESS, name=name, heartbeat_s=heartbeat_s)
    memory = MemorySocket(transport, told)
    transport.connection_made(memory)
    return transport, memory
