"""The JSON forms of what the views answer: services, queues, dead letters, projections.

Pure. Each is one of the structs of ``projector/answers.py`` under the same names.
"""

from typing import Any, Literal

from pydantic import Field

from api.wire import (
    NS_PER_S,
    Out,
    PositionOut,
    TextOut,
    TimeOut,
    table,
    text,
    text_or_none,
    texts,
    time,
    time_or_none,
)
from api.wire_messages import CONFIDENCE, EVIDENCE, UID, MessageOut
from api.wire_past import AsOfOut
from api.wire_topology import MAIN, ROLE, RoleName
from projector import answers
from projector.progress import Rebuild, RebuildState

FateName = Literal[
    "open",
    "retrying",
    "retried-and-delivered",
    "retried-and-dead-again",
    "archived",
    "resolved-by-itself",
]


class ServiceOut(Out):
    """A row of the services table."""

    id: str
    name: str
    input_types: list[str] = Field(description="Types of the messages it is given.")
    output_types: list[str] = Field(description="Types of the messages it publishes.")
    published: int = Field(ge=0)
    consumed: int = Field(ge=0)
    instances: int = Field(ge=0)
    connections: list[TextOut]
    first_seen: TimeOut | None
    last_seen: TimeOut | None
    evidence: str | None = EVIDENCE
    confidence: float = CONFIDENCE


class RelationshipOut(Out):
    """A row of the relationships table: the subscriber was given messages that the publisher published."""

    publisher: str
    subscriber: str
    types: list[str]
    messages: int = Field(ge=0)
    last_seen: TimeOut | None


class AgreementOut(Out):
    """How what is believed to wait in a queue agrees with the broker's own depth at the last sample."""

    verdict: Literal["exact", "moving", "more", "fewer", "unknown"] = Field(
        description="moving: the difference is less than what came and left shortly before the sample; more, fewer: than "
        "the broker counts."
    )
    confidence: float = CONFIDENCE
    why: str
    believed: int | None = Field(description="How many were believed to wait then.")
    broker_ready: int | None
    sampled_at: TimeOut | None


class StuckOut(Out):
    """What is wrong with a queue: messages wait, and nobody takes them, or not as fast as they come."""

    kind: Literal["no-consumer", "no-delivery", "falling-behind"]
    why: str
    since: TimeOut


class QueueOut(Out):
    """A queue: what is believed to wait in it, beside the broker's own depth."""

    vhost: TextOut
    name: TextOut
    type: TextOut
    waiting: int = Field(description="Copies believed to wait here.", ge=0)
    delivered: int = Field(description="Copies delivered and not known to be settled.", ge=0)
    uncertain: int = Field(
        description="Older copies that are only counted, because more wait in all than are kept "
        "(`HOPTRAIL_LIVE_COPIES_MAX`).",
        ge=0,
    )
    published: int = Field(ge=0)
    deliveries: int = Field(ge=0)
    dead_lettered: int = Field(ge=0)
    broker_ready: int | None = Field(description="As the broker told last; null: not sampled yet.")
    broker_unacked: int | None
    sampled_at: TimeOut | None
    consumers: list[str] = Field(description="The services that consume from it.")
    oldest_at: TimeOut | None
    durable: bool
    arguments: dict[str, Any]
    returned: int = Field(
        description="Of `delivered`, those that went back when their channel closed.", ge=0
    )
    unseen: int = Field(
        description="Copies that the broker counts beyond those known: never seen.", ge=0
    )
    agreement: AgreementOut
    problem: StuckOut | None = Field(description="What makes it stuck; null: nothing known.")
    last_delivered_at: TimeOut | None = Field(
        description="When a message was delivered from it last, as far as seen."
    )
    role: RoleName | None = ROLE
    main: str | None = MAIN


class QueuedCopyOut(Out):
    """A copy believed to be in a queue."""

    uid: str = UID
    position: PositionOut
    enqueued_at: TimeOut
    age_s: float = Field(description="How long it has been there.", ge=0)
    state: str
    confidence: float = CONFIDENCE
    exchange: TextOut
    routing_key: TextOut
    type: TextOut | None
    cause: str | None = Field(description="Why it is believed to be there.")
    returned: bool = Field(description="It was delivered and went back when its channel closed.")


class TrendOut(Out):
    """The deaths of one hour."""

    since: TimeOut
    deaths: int = Field(ge=1)


class DeadLetterGroupOut(Out):
    """Dead letters that died alike."""

    id: str
    queue: TextOut = Field(description="Where they died.")
    reason: str
    exchange: TextOut = Field(description="The exchange they were dead-lettered to.")
    routing_key: TextOut
    to_queues: list[TextOut]
    type: TextOut | None
    service: str | None = Field(description="The consumer of the queue they died in.")
    error: str | None = Field(description="As told by a framework's headers.")
    messages: int = Field(ge=0)
    deaths: int = Field(ge=0)
    timer: bool = Field(description="Expiries used as a delay, not failures.")
    first_seen: TimeOut
    last_seen: TimeOut
    vhost: TextOut
    services: list[str] = Field(description="Who published its messages or was given them.")
    trend: list[TrendOut] = Field(
        description="Deaths by the hour, of the last 72 hours that had any; hours without are left out."
    )
    states: dict[FateName, int] = Field(
        description="What became of its messages: how many are in each state."
    )
    unfollowed: int = Field(
        ge=0,
        description="Messages that are in none of these, because they died too long ago to be followed.",
    )
    note: str | None = Field(description="What an operator wrote about the group.")
    note_by: str | None = Field(description="The key that wrote it.")
    note_at: TimeOut | None


class DeadLetterGroupDetailOut(DeadLetterGroupOut):
    """A group of dead letters by itself, now or as it was."""

    position: PositionOut
    as_of: AsOfOut | None = Field(description="What it is true for; null: for now.")


class RebuildOut(Out):
    """A rebuild beside what answers: it goes up to the `target`, which grows with the log, and takes its place there."""

    state: RebuildState
    position: PositionOut
    target: PositionOut
    started_at: TimeOut
    events_per_s: float | None = Field(description="null before anything can be said.")
    error: str | None = Field(description="Why it failed; null for one that did not.")


class ProjectionOut(Out):
    """How far one projection has folded the log."""

    name: str
    version: str
    position: PositionOut
    caught_up: bool
    lag_s: float
    digest: str | None = Field(description="The digest of its state, where it has one.")
    rebuild: RebuildOut | None = Field(
        description="The newest rebuild of it since this process started; null without one."
    )


class DeadLetterMessageOut(MessageOut):
    """A message of a group of dead letters, and what became of it."""

    fate: FateName = Field(description="What became of it since it died in this group.")
    retry: str | None = Field(description="The id of the retry it went into last.")
    retried_as: str | None = Field(description="The uid of the message that was published for it.")


def service(row: answers.Service) -> ServiceOut:
    return ServiceOut(
        id=row.id,
        name=row.name,
        input_types=list(row.input_types),
        output_types=list(row.output_types),
        published=row.published,
        consumed=row.consumed,
        instances=row.instances,
        connections=texts(row.connections),
        first_seen=time_or_none(row.first_seen),
        last_seen=time_or_none(row.last_seen),
        evidence=row.evidence,
        confidence=row.confidence,
    )


def relationship(row: answers.Relationship) -> RelationshipOut:
    return RelationshipOut(
        publisher=row.publisher,
        subscriber=row.subscriber,
        types=list(row.types),
        messages=row.messages,
        last_seen=time_or_none(row.last_seen),
    )


def queue(state: answers.QueueState) -> QueueOut:
    return QueueOut(
        vhost=text(state.vhost),
        name=text(state.name),
        type=text(state.type),
        waiting=state.waiting,
        delivered=state.delivered,
        uncertain=state.uncertain,
        published=state.published,
        deliveries=state.deliveries,
        dead_lettered=state.dead_lettered,
        broker_ready=state.broker_ready,
        broker_unacked=state.broker_unacked,
        sampled_at=time_or_none(state.sampled_at),
        consumers=list(state.consumers),
        oldest_at=time_or_none(state.oldest_at),
        durable=state.durable,
        arguments=table(state.arguments) or {},
        returned=state.returned,
        unseen=state.unseen,
        agreement=AgreementOut(
            verdict=state.agreement.verdict,  # pyright: ignore[reportArgumentType]
            confidence=state.agreement.confidence,
            why=state.agreement.why,
            believed=state.agreement.believed,
            broker_ready=state.agreement.broker_ready,
            sampled_at=time_or_none(state.agreement.sampled_at),
        ),
        problem=None if state.problem is None else _stuck(state.problem),
        last_delivered_at=time_or_none(state.last_delivered_at),
        role=state.role,  # pyright: ignore[reportArgumentType]
        main=state.main,
    )


def _stuck(found: answers.Problem) -> StuckOut:
    return StuckOut(
        kind=found.kind,  # pyright: ignore[reportArgumentType]
        why=found.why,
        since=time(found.since),
    )


def queued_copy(copy: answers.QueuedCopy, now: int) -> QueuedCopyOut:
    """Return a copy in its JSON form, with its age at *now* (ns)."""
    return QueuedCopyOut(
        uid=copy.uid,
        position=str(copy.position),
        enqueued_at=time(copy.enqueued_at),
        age_s=round(max(0, now - copy.enqueued_at) / NS_PER_S, 3),
        state=copy.state,
        confidence=copy.confidence,
        exchange=text(copy.exchange),
        routing_key=text(copy.routing_key),
        type=text_or_none(copy.type),
        cause=copy.cause,
        returned=copy.returned,
    )


def dead_letter_group(group: answers.DeadLetterGroup) -> DeadLetterGroupOut:
    return DeadLetterGroupOut(
        id=group.id,
        queue=text(group.queue),
        reason=group.reason,
        exchange=text(group.exchange),
        routing_key=text(group.routing_key),
        to_queues=texts(group.to_queues),
        type=text_or_none(group.type),
        service=group.service,
        error=group.error,
        messages=group.messages,
        deaths=group.deaths,
        timer=group.timer,
        first_seen=time(group.first_seen),
        last_seen=time(group.last_seen),
        vhost=text(group.vhost),
        services=list(group.services),
        trend=[TrendOut(since=time(hour), deaths=deaths) for hour, deaths in group.trend],
        states=group.states,  # type: ignore[arg-type]
        unfollowed=group.unfollowed,
        note=group.note,
        note_by=group.note_by,
        note_at=time_or_none(group.note_at),
    )


def dead_letter_group_detail(
    group: answers.DeadLetterGroup, position: int, then: AsOfOut | None = None
) -> DeadLetterGroupDetailOut:
    told = dict(dead_letter_group(group))
    return DeadLetterGroupDetailOut(**told, position=str(position), as_of=then)


def dead_letter_message(found: MessageOut, fate: answers.DeadLetterFate) -> DeadLetterMessageOut:
    told = {"fate": fate.state, "retry": fate.retry or None, "retried_as": fate.copy}
    return DeadLetterMessageOut(**dict(found), **told)


def projection(state: answers.ProjectionState) -> ProjectionOut:
    return ProjectionOut(
        name=state.name,
        version=state.version,
        position=str(state.position),
        caught_up=state.caught_up,
        lag_s=state.lag_s,
        digest=state.digest,
        rebuild=None if state.rebuild is None else rebuild(state.rebuild),
    )


def rebuild(row: Rebuild) -> RebuildOut:
    return RebuildOut(
        state=row.state,
        position=str(row.position),
        target=str(row.target),
        started_at=time(row.started_at),
        events_per_s=row.events_per_s,
        error=row.error,
    )
