"""Which message caused a publish, on what evidence, how sure, and against how many rivals.

Pure. In falling rank: the reply to a request, a framework's causation id, trace headers, the same id once more, the
correlation or conversation id, and at last the only delivery that the publishing connection has not finished. A shared
trace or conversation is not by itself a parent: of its messages, one that the publisher was given is. An id says what its
sender wrote; it is believed as far as the publisher was given what it names. What rests on timing alone stays below 0.8.
"""

from collections.abc import Sequence
from typing import Any

from events.facts import Envelope, MessageDelivered, MessagePublished, Table
from events.identity import uid
from events.values import Text
from projector.linker import following
from projector.linker.choosing import Publish
from projector.linker.dialects import Dialects
from projector.linker.dialects.reading import What
from projector.linker.document import is_direct_reply
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.following import CONVERSATION, TRACE
from projector.linker.habits import Habits
from projector.linker.memory import Memory
from projector.linker.model import Change, LiveMessage
from projector.linker.moving import Moves
from projector.linker.named import REPLY, SURE, Cause, Named, better
from projector.linker.recent import Recent
from projector.linker.relinking import INHERIT_ABOVE, NAMED_LATE, SEEN_LATE, link, relink
from projector.linker.retries import Retries
from projector.linker.runs import Runs
from projector.linker.threads import Given, Thread
from projector.linker.timing import guess
from store.documents import ParentLink

OTHERS = 0.75
OTHER_PARENTS_MAX = 16
SAME_MESSAGE_ID = "message-id-republished"
DEATHS = "x-death"

Told = tuple[What, str, str]
NOTHING: Sequence[Told] = ()


class Causality:
    """What is known of traces, conversations, ids and habits; each bounded, the least recent goes."""

    def __init__(self, memory: Memory) -> None:
        limit = memory.limits.conversations_max
        self._memory = memory
        self._limits = memory.limits
        self.dialects = Dialects()
        self.traces: Recent[str, Thread] = Recent(limit)
        self.conversations: Recent[Text, Thread] = Recent(limit)
        self.named = Named(memory)
        self.runs = Runs(memory)
        self.habits = Habits(memory.limits.habits_max)
        self.retries = Retries()
        self.moves = Moves(limit)
        self.late: list[Change] = []
        self._waited: list[tuple[int, str]] = []

    def published(
        self, message: LiveMessage, fact: MessagePublished, endpoint: LinkedEndpoint
    ) -> Sequence[Told]:
        """Give *message* its parent and its trace; return what its headers say."""
        properties = fact.properties
        told = self._told_by(message, fact.in_body)
        keys = fact.routing_keys
        signature = (fact.exchange, keys[0] if keys else None, properties.type)
        publish = Publish(endpoint, fact.channel, signature, self.habits.of(endpoint, signature))
        best = self._told_cause(message, told, publish) if told else None
        correlation, message_id = properties.correlation_id, properties.message_id
        if best is None or best.confidence < REPLY:
            best = better(self._answered(fact, correlation, endpoint), best)
        if correlation is not None:
            best = self._converse(message, correlation, "correlation-id", best, publish)
            if best is None or best.confidence < SURE:
                best = better(best, self.named.answered_id(correlation, endpoint))
        if properties.reply_to is not None:
            self._asks(message, fact.vhost, properties.reply_to)
        if message_id is not None:
            if (best is None or best.confidence < SURE) and not names_cause(told):
                best = better(best, self.named.again(message_id, SAME_MESSAGE_ID, endpoint))
            self._identify(message_id, message)
        if endpoint.mover is not None:
            best = better(self.moves.passed_on(endpoint, fact.fingerprint), best)
        if best is None:
            hands = self._memory.endpoints.hands.get(endpoint.number)
            if hands:
                tried = _was_tried(told, properties.headers)
                best = guess(self._memory, message, hands, signature, publish.habit, tried=tried)
        best = self.retries.cause(fact) or best
        following.learn(message, publish, best)
        if best is not None:
            self._adopt(message, best)
        if self._waited:
            self._named_late(message)
        return told

    def met(self, message: LiveMessage, in_body: Table | None = None) -> None:
        """Make a message whose publish was not observed part of its trace and conversation."""
        properties = message.properties
        correlation = properties.correlation_id
        for what, evidence, value in self._told_by(message, in_body):
            if what is What.TRACE:
                message.trace_id = value
                self._join(self.traces, message, value, evidence, TRACE)
            elif what is What.CONVERSATION:
                self._join(self.conversations, message, value, evidence, CONVERSATION)
            elif what is What.IDENTITY or what is What.TASK:
                self._identify(value, message)
        if correlation is not None:
            self._join(self.conversations, message, correlation, "correlation-id", CONVERSATION)
        if properties.message_id is not None:
            self._identify(properties.message_id, message)
        if self._waited:
            self._named_late(message)

    def delivered(
        self,
        message: LiveMessage,
        envelope: Envelope,
        fact: MessageDelivered,
        endpoint: LinkedEndpoint,
        queue: Text,
    ) -> None:
        """Remember that *endpoint* was given *message* from *queue*, and link again what that explains late."""
        if endpoint.mover is not None:
            self.moves.given(endpoint, fact.fingerprint, message.position)
        reply_to = fact.properties.reply_to
        if reply_to is not None and is_direct_reply(reply_to):
            self._asks(message, fact.vhost, reply_to)
        for thread in message.threads:
            given = Given(message.position, queue, fact.channel, envelope.position)
            for position in thread.delivered(endpoint, given, self._limits):
                self._again(position, thread, envelope)

    # What headers and properties say

    def _told_by(self, message: LiveMessage, in_body: Table | None) -> Sequence[Told]:
        """Return what frameworks say in and of *message*, and note what is no link."""
        properties = message.properties
        headers = properties.headers
        told = self.dialects.read(headers, in_body) if headers or in_body else NOTHING
        if told or properties.app_id is not None:
            message.described = self.dialects.describe(told, properties)
        return told

    def _told_cause(
        self, message: LiveMessage, told: Sequence[Told], publish: Publish
    ) -> Cause | None:
        """Return the best cause that headers tell of, and make *message* part of what they name."""
        best: Cause | None = None
        traced = False
        for what, evidence, value in told:
            if what is What.TRACE:
                if not traced or evidence == "traceparent":
                    message.trace_id = value
                traced = True
                thread = self._join(self.traces, message, value, evidence, TRACE)
                best = better(best, self._follow(thread, message, publish))
            elif what is What.CAUSE:
                named = self.named.caused_by(message, evidence, value, publish.endpoint)
                best = better(named, best)
            elif what is What.RUN:
                best = better(
                    self.runs.cause(message, value, evidence, self.named.is_answered), best
                )
            elif what is What.CONVERSATION:
                best = self._converse(message, value, evidence, best, publish)
            elif what is What.IDENTITY or what is What.TASK:
                again = what is What.TASK or any(each[0] is What.RETRIES for each in told)
                earlier = self.named.repeated if again else self.named.again
                best = better(best, earlier(value, f"same {evidence}", publish.endpoint))
                self._identify(value, message)
        return best

    def _converse(
        self,
        message: LiveMessage,
        key: Text,
        evidence: str,
        best: Cause | None,
        publish: Publish,
    ) -> Cause | None:
        """Make *message* part of a conversation; return the better of *best* and what that makes likely."""
        thread = self._join(self.conversations, message, key, evidence, CONVERSATION)
        if best is not None and best.confidence >= SURE:
            thread.published(publish.endpoint, message.position, self._limits)
            return best
        return better(best, self._follow(thread, message, publish))

    def _follow(self, thread: Thread, message: LiveMessage, publish: Publish) -> Cause | None:
        """Return what *thread* makes likely to have led to *message*, which then is part of it."""
        found = following.cause(self._memory, thread, publish) if thread.parts else None
        thread.published(publish.endpoint, message.position, self._limits)
        return found

    def _answered(
        self, fact: MessagePublished, correlation: Text | None, endpoint: LinkedEndpoint
    ) -> Cause | None:
        return self.named.answered(fact, correlation, endpoint) if fact.routing_keys else None

    def _asks(self, message: LiveMessage, vhost: Text, reply_to: Text) -> None:
        """Note that *message* wants a reply; who replies names its correlation id, else its message id, else nothing."""
        properties = message.properties
        correlation = properties.correlation_id
        if correlation is None:
            correlation = properties.message_id
            self.named.ask((vhost, reply_to, None), message.position)
        if correlation is not None:
            self.named.ask((vhost, reply_to, correlation), message.position)

    def _identify(self, value: Text, message: LiveMessage) -> None:
        """Note that *message* bears the id *value*."""
        self.named.identify(value, message.position)
        waiting = self.named.awaited.get(value) if isinstance(value, str) else None
        if waiting is not None:
            self._waited += waiting

    def _named_late(self, message: LiveMessage) -> None:
        """Give what waited for an id of *message* its parent, once that has its own."""
        for position, evidence in self._waited:
            child = self._memory.messages.get(position)
            if child is None or child.publisher is None or not self._just_before(child, message):
                continue
            endpoint: Any = child.publisher
            cause = self.named.named_late(message.position, evidence, endpoint)
            if cause is not None:
                at = (message.position, message.published_at)
                self.late += relink(self._memory, child, cause, why=NAMED_LATE, at=at)
        self._waited.clear()

    def _just_before(self, child: LiveMessage, message: LiveMessage) -> bool:
        """Return whether *child* was told so shortly before *message* that the order may be the other way round."""
        limits = self._limits
        return (
            0 < message.position - child.position <= limits.held_events_max
            and message.published_at - child.published_at <= limits.hold_ns_max
        )

    def _join(
        self,
        table: Recent[Any, Thread],
        message: LiveMessage,
        key: Text,
        evidence: str,
        confidence: float,
    ) -> Thread:
        """Make *message* part of the thread *key*; return that."""
        thread = table.get(key)
        if thread is None:
            thread = Thread(evidence, confidence)
            table.put(key, thread)
        if not any(other is thread for other in message.threads):
            message.threads = (*message.threads, thread)
        return thread

    # What follows

    def _again(self, position: int, thread: Thread, late: Envelope) -> None:
        """Look again for the cause of the message at *position*: its publisher was given something before, told *late*."""
        message = self._memory.messages.get(position)
        if message is None or message.publisher is None:
            return
        endpoint: Any = message.publisher
        keys = message.routing_keys
        signature = (message.exchange, keys[0] if keys else None, message.properties.type)
        publish = Publish(
            endpoint, message.channel, signature, self.habits.of(endpoint, signature), position
        )
        cause = following.cause(self._memory, thread, publish)
        if cause is not None:
            at = (late.position, late.observed_at)
            self.late += relink(self._memory, message, cause, why=SEEN_LATE, at=at)

    def _adopt(self, message: LiveMessage, cause: Cause) -> None:
        memory = self._memory
        if cause.position == message.position:
            return
        message.parent = link(memory, message, cause)
        confidence = round(min(OTHERS, cause.confidence), 3)
        message.other_parents = tuple(
            ParentLink(uid(memory.stream, position), cause.evidence, confidence)
            for position in cause.others[:OTHER_PARENTS_MAX]
        )
        parent = memory.messages.get(cause.position)
        own = memory.trace_id(message.position)
        if parent is not None and cause.confidence > INHERIT_ABOVE and message.trace_id == own:
            message.trace_id = parent.trace_id


def names_cause(told: Sequence[Told]) -> bool:
    """Return whether a message names its cause by a framework's id: then its own id says nothing of that."""
    return any(what is What.CAUSE for what, _, _ in told)


def _was_tried(told: Sequence[Told], headers: Table | None) -> bool:
    """Return whether a publish says that its message was handled before: a retry, an error, deaths it was given with."""
    if headers is not None and DEATHS in headers:
        return True
    return any(what is What.RETRIES or what is What.ERROR for what, _, _ in told)
