"""A live message as the document that index, API and CLI pass on.

Pure. The state of a message is that of its last copies, those that did not die into another: the worst of
dead-lettered > redelivered > delivered > waiting > gone > settled.
"""

from itertools import pairwise

from events.identity import uid
from events.values import Text, shown
from projector.linker import latency
from projector.linker.believed import NO_QUEUE, waits
from projector.linker.dialects.reading import TYPE_PROPERTY, Described
from projector.linker.ledger import Ledger
from projector.linker.model import (
    DEAD_LETTERED,
    DELIVERED,
    GONE,
    REDELIVERED,
    SETTLED,
    UNKNOWN,
    UNROUTABLE,
    WAITING,
    LiveAttempt,
    LiveCopy,
    LiveMessage,
)
from store.documents import Attempt, Copy, MessageDocument, Party

WORST_FIRST = (DEAD_LETTERED, REDELIVERED, DELIVERED, WAITING, GONE, SETTLED)
FAILURES = ("rejected", "delivery_limit", "maxlen")
DIRECT_REPLY = "amq.rabbitmq.reply-to"
NOBODY = Party()
SAYS_NOTHING = Described()


def of(message: LiveMessage, stream: str, gaps: Ledger = latency.NO_GAPS) -> MessageDocument:
    """Return *message* as a document; *stream* gives the uid, across *gaps* no latency is told."""
    properties, told = message.properties, message.described or _by_type(message)
    published_at, quality = latency.published(message)
    return MessageDocument(
        uid=uid(stream, message.position),
        position=message.position,
        version=message.version,
        published_at=published_at,
        time_quality=quality,
        publish_observed=message.publish_observed,
        vhost=message.vhost,
        exchange=message.exchange,
        routing_keys=message.routing_keys,
        routed_queues=message.routed_queues,
        publisher=NOBODY if message.publisher is None else message.publisher.party,
        state=state_of(message),
        message_id=properties.message_id,
        correlation_id=properties.correlation_id,
        type=properties.type,
        content_type=properties.content_type,
        headers=properties.headers,
        body=message.body,
        copies=tuple(_copy(message, copy, gaps) for copy in message.copies),
        trace_id=message.trace_id,
        parent=message.parent,
        other_parents=message.other_parents,
        latency_ms=latency.first_delivery_ms(message, gaps),
        reply_to=properties.reply_to,
        app_id=properties.app_id,
        content_encoding=properties.content_encoding,
        retry_rounds=message.retry_rounds,
        not_observed=message.not_observed,
        events=tuple(message.events),
        parent_changes=message.parent_changes,
        end_to_end_ms=latency.end_to_end_ms(message, gaps),
        message_type=told.message_type,
        message_type_evidence=told.message_type_evidence,
        framework=told.framework,
        framework_retries=told.retries,
        error=told.error,
    )


def _by_type(message: LiveMessage) -> Described:
    """Return what the property `type` says of a message of which no framework says anything."""
    kind = message.properties.type
    if kind is None:
        return SAYS_NOTHING
    return Described(message_type=shown(kind), message_type_evidence=TYPE_PROPERTY)


def state_of(message: LiveMessage) -> str:
    """Return the state of *message*."""
    copies = message.copies
    if not copies:
        return UNKNOWN if hidden_route(message) else UNROUTABLE
    if len(copies) == 1:
        return UNROUTABLE if copies[0].cause == NO_QUEUE else _shown_state(copies[0])
    sources = {copy.came_from for copy in copies}
    worst = len(WORST_FIRST)
    for number, copy in enumerate(copies):
        if number in sources:
            continue
        state = DEAD_LETTERED if failed(copies, number) else _shown_state(copy)
        if state in WORST_FIRST:
            worst = min(worst, WORST_FIRST.index(state))
    return WORST_FIRST[worst] if worst < len(WORST_FIRST) else UNKNOWN


def hidden_route(message: LiveMessage) -> bool:
    """Return whether it was not seen where *message* went: unless the firehose showed its publish, its publisher is unknown.

    The firehose hides it of a reply by direct reply-to, before 4.2.
    """
    if message.publisher is None:
        return True
    if message.exchange != "":
        return False
    return any(is_direct_reply(key) for key in message.routing_keys)


def is_direct_reply(name: Text) -> bool:
    """Return whether *name* is what the broker makes of ``amq.rabbitmq.reply-to``, which is no queue."""
    if isinstance(name, bytes):
        return name.startswith(DIRECT_REPLY.encode())
    return name.startswith(DIRECT_REPLY)


def path_to(copies: list[LiveCopy], number: int) -> list[LiveCopy]:
    """Return the copies that died into copy *number* one after another, oldest first, and itself."""
    path: list[LiveCopy] = []
    while 0 <= number < len(copies) and len(path) <= len(copies):
        path.append(copies[number])
        number = copies[number].came_from
    path.reverse()
    return path


def failed(copies: list[LiveCopy], number: int) -> bool:
    """Return whether copy *number* came to its queue by a failure and not back to a queue that worked on it before."""
    path = path_to(copies, number)
    verdict = False
    worked: set[object] = set()
    seen: set[object] = set()
    for source, target in pairwise(path):
        seen.add(source.queue)
        if source.attempts:
            worked.add(source.queue)
        death = source.dead_letter
        if death is not None and (death.reason in FAILURES or not death.timer):
            verdict = target.queue not in worked
        elif target.queue in seen:
            verdict = False
    return verdict


def _shown_state(copy: LiveCopy) -> str:
    """Return the state of *copy*; a direct reply waits for nobody, and that it was delivered is hidden before 4.2."""
    state = copy.state
    if state not in WORST_FIRST or (state == WAITING and is_direct_reply(copy.queue)):
        return UNKNOWN
    return state


def _copy(message: LiveMessage, copy: LiveCopy, gaps: Ledger) -> Copy:
    state, cause, confidence = _shown_state(copy), copy.cause, copy.confidence
    if state == WAITING:
        cause, confidence = waits(cause)
    return Copy(
        queue=copy.queue,
        origin=copy.origin,
        state=state,
        attempts=tuple(_attempt(message, attempt, gaps) for attempt in copy.attempts),
        dead_letter=copy.dead_letter,
        enqueued_at=copy.enqueued_at,
        cause=cause,
        confidence=confidence,
        queue_wait_ms=latency.queue_wait_ms(message, copy, gaps) if copy.attempts else None,
    )


def _attempt(message: LiveMessage, attempt: LiveAttempt, gaps: Ledger) -> Attempt:
    processing_ms, evidence = latency.processing_ms(message, attempt, gaps)
    return Attempt(
        attempt.at, attempt.redelivered, attempt.endpoint.party, attempt.position, attempt.settled,
        processing_ms, evidence,
    )  # fmt: skip
