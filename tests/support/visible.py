"""A captured vhost to let things happen in, and what the log then holds of them.

What happens in a window lies between two marks, which are publishes of our own: that both are in the log proves that the
tap was working when something else is not.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeGuard, TypeVar

from events.block import open_block
from events.facts import (
    BodyRef,
    Envelope,
    Fact,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    QueueSampled,
    Undecodable,
)
from examples.local_broker.container import ContainerBroker
from examples.local_broker.node import PrivateNode
from projector.linker.linker import Linker
from store.documents import MessageDocument, Party
from store.sqlite.log import SqliteEventLog
from tests.support.amqp091 import Client
from tests.support.visible_page import WORDS
from tests.support.wait import wait_until

MARKS: Final = "marks"
CAPTURED_S_MAX: Final = 60
NAMED_S_MAX: Final = 60

F = TypeVar("F", bound=Fact)


@dataclass
class Window:
    """What the log holds between two marks; whole when the context that gave it has ended."""

    envelopes: list[Envelope] = field(default_factory=list[Envelope])

    def of(self, kind: type[F]) -> list[F]:
        """Return the facts of a type in log order."""
        return [each.fact for each in self.envelopes if isinstance(each.fact, kind)]

    @property
    def published(self) -> MessagePublished:
        """The only publish."""
        (found,) = self.of(MessagePublished)
        return found

    @property
    def delivered(self) -> MessageDelivered:
        """The only delivery."""
        (found,) = self.of(MessageDelivered)
        return found

    @property
    def dead_letter(self) -> MessageDeadLettered:
        """The only dead letter."""
        (found,) = self.of(MessageDeadLettered)
        return found

    def words(self, *kinds: type[Fact]) -> frozenset[str]:
        """Return the words for the traffic that it holds, of *kinds* only where some are given."""
        return frozenset(
            word for word, kind in WORDS.items() if (not kinds or kind in kinds) and self.of(kind)
        )


class Scene:
    """*vhost* of *broker*, captured into the embedded store in *directory*."""

    def __init__(
        self, broker: PrivateNode | ContainerBroker, url: str, vhost: str, directory: Path
    ) -> None:
        self.broker = broker
        self.url = url
        self.vhost = vhost
        self.version = broker.version
        self._directory = directory
        self._next_block = 0
        self._envelopes: list[Envelope] = []
        self._bodies: dict[tuple[int, int], bytes] = {}
        self._marks = 0
        self._marker = self.client("marks")
        self._marker.queue(MARKS, arguments={"x-max-length": 1})

    def close(self) -> None:
        """End the connection that the marks come from."""
        self._marker.close()

    def client(self, name: str = "tests") -> Client:
        """Return an AMQP 0-9-1 connection to the vhost that calls itself *name*."""
        return Client(self.url, name=name, timeout_s=CAPTURED_S_MAX)

    def port(self, protocol: str) -> int:
        """Return the port of *protocol*."""
        return self.broker.port if protocol == "amqp10" else self.broker.listeners[protocol]

    def is_at_least(self, *version: int) -> bool:
        """Say whether the broker is of *version*, such as (4, 2), or later."""
        return tuple(int(part) for part in self.version.split(".")[:2]) >= version

    @contextmanager
    def window(self, *, dead_letters: int = 0) -> Iterator[Window]:
        """Yield what the log will hold of what happens in the context, complete afterwards.

        Dead letters come by a tap of their own, beside the marks: all that were not in the log before the first mark belong
        to the window, and as many as are told are waited for. The broker traces a delivery after it has sent it, so a mark
        may overtake one: each end of the window has a second mark, sent when the first one is in the log.

        Raises:
            AssertionError: a mark or a dead letter is not captured in time, or something could not be decoded.
        """
        seen = Window()
        self._captured(self._mark())
        known = len(self._dead_letters())
        first = self._mark()
        yield seen
        wait_until(
            lambda: len(self._dead_letters()) >= known + dead_letters, timeout_s=CAPTURED_S_MAX
        )
        self._captured(self._mark())
        last = self._mark()
        begin, end = self._captured(first), self._captured(last)
        seen.envelopes = self._dead_letters()[known:] + [
            each
            for each in self._envelopes
            if begin < each.position < end
            and not isinstance(each.fact, MessageDeadLettered)
            and not _is_mark(each.fact)
        ]
        assert seen.of(Undecodable) == []

    def body(self, ref: BodyRef | None) -> bytes:
        """Return the body at *ref*."""
        return self._bodies[ref.block, ref.index] if ref else b""

    def wait_publisher(self, fact: MessagePublished, evidence: str) -> Party:
        """Return who hoptrail says published *fact*, once that rests on *evidence*."""

        def named() -> list[Party]:
            party = self.document(fact).publisher
            return [party] if party.evidence == evidence else []

        return wait_until(named, timeout_s=NAMED_S_MAX)[0]

    def wait_consumer(self, fact: MessageDelivered, evidence: str) -> Party:
        """Return who hoptrail says was handed *fact*, once that rests on *evidence*."""

        def named() -> list[Party]:
            return [
                attempt.consumer
                for copy in self.document(fact).copies
                for attempt in copy.attempts
                if attempt.consumer.connection == fact.connection
                and attempt.consumer.evidence == evidence
            ]

        return wait_until(named, timeout_s=NAMED_S_MAX)[0]

    def facts(self, kind: type[F]) -> list[F]:
        """Return the facts of a type that the log holds now."""
        self._follow()
        return [each.fact for each in self._envelopes if isinstance(each.fact, kind)]

    def document(self, fact: Fact) -> MessageDocument:
        """Return the message that *fact* belongs to as hoptrail understands it now."""
        self._follow()
        position = next(each.position for each in self._envelopes if each.fact is fact)
        linker = Linker("tests")
        for each in self._envelopes:
            linker.fold(each)
        return next(
            document
            for document in map(linker.document, linker.take_changed())
            if position in document.events
        )

    def sampled(self, queue: str | None, since: int) -> list[QueueSampled]:
        """Return the samples of *queue*, or of any, that the log holds from *since* (ns) on."""
        self._follow()
        return [
            each.fact
            for each in self._envelopes
            if isinstance(each.fact, QueueSampled)
            and each.observed_at >= since
            and queue in (None, each.fact.queue)
        ]

    def messages(
        self, without: tuple[type[Fact], ...] = ()
    ) -> list[tuple[bytes, MessageDocument, list[type[Fact]]]]:
        """Return every message in the order of their publishes: its body, what hoptrail makes of it, and of what facts.

        Facts of the types *without* are left out.
        """
        self._follow()
        kinds = {each.position: type(each.fact) for each in self._envelopes}
        linker = Linker("tests")
        for each in self._envelopes:
            if not isinstance(each.fact, without):
                linker.fold(each)
        documents = sorted(map(linker.document, linker.take_changed()), key=lambda it: it.position)
        return [
            (self.body(document.body), document, [kinds[position] for position in document.events])
            for document in documents
        ]

    def _dead_letters(self) -> list[Envelope]:
        """Return the dead letters that the log holds now."""
        self._follow()
        return [each for each in self._envelopes if isinstance(each.fact, MessageDeadLettered)]

    def _mark(self) -> bytes:
        """Publish a mark and return its body; the broker has traced it then."""
        self._marks += 1
        mark = f"mark {self._marks}".encode()
        self._marker.publish("", MARKS, mark)
        return mark

    def _captured(self, mark: bytes) -> int:
        """Return the position of a mark, once it is in the log."""

        def found() -> list[int]:
            self._follow()
            return [
                each.position
                for each in reversed(self._envelopes)
                if _is_mark(each.fact) and self.body(each.fact.body) == mark
            ]

        return wait_until(found, timeout_s=CAPTURED_S_MAX)[0]

    def _follow(self) -> None:
        asyncio.run(self._read())

    async def _read(self) -> None:
        async with SqliteEventLog(self._directory, read_only=True) as log:
            async for block in log.blocks(start=self._next_block):
                self._envelopes += open_block(block)
                self._next_block = block.number + 1
                for index, body in enumerate(await log.bodies(block.number) or ()):
                    self._bodies[block.number, index] = body


def _is_mark(fact: Fact) -> TypeGuard[MessagePublished]:
    """Say whether *fact* is one of our own publishes."""
    return isinstance(fact, MessagePublished) and fact.routed_queues == (MARKS,)
