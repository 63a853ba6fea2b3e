"""The JSON forms of messages, their copies, attempts and facts.

Pure. Field names are those of the query language; what is inferred carries its evidence and confidence.
"""

from typing import Any, Literal

from pydantic import Field

from api.bodies import Encoding, ShownBody, show
from api.kibana_links import KibanaLinks
from api.wire import (
    Out,
    PositionOut,
    TextOut,
    TimeOut,
    plain,
    table,
    text,
    text_or_none,
    texts,
    time,
    time_or_none,
)
from events.block import Block
from events.facts import BodyRef, Envelope, kind_of
from store.documents import (
    Attempt,
    Copy,
    DeadLetter,
    MessageDocument,
    ParentChange,
    ParentLink,
    Party,
)

CONFIDENCE = Field(description="From 0 (a guess) to 1 (certain).", ge=0, le=1)
EVIDENCE = Field(description="Why this is believed.", examples=["client-provided name"])
UID = Field(
    description="hoptrail's id of a message: its stream and the position of its first fact.",
    examples=["main-4711"],
)
State = Literal[
    "unroutable",
    "dead-lettered",
    "redelivered",
    "delivered",
    "waiting",
    "gone",
    "settled",
    "unknown",
]


class PartyOut(Out):
    """A service seen at one end of a message."""

    service: str | None = Field(description="Its name; null when nothing tells it.")
    connection: TextOut | None = Field(description="The broker's name of its connection.")
    user: TextOut | None
    evidence: str | None = EVIDENCE
    confidence: float = CONFIDENCE


class AttemptOut(Out):
    """One delivery of a copy to a consumer."""

    delivered_at: TimeOut
    redelivered: bool = Field(description="The broker says that it was delivered before.")
    consumer: PartyOut
    position: PositionOut
    settled: str | None = Field(
        description="Why this delivery is believed settled; null when nothing tells. Acknowledgements are never seen."
    )
    processing_ms: float | None = Field(
        description="How long the consumer worked on it: an estimate; null when nothing tells."
    )
    processing_evidence: str | None = Field(
        description="What the estimate rests on.",
        examples=["the last message it published because of this one"],
    )


class DeadLetterOut(Out):
    """How a copy died in its own queue."""

    reason: str = Field(examples=["rejected", "expired", "maxlen", "delivery_limit"])
    exchange: TextOut | None = Field(description="The exchange it was dead-lettered to.")
    routing_key: TextOut | None
    to_queues: list[TextOut]
    count: int = Field(description="Its deaths in this queue so far.", ge=0)
    timer: bool = Field(description="An expiry used as a delay, not a failure.")
    at: TimeOut | None


class CopyOut(Out):
    """The message in one queue."""

    queue: TextOut
    origin: Literal["routed", "dead-letter", "inferred"]
    state: State
    attempts: list[AttemptOut]
    dead_letter: DeadLetterOut | None = Field(
        description="How this copy died, in this queue; null when it did not."
    )
    enqueued_at: TimeOut | None
    cause: str | None = Field(description="Why an inferred state (gone, settled) is believed.")
    confidence: float = CONFIDENCE
    queue_wait_ms: float | None = Field(
        description="From its coming to the queue to its first delivery; null unless both were seen live and without a gap."
    )


class ParentOut(Out):
    """A message believed to have caused this one."""

    uid: str = UID
    evidence: str = EVIDENCE
    confidence: float = CONFIDENCE
    rivals: int = Field(description="Other candidates on the same evidence.", ge=0)
    rival_uids: list[str] = Field(description="The likeliest few of these, the likeliest first.")


class ParentChangeOut(Out):
    """That another parent became believed after the message was first linked."""

    at: TimeOut = Field(description="When the event was observed that told it.")
    position: PositionOut
    before: ParentOut | None = Field(description="What was believed before; null for nothing.")
    after: ParentOut | None
    why: str = Field(description="Why it became known late.")


class BodyOut(Out):
    """A message body as the log keeps it."""

    size: int = Field(description="Bytes as published.", ge=0)
    truncated: bool = Field(description="The log keeps only its beginning.")
    encoding: Encoding | None = Field(description="How `value` is told; null when it is left out.")
    value: Any = Field(description="The body: a JSON value, a string, or base64.")
    left_out: Literal["large", "not retained", "not permitted"] | None = Field(
        description="Why `value` is null: too large for a list (ask for the message or its body), removed by retention, "
        "or the key has not the scope `payload`; null when it is there."
    )


class LinksOut(Out):
    """Where else the message can be looked at; null when no such place is set."""

    kibana: str | None = Field(description="The message in Kibana's Discover.")
    kibana_trace: str | None = Field(description="All messages of its trace in Kibana's Discover.")


class MessageOut(Out):
    """A message: who published what where, what became of each copy, and what caused it."""

    uid: str = UID
    published_at: TimeOut
    time_quality: Literal["live", "backlog", "broker"] = Field(
        description="live: seen as it happened; backlog: seen late, while capture caught up; broker: the broker's own."
    )
    publish_observed: bool
    vhost: TextOut
    exchange: TextOut
    routing_keys: list[TextOut]
    routed_queues: list[TextOut] = Field(
        description="Where the broker routed it; not a proof of arrival."
    )
    publisher: PartyOut
    message_id: TextOut | None
    correlation_id: TextOut | None
    type: TextOut | None
    content_type: TextOut | None
    headers: dict[str, Any] | None
    body: BodyOut | None
    state: State
    copies: list[CopyOut]
    trace_id: str
    parent: ParentOut | None
    other_parents: list[ParentOut]
    parent_changes: list[ParentChangeOut] = Field(
        description="How the parent changed after the message was first linked, oldest first; empty when it did not."
    )
    latency_ms: float | None = Field(
        description="From publish to the first delivery of a routed copy; null unless both were seen live."
    )
    position: PositionOut
    reply_to: TextOut | None
    app_id: TextOut | None
    content_encoding: TextOut | None
    retry_rounds: int = Field(description="Returns of a copy to a queue it was in before.", ge=0)
    not_observed: str | None = Field(description="Why the publish was not seen; null when it was.")
    end_to_end_ms: float | None = Field(
        description="From the publish that began its conversation to the last that is known of work on it; its end is "
        "estimated where `processing_ms` is."
    )
    message_type: str | None = Field(
        description="The property `type`, else what the framework that sent it calls its type."
    )
    message_type_evidence: str | None = Field(description="What tells `message_type`.")
    framework: str | None = Field(
        description="The framework that wrote it, by what stands in headers or body.",
        examples=["Celery"],
    )
    framework_retries: int | None = Field(
        description="How often that framework published it again, as it says itself.", ge=0
    )
    error: str | None = Field(
        description="Why it failed, in one line, as a framework wrote into headers or body."
    )
    links: LinksOut


class EventOut(Out):
    """A fact of the log as it was observed."""

    position: PositionOut
    observed_at: TimeOut
    lag_ms: int = Field(description="How long it may have waited in the tap before, in ms.", ge=0)
    kind: str = Field(examples=["MessagePublished"])
    fact: dict[str, Any] = Field(description="The fact's fields; nothing in them is inferred.")


def message(
    document: MessageDocument, body: BodyOut | None, kibana: KibanaLinks | None = None
) -> MessageOut:
    """Return a message in its JSON form; *body* as :func:`shown_body` or :func:`body_left_out` gives it."""
    return MessageOut(
        uid=document.uid,
        published_at=time(document.published_at),
        time_quality=document.time_quality,  # pyright: ignore[reportArgumentType]
        publish_observed=document.publish_observed,
        vhost=text(document.vhost),
        exchange=text(document.exchange),
        routing_keys=texts(document.routing_keys),
        routed_queues=texts(document.routed_queues),
        publisher=_party(document.publisher),
        message_id=text_or_none(document.message_id),
        correlation_id=text_or_none(document.correlation_id),
        type=text_or_none(document.type),
        content_type=text_or_none(document.content_type),
        headers=table(document.headers),
        body=body,
        state=document.state,  # pyright: ignore[reportArgumentType]
        copies=[_copy(copy) for copy in document.copies],
        trace_id=document.trace_id,
        parent=_parent(document.parent) if document.parent else None,
        other_parents=[_parent(link) for link in document.other_parents],
        parent_changes=[_parent_change(change) for change in document.parent_changes],
        latency_ms=document.latency_ms,
        position=str(document.position),
        reply_to=text_or_none(document.reply_to),
        app_id=text_or_none(document.app_id),
        content_encoding=text_or_none(document.content_encoding),
        retry_rounds=document.retry_rounds,
        not_observed=document.not_observed,
        end_to_end_ms=document.end_to_end_ms,
        message_type=document.message_type,
        message_type_evidence=document.message_type_evidence,
        framework=document.framework,
        framework_retries=document.framework_retries,
        error=document.error,
        links=_links(document, kibana),
    )


def shown_body(document: MessageDocument, ref: BodyRef, stored: bytes) -> BodyOut:
    """Return the body with its value, in the form a reader can use best."""
    seen: ShownBody = show(
        stored,
        content_type=document.content_type,
        content_encoding=document.content_encoding,
        truncated=ref.truncated,
    )
    return BodyOut(
        size=ref.size,
        truncated=ref.truncated,
        encoding=seen.encoding,
        value=seen.value,
        left_out=None,
    )


def body_left_out(ref: BodyRef, why: Literal["large", "not retained", "not permitted"]) -> BodyOut:
    """Return the body without its value, and why."""
    return BodyOut(size=ref.size, truncated=ref.truncated, encoding=None, value=None, left_out=why)


def event(envelope: Envelope) -> EventOut:
    """Return a fact of the log in its JSON form."""
    return EventOut(
        position=str(envelope.position),
        observed_at=time(envelope.observed_at),
        lag_ms=envelope.lag_ms,
        kind=kind_of(envelope.fact),
        fact=plain(envelope.fact),
    )


def block_summary(block: Block) -> dict[str, Any]:
    """Return what a block's header tells, as ``hoptrail log`` prints it."""
    header = block.header
    told = plain(header)
    told["first_observed_at"] = time(header.first_observed_at)
    told["last_observed_at"] = time(header.last_observed_at)
    told["previous"] = header.previous.hex()
    told["digest"] = block.digest.hex()
    return told


def _party(party: Party) -> PartyOut:
    return PartyOut(
        service=party.service,
        connection=text_or_none(party.connection),
        user=text_or_none(party.user),
        evidence=party.evidence,
        confidence=party.confidence,
    )


def _attempt(attempt: Attempt) -> AttemptOut:
    return AttemptOut(
        delivered_at=time(attempt.delivered_at),
        redelivered=attempt.redelivered,
        consumer=_party(attempt.consumer),
        position=str(attempt.position),
        settled=attempt.settled,
        processing_ms=attempt.processing_ms,
        processing_evidence=attempt.processing_evidence,
    )


def _dead_letter(death: DeadLetter) -> DeadLetterOut:
    return DeadLetterOut(
        reason=death.reason,
        exchange=text_or_none(death.exchange),
        routing_key=text_or_none(death.routing_key),
        to_queues=texts(death.to_queues),
        count=death.count,
        timer=death.timer,
        at=time_or_none(death.at),
    )


def _copy(copy: Copy) -> CopyOut:
    return CopyOut(
        queue=text(copy.queue),
        origin=copy.origin,  # pyright: ignore[reportArgumentType]
        state=copy.state,  # pyright: ignore[reportArgumentType]
        attempts=[_attempt(attempt) for attempt in copy.attempts],
        dead_letter=_dead_letter(copy.dead_letter) if copy.dead_letter else None,
        enqueued_at=time_or_none(copy.enqueued_at),
        cause=copy.cause,
        confidence=copy.confidence,
        queue_wait_ms=copy.queue_wait_ms,
    )


def _links(document: MessageDocument, kibana: KibanaLinks | None) -> LinksOut:
    if kibana is None:
        return LinksOut(kibana=None, kibana_trace=None)
    at, trace_id = document.published_at, document.trace_id
    return LinksOut(
        kibana=kibana.message(document.uid, at),
        kibana_trace=kibana.trace(trace_id, at) if trace_id else None,
    )


def _parent_change(change: ParentChange) -> ParentChangeOut:
    return ParentChangeOut(
        at=time(change.at),
        position=str(change.position),
        before=_parent(change.before) if change.before else None,
        after=_parent(change.after) if change.after else None,
        why=change.why,
    )


def _parent(link: ParentLink) -> ParentOut:
    return ParentOut(
        uid=link.uid,
        evidence=link.evidence,
        confidence=link.confidence,
        rivals=link.rivals,
        rival_uids=list(link.rival_uids),
    )
