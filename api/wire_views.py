"""The JSON forms of what the views answer: topology, services, queues, dead letters, capture, projections.

Pure. Each is one of the structs of ``projector/answers.py`` under the same names.
"""

from typing import Any

from pydantic import Field

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
from api.wire_messages import CONFIDENCE, EVIDENCE, UID
from projector import answers


class NodeOut(Out):
    """A service, an exchange or a queue. The default exchange has the name ""."""

    id: str = Field(examples=["queue:/:orders"])
    kind: str = Field(description="service, exchange or queue.")
    vhost: TextOut
    name: TextOut
    declared: bool = Field(description="The broker told of it.")
    observed: bool = Field(description="Traffic was seen there.")
    first_seen: TimeOut | None
    last_seen: TimeOut | None
    attributes: dict[str, Any]


class EdgeOut(Out):
    """A way that messages take, declared, observed or both."""

    from_: str = Field(serialization_alias="from", description="The id of a node.")
    to: str = Field(description="The id of a node.")
    kind: str = Field(
        description="publish, binding, deliver, dead-letter, exchange-binding or alternate."
    )
    declared: bool
    observed: bool
    messages: int = Field(ge=0)
    reason: str | None = Field(description="Why they died; of dead letters only.")
    binding_keys: list[TextOut]
    rate_per_s: float | None
    last_seen: TimeOut | None


class TopologyOut(Out):
    """The system as a graph."""

    nodes: list[NodeOut]
    edges: list[EdgeOut]
    position: PositionOut


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


class QueueOut(Out):
    """A queue: what is believed to wait in it, beside the broker's own depth."""

    vhost: TextOut
    name: TextOut
    type: TextOut
    waiting: int = Field(description="Copies believed to wait here.", ge=0)
    delivered: int = Field(description="Copies delivered and not known to be settled.", ge=0)
    uncertain: int = Field(description="Copies whose whereabouts are not known.", ge=0)
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


class QueuedCopyOut(Out):
    """A copy believed to be in a queue."""

    uid: str = UID
    position: PositionOut
    enqueued_at: TimeOut
    state: str
    confidence: float = CONFIDENCE
    exchange: TextOut
    routing_key: TextOut
    type: TextOut | None


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


class GapOut(Out):
    """A time in which something may have been missed. "" as vhost or node means all of them."""

    gap: str
    vhost: TextOut
    node: TextOut
    why: str
    since: TimeOut
    until: TimeOut | None = Field(description="null while it is open.")
    estimated: int = Field(description="Events missed; -1 where nothing tells, 0 for none.")


class CaptureOut(Out):
    """Whether capture runs, how far it is, what it missed and what it cannot see."""

    running: bool
    caught_up: bool = Field(description="Facts are seen as they happen, and all are folded in.")
    lag_s: float = Field(description="How far what is shown is behind the broker, in seconds.")
    epoch: int
    collector: str | None
    broker: TextOut
    broker_version: TextOut
    events: int = Field(ge=0)
    published: int = Field(ge=0)
    delivered: int = Field(ge=0)
    dead_lettered: int = Field(ge=0)
    undecodable: int = Field(ge=0)
    first_observed_at: TimeOut | None
    last_observed_at: TimeOut | None
    gaps: list[GapOut]
    ambiguous_overlaps: int = Field(ge=0)
    clock_steps: int = Field(ge=0)
    vhosts: list[dict[str, Any]]
    dead_letter_taps: list[dict[str, Any]]
    left_alone: list[dict[str, Any]] = Field(
        description="Dead-letter exchanges that are not tapped, and why."
    )
    broker_dead_letters: dict[str, int]
    unseen_dead_letters: int | None = Field(
        description="Dead letters that the broker counted and nothing showed; null where the broker does not tell."
    )
    event_exchange: bool
    audits: list[dict[str, Any]]
    blind_spots: list[str] = Field(description="What cannot be seen, in sentences.")
    position: PositionOut


class ProjectionOut(Out):
    """How far one projection has folded the log."""

    name: str
    version: str
    position: PositionOut
    caught_up: bool
    lag_s: float
    digest: str | None = Field(description="The digest of its state, where it has one.")


def topology(answer: answers.Topology, position: int) -> TopologyOut:
    return TopologyOut(
        nodes=[_node(node) for node in answer.nodes],
        edges=[_edge(edge) for edge in answer.edges],
        position=str(position),
    )


def _node(node: answers.Node) -> NodeOut:
    return NodeOut(
        id=node.id,
        kind=node.kind,
        vhost=text(node.vhost),
        name=text(node.name),
        declared=node.declared,
        observed=node.observed,
        first_seen=time_or_none(node.first_seen),
        last_seen=time_or_none(node.last_seen),
        attributes=table(node.attributes) or {},
    )


def _edge(edge: answers.Edge) -> EdgeOut:
    return EdgeOut(
        from_=edge.from_,
        to=edge.to,
        kind=edge.kind,
        declared=edge.declared,
        observed=edge.observed,
        messages=edge.messages,
        reason=edge.reason,
        binding_keys=texts(edge.binding_keys),
        rate_per_s=edge.rate_per_s,
        last_seen=time_or_none(edge.last_seen),
    )


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
    )


def queued_copy(copy: answers.QueuedCopy) -> QueuedCopyOut:
    return QueuedCopyOut(
        uid=copy.uid,
        position=str(copy.position),
        enqueued_at=time(copy.enqueued_at),
        state=copy.state,
        confidence=copy.confidence,
        exchange=text(copy.exchange),
        routing_key=text(copy.routing_key),
        type=text_or_none(copy.type),
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
    )


def gap(gap: answers.Gap) -> GapOut:
    """Return a gap of the ledger."""
    return GapOut(
        gap=gap.gap,
        vhost=text(gap.vhost),
        node=text(gap.node),
        why=gap.why,
        since=time(gap.since),
        until=time_or_none(gap.until),
        estimated=gap.estimated,
    )


def capture(answer: answers.Capture, position: int, *, caught_up: bool, lag_s: float) -> CaptureOut:
    """Return the ledger's answer; *lag_s* in seconds behind the broker."""
    return CaptureOut(
        running=answer.running,
        caught_up=caught_up,
        lag_s=lag_s,
        epoch=answer.epoch,
        collector=answer.collector,
        broker=text(answer.broker),
        broker_version=text(answer.broker_version),
        events=answer.events,
        published=answer.published,
        delivered=answer.delivered,
        dead_lettered=answer.dead_lettered,
        undecodable=answer.undecodable,
        first_observed_at=time_or_none(answer.first_observed_at),
        last_observed_at=time_or_none(answer.last_observed_at),
        gaps=[gap(each) for each in answer.gaps],
        ambiguous_overlaps=answer.ambiguous_overlaps,
        clock_steps=answer.clock_steps,
        vhosts=[table(row) or {} for row in answer.vhosts],
        dead_letter_taps=[table(row) or {} for row in answer.dead_letter_taps],
        left_alone=[table(row) or {} for row in answer.left_alone],
        broker_dead_letters=answer.broker_dead_letters,
        unseen_dead_letters=answer.unseen_dead_letters,
        event_exchange=answer.event_exchange,
        audits=[plain(row) for row in answer.audits],
        blind_spots=list(answer.blind_spots),
        position=str(position),
    )


def projection(state: answers.ProjectionState) -> ProjectionOut:
    return ProjectionOut(
        name=state.name,
        version=state.version,
        position=str(state.position),
        caught_up=state.caught_up,
        lag_s=state.lag_s,
        digest=state.digest,
    )
