"""Traffic at a rate or flat out: publishers into one topic exchange, one consumer of its one queue, both counted exactly.

A publisher that is flat out sends prepared bytes until the broker's own flow control stops it. A paced one sends
:data:`BATCH` messages at a time and catches up when it was held up. Threads suffice: there is next to nothing to do.
"""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from pamqp import commands

from bench.raw import RawConnection, frames_of, short, table
from bench.traffic import body
from tests.support.wait import wait_until

EXCHANGE: Final = "bench"
QUEUE: Final = "bench.work"
KEY: Final = b"bench.placed"
BATCH: Final = 10
DIFFERENT: Final = 1_000
"""So many different messages are prepared and sent in turn."""

PREFETCH: Final = 500
ACK_EVERY: Final = 50
END_S_MAX: Final = 120

_DELIVER, _CANCEL_OK = b"\0\x3c\0\x3c", b"\0\x3c\0\x1f"


def declare(url: str) -> None:
    """Declare the exchange, a durable classic queue and its binding."""
    with RawConnection(url, name="bench declares") as connection:
        connection.call(
            commands.Exchange.Declare(exchange=EXCHANGE, exchange_type="topic", durable=True),
            commands.Exchange.DeclareOk,
        )
        connection.call(
            commands.Queue.Declare(
                queue=QUEUE, durable=True, arguments={"x-queue-type": "classic"}
            ),
            commands.Queue.DeclareOk,
        )
        connection.call(
            commands.Queue.Bind(queue=QUEUE, exchange=EXCHANGE, routing_key="bench.#"),
            commands.Queue.BindOk,
        )


def publish(number: int, body_bytes: int) -> bytes:
    """Return the frames of one publish with the properties of a traced service."""
    trace = b"00-%032x-%016x-01" % (number, number)
    properties = {
        "content_type": short(b"application/json"),
        "headers": table({b"traceparent": b"S" + len(trace).to_bytes(4, "big") + trace}),
        "delivery_mode": b"\1",
        "message_id": short(b"%032x" % number),
        "type": short(b"order.placed"),
    }
    return frames_of(1, EXCHANGE.encode(), KEY, properties, body(number, body_bytes))


class Flow:
    """Traffic while the context lasts; *rate* is messages a second of all *publishers* together, None: flat out.

    What it needs must have been declared. `published` and `delivered` count messages so far.
    """

    def __init__(
        self, url: str, *, rate: float | None = None, body_bytes: int = 300, publishers: int = 1
    ) -> None:
        self._url = url
        self._interval_s = None if rate is None else BATCH * publishers / rate
        self._stopping = threading.Event()
        self._consuming = threading.Event()
        self._errors: list[OSError] = []
        self._sent = [0] * publishers
        self.delivered = 0
        frames = [publish(number, body_bytes) for number in range(DIFFERENT)]
        self._batches = [
            b"".join(frames[start : start + BATCH]) for start in range(0, DIFFERENT, BATCH)
        ]
        self._consumer = threading.Thread(target=self._guarded, args=(self._consume,))
        self._publishers = [
            threading.Thread(target=self._guarded, args=(self._publish, each))
            for each in range(publishers)
        ]
        self._connection: RawConnection | None = None

    @property
    def published(self) -> int:
        """Messages handed to the broker."""
        return sum(self._sent)

    @property
    def events(self) -> int:
        """Events that a firehose makes of the messages so far."""
        return self.published + self.delivered

    def __enter__(self) -> Self:
        """Start the consumer, and when it consumes the publishers."""
        self._consumer.start()
        self._consuming.wait(END_S_MAX)
        for thread in self._publishers:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the threads, whatever happened."""
        self._stopping.set()
        for thread in self._publishers:
            thread.join(END_S_MAX)
        if self._connection is not None and self._consumer.is_alive():
            self._connection.send(commands.Basic.Cancel("bench"))
        self._consumer.join(END_S_MAX)

    def stop(self) -> None:
        """Stop publishing, and return when the consumer has been handed every message.

        Raises:
            OSError: a connection was lost.
            AssertionError: something published was not delivered.
        """
        self._stopping.set()
        for thread in self._publishers:
            thread.join(END_S_MAX)
        wait_until(lambda: self._errors or self.delivered >= self.published, timeout_s=END_S_MAX)
        if self._errors:
            raise self._errors[0]
        assert self.delivered == self.published, f"{self.delivered} of {self.published} delivered"

    def _guarded(self, run: Callable[..., None], *arguments: object) -> None:
        try:
            run(*arguments)
        except OSError as error:
            self._errors.append(error)
            self._stopping.set()
            self._consuming.set()

    def _publish(self, publisher: int) -> None:
        with RawConnection(self._url, name=f"bench publisher {publisher}") as connection:
            began, batch = time.monotonic(), 0
            while not self._stopping.is_set():
                connection.send_raw(self._batches[batch % len(self._batches)])
                self._sent[publisher] += BATCH
                batch += 1
                if self._interval_s is not None:
                    due = began + batch * self._interval_s
                    self._stopping.wait(max(0.0, due - time.monotonic()))
            # The answer says that the broker has taken everything before it.
            connection.call(commands.Channel.Close(200, "", 0, 0), commands.Channel.CloseOk)

    def _consume(self) -> None:
        with RawConnection(self._url, name="bench consumer", timeout_s=END_S_MAX) as connection:
            connection.call(commands.Basic.Qos(prefetch_count=PREFETCH), commands.Basic.QosOk)
            connection.call(
                commands.Basic.Consume(queue=QUEUE, consumer_tag="bench"), commands.Basic.ConsumeOk
            )
            self._connection = connection
            self._consuming.set()

            def take(kind: int, _: int, payload: bytes) -> bool:
                method = payload[:4] if kind == 1 else b""
                if method == _DELIVER:
                    self.delivered += 1
                    if self.delivered % ACK_EVERY == 0:
                        at = 5 + payload[4]
                        tag = int.from_bytes(payload[at : at + 8], "big")
                        connection.send(commands.Basic.Ack(tag, multiple=True))
                return method == _CANCEL_OK

            connection.receive(take)
            # What is not acknowledged now would be delivered again to the next consumer.
            connection.send(commands.Basic.Ack(0, multiple=True))
            connection.call(commands.Channel.Close(200, "", 0, 0), commands.Channel.CloseOk)
