"""Everything one linker remembers, and how it lets go of it.

Pure. Waiting copies are kept up to a limit of their own, so that traffic passing through cannot push out a full
dead-letter queue; messages that wait nowhere any more are kept for later repeats up to another limit. Oldest go first.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from events.facts import Envelope, MessageDeadLettered, MessageDelivered, MessagePublished, Texts
from events.values import Text
from projector.linker.believed import UNDECLARED
from projector.linker.endpoints import Endpoints, LinkedEndpoint
from projector.linker.history import History, after, carried, contains
from projector.linker.limits import Limits
from projector.linker.match import IN_HAND, Entry, Line, file, forget, index_entry, key_of, number
from projector.linker.model import (
    NOT_WATCHED,
    ROUTED,
    UNKNOWN,
    WAITING,
    Change,
    ChangeKind,
    LiveCopy,
    LiveMessage,
)
from projector.linker.recent import Recent
from projector.linker.topology import Topology

FORGOTTEN = "forgotten"
BEYOND_MEMORY = "beyond the memory of the linker"
LET_GO_AT_ONCE_MAX = 64

Died = tuple[Text, bytes, History]
Carried = tuple[Text, Text, bytes, History]


class Memory:
    """What is remembered of messages, queues and connections.

    `died` finds the copies that died, by what the death made of their history. `carried` counts publishes that carried
    deaths already, by exchange. `restarted_at` is when a restart of the broker was told of last (ns), `begun` tells when
    traces began that headers name (ns). `unwatched` holds the vhosts whose deliveries are not captured: nothing waits there,
    as far as is known, because nothing would end the waiting. `undeclared` holds queues that publishers named and nobody
    told of.
    """

    def __init__(self, stream: str, limits: Limits) -> None:
        self.stream = stream
        self.limits = limits
        self._trace_root = blake2b(stream.encode(), digest_size=16, person=b"hoptrail-trace")
        self.endpoints = Endpoints(limits.unfinished_per_consumer_max)
        self.topology = Topology()
        self.lines: dict[tuple[Text, Text], Line] = {}
        self.messages: dict[int, LiveMessage] = {}
        self.changed: dict[int, LiveMessage] = {}
        self.passed: deque[tuple[int, int]] = deque()
        self.died: dict[Died, list[Entry]] = {}
        self.carried: dict[Carried, int] = {}
        self.carriers: dict[tuple[Text, bytes], dict[History, None]] = {}
        self.users: dict[Text, dict[str, None]] = {}
        self.names: dict[str, dict[str, None]] = {}
        self.environments: dict[tuple[Text, str, Text], dict[str, list[int]]] = {}
        self.unwatched: dict[Text, None] = {}
        self.restarted_at = 0
        self.begun: Recent[str, int] = Recent(limits.conversations_max)
        self.undeclared: dict[tuple[Text, Text], None] = {}
        self.waiting = 0
        self.forgotten = 0
        self.revived = 0

    def line(self, vhost: Text, queue: Text) -> Line:
        """Return the copies of a queue."""
        found = self.lines.get((vhost, queue))
        if found is None:
            found = self.lines[(vhost, queue)] = Line(vhost, queue)
        return found

    def note(self, message: LiveMessage, position: int) -> None:
        """Note that the fact at *position* belongs to *message*, which changed by it."""
        message.version += 1
        events = message.events
        if events[-1] != position and len(events) < self.limits.events_per_message_max:
            events.append(position)
        self.changed[message.position] = message

    def touch(self, message: LiveMessage) -> None:
        """Note that what is believed of *message* changed without a fact of its own."""
        message.version += 1
        self.changed[message.position] = message

    def first_line(self, vhost: Text, queue: Text, *, by_name: bool) -> Line:
        """Return the copies of a queue met first; one that was only named by a publisher (*by_name*) may not exist."""
        line = self.line(vhost, queue)
        if by_name and (vhost, queue) not in self.topology.queues:
            line.doubt = UNDECLARED
            self.undeclared[vhost, queue] = None
        return line

    def enqueue(self, message: LiveMessage, copy: LiveCopy, hidden: str | None = None) -> None:
        """Give *message* another copy, waiting at the end of its queue if it can be told what becomes of it.

        *hidden* says why that cannot be told.
        """
        message.copies.append(copy)
        line = self.line(message.vhost, copy.queue)
        key = key_of(message.fingerprint, copy.history)
        if message.vhost in self.unwatched:
            hidden = NOT_WATCHED
        if hidden is not None:
            copy.state, copy.cause = UNKNOWN, hidden
            number(line, copy)
            index_entry(line, key, (message, copy))
            self.passed_by(message)
        else:
            file(line, key, (message, copy))
            self.waiting += 1

    def watch(self, vhost: Text, *, deliveries: bool) -> None:
        """Note whether the *deliveries* of *vhost* are captured from now on."""
        if deliveries:
            self.unwatched.pop(vhost, None)
        else:
            self.unwatched[vhost] = None

    def left(self, message: LiveMessage, line: Line) -> None:
        """Note that a copy of *message* no longer waits in *line*."""
        line.waiting -= 1
        self.waiting -= 1
        self.sweep(line)
        self.passed_by(message)

    def sweep(self, line: Line) -> None:
        """Take what no longer waits out of the order of *line*: the oldest always, the rest once they are many."""
        order = line.order
        while order and order[0][1].state != WAITING:
            order.popleft()
        if len(order) > 2 * line.waiting + 64:
            line.order = deque(entry for entry in order if entry[1].state == WAITING)

    def passed_by(self, message: LiveMessage) -> None:
        """Count *message* among those that wait nowhere any more, if that is so."""
        for copy in message.copies:
            if copy.state == WAITING:
                return
        self.passed.append((message.position, message.version))

    def waiting_first(self, line: Line) -> Iterator[Entry]:
        """Yield the oldest waiting copy of *line* again and again, as long as the caller makes it leave."""
        while True:
            order = line.order
            while order and order[0][1].state != WAITING:
                order.popleft()
            if not order:
                return
            yield order[0]

    def let_go(self, told: list[Change]) -> None:
        """Forget the oldest beyond the limits, a few at a time, and add what the views must be told."""
        limits = self.limits
        if len(self.passed) > limits.passed_messages_full:
            for _ in range(LET_GO_AT_ONCE_MAX):
                if len(self.passed) <= limits.passed_messages_max:
                    break
                self._let_go_of_passed(told)
        if self.waiting > limits.live_copies_max:
            self._let_go_of_waiting(told)

    def _let_go_of_passed(self, told: list[Change]) -> None:
        position, version = self.passed.popleft()
        message = self.messages.get(position)
        if message is None:
            return
        for copy in message.copies:
            if copy.state == WAITING:
                return
        if message.version != version:
            self.passed.append((position, message.version))
            return
        self.forget(message)
        told.append((ChangeKind.MESSAGE_FORGOTTEN, message, None, None))

    def _let_go_of_waiting(self, told: list[Change]) -> None:
        """Turn the oldest of the longest queues into counters, a hundredth of all at a time."""
        limit = self.limits.live_copies_max
        kept = limit - limit // 100
        for line in sorted(self.lines.values(), key=_waiting_in, reverse=True):
            for entry in self.waiting_first(line):
                if self.waiting <= kept:
                    return
                self.forget(entry[0])
                told.append((ChangeKind.MESSAGE_FORGOTTEN, entry[0], None, None))

    def forget(self, message: LiveMessage) -> None:
        """Remove *message* from all that finds it; copies still waiting become counters of their queues."""
        self.messages.pop(message.position, None)
        self.forgotten += 1
        for copy in message.copies:
            line = self._unfile(message, copy)
            if copy.state == WAITING:
                copy.state, copy.cause = FORGOTTEN, BEYOND_MEMORY
                line.waiting -= 1
                line.overflow += 1
                self.waiting -= 1

    def _unfile(self, message: LiveMessage, copy: LiveCopy) -> Line:
        """Make *copy* unfindable; return the line it was in."""
        line = self.line(message.vhost, copy.queue)
        fingerprint, history = message.fingerprint, copy.history
        forget(line, fingerprint if history is None else (fingerprint, history), (message, copy))
        if copy.state in IN_HAND:
            line.out_of_hand(copy)
        if copy.offset is not None:
            line.offsets.pop(copy.offset, None)
        if history is not None and copy.origin == ROUTED:
            self.carried.pop((message.vhost, message.exchange, fingerprint, history), None)
            self.carriers.pop((message.vhost, fingerprint), None)
        letter = copy.dead_letter
        if letter is None:
            return line
        count = letter.count
        claimed = self.claimed(message)
        if claimed is not None and contains(history, claimed):
            count += carried(claimed, copy.queue, letter.reason)
        key = (message.vhost, fingerprint, after(history, copy.queue, letter.reason, count))
        rest = [entry for entry in self.died.get(key, ()) if entry[1] is not copy]
        if rest:
            self.died[key] = rest
        else:
            self.died.pop(key, None)
        return line

    def claimed(self, message: LiveMessage) -> History | None:
        """Return the deaths that the publish of *message* carried, which are none of its own."""
        first = message.copies[0]
        return first.history if first.origin == ROUTED else None

    def drop_oldest_dead(self, message: LiveMessage) -> None:
        """Make room for another copy of *message*: the oldest that died on the way is no longer shown."""
        copies = message.copies
        dead = (
            number
            for number, copy in enumerate(copies)
            if copy.dead_letter is not None and copy.came_from >= 0
        )
        number = next(dead, None)
        if number is None:
            return
        copy = copies[number]
        self._unfile(message, copy)
        del copies[number]
        again = next((other for other in copies[number:] if other.queue == copy.queue), None)
        if again is not None:
            again.arrivals += copy.arrivals
        for other in copies:
            if other.came_from == number:
                other.came_from = copy.came_from
            elif other.came_from > number:
                other.came_from -= 1

    def drop_idle_lines(self) -> None:
        """Drop the lines of queues that are not declared and of whose copies nothing is remembered."""
        declared = self.topology.queues
        idle = [
            place
            for place, line in self.lines.items()
            if not line.index and not line.overflow and place not in declared
        ]
        for place in idle:
            del self.lines[place]
        if idle:
            self.endpoints.consumers.clear()

    def remember_death(self, entry: Entry, history: History) -> None:
        """Note that a copy died, which gave it *history*; of those that cannot be told apart the newest are kept."""
        message = entry[0]
        entries = self.died.setdefault((message.vhost, message.fingerprint, history), [])
        entries.append(entry)
        if len(entries) > self.limits.rivals_scanned_max:
            del entries[0]

    def carry(self, fact: MessagePublished, history: History) -> None:
        """Note that a publish carried deaths already, which are none of its message's."""
        key = (fact.vhost, fact.exchange, fact.fingerprint, history)
        self.carried[key] = self.carried.get(key, 0) + 1
        if len(self.carried) > 2 * self.limits.passed_messages_max:
            self.carried = dict(list(self.carried.items())[self.limits.passed_messages_max :])
        carriers = self.carriers.setdefault((fact.vhost, fact.fingerprint), {})
        carriers[history] = None
        if len(carriers) > self.limits.rivals_scanned_max:
            del carriers[next(iter(carriers))]
        if len(self.carriers) > 2 * self.limits.passed_messages_max:
            self.carriers = dict(list(self.carriers.items())[self.limits.passed_messages_max :])

    def carried_histories(self, fact: MessageDelivered) -> Iterable[History]:
        """Return the deaths that publishes of such a message carried; the broker may not show them at a delivery."""
        return self.carriers.get((fact.vhost, fact.fingerprint), ())

    def remember_recent(self, endpoint: LinkedEndpoint, position: int) -> None:
        """Note that the message at *position* shows the name of *endpoint*, which may still change."""
        recent = endpoint.recent
        recent.append(position)
        if len(recent) > 2 * self.limits.renamed_messages_max:
            del recent[: self.limits.renamed_messages_max]

    def take_carried(
        self, vhost: Text, exchange: Text, fingerprint: bytes, history: History
    ) -> bool:
        """Return whether a dead letter seen on *exchange* is an ordinary publish that carried its deaths along."""
        key = (vhost, exchange, fingerprint, history)
        count = self.carried.get(key, 0)
        if count > 1:
            self.carried[key] = count - 1
        elif count:
            del self.carried[key]
        return count > 0

    def remember_publish(
        self,
        envelope: Envelope,
        exchange: Text,
        routing_keys: Texts,
        fact: MessageDelivered | MessageDeadLettered,
    ) -> LiveMessage:
        """Return a new message whose publish was not observed, first met by *fact*."""
        position = envelope.position
        message = LiveMessage(
            position, envelope.observed_at, envelope.lag_ms, False, fact.vhost, exchange, routing_keys, (), None, 0,
            fact.properties, fact.fingerprint, fact.body, 1, [], None, (), self.trace_id(position), 0, None, [position],
        )  # fmt: skip
        self.messages[position] = message
        self.changed[position] = message
        return message

    def trace_id(self, position: int) -> str:
        """Return the trace id of a conversation whose first message is at *position* (32 hex digits).

        Every part of it looks random, as samplers expect of one.
        """
        root = self._trace_root.copy()
        root.update(position.to_bytes(8, "big"))
        return root.hexdigest()


def _waiting_in(line: Line) -> int:
    return line.waiting
