"""Record the sessions of ``amqp_sessions.py`` with a real broker into ``tests/golden/amqp/VERSION``.

``python -m tests.support.amqp_recording`` starts a broker of its own; ``HOPTRAIL_TEST_BROKER`` chooses its version.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from bench.raw import RawConnection
from collector.amqp import AmqpClosed, AmqpError, Connection, connect, parse_url
from examples.local_broker import Broker
from tests.support import parts
from tests.support.amqp_sessions import (
    CLIENT_NAME,
    FRAME_MAX,
    SESSIONS,
    Recording,
    filling,
    published,
)
from tests.support.brokers import CONFIG, open_test_broker

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "amqp"
READ_BYTES_MAX: Final = 1 << 16


class RecordingStage:
    """A real broker behind a wire, on *port*, that writes down what passes."""

    def __init__(self, broker: Broker, recording: Recording, port: int) -> None:
        self._broker = broker
        self._recording = recording
        self._port = port

    async def connect(self, *, password: str = "guest", vhost: str = "/") -> Connection:
        """Connect through the wire; a refusal is raised as the broker's own close."""
        url = f"amqp://guest:{password}@127.0.0.1:{self._port}/{quote(vhost, safe='')}"
        try:
            return await connect(parse_url(url), name=CLIENT_NAME, heartbeat=60)
        except AmqpError as error:
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, AmqpClosed):
                cause = cause.__cause__
            raise cause or error from None

    async def act(self, what: str) -> None:
        """Do what another client or an operator does."""
        self._recording.add("act", what.encode())
        url, ctl = self._broker.amqp_url, self._broker.rabbitmqctl
        actions: dict[str, Callable[[], Any]] = {
            "trace": lambda: ctl("trace_on"),
            "publish": lambda: _publish(url, published()),
            "fill": lambda: _publish(url, filling()),
            "delete": lambda: ctl("delete_queue", "cancelled"),
            "close": lambda: ctl("close_all_connections", "closed by the operator"),
            "alarm": lambda: ctl("set_vm_memory_high_watermark", "absolute", "1"),
            "relieve": lambda: ctl("set_vm_memory_high_watermark", "0.4"),
        }
        await asyncio.to_thread(actions[what])


def _publish(url: str, frames: list[bytes]) -> None:
    with RawConnection(url) as connection:
        connection.publish_all(frames)


@asynccontextmanager
async def wire(broker_port: int, recording: Recording) -> AsyncIterator[int]:
    """Yield a port that leads to the broker; what passes is added to *recording*."""
    passed = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", broker_port)
        ways = (("out", reader, far_writer), ("in", far_reader, writer))
        await asyncio.gather(*(_pass(recording, *way) for way in ways))
        passed.set()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await passed.wait()


async def _pass(
    recording: Recording, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with suppress(OSError):
        while data := await reader.read(READ_BYTES_MAX):
            recording.add(way, data)
            writer.write(data)
            await writer.drain()
        if way == "in":
            recording.add("end", b"")
    writer.close()


async def record(broker: Broker, folder: Path) -> None:
    """Play every session with *broker*, and write each to *folder*."""
    for name, session in SESSIONS.items():
        recording = Recording()
        async with wire(broker.port, recording) as port:
            recording.outcome = await session(RecordingStage(broker, recording, port))
        recording.write(folder / f"{name}.json")
        print(name, len(recording.received), recording.outcome, file=sys.stderr)


def main() -> None:
    """Record with a broker of our own."""
    parts.strip_environment()
    with tempfile.TemporaryDirectory() as directory:
        config = f"{CONFIG}\nframe_max = {FRAME_MAX}"
        broker = open_test_broker(Path(directory), config=config)
        try:
            folder = GOLDEN / ".".join(broker.version.split(".")[:2])
            folder.mkdir(parents=True, exist_ok=True)
            asyncio.run(record(broker, folder))
        finally:
            broker.kill()
            broker.close()


if __name__ == "__main__":
    main()
