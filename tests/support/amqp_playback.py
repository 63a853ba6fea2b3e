"""Play a recorded session without its broker: what came is fed at any split, what we send must be what was sent."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from collector.amqp import AmqpError, Connection
from collector.amqp.transport import AmqpTransport
from tests.support.amqp_sessions import CLIENT_NAME, Recording
from tests.support.amqp_socket import ADDRESS, MemorySocket

FINISH_S_MAX = 20.0


def cut(data: bytes, ends: Iterable[int]) -> Iterator[bytes]:
    """Yield *data* in pieces that end at each of *ends*, and the rest."""
    begin = 0
    for end in ends:
        if begin < end < len(data):
            yield data[begin:end]
            begin = end
    yield data[begin:]


class PlaybackStage:
    """The stage of one *recording*; every run of received bytes is cut at *ends*, counted from the session's first."""

    def __init__(self, recording: Recording, ends: Iterable[int] = ()) -> None:
        self._steps = deque(recording.steps)
        self._ends = sorted(ends)
        self._fed = 0
        self._pieces: deque[bytes] = deque()
        self._sent = bytearray()
        self._is_due = False
        self._acted: deque[bytes] = deque()
        self._over = asyncio.Event()
        self._socket: MemorySocket | None = None
        self._transport: AmqpTransport | None = None

    async def connect(self, *, password: str = "guest", vhost: str = "/") -> Connection:
        """Connect to the recording."""
        address = replace(ADDRESS, password=password, vhost=vhost)
        self._transport = transport = AmqpTransport(address, name=CLIENT_NAME, heartbeat_s=60)
        self._socket = MemorySocket(transport, self._took)
        transport.connection_made(self._socket)
        await transport.ready
        return Connection(transport, address)

    async def act(self, what: str) -> None:
        """Let come what came after it."""
        self._acted.append(what.encode())
        self._go_on()

    async def finish(self) -> None:
        """Return when all that was recorded came and went."""
        async with asyncio.timeout(FINISH_S_MAX):
            await self._over.wait()
        assert not self._sent

    def _took(self, data: bytes) -> None:
        self._sent += data
        self._go_on()

    def _go_on(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        try:
            self._next()
        except AssertionError as other:
            if self._transport is not None:
                self._transport.abort(AmqpError(str(other)))
            raise

    def _next(self) -> None:
        """Feed one piece, or compare what was sent; each in a turn of the loop of its own, so that tasks run between."""
        self._is_due = False
        assert self._transport is not None
        assert self._socket is not None
        if self._pieces:
            piece = self._pieces.popleft()
            self._fed += len(piece)
            self._transport.data_received(piece)
            self._go_on()
            return
        if not self._steps:
            self._over.set()
            return
        way, data = self._steps[0]
        if way == "out":
            if len(self._sent) < len(data):
                return
            sent = bytes(self._sent[: len(data)])
            assert sent == data, f"sent {sent!r} where {data!r} was recorded"
            del self._sent[: len(data)]
        elif way == "in":
            self._pieces.extend(cut(data, [end - self._fed for end in self._ends]))
        elif way == "act":
            if not self._acted:
                return
            assert self._acted.popleft() == data
        else:
            self._socket.end(None)
        self._steps.popleft()
        self._go_on()
