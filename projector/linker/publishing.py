"""Publishes: a new message, a copy for each queue it was routed to, and what it says of its cause and its publisher.

Pure. This is one of the two paths every event takes, so what most messages do not need stands in functions of its own.
"""

from collections.abc import Sequence
from typing import Any

from events.facts import Envelope, MessagePublished
from events.values import Text
from projector.linker import kinship, processing, services
from projector.linker.believed import HIDDEN_REPLY
from projector.linker.causality import Told
from projector.linker.dialects.reading import What
from projector.linker.document import is_direct_reply
from projector.linker.endpoints import REUSED_AFTER_NS, LinkedEndpoint
from projector.linker.history import History, deaths_in, history_of
from projector.linker.match import Bucket, Key, key_of
from projector.linker.model import (
    NO_ATTEMPTS,
    ROUTED,
    WAITING,
    Change,
    ChangeKind,
    LiveCopy,
    LiveMessage,
)
from projector.linker.rules import Rule
from projector.linker.services import APP_ID, CLIENT_NAME, HEADER
from projector.linker.state import State

PUBLISHED = ChangeKind.PUBLISHED
FIREHOSE = "firehose"


class Publishes:
    """Folds publishes into the state of one linker."""

    def __init__(self, state: State, rules: Sequence[Rule]) -> None:
        memory = state.memory
        self._memory = memory
        self._causality = state.causality
        self._rules = rules
        self._current = memory.endpoints.current
        self._hands = memory.endpoints.hands
        self._lines = memory.lines
        self._messages = memory.messages
        self._changed = memory.changed
        self._passed = memory.passed

    def published(self, envelope: Envelope, fact: MessagePublished) -> Sequence[Change]:
        """Fold a publish; the last change tells of its message, those before it of names it gave away."""
        position, at, properties = envelope.position, envelope.observed_at, fact.properties
        if fact.seen_by != FIREHOSE:
            return self._through_binding(envelope, fact)
        endpoint = self._current.get(fact.connection)
        if endpoint is None or endpoint.closed_at is not None:
            endpoint = self._memory.endpoints.seen(fact, at, REUSED_AFTER_NS)
        endpoint.published += 1
        copies: list[LiveCopy] = []
        queues = fact.routed_queues
        message = LiveMessage(
            position, at, envelope.lag_ms, True, fact.vhost, fact.exchange, fact.routing_keys, queues, endpoint,
            fact.channel, properties, fact.fingerprint, fact.body, 1, copies, None, (),
            self._memory.trace_id(position), 0, None, [position],
        )  # fmt: skip
        headers = properties.headers
        if headers is not None and "x-death" in headers:
            self._carry(message, fact, queues)
        elif queues:
            self._place(message, queues, fact.fingerprint)
        else:
            self._passed.append((position, 1))
        self._messages[position] = self._changed[position] = message
        told: Sequence[Told] = ()
        if (
            headers is not None
            or properties.correlation_id is not None
            or properties.message_id is not None
            or properties.reply_to is not None
            or endpoint.number in self._hands
            or fact.in_body is not None
            or endpoint.mover is not None
        ):
            told = self._causality.published(message, fact, endpoint)
        changes: list[Change] = []
        if message.parent is not None or headers is not None:
            processing.began(self._memory, message)
            changes = processing.caused(self._memory, message, endpoint)
        if (
            endpoint.rank > CLIENT_NAME
            or message.parent is not None
            or properties.app_id is not None
        ):
            changes += self._names(message, fact, endpoint, told)
        return (
            [*changes, (PUBLISHED, message, None, None)]
            if changes
            else ((PUBLISHED, message, None, None),)
        )

    def _place(self, message: LiveMessage, queues: Sequence[Text], key: Key) -> None:
        """Give *message*, which has no deaths, its copies; what becomes of a direct reply is hidden."""
        if queues[0][:4] in (b"amq.", "amq.") and is_direct_reply(queues[0]):
            self._note(message, queues, None, HIDDEN_REPLY)
        else:
            self._enqueue(message, queues, key, None)

    def _through_binding(self, envelope: Envelope, fact: MessagePublished) -> Sequence[Change]:
        """Fold a publish seen through a binding: who published it and where it went is not known."""
        position = envelope.position
        message = LiveMessage(
            position, envelope.observed_at, envelope.lag_ms, True, fact.vhost, fact.exchange, fact.routing_keys, (), None,
            0, fact.properties, fact.fingerprint, fact.body, 1, [], None, (), self._memory.trace_id(position), 0, None,
            [position],
        )  # fmt: skip
        self._passed.append((position, 1))
        self._messages[position] = self._changed[position] = message
        self._causality.met(message, fact.in_body)
        return ((PUBLISHED, message, None, None),)

    def _enqueue(
        self, message: LiveMessage, queues: Sequence[Text], key: Key, history: History | None
    ) -> None:
        """Give *message* a copy in each of *queues*, waiting unless its vhost's deliveries are not captured."""
        if message.vhost in self._memory.unwatched:
            self._note(message, queues, history)
            return
        by_name = message.exchange == ""
        vhost, at, position, copies = (
            message.vhost,
            message.published_at,
            message.position,
            message.copies,
        )
        lines = self._lines
        for queue in queues:
            line = lines.get((vhost, queue))
            if line is None:
                line = self._memory.first_line(vhost, queue, by_name=by_name)
            line.seq = seq = line.seq + 1
            line.waiting += 1
            copy = LiveCopy(
                line.queue,
                ROUTED,
                WAITING,
                at,
                position,
                NO_ATTEMPTS,
                None,
                line.doubt,
                1.0,
                seq,
                history,
            )
            copies.append(copy)
            entry = (message, copy)
            line.order.append(entry)
            index = line.index
            there = index.get(key)
            if there is None:
                index[key] = entry
            elif isinstance(there, Bucket):
                there.waiting.append(entry)
            else:
                bucket = index[key] = Bucket()
                bucket.add(there)
                bucket.add(entry)
        self._memory.waiting += len(queues)

    def _note(
        self,
        message: LiveMessage,
        queues: Sequence[Text],
        history: History | None,
        hidden: str | None = None,
    ) -> None:
        """Give *message* a copy in each of *queues* of which nothing more may be told."""
        for queue in queues:
            copy = LiveCopy(
                self._memory.line(message.vhost, queue).queue, ROUTED, WAITING, message.published_at,
                message.position, NO_ATTEMPTS, history=history,
            )  # fmt: skip
            self._memory.enqueue(message, copy, hidden)

    def _carry(self, message: LiveMessage, fact: MessagePublished, queues: Sequence[Text]) -> None:
        """Enqueue a message that was published with a history of deaths."""
        history = history_of(deaths_in(fact.properties.headers))
        if history is not None:
            self._memory.carry(fact, history)
        if queues:
            self._enqueue(message, queues, key_of(fact.fingerprint, history), history)
        else:
            self._passed.append((message.position, 1))

    def _names(
        self,
        message: LiveMessage,
        fact: MessagePublished,
        endpoint: LinkedEndpoint,
        hints: Sequence[Told],
    ) -> list[Change]:
        """Take what a publish says of names: its publisher's, and that of those who were given what caused it."""
        memory, rules = self._memory, self._rules
        told: list[Change] = []
        app_id = fact.properties.app_id
        if endpoint.rank > CLIENT_NAME:
            told += self._hint(message, fact, endpoint, hints)
        elif (
            isinstance(app_id, str)
            and app_id != endpoint.app_id
            and services.is_service_name(app_id)
        ):
            told += services.app_id(memory, rules, endpoint, app_id)
        return told + kinship.related(memory, rules, message, endpoint)

    def _hint(
        self,
        message: LiveMessage,
        fact: MessagePublished,
        endpoint: LinkedEndpoint,
        hints: Sequence[Told],
    ) -> list[Change]:
        """Take what a publish says of its publisher's name, as long as the client gave none itself."""
        memory = self._memory
        if not endpoint.node:
            memory.endpoints.learn(endpoint, fact)
        memory.remember_recent(endpoint, message.position)
        told: list[Change] = []
        for what, evidence, value in hints:
            if what is What.SERVICE:
                told += services.hint(memory, self._rules, endpoint, HEADER, value, evidence)
        app_id: Any = fact.properties.app_id
        if isinstance(app_id, str) and services.is_service_name(app_id):
            told += services.hint(memory, self._rules, endpoint, APP_ID, app_id, "app_id")
        if endpoint.party.evidence is None:
            services.name(memory, self._rules, endpoint, told)
        return told
