"""The light form of messages: enough to draw a conversation of thousands, without headers and bodies.

Pure. The models describe the form for OpenAPI; the values are built as plain objects, because ten thousand of them are
told at once, and what is not known, not set or as usual is left out of them. A test holds the two together.
"""

from collections.abc import Sequence
from typing import Any, Literal

import orjson
from pydantic import Field

from api.wire import Out, PositionOut, TextOut, TimeOut, time
from api.wire_messages import CONFIDENCE, EVIDENCE, UID, State
from events.values import Text, to_json
from store.documents import Attempt, Copy, DeadLetter, MessageDocument, ParentLink

Told = dict[str, Any]


class LightParentOut(Out):
    """The message believed to have caused this one."""

    uid: str = UID
    evidence: str = EVIDENCE
    confidence: float = CONFIDENCE
    rivals: int = Field(default=0, description="Other candidates on the same evidence.", ge=0)


class LightAttemptOut(Out):
    """One delivery of a copy to a consumer."""

    delivered_at: TimeOut
    consumer: str | None = Field(default=None, description="The consumer's service.")
    redelivered: bool = False
    processing_ms: float | None = Field(
        default=None, description="How long the consumer worked on it: an estimate."
    )


class LightDeathOut(Out):
    """How a copy died in its own queue."""

    reason: str
    at: TimeOut | None = None
    timer: bool = Field(default=False, description="An expiry used as a delay, not a failure.")
    to_queues: list[TextOut] = Field(
        default_factory=list[TextOut], description="Where the broker routed it on."
    )


class LightCopyOut(Out):
    """The message in one queue."""

    queue: TextOut
    state: State
    origin: Literal["routed", "dead-letter", "inferred"] = "routed"
    enqueued_at: TimeOut | None = None
    queue_wait_ms: float | None = None
    attempts: list[LightAttemptOut] = Field(default_factory=list[LightAttemptOut])
    dead_letter: LightDeathOut | None = None


class LightMessageOut(Out):
    """A message without headers and body. What is null, empty or the default may be left out, here and within."""

    uid: str = UID
    published_at: TimeOut
    vhost: TextOut
    exchange: TextOut
    state: State
    publisher: str | None = Field(default=None, description="The publisher's service.")
    routing_key: TextOut | None = Field(default=None, description="The first one.")
    routing_keys_more: int = Field(default=0, description="How many more there are.", ge=0)
    type: TextOut | None = Field(
        default=None, description="As `message_type` of the message, else its property `type`."
    )
    time_quality: Literal["live", "backlog", "broker"] = "live"
    publish_observed: bool = True
    parent: LightParentOut | None = None
    copies: list[LightCopyOut] = Field(default_factory=list[LightCopyOut])


class LightListOut(Out):
    """One page of messages in their light form."""

    items: list[LightMessageOut] = Field(description="Oldest first, by `published_at`.")
    total: int = Field(description="How many there are in all: exact.", ge=0)
    total_is: Literal["exact", "at_least"]
    position: PositionOut
    next: str | None = Field(
        description="Pass it as `cursor` for the next page; null on the last one. Opaque."
    )


class OutlineOut(LightListOut):
    """A conversation in light form. The tree is in each message's `parent`, which may stand on another page."""

    trace_id: str
    services: list[str] = Field(description="Services that published or consumed in these items.")


class EffectsOut(LightListOut):
    """What a message caused: `items` are the messages whose believed parent it is."""

    uid: str = UID
    causes: list[LightMessageOut] = Field(
        description="What is believed to have caused it, the surest first, as far as retained."
    )
    siblings: int | None = Field(
        description="How many other messages have the same parent; null when it has none."
    )


def light(document: MessageDocument) -> Told:
    """Return a message in its light form."""
    told: Told = {
        "uid": document.uid,
        "published_at": time(document.published_at),
        "vhost": _text(document.vhost),
        "exchange": _text(document.exchange),
        "state": document.state,
    }
    if document.publisher.service is not None:
        told["publisher"] = document.publisher.service
    keys = document.routing_keys
    if keys:
        told["routing_key"] = _text(keys[0])
        if len(keys) > 1:
            told["routing_keys_more"] = len(keys) - 1
    kind = document.type if document.message_type is None else document.message_type
    if kind is not None:
        told["type"] = _text(kind)
    if document.time_quality != "live":
        told["time_quality"] = document.time_quality
    if not document.publish_observed:
        told["publish_observed"] = False
    if document.parent is not None:
        told["parent"] = _parent(document.parent)
    if document.copies:
        told["copies"] = [_copy(copy) for copy in document.copies]
    return told


def encoded(
    items: Sequence[Told],
    total: int,
    *,
    exact: bool,
    position: int,
    cursor: str | None,
    **more: Any,
) -> bytes:
    """Return one page of light messages as JSON, with the members *more*."""
    told = {
        **more,
        "items": items,
        "total": total,
        "total_is": "exact" if exact else "at_least",
        "position": str(position),
        "next": cursor,
    }
    return orjson.dumps(told)


def services_of(documents: Sequence[MessageDocument]) -> list[str]:
    """Return the services that published or consumed *documents*."""
    found: set[str | None] = set()
    for document in documents:
        found.add(document.publisher.service)
        found.update(a.consumer.service for copy in document.copies for a in copy.attempts)
    return sorted(service for service in found if service)


def _text(value: Text) -> Any:
    return value if isinstance(value, str) else to_json(value)


def _parent(link: ParentLink) -> Told:
    told: Told = {"uid": link.uid, "evidence": link.evidence, "confidence": link.confidence}
    if link.rivals:
        told["rivals"] = link.rivals
    return told


def _copy(copy: Copy) -> Told:
    told: Told = {"queue": _text(copy.queue), "state": copy.state}
    if copy.origin != "routed":
        told["origin"] = copy.origin
    if copy.enqueued_at is not None:
        told["enqueued_at"] = time(copy.enqueued_at)
    if copy.queue_wait_ms is not None:
        told["queue_wait_ms"] = copy.queue_wait_ms
    if copy.attempts:
        told["attempts"] = [_attempt(attempt) for attempt in copy.attempts]
    if copy.dead_letter is not None:
        told["dead_letter"] = _death(copy.dead_letter)
    return told


def _attempt(attempt: Attempt) -> Told:
    told: Told = {"delivered_at": time(attempt.delivered_at)}
    if attempt.consumer.service is not None:
        told["consumer"] = attempt.consumer.service
    if attempt.redelivered:
        told["redelivered"] = True
    if attempt.processing_ms is not None:
        told["processing_ms"] = attempt.processing_ms
    return told


def _death(death: DeadLetter) -> Told:
    told: Told = {"reason": death.reason}
    if death.at is not None:
        told["at"] = time(death.at)
    if death.timer:
        told["timer"] = True
    if death.to_queues:
        told["to_queues"] = [_text(queue) for queue in death.to_queues]
    return told
