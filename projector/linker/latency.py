"""How long a message waited, was worked on, and took from where its conversation began: per copy, delivery and message.

Pure. Nothing is told of a time whose beginning or end was seen late, or across which capture has a gap: a wrong latency is
worse than none. What `processing_ms` tells is an estimate, with its evidence (``processing``).
"""

from events.values import Text
from projector.linker.ledger import Ledger
from projector.linker.memory import Memory
from projector.linker.model import BY_DEAD_LETTER, ROUTED, LiveAttempt, LiveCopy, LiveMessage
from projector.linker.processing import EVIDENCE

MS = 1e6
BROKER_TIME_SLACK_NS = 86_400_000_000_000
TOLD_BY_TAP = "tap"
NO_GAPS = Ledger()


def tell_again(memory: Memory, vhost: Text, since: int) -> None:
    """Have the messages of *vhost* ("": of all) told again that were delivered after *since* (ns).

    A gap is mostly told of after its beginning, so latencies that were told across it are taken back.
    """
    for message in memory.messages.values():
        if vhost not in (message.vhost, ""):
            continue
        if any(copy.attempts and _last_at(copy) > since for copy in message.copies):
            memory.touch(message)


def _last_at(copy: LiveCopy) -> int:
    return max(max(attempt.at, attempt.ended_at) for attempt in copy.attempts)


def published(message: LiveMessage) -> tuple[int, str]:
    """Return when *message* was published (ns) and how well that is known: broker, live or backlog."""
    headers = message.properties.headers
    stamp = headers.get("timestamp_in_ms") if headers else None
    if isinstance(stamp, int) and not isinstance(stamp, bool):
        told = stamp * 1_000_000
        if abs(told - message.published_at) < BROKER_TIME_SLACK_NS:
            return told, "broker"
    return message.published_at, "backlog" if message.lag_ms > 0 else "live"


def enqueued_at(message: LiveMessage, copy: LiveCopy) -> int | None:
    """Return when *copy* came to its queue (ns); None unless that was seen as it happened."""
    if copy.origin == ROUTED:
        at, quality = published(message)
        return at if message.publish_observed and quality != "backlog" else None
    if copy.origin != BY_DEAD_LETTER or not 0 <= copy.came_from < len(message.copies):
        return None
    if message.copies[copy.came_from].told_by != TOLD_BY_TAP or message.lag_ms > 0:
        return None
    return copy.enqueued_at


def queue_wait(message: LiveMessage, copy: LiveCopy) -> tuple[int, int] | None:
    """Return from when until when (ns) *copy* waited for its first delivery; None unless both were seen."""
    if not copy.attempts or copy.offset is not None:
        return None
    first = copy.attempts[0]
    if copy.origin == ROUTED and message.properties.headers is None:  # nearly all are so
        since = message.published_at if message.publish_observed and not message.lag_ms else None
    else:
        since = enqueued_at(message, copy)
    if since is None or first.lag_ms > 0 or first.redelivered or first.at < since:
        return None
    return since, first.at


def queue_wait_ms(message: LiveMessage, copy: LiveCopy, gaps: Ledger = NO_GAPS) -> float | None:
    """Return how long *copy* waited for its first delivery."""
    span = queue_wait(message, copy)
    return None if span is None else _ms(message, span, gaps)


def first_delivery_ms(message: LiveMessage, gaps: Ledger = NO_GAPS) -> float | None:
    """Return the time from the publish to the first delivery of a routed copy."""
    first: LiveCopy | None = None
    for copy in message.copies:
        if copy.origin != ROUTED or not copy.attempts:
            continue
        if first is None or copy.attempts[0].position < first.attempts[0].position:
            first = copy
    if first is None:
        return None
    since, attempt = enqueued_at(message, first), first.attempts[0]
    if since is None or attempt.lag_ms > 0 or attempt.at < since:
        return None
    return _ms(message, (since, attempt.at), gaps)


def processing_ms(
    message: LiveMessage, attempt: LiveAttempt, gaps: Ledger = NO_GAPS
) -> tuple[float | None, str | None]:
    """Return how long *attempt* was worked on, as far as can be estimated, and on what evidence."""
    if not attempt.ended_at:
        return None, None
    told = _ms(message, (attempt.at, attempt.ended_at), gaps)
    return (None, None) if told is None else (told, EVIDENCE[attempt.ended_by])


def end_to_end_ms(message: LiveMessage, gaps: Ledger = NO_GAPS) -> float | None:
    """Return the time from the beginning of the conversation to the last that is known of work on *message*."""
    began = message.began_at
    if not began:
        began, quality = published(message)
        if quality == "backlog" or not message.publish_observed:
            return None
    last = 0
    for copy in message.copies:
        for attempt in copy.attempts:
            if attempt.lag_ms > 0:
                return None
            last = max(last, attempt.at, attempt.ended_at)
    if began < 0 or last < began:
        return None
    return _ms(message, (began, last), gaps)


def _ms(message: LiveMessage, span: tuple[int, int], gaps: Ledger) -> float | None:
    since, until = span
    return None if gaps.touches(message.vhost, since, until) else (until - since) / MS
