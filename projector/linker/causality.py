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
from projector.linker.endpoints import Hand, Hands, Held, LinkedEndpoint, Signature
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
NOTHING: Sequence[Told] = ()


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
        self._steps_max = memory.limits.conversation_steps_max
        self.dialects = Dialects()
        self.traces: Recent[str, Thread] = Recent(limit)
        self.conversations: Recent[Text, Thread] = Recent(limit)
        self.requests: Recent[tuple[Text, Text], int] = Recent(limit)
        self.identities: Recent[Text, int] = Recent(2 * limit)

    def published(
        self, message: LiveMessage, fact: MessagePublished, endpoint: LinkedEndpoint
    ) -> Sequence[Told]:
        """Give *message* its parent and its trace; return what its headers say."""
        properties = fact.properties
        told = self.dialects.read(properties.headers) if properties.headers else NOTHING
        best = self._told_cause(message, told, endpoint) if told else None
        correlation, message_id = properties.correlation_id, properties.message_id
        if correlation is not None:
            best = self._converse(message, correlation, "correlation-id", best, endpoint)
            if fact.exchange == "" and (best is None or best.confidence < REPLY):
                request = self._request(fact.routing_keys, correlation)
                best = (
                    best if request is None else _better(best, Cause(request, "rpc-reply", REPLY))
                )
            if properties.reply_to is not None:
                self.requests.put((properties.reply_to, correlation), message.position)
        if message_id is not None:
            known = self.identities.get(message_id)
            if known is not None and (best is None or best.confidence < SURE):
                best = _better(best, self._republished(known, endpoint))
            self.identities.put(message_id, message.position)
        if best is None:
            hands = self._memory.endpoints.hands.get(endpoint.number)
            best = self._unfinished(message, hands, _signature(fact)) if hands else None
        if best is not None:
            self._adopt(message, best)
        return told

    def met(self, message: LiveMessage) -> None:
        """Make a message whose publish was not observed part of its trace and conversation."""
        properties = message.properties
        headers, correlation = properties.headers, properties.correlation_id
        for what, _, value in self.dialects.read(headers) if headers else NOTHING:
            if what is What.TRACE:
                message.trace_id = value
                self._join(self.traces, message, value)
            elif what is What.CONVERSATION:
                self._join(self.conversations, message, value)
        if correlation is not None:
            self._join(self.conversations, message, correlation)
        if properties.message_id is not None:
            self.identities.put(properties.message_id, message.position)

    def delivered(self, message: LiveMessage, endpoint: LinkedEndpoint, queue: Text) -> None:
        """Remember that *endpoint* was given *message*, for what it publishes next in that trace or conversation."""
        step = (endpoint, message.position, queue)
        for thread in message.threads:
            thread.append(step)
            if len(thread) > self._steps_max:
                del thread[: len(thread) // 2]

    def _extend(self, thread: Thread, step: Step) -> None:
        thread.append(step)
        if len(thread) > self._steps_max:
            del thread[: len(thread) // 2]

    def _join(self, table: Recent[Any, Thread], message: LiveMessage, key: Text) -> Thread:
        """Make *message* part of the thread *key*; return that."""
        thread = table.get(key)
        if thread is None:
            fresh: Thread = []
            thread = fresh
            table.put(key, thread)
        message.threads = (*message.threads, thread) if message.threads else (thread,)
        return thread

    # The candidates, in falling rank

    def _told_cause(
        self, message: LiveMessage, told: Sequence[Told], endpoint: LinkedEndpoint
    ) -> Cause | None:
        """Return the best cause that headers tell of, and make *message* part of what they name."""
        best: Cause | None = None
        traced = False
        for what, evidence, value in told:
            if what is What.TRACE:
                if not traced or evidence == "traceparent":
                    message.trace_id = value
                traced = True
                thread = self._join(self.traces, message, value)
                if thread:
                    best = _better(best, _last_given(thread, endpoint, evidence, TRACE))
                self._extend(thread, (endpoint, message.position, None))
            elif what is What.CAUSE:
                position = self.identities.get(value)
                if position is not None and (best is None or best.confidence < SURE):
                    best = _better(best, Cause(position, evidence, CAUSATION))
            elif what is What.CONVERSATION:
                best = self._converse(message, value, evidence, best, endpoint)
            elif what is What.IDENTITY:
                self.identities.put(value, message.position)
        return best

    def _converse(
        self,
        message: LiveMessage,
        key: Text,
        evidence: str,
        best: Cause | None,
        endpoint: LinkedEndpoint,
    ) -> Cause | None:
        """Make *message* part of a conversation; return the better of *best* and what that makes likely."""
        step: Step = (endpoint, message.position, None)
        thread = self.conversations.get(key)
        if thread is None:
            fresh: Thread = [step]
            thread = fresh
            self.conversations.put(key, thread)
        else:
            if best is None or best.confidence < SURE:
                best = _better(best, _last_given(thread, endpoint, evidence, CORRELATION))
            self._extend(thread, step)
        message.threads = (*message.threads, thread) if message.threads else (thread,)
        return best

    def _request(self, routing_keys: Sequence[Text], correlation: Text) -> int | None:
        for key in routing_keys:
            position = self.requests.get((key, correlation))
            if position is not None:
                return position
            if isinstance(key, str) and key.startswith(DIRECT_REPLY):
                return self.requests.get((DIRECT_REPLY, correlation))
        return None

    def _republished(self, position: int, endpoint: LinkedEndpoint) -> Cause | None:
        """A message id seen before: its message is the parent where the publisher was given it."""
        earlier = self._memory.messages.get(position)
        if earlier is None:
            return None
        service = endpoint.party.service
        elsewhere = False
        for copy in earlier.copies:
            for attempt in copy.attempts:
                if attempt.endpoint is endpoint:
                    return Cause(position, "message-id-republished", SAME_ID)
                elsewhere = elsewhere or (
                    service is not None and attempt.endpoint.party.service == service
                )
        confidence = SAME_ID * OTHER_CONNECTION_FACTOR
        return Cause(position, "message-id-republished", confidence) if elsewhere else None

    def _unfinished(self, message: LiveMessage, hands: Hands, signature: Signature) -> Cause | None:
        """The oldest delivery not known to be finished that has not yet led to such a publish.

        None also where there are more such deliveries than may be looked at: one of very many says nothing.
        """
        oldest: Held | None = None
        where: Hand | None = None
        rivals = -1
        since = message.published_at - WINDOW_NS
        messages, left = self._memory.messages, self._memory.limits.causes_scanned_max
        if len(hands) > left:
            return None
        effects_max = self._memory.limits.effects_per_delivery_max
        for hand in hands.values():
            caused = hand.caused
            for held in reversed(hand.unsettled):
                if held is None or messages.get(held[0].position) is not held[0]:
                    continue
                if held[2].at < since:
                    break
                left -= 1
                if left < 0:
                    return None
                effects = caused.get(held[2].position)
                if effects is not None and (signature in effects or len(effects) >= effects_max):
                    continue
                if _contradict(message, held[0]):
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
        own = memory.trace_id(message.position)
        if parent is not None and cause.confidence > INHERIT_ABOVE and message.trace_id == own:
            message.trace_id = parent.trace_id


def _better(best: Cause | None, cause: Cause | None) -> Cause | None:
    """Return the more confident of the two; of equals the one of higher rank, which came first."""
    if best is None or (cause is not None and cause.confidence > best.confidence):
        return cause
    return best


def _contradict(message: LiveMessage, candidate: LiveMessage) -> bool:
    """Return whether both say what they belong to, and it is not the same."""
    mine, others = message.threads, candidate.threads
    return bool(mine) and bool(others) and not any(a is b for a in mine for b in others)


def _signature(fact: MessagePublished) -> Signature:
    keys = fact.routing_keys
    return (fact.exchange, keys[0] if keys else None, fact.properties.type)


def _last_given(
    thread: Thread, endpoint: LinkedEndpoint, evidence: str, confidence: float
) -> Cause | None:
    """Return what *endpoint*, else another connection of its service, was given in *thread* before it published."""
    given = _given(thread, endpoint, None)
    if not given:
        service = endpoint.party.service
        if service is None:
            return None
        given = _given(thread, None, service)
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


def _given(
    thread: Thread, publisher: LinkedEndpoint | None, service: str | None
) -> list[tuple[int, Text]]:
    """Return what *publisher* (None: *service*) was given before its current run of publishes, each message once.

    The last comes first.
    """
    given: dict[int, Text] = {}
    for endpoint, position, queue in reversed(thread):
        if endpoint is not publisher if publisher else endpoint.party.service != service:
            continue
        if queue is not None:
            given.setdefault(position, queue)
        elif given:
            break
    return list(given.items())
