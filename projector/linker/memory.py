"""Everything one linker remembers, and how it lets go of it.

Pure. Waiting copies are kept up to a limit of their own, so that traffic passing through cannot push out a full
dead-letter queue; messages that wait nowhere any more are kept for later repeats up to another limit. Oldest go first.
"""

from collections import deque
from hashlib import blake2b

from events.facts import BodyRef, Envelope, Properties, Texts
from events.values import Text
from projector.linker.endpoints import Endpoints, LinkedEndpoint
from projector.linker.limits import Limits
from projector.linker.match import Entry, Line, file, forget, key_of
from projector.linker.model import (
    WAITING,
    Change,
    ChangeKind,
    LiveCopy,
    LiveMessage,
)


class Memory:
    """The linker's state. `position` and `clock` (ns) are those of the last envelope folded."""

    def __init__(self, stream: str, limits: Limits) -> None:
        self.stream = stream
        self.limits = limits
        self.trace_prefix = blake2b(stream.encode(), digest_size=8, person=b"hoptrail-trace").hexdigest()
        self.position = -1
        self.clock = 0
        self.endpoints = Endpoints()
        self.lines: dict[tuple[Text, Text], Line] = {}
        self.messages: dict[int, LiveMessage] = {}
        self.changed: dict[int, LiveMessage] = {}
        self.passed: deque[tuple[LiveMessage, int]] = deque()
        self.waiting = 0
        self.forgotten = 0

    def line(self, vhost: Text, queue: Text) -> Line:
        """Return the copies of a queue."""
        found = self.lines.get((vhost, queue))
        if found is None:
            found = self.lines[(vhost, queue)] = Line(vhost, queue)
        return found

    def note(self, message: LiveMessage, position: int) -> None:
        """Note that the fact at *position* belongs to *message*, which changed by it."""
        message.version += 1
        if len(message.events) < self.limits.events_per_message_max:
            message.events.append(position)
        self.changed[message.position] = message

    def touch(self, message: LiveMessage) -> None:
        """Note that what is believed of *message* changed without a fact of its own."""
        message.version += 1
        self.changed[message.position] = message

    def enqueue(self, message: LiveMessage, copy: LiveCopy) -> None:
        """Give *message* another copy, waiting at the end of its queue."""
        message.copies.append(copy)
        line = self.line(message.vhost, copy.queue)
        file(line, key_of(message.fingerprint, copy.history), (message, copy))
        self.waiting += 1

    def left(self, message: LiveMessage, line: Line) -> None:
        """Note that a copy of *message* no longer waits in *line*."""
        line.waiting -= 1
        self.waiting -= 1
        order = line.order
        while order and order[0][1].state != WAITING:
            order.popleft()
        for copy in message.copies:
            if copy.state == WAITING:
                return
        self.passed.append((message, message.version))

    def let_go(self) -> list[Change]:
        """Forget the oldest beyond the limits; return what the views must be told."""
        told: list[Change] = []
        while len(self.passed) > self.limits.passed_messages_max:
            self._let_go_of_passed(told)
        while self.waiting > self.limits.live_copies_max and self._let_go_of_waiting(told):
            pass
        return told

    def _let_go_of_passed(self, told: list[Change]) -> None:
        message, version = self.passed.popleft()
        if self.messages.get(message.position) is not message:
            return
        if any(copy.state == WAITING for copy in message.copies):
            return
        if message.version != version:
            self.passed.append((message, message.version))
            return
        self.forget(message)
        told.append((ChangeKind.MESSAGE_FORGOTTEN, message, None, None))

    def _let_go_of_waiting(self, told: list[Change]) -> bool:
        """Turn the oldest waiting copy of the longest queue into a counter."""
        line = max(self.lines.values(), key=_waiting_in, default=None)
        if line is None or not line.waiting:
            return False
        for _ in range(max(1, min(line.waiting, self.limits.live_copies_max // 100))):
            message = _oldest(line)
            if message is None:
                return False
            self.forget(message)
            told.append((ChangeKind.MESSAGE_FORGOTTEN, message, None, None))
        return True

    def forget(self, message: LiveMessage) -> None:
        """Remove *message* from all that finds it; copies still waiting become counters of their queues."""
        self.messages.pop(message.position, None)
        self.forgotten += 1
        for copy in message.copies:
            line = self.lines.get((message.vhost, copy.queue))
            if line is None:
                continue
            forget(line, key_of(message.fingerprint, copy.history), (message, copy))
            if copy.offset is not None:
                line.offsets.pop(copy.offset, None)
            if copy.state == WAITING:
                line.waiting -= 1
                line.overflow += 1
                self.waiting -= 1
                copy.state, copy.cause = FORGOTTEN, "beyond the memory of the linker"

    def remember_publish(
        self, envelope: Envelope, exchange: Text, routing_keys: Texts, vhost: Text,
        properties: Properties, fingerprint: bytes, body: BodyRef | None,
    ) -> LiveMessage:
        """Return a new message whose publish was not observed."""
        position = envelope.position
        message = LiveMessage(
            position, envelope.observed_at, envelope.lag_ms, False, vhost, exchange, routing_keys, (), None, 0,
            properties, fingerprint, body, 1, [], None, (), self.trace_id(position), 0, None, [position],
        )
        self.messages[position] = message
        self.changed[position] = message
        return message

    def trace_id(self, position: int) -> str:
        """Return the trace id of a conversation whose first message is at *position* (32 hex digits)."""
        return f"{self.trace_prefix}{position:016x}"

    def endpoint(self, number: int) -> LinkedEndpoint | None:
        """Return the current endpoint with *number*."""
        for endpoint in self.endpoints.current.values():
            if endpoint.number == number:
                return endpoint
        return None


FORGOTTEN = "forgotten"


def _waiting_in(line: Line) -> int:
    return line.waiting


def _oldest(line: Line) -> LiveMessage | None:
    order = line.order
    while order:
        entry: Entry = order.popleft()
        if entry[1].state == WAITING:
            return entry[0]
    return None
