"""A live message as the document that index, API and CLI pass on.

Pure. The state of a message is that of its last copies, those that did not die into another: the worst of
dead-lettered > redelivered > delivered > waiting > gone > settled.
"""

from itertools import pairwise

from events.identity import uid
from projector.linker.model import (
    DEAD_LETTERED,
    DELIVERED,
    GONE,
    REDELIVERED,
    ROUTED,
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
NOBODY = Party()
LATENCY_UNIT_NS = 1e6
BROKER_TIME_SLACK_NS = 86_400_000_000_000


def of(message: LiveMessage, stream: str) -> MessageDocument:
    """Return *message* as a document; *stream* gives the uid."""
    properties = message.properties
    published_at, quality = _published(message)
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
        copies=tuple(_copy(copy) for copy in message.copies),
        trace_id=message.trace_id,
        parent=message.parent,
        other_parents=message.other_parents,
        latency_ms=_latency_ms(message, published_at, quality),
        reply_to=properties.reply_to,
        app_id=properties.app_id,
        content_encoding=properties.content_encoding,
        retry_rounds=message.retry_rounds,
        not_observed=message.not_observed,
        events=tuple(message.events),
    )


def state_of(message: LiveMessage) -> str:
    """Return the state of *message*."""
    copies = message.copies
    if not copies:
        return UNKNOWN if hidden_route(message) else UNROUTABLE
    if len(copies) == 1:
        return _shown_state(copies[0].state)
    sources = {copy.came_from for copy in copies}
    worst = len(WORST_FIRST)
    for number, copy in enumerate(copies):
        if number in sources:
            continue
        state = DEAD_LETTERED if failed(copies, number) else _shown_state(copy.state)
        if state in WORST_FIRST:
            worst = min(worst, WORST_FIRST.index(state))
    return WORST_FIRST[worst] if worst < len(WORST_FIRST) else UNKNOWN


def hidden_route(message: LiveMessage) -> bool:
    """Return whether the broker is known to hide where *message* went: a reply by direct reply-to, before 4.2."""
    if not message.publish_observed:
        return True
    if message.exchange != "":
        return False
    for key in message.routing_keys:
        shown = key if isinstance(key, str) else key.decode("utf-8", "replace")
        if shown.startswith("amq.rabbitmq.reply-to"):
            return True
    return False


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


def _shown_state(state: str) -> str:
    return state if state in WORST_FIRST else UNKNOWN


def _copy(copy: LiveCopy) -> Copy:
    return Copy(
        queue=copy.queue,
        origin=copy.origin,
        state=_shown_state(copy.state),
        attempts=tuple(_attempt(attempt) for attempt in copy.attempts),
        dead_letter=copy.dead_letter,
        enqueued_at=copy.enqueued_at,
        cause=copy.cause,
        confidence=copy.confidence,
    )


def _attempt(attempt: LiveAttempt) -> Attempt:
    return Attempt(
        attempt.at, attempt.redelivered, attempt.endpoint.party, attempt.position, attempt.settled
    )


def _published(message: LiveMessage) -> tuple[int, str]:
    """Return when the message was published and how well that is known."""
    headers = message.properties.headers
    stamp = headers.get("timestamp_in_ms") if headers else None
    if isinstance(stamp, int) and not isinstance(stamp, bool):
        told = stamp * 1_000_000
        if abs(told - message.published_at) < BROKER_TIME_SLACK_NS:
            return told, "broker"
    return message.published_at, "backlog" if message.lag_ms > 0 else "live"


def _latency_ms(message: LiveMessage, published_at: int, quality: str) -> float | None:
    """Return the time from the publish to the first delivery of a routed copy, where both were observed live."""
    if not message.publish_observed or quality == "backlog":
        return None
    first: LiveAttempt | None = None
    for copy in message.copies:
        if copy.origin == ROUTED and copy.attempts:
            attempt = copy.attempts[0]
            if first is None or attempt.position < first.position:
                first = attempt
    if first is None or first.lag_ms > 0 or first.at < published_at:
        return None
    return (first.at - published_at) / LATENCY_UNIT_NS
