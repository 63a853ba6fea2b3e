"""Which message caused a publish, on what evidence, how sure, and against how many rivals.

Pure. In falling rank: trace headers, a framework's causation id, the reply to a request, the correlation or conversation
id, the same message id again, and at last the only delivery that the publishing connection has not finished. A shared
trace or conversation is not by itself a parent: of its messages, the one the publisher was last given is. What rests on
timing alone stays below 0.8.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from events.facts import MessagePublished
from events.identity import uid
from events.values import Text
from projector.linker.dialects import Dialects
from projector.linker.dialects.reading import What
from projector.linker.endpoints import Hand, Held, LinkedEndpoint, Signature
from projector.linker.memory import Memory
from projector.linker.model import LiveMessage
from projector.linker.recent import Recent
from store.documents import ParentLink

SURE = 0.8
TRACE, CAUSATION, REPLY, CORRELATION, SAME_ID, TIMING = 0.95, 0.97, 0.98, 0.85, 0.9, 0.75
JOIN_FACTOR = 0.95
OTHER_CONNECTION_FACTOR = 0.9
INHERIT_ABOVE = 0.5
WINDOW_NS = 60_000_000_000
OTHER_PARENTS_MAX = 16
DIRECT_REPLY = "amq.rabbitmq.reply-to"

Step = tuple[
    LinkedEndpoint, int, Text | None
]  # who, the message's position, from which queue (None: published it)
Thread = list[Step]
Told = tuple[What, str, str]


class Cause(NamedTuple):
    """A candidate for the parent: its position, why, how sure, how many rivals, and what else had a part in it."""

    position: int
    evidence: str
    confidence: float
    rivals: int = 0
    others: tuple[int, ...] = ()


class Causality:
    """What is known of traces, conversations, requests and message ids; each bounded, the least recent goes."""

    def __init__(self, memory: Memory) -> None:
        limit = memory.limits.conversations_max
        self._memory = memory
        self.dialects = Dialects()
        self.traces: Recent[str, Thread] = Recent(limit)
        self.conversations: Recent[Text, Thread] = Recent(limit)
        self.requests: Recent[tuple[Text, Text], int] = Recent(limit)
        self.identities: Recent[Text, int] = Recent(2 * limit)
        self.in_conversation: Recent[int, Text] = Recent(limit)

    def published(
        self, message: LiveMessage, fact: MessagePublished, endpoint: LinkedEndpoint
    ) -> list[Told]:
        """Give *message* its parent and its trace; return what its headers say."""
        properties = fact.properties
        told = self.dialects.read(properties.headers) if properties.headers else []
        best: Cause | None = None
        for cause in self._told_causes(message, told, endpoint):
            if best is None or cause.confidence > best.confidence:
                best = cause
            if best.confidence >= SURE:
                break
        if best is None or best.confidence < SURE:
            for cause in self._known_causes(message, told, fact, endpoint):
                if best is None or cause.confidence > best.confidence:
                    best = cause
                if best.confidence >= SURE:
                    break
        if best is None:
            hands = self._memory.endpoints.hands.get(endpoint.number)
            best = self._unfinished(message, hands.values(), _signature(fact)) if hands else None
        if best is not None:
            self._adopt(message, best)
        self._remember(message, told, endpoint)
        return told

    def delivered(self, message: LiveMessage, endpoint: LinkedEndpoint, queue: Text) -> None:
        """Remember that *endpoint* was given *message*, for what it publishes next in that trace or conversation."""
        thread = self.traces.get(message.trace_id)
        if thread is not None:
            self._extend(thread, (endpoint, message.position, queue))
        told = self.in_conversation.get(message.position)
        for conversation in (message.properties.correlation_id, told):
            if conversation is not None:
                thread = self.conversations.get(conversation)
                if thread is not None:
                    self._extend(thread, (endpoint, message.position, queue))

    def _extend(self, thread: Thread, step: Step) -> None:
        thread.append(step)
        if len(thread) > self._memory.limits.conversation_steps_max:
            del thread[: len(thread) // 2]

    # The candidates, in falling rank

    def _told_causes(
        self, message: LiveMessage, told: Sequence[Told], endpoint: LinkedEndpoint
    ) -> list[Cause]:
        causes: list[Cause] = []
        traced = False
        for what, evidence, value in told:
            if what is What.TRACE:
                if not traced or evidence == "traceparent":
                    message.trace_id = value
                traced = True
                thread = self.traces.get(value)
                cause = None if thread is None else _last_given(thread, endpoint, evidence, TRACE)
                if cause is not None:
                    causes.append(cause)
            elif what is What.CAUSE:
                position = self.identities.get(value)
                if position is not None:
                    causes.append(Cause(position, evidence, CAUSATION))
        return causes

    def _known_causes(
        self,
        message: LiveMessage,
        told: Sequence[Told],
        fact: MessagePublished,
        endpoint: LinkedEndpoint,
    ) -> list[Cause]:
        causes: list[Cause] = []
        properties = fact.properties
        correlation = properties.correlation_id
        if correlation is not None and fact.exchange == "":
            position = self._request(fact.routing_keys, correlation)
            if position is not None:
                causes.append(Cause(position, "rpc-reply", REPLY))
        for evidence, conversation in _conversations(told, correlation):
            thread = self.conversations.get(conversation)
            cause = None if thread is None else _last_given(thread, endpoint, evidence, CORRELATION)
            if cause is not None:
                causes.append(cause)
        message_id = properties.message_id
        if message_id is not None:
            position = self.identities.get(message_id)
            if position is not None:
                causes.extend(self._republished(position, endpoint))
        return causes

    def _request(self, routing_keys: Sequence[Text], correlation: Text) -> int | None:
        for key in routing_keys:
            position = self.requests.get((key, correlation))
            if position is not None:
                return position
            if isinstance(key, str) and key.startswith(DIRECT_REPLY):
                return self.requests.get((DIRECT_REPLY, correlation))
        return None

    def _republished(self, position: int, endpoint: LinkedEndpoint) -> list[Cause]:
        """A message id seen before: its message is the parent where the publisher was given it."""
        earlier = self._memory.messages.get(position)
        if earlier is None:
            return []
        service = endpoint.party.service
        elsewhere = False
        for copy in earlier.copies:
            for attempt in copy.attempts:
                if attempt.endpoint is endpoint:
                    return [Cause(position, "message-id-republished", SAME_ID)]
                elsewhere = elsewhere or (
                    service is not None and attempt.endpoint.party.service == service
                )
        return (
            [Cause(position, "message-id-republished", SAME_ID * OTHER_CONNECTION_FACTOR)]
            if elsewhere
            else []
        )

    def _unfinished(self, message: LiveMessage, hands: Any, signature: Signature) -> Cause | None:
        """The oldest delivery not known to be finished that has not yet led to such a publish."""
        oldest: Held | None = None
        where: Hand | None = None
        rivals = -1
        since = self._memory.clock - WINDOW_NS
        for hand in hands:
            caused = hand.caused
            for held in hand.unsettled:
                if (
                    held is None
                    or held[2].at < since
                    or signature in caused.get(held[2].position, ())
                ):
                    continue
                if self._contradicts(message, held[0]):
                    continue
                rivals += 1
                if oldest is None or held[2].position < oldest[2].position:
                    oldest, where = held, hand
        if oldest is None or where is None:
            return None
        where.cause(oldest[2].position, signature)
        return Cause(
            oldest[0].position,
            "single-unfinished-delivery",
            round(TIMING / (rivals + 1), 3),
            rivals,
        )

    def _contradicts(self, message: LiveMessage, candidate: LiveMessage) -> bool:
        """Return whether both say what they belong to, and it is not the same."""
        if self._memory.messages.get(candidate.position) is not candidate:
            return True
        own, other = message.properties.correlation_id, candidate.properties.correlation_id
        if own is not None and other is not None and own != other:
            return True
        return (
            message.trace_id != candidate.trace_id
            and self.traces.get(message.trace_id) is not None
            and self.traces.get(candidate.trace_id) is not None
        )

    # What follows from it

    def _adopt(self, message: LiveMessage, cause: Cause) -> None:
        memory = self._memory
        if cause.position == message.position:
            return
        message.parent = ParentLink(
            uid(memory.stream, cause.position),
            cause.evidence,
            round(cause.confidence, 3),
            cause.rivals,
        )
        message.other_parents = tuple(
            ParentLink(uid(memory.stream, position), cause.evidence, round(cause.confidence, 3))
            for position in cause.others
        )
        parent = memory.messages.get(cause.position)
        if (
            parent is not None
            and cause.confidence > INHERIT_ABOVE
            and self.traces.get(message.trace_id) is None
        ):
            message.trace_id = parent.trace_id

    def _remember(
        self, message: LiveMessage, told: Sequence[Told], endpoint: LinkedEndpoint
    ) -> None:
        properties, position = message.properties, message.position
        step = (endpoint, position, None)
        for what, _, value in told:
            if what is What.TRACE:
                self._join(self.traces, value, step)
            elif what is What.IDENTITY:
                self.identities.put(value, position)
            elif what is What.CONVERSATION and value != properties.correlation_id:
                self._join(self.conversations, value, step)
                self.in_conversation.put(position, value)
        correlation = properties.correlation_id
        if correlation is not None:
            self._join(self.conversations, correlation, step)
            if properties.reply_to is not None:
                self.requests.put((properties.reply_to, correlation), position)
        if properties.message_id is not None:
            self.identities.put(properties.message_id, position)

    def _join(self, threads: Recent[Any, Thread], key: Text, step: Step) -> None:
        thread = threads.get(key)
        if thread is None:
            threads.put(key, [step])
        else:
            self._extend(thread, step)


def _conversations(told: Sequence[Told], correlation: Text | None) -> list[tuple[str, Text]]:
    found: list[tuple[str, Text]] = [
        (evidence, value)
        for what, evidence, value in told
        if what is What.CONVERSATION and value != correlation
    ]
    return found if correlation is None else [*found, ("correlation-id", correlation)]


def _signature(fact: MessagePublished) -> Signature:
    keys = fact.routing_keys
    return (fact.exchange, keys[0] if keys else None, fact.properties.type)


def _last_given(
    thread: Thread, endpoint: LinkedEndpoint, evidence: str, confidence: float
) -> Cause | None:
    """Return what *endpoint*, else another connection of its service, was given in *thread* before it published."""
    given = _given(thread, lambda other: other is endpoint)
    if not given:
        service = endpoint.party.service
        if service is None:
            return None
        given = _given(thread, lambda other: other.party.service == service)
        confidence *= OTHER_CONNECTION_FACTOR
    if not given:
        return None
    (last, queue), before = given[0], given[1:]
    rivals = sum(1 for _, other in before if other == queue)
    others = tuple(position for position, other in before if other != queue)[:OTHER_PARENTS_MAX]
    if rivals:
        confidence /= rivals + 1
    elif others:
        confidence *= JOIN_FACTOR
    return Cause(last, evidence, confidence, rivals, others)


def _given(thread: Thread, is_publisher: Any) -> list[tuple[int, Text]]:
    """Return what the publisher was given before its current run of publishes, the last first, each message once."""
    given: dict[int, Text] = {}
    for endpoint, position, queue in reversed(thread):
        if not is_publisher(endpoint):
            continue
        if queue is not None:
            given.setdefault(position, queue)
        elif given:
            break
    return list(given.items())
