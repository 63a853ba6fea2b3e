"""From a moment in a message's life to the spans that show it.

Pure. A publish is a span of the service that sent, a delivery one of the service that was given the message, and what
happens between is the broker's. Only the wait in a queue has two times that were seen; every other span ends where it
begins. Where the publisher reports spans itself, only the broker's are made, under the span that its header names.
"""

from projector.linker import latency
from projector.linker.document import UNROUTABLE, state_of
from projector.linker.model import Endpoint, LiveAttempt, LiveCopy, LiveMessage
from projector.otlp import attributes as told_of
from projector.otlp.ids import DEAD_LETTER, PROCESS, PUBLISH, WAIT
from projector.otlp.model import Anchor, Kind, Link, Span
from projector.otlp.moments import Moment
from projector.otlp.names import is_anonymous, sent_to, shown, span_name, taken_from
from projector.otlp.places import SURE, Cause, Places
from store.documents import DeadLetter

BROKER = "rabbitmq"
UNKNOWN_SERVICE = "unknown_service"
UNKNOWN_DEATH = DeadLetter("unknown")


def spans_of(moment: Moment, places: Places) -> list[Span]:
    """Return the spans that show *moment*, parents before children; none of a trace that its publisher does not record."""
    told = places.told(moment.message)
    if told is not None and not told.sampled:
        return []
    if moment.attempt is not None and moment.copy is not None:
        wait = _wait(moment.message, moment.copy, moment.attempt, places)
        if told is not None:
            return [wait]
        return [wait, _process(moment.message, moment.copy, moment.attempt, places)]
    if moment.copy is not None:
        return [_dead_letter(moment, moment.copy, places)]
    return [_publish(moment, places)] if told is None else []


def _publish(moment: Moment, places: Places) -> Span:
    message = moment.message
    key = message.routing_keys[0] if message.routing_keys else ""
    destination = sent_to(message.exchange, key)
    made_up = is_anonymous(message.exchange or key)
    at = places.ours(message, message.position, PUBLISH)
    causes = places.causes(moment)
    parent = causes[0] if causes and _is_parent(causes[0], message, at) else None
    why = (
        told_of.believed(told_of.PUBLISH_SEEN, 1.0)
        if parent is None
        else told_of.believed(parent.link.evidence, parent.link.confidence, parent.link.rivals)
    )
    if state_of(message) == UNROUTABLE:
        why["hoptrail.unroutable"] = True
    published_at, _ = latency.published(message)
    return Span(
        service=_service(message.publisher),
        name=span_name(PUBLISH, destination, anonymous=made_up),
        kind=Kind.PRODUCER,
        at=at,
        parent=None if parent is None else parent.to.span_id,
        start=published_at,
        end=published_at,
        attributes=told_of.common(message, places.stream, destination, made_up=made_up)
        | told_of.operation(PUBLISH, "send")
        | told_of.of_body(message)
        | told_of.of_endpoint(message.publisher)
        | why,
        links=tuple(told_of.link_to(cause) for cause in causes if cause is not parent),
    )


def _is_parent(cause: Cause, message: LiveMessage, at: Anchor) -> bool:
    """Return whether *cause* is the parent, believed well enough, and in the same trace."""
    believed = cause.link is message.parent and cause.link.confidence >= SURE
    return believed and cause.to.trace_id == at.trace_id


def _process(message: LiveMessage, copy: LiveCopy, attempt: LiveAttempt, places: Places) -> Span:
    key = message.routing_keys[0] if message.routing_keys else ""
    destination = taken_from(message.exchange, key, copy.queue)
    made_up = is_anonymous(copy.queue)
    arrival, root = places.arrival(message, copy), places.root(message)
    creation = told_of.believed(told_of.CREATION, 1.0)
    return Span(
        service=_service(attempt.endpoint),
        name=span_name(PROCESS, destination, anonymous=made_up),
        kind=Kind.CONSUMER,
        at=places.ours(message, attempt.position, PROCESS),
        parent=None if arrival is None else arrival.span_id,
        start=attempt.at,
        end=attempt.at,
        attributes=told_of.common(message, places.stream, destination, made_up=made_up)
        | told_of.operation(PROCESS, PROCESS)
        | told_of.of_body(message)
        | told_of.of_endpoint(attempt.endpoint)
        | told_of.of_work(message, attempt)
        | told_of.of_delivery(copy),
        links=() if root is None else (Link(root, creation),),
    )


def _wait(message: LiveMessage, copy: LiveCopy, attempt: LiveAttempt, places: Places) -> Span:
    """Return the wait of *copy* in its queue, which is known for its first delivery only."""
    waited = latency.queue_wait(message, copy) if attempt in copy.attempts[:1] else None
    start, end = waited or (attempt.at, attempt.at)
    arrival = places.arrival(message, copy)
    queue, made_up = shown(copy.queue), is_anonymous(copy.queue)
    why = told_of.WAIT_SEEN if waited else told_of.WAIT_UNKNOWN
    return Span(
        service=BROKER,
        name=span_name(WAIT, queue, anonymous=made_up),
        kind=Kind.INTERNAL,
        at=places.ours(message, attempt.position, WAIT),
        parent=None if arrival is None else arrival.span_id,
        start=start,
        end=end,
        attributes=told_of.common(message, places.stream, queue, made_up=made_up)
        | told_of.of_body(message)
        | told_of.believed(why, 1.0),
    )


def _dead_letter(moment: Moment, copy: LiveCopy, places: Places) -> Span:
    """Return the death out of which *copy* came, or which it died with nobody knowing where to."""
    message = moment.message
    source = copy if moment.died else message.copies[copy.came_from]
    letter = source.dead_letter or UNKNOWN_DEATH
    if moment.died:
        at, to = places.last_death(message, copy, moment.told_at), None
    else:
        at, to = places.death(message, copy), copy.queue
    before = places.before_death(message, source, position=moment.told_at)
    queue, made_up = shown(source.queue), is_anonymous(source.queue)
    return Span(
        service=BROKER,
        name=span_name(DEAD_LETTER, queue, anonymous=made_up),
        kind=Kind.INTERNAL,
        at=at,
        parent=None if before is None else before.span_id,
        start=moment.observed_at,
        end=moment.observed_at,
        attributes=told_of.common(message, places.stream, queue, made_up=made_up)
        | told_of.of_death(source, letter, to),
        failure=None if letter.timer else letter.reason,
    )


def _service(endpoint: Endpoint | None) -> str:
    """Return the name of the service at *endpoint*, in OpenTelemetry's word where there is none."""
    return UNKNOWN_SERVICE if endpoint is None else endpoint.party.service or UNKNOWN_SERVICE
