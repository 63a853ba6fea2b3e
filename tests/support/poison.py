"""Messages that a broker traces with a key that is too long for the protocol, so that it cannot deliver the trace."""

import threading
from types import TracebackType
from typing import Final, Self

from pamqp import commands

from bench.raw import RawConnection, frames_of, short
from tests.support.management import Management

EXCHANGE: Final = "x" * 255
QUEUE: Final = "q" * 255
CLOSE_S_MAX: Final = 30
BODY: Final = b"poison"

_DECLARE, _GET = b"\0\x32\0\x0a", b"\0\x3c\0\x46"


def declare(management: Management, vhost: str) -> None:
    """Declare the exchange and the queue with names as long as can be."""
    management.put("exchanges", vhost, EXCHANGE, body={"type": "fanout", "durable": True})
    management.put("queues", vhost, QUEUE, body={"durable": True})


def publish(url: str, count: int = 1) -> None:
    """Make the broker trace *count* publishes that it cannot deliver the trace of."""
    with RawConnection(url, name="poisoner") as connection:
        frames = frames_of(1, EXCHANGE.encode(), b"any", {}, BODY)
        connection.publish_all([frames] * count)


def deliver(url: str) -> None:
    """Make the broker trace one delivery that it cannot deliver the trace of; its publish is an ordinary one."""
    with RawConnection(url, name="poisoner") as connection:
        connection.publish_all([frames_of(1, b"", QUEUE.encode(), {}, BODY)])
        connection.invoke(_GET + b"\0\0" + short(QUEUE.encode()) + b"\1", commands.Basic.GetOk)


class Attack:
    """Publishes poison into *url* every *interval_s* while the context lasts; `sent` counts it."""

    def __init__(self, url: str, *, interval_s: float) -> None:
        self.sent = 0
        self._url = url
        self._interval_s = interval_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="attack")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(CLOSE_S_MAX)

    def _run(self) -> None:
        while not self._over.wait(self._interval_s):
            publish(self._url)
            self.sent += 1
