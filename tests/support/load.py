"""Traffic in several vhosts with an exact record: what the broker confirmed, and what the consumers were handed.

In each vhost one publisher sends to a topic exchange that routes every message to all of :data:`QUEUES`, and one
consumer reads each queue. Half of the messages are byte-identical without any property; the others are unique in body
and id. Runs of identical messages stay short, so that no long stretch of events is the same. Bodies of unique messages
name the session and their number in it: ``<session>/<number>``.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from pamqp import commands

from bench.raw import RawConnection, frames_of, short
from tests.support.wait import wait_until

EXCHANGE: Final = "load"
QUEUES: Final = ("load.a", "load.b")
ROUTING_KEY: Final = "load.any"
IDENTICAL: Final = b'{"kind": "identical", "padding": "' + b"x" * 200 + b'"}'
PADDING: Final = b" " * 100
BATCH: Final = 20
ACK_EVERY: Final = 10
PREFETCH: Final = 100
FINISH_S_MAX: Final = 60
IDLE_S_MAX: Final = 600
"""A consumer waits so long for a message while the publishers pause."""

_DELIVER, _CANCEL_OK = b"\0\x3c\0\x3c", b"\0\x3c\0\x1f"
_ACK, _NACK, _CLOSED = b"\0\x3c\0\x50", b"\0\x3c\0\x78", (b"\0\x0a\0\x32", b"\0\x14\0\x28")

Key = tuple[str, str, bytes]
"""(vhost, queue, body)"""


@dataclass(slots=True)
class Sent:
    """One publish; times in ns since 1970. `confirmed_at` is None while the broker has not confirmed it."""

    vhost: str
    body: bytes
    sent_at: int
    confirmed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery as a consumer got it; `at` in ns since 1970."""

    vhost: str
    queue: str
    body: bytes
    redelivered: bool
    at: int


def declare(url: str) -> None:
    """Declare the exchange, the queues and their bindings, all durable, in the vhost of *url*."""
    with RawConnection(url, name="load declares") as connection:
        connection.call(
            commands.Exchange.Declare(exchange=EXCHANGE, exchange_type="topic", durable=True),
            commands.Exchange.DeclareOk,
        )
        for queue in QUEUES:
            connection.call(
                commands.Queue.Declare(
                    queue=queue, durable=True, arguments={"x-queue-type": "classic"}
                ),
                commands.Queue.DeclareOk,
            )
            connection.call(
                commands.Queue.Bind(queue=queue, exchange=EXCHANGE, routing_key="load.#"),
                commands.Queue.BindOk,
            )


class Load:
    """Traffic while the context lasts, in every vhost of *urls* (vhost to AMQP URL).

    *rate* is messages per second and vhost, ``math.inf`` as fast as confirms come. With *persistent* messages a confirm
    says that they are on disk. A lost connection ends the publisher or consumer it belonged to; with *survives* false,
    ``finish`` raises it.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        rate: float,
        seed: int,
        session: str = "load",
        persistent: bool = False,
        survives: bool = False,
    ) -> None:
        self._session = session
        self._persistent = persistent
        self._survives = survives
        self._interval_s = BATCH / rate
        self._stopping = threading.Event()
        self.flowing = threading.Event()
        """Cleared, the publishers pause until it is set again, or until they are to end."""
        self.flowing.set()
        self._consuming = threading.Semaphore(0)
        self._consumers: list[RawConnection] = []
        self._errors: list[Exception] = []
        self.broken_at: int | None = None
        self.sent: list[Sent] = []
        self.received: list[Received] = []
        self._publishing = [
            threading.Thread(
                target=self._guarded,
                args=(self._publish, vhost, url, random.Random(f"{seed}{vhost}")),
            )
            for vhost, url in urls.items()
        ]
        self._reading = [
            threading.Thread(target=self._guarded, args=(self._consume, vhost, url, queue))
            for vhost, url in urls.items()
            for queue in QUEUES
        ]

    def __enter__(self) -> Self:
        """Start the consumers, and when all of them consume the publishers."""
        for thread in self._reading:
            thread.start()
        for _ in self._reading:
            assert self._consuming.acquire(timeout=FINISH_S_MAX), self._errors
        for thread in self._publishing:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything, whatever happened."""
        self._end_publishing()
        self._cancel_consumers()
        self._join(self._reading)

    def finish(self) -> None:
        """Stop publishing, wait until all is confirmed and handed to the consumers, and end.

        Raises:
            AssertionError: a connection was lost, or the consumers did not get everything in time.
        """
        self._end_publishing()
        assert not self._errors, self._errors
        wait_until(self._all_received, timeout_s=FINISH_S_MAX)
        self._cancel_consumers()
        self._join(self._reading)
        assert not self._errors, self._errors

    def wait_broken(self) -> None:
        """Wait until every connection is lost."""
        self._join([*self._publishing, *self._reading])

    def published(self) -> Counter[Key]:
        """Return how often each body was confirmed, for every queue it was routed to."""
        return Counter(
            (one.vhost, queue, one.body)
            for one in self.sent
            if one.confirmed_at is not None
            for queue in QUEUES
        )

    def delivered(self) -> Counter[Key]:
        """Return how often each body was handed to the consumer of each queue."""
        return Counter((one.vhost, one.queue, one.body) for one in self.received)

    def events(self) -> int:
        """Return how many tap events the confirmed messages and their deliveries make."""
        return sum(one.confirmed_at is not None for one in self.sent) + len(self.received)

    def _end_publishing(self) -> None:
        self._stopping.set()
        self.flowing.set()
        self._join(self._publishing)

    def _all_received(self) -> bool:
        return len(self.received) >= len(self.sent) * len(QUEUES)

    def _join(self, threads: Sequence[threading.Thread]) -> None:
        for thread in threads:
            if thread.ident is not None:
                thread.join(FINISH_S_MAX)
                assert not thread.is_alive(), f"{thread.name} does not end"

    def _cancel_consumers(self) -> None:
        for connection in self._consumers:
            try:
                connection.send(commands.Basic.Cancel("load"))
            except OSError as error:
                self._lost(error)
        self._consumers.clear()

    def _guarded(self, run: object, *arguments: object) -> None:
        assert callable(run)
        try:
            run(*arguments)
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        self.broken_at = self.broken_at or time.time_ns()
        if not self._survives:
            self._errors.append(error)
            self._consuming.release()

    def _publish(self, vhost: str, url: str, chance: random.Random) -> None:
        with RawConnection(url, name=f"load publisher of {vhost}") as connection:
            connection.call(commands.Confirm.Select(), commands.Confirm.SelectOk)
            number = 0
            while not self._stopping.is_set():
                identical = [False] * (BATCH // 2) + [True] * (BATCH - BATCH // 2)
                chance.shuffle(identical)
                batch: list[Sent] = []
                for same in identical:
                    number += 1
                    body = IDENTICAL if same else self._unique(vhost, number)
                    batch.append(Sent(vhost, body, time.time_ns()))
                self.sent += batch
                connection.send_raw(b"".join(self._frames(one.body) for one in batch))
                _await_confirms(connection, batch, number - BATCH)
                self._stopping.wait(self._interval_s)
                self.flowing.wait()

    def _unique(self, vhost: str, number: int) -> bytes:
        return f"{self._session}/{number:08}".encode() + PADDING

    def _frames(self, body: bytes) -> bytes:
        properties = {"delivery_mode": b"\2"} if self._persistent else {}
        if body is not IDENTICAL:
            properties |= {"message_id": short(body.strip()), "type": short(b"unique")}
        return frames_of(1, EXCHANGE.encode(), ROUTING_KEY.encode(), properties, body)

    def _consume(self, vhost: str, url: str, queue: str) -> None:
        with RawConnection(
            url, name=f"load consumer of {queue}", timeout_s=IDLE_S_MAX
        ) as connection:
            connection.call(commands.Basic.Qos(prefetch_count=PREFETCH), commands.Basic.QosOk)
            connection.call(
                commands.Basic.Consume(queue=queue, consumer_tag="load"), commands.Basic.ConsumeOk
            )
            self._consumers.append(connection)
            self._consuming.release()
            connection.receive(_Reader(connection, vhost, queue, self.received).take)


class _Reader:
    """Assembles deliveries, records each and acknowledges them in bulk."""

    def __init__(
        self, connection: RawConnection, vhost: str, queue: str, received: list[Received]
    ) -> None:
        self._connection = connection
        self._where = (vhost, queue)
        self._received = received
        self._tag = 0
        self._unacknowledged = 0
        self._redelivered = False

    def take(self, kind: int, channel: int, payload: bytes) -> bool:
        """Take one frame; return True when the consumer was cancelled."""
        method = payload[:4] if kind == 1 else b""
        if method in _CLOSED:
            raise ConnectionError(repr(payload))
        if method == _CANCEL_OK:
            self._acknowledge()
            # A round trip, so that the broker has seen the acknowledgement when this returns.
            self._connection.send(commands.Channel.Close(200, "", 0, 0))
            self._connection.expect(commands.Channel.CloseOk)
            return True
        if method == _DELIVER:
            at = 5 + payload[4]
            self._tag = int.from_bytes(payload[at : at + 8], "big")
            self._redelivered = bool(payload[at + 8])
        elif kind == 3:
            self._record(payload)
        return False

    def _record(self, body: bytes) -> None:
        at = time.time_ns()
        self._received.append(Received(*self._where, body, self._redelivered, at))
        self._unacknowledged += 1
        if self._unacknowledged == ACK_EVERY:
            self._acknowledge()

    def _acknowledge(self) -> None:
        if self._unacknowledged:
            self._connection.send(commands.Basic.Ack(self._tag, multiple=True))
            self._unacknowledged = 0


def _await_confirms(connection: RawConnection, batch: Sequence[Sent], before: int) -> None:
    """Wait until each of *batch*, whose delivery tags start after *before*, is confirmed."""
    missing = set(range(before + 1, before + 1 + len(batch)))

    def take(kind: int, channel: int, payload: bytes) -> bool:
        method = payload[:4] if kind == 1 else b""
        if method == _NACK or method in _CLOSED:
            raise ConnectionError(repr(payload))
        if method == _ACK:
            tag, multiple = int.from_bytes(payload[4:12], "big"), bool(payload[12])
            done = {each for each in missing if each <= tag} if multiple else {tag}
            for each in done:
                batch[each - before - 1].confirmed_at = time.time_ns()
            missing.difference_update(done)
        return not missing

    connection.receive(take)
