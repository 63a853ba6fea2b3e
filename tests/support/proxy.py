"""A TCP proxy that breaks connections on command.

It runs in a thread with an event loop of its own, so that it goes on while a test blocks.
"""

import asyncio
import socket
import struct
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

READ_BYTES_MAX: Final = 65_536
COMMAND_TIMEOUT_S: Final = 30.0
SLOW_STEP_S: Final = 0.1
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends a reset instead of an orderly end."""


class Proxy:
    """Passes bytes from a port of its own to the host and port in *target_url*.

    ``cut`` resets all connections and lets new ones in; ``refuse`` closes the door and resets
    all; ``pause`` keeps connections open and stops the bytes; ``resume`` undoes both.
    ``cut_amid`` resets a connection in the middle of what the target sends, ``inject`` puts
    bytes into that. `bytes_per_s` slows what the target sends down, to 0 for full speed.
    """

    def __init__(self, target_url: str) -> None:
        parts = urlsplit(target_url)
        self._target_url = parts
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5672)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._server: asyncio.Server | None = None
        self._cuts = 0
        self._injected = b""
        self.latency_s = 0.0
        self.bytes_per_s = 0
        self.connections_total = 0
        self.port = 0

    @property
    def url(self) -> str:
        """The target's URL with the proxy's host and port in it."""
        credentials = self._target_url.netloc.rpartition("@")[0]
        address = f"127.0.0.1:{self.port}"
        netloc = f"{credentials}@{address}" if credentials else address
        return urlunsplit(self._target_url._replace(netloc=netloc))

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close everything and end the thread."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(COMMAND_TIMEOUT_S)
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection; bytes under way are lost."""
        self._do(self._reset())

    def refuse(self) -> None:
        """Reset every connection, and each new one at once, until ``resume``."""
        self._refusing = True
        self._do(self._reset())

    def cut_amid(self) -> None:
        """Reset the next connection that the target sends something on, after half of that."""
        self._cuts += 1

    def inject(self, noise: bytes) -> None:
        """Send *noise* before the next bytes that the target sends."""
        self._injected += noise

    def pause(self) -> None:
        """Stop passing bytes in both directions until ``resume``; connections stay open."""
        self._do(self._set_flowing(False))

    def resume(self) -> None:
        """Pass bytes and accept connections again."""
        self._refusing = False
        self._do(self._set_flowing(True))

    def _do(self, command: Any) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(command, self._loop)
        future.result(COMMAND_TIMEOUT_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _set_flowing(self, flowing: bool) -> None:
        if flowing:
            self._flowing.set()
        else:
            self._flowing.clear()

    async def _reset(self) -> None:
        for writer in list(self._writers):
            _abort(writer)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._reset()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_total += 1
        if self._refusing:
            _abort(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            _abort(writer)
            return
        self._writers |= {writer, far_writer}
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            pump = asyncio.create_task(self._pump(source, sink, back=sink is writer))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, back: bool
    ) -> None:
        try:
            while data := await source.read(READ_BYTES_MAX):
                await self._flowing.wait()
                if back:
                    data = await self._spoil(data, sink)
                if self.latency_s:
                    await asyncio.sleep(self.latency_s)
                sink.write(data)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()
        except OSError:
            _abort(sink)
        finally:
            if source.at_eof() or sink.transport.is_closing():
                self._writers.discard(sink)
                sink.close()

    async def _spoil(self, data: bytes, sink: asyncio.StreamWriter) -> bytes:
        """Return what to send instead of *data*, or what is left to send of it."""
        if self._injected:
            data, self._injected = self._injected + data, b""
        if self._cuts:
            self._cuts -= 1
            sink.write(data[: len(data) // 2])
            await sink.drain()
            _abort(sink)
            raise ConnectionResetError
        while self.bytes_per_s and data:
            step = max(1, int(self.bytes_per_s * SLOW_STEP_S))
            sink.write(data[:step])
            data = data[step:]
            await asyncio.sleep(SLOW_STEP_S)
        return data


def _abort(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and not writer.transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
