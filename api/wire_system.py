"""The JSON forms of the system's single things: services, exchanges and queues with what is around them.

Pure. Each is one of the structs of ``projector/system.py`` under the same names.
"""

from typing import Any

from pydantic import Field

from api.wire import (
    Out,
    PositionOut,
    TextOut,
    TimeOut,
    table,
    text,
    text_or_none,
    time,
    time_or_none,
)
from api.wire_messages import CONFIDENCE, EVIDENCE
from api.wire_topology import RATE, EdgeOut, NodeOut, edge, node
from api.wire_views import QueueOut, RelationshipOut, ServiceOut, queue, relationship, service
from projector import system

NODE_ID = "The id of a node."


class TypeSeenOut(Out):
    """Messages of one type (or routing key, where none is set) and one place that they came from or went to."""

    type: str
    place: str | None = Field(description="The id of a node; null: not seen who it was.")
    messages: int = Field(ge=0)
    rate_per_s: float | None = RATE
    first_seen: TimeOut
    last_seen: TimeOut


class InstanceOut(Out):
    """A connection of a service, and whether it lives."""

    connection: TextOut
    client_name: TextOut | None
    user: TextOut
    vhost: TextOut
    node: TextOut
    service: str
    evidence: str | None = EVIDENCE
    confidence: float = CONFIDENCE
    first_seen: TimeOut
    last_seen: TimeOut = Field(
        description="When its opening, its traffic, its name or its end was seen last."
    )
    published: int | None = Field(description="Null: not remembered any more.")
    consumed: int | None = Field(description="Null: not remembered any more.")
    open: bool | None = Field(description="Null: nothing tells.")
    open_why: str = Field(description="What `open` rests on.")
    consumes_now: bool | None = Field(description="Null: nothing tells.")
    consumes_why: str = Field(description="What `consumes_now` rests on.")
    consumes_from: list[str] = Field(description="The ids of the queues that it has a consumer on.")


class ServiceDetailOut(ServiceOut):
    """A service: what it publishes where, what it is given from where, by whom, and its connections."""

    node: NodeOut
    edges: list[EdgeOut] = Field(description="Those that begin or end at the service.")
    inputs: list[TypeSeenOut] = Field(
        description="What it is given, by type and queue, each message once; the busiest 200."
    )
    outputs: list[TypeSeenOut] = Field(
        description="What it publishes, by type and exchange; the busiest 200."
    )
    instance_list: list[InstanceOut] = Field(
        description="The open ones and then the newest first, at most 200."
    )
    instances_total: int = Field(
        description="How many connections it had, those no longer listed too.", ge=0
    )
    given_by: list[RelationshipOut] = Field(description="Whose messages it is given.")
    gives_to: list[RelationshipOut] = Field(description="Who is given its messages.")
    position: PositionOut


class ExchangeOut(Out):
    """An exchange. What it is declared to be is null where the broker did not tell of it."""

    id: str = Field(description=NODE_ID)
    vhost: TextOut
    name: TextOut = Field(description='"" is the default exchange.')
    declared: bool
    observed: bool
    type: TextOut | None
    durable: bool | None
    auto_delete: bool | None
    internal: bool | None
    alternate: TextOut | None
    messages: int = Field(description="Published to it, by whomever.", ge=0)
    rate_per_s: float | None = RATE
    failures: int = Field(description="Those of its publish edges.", ge=0)
    failures_per_s: float
    first_seen: TimeOut | None
    last_seen: TimeOut | None


class ExchangeDetailOut(ExchangeOut):
    """An exchange: who publishes to it, and where that goes."""

    arguments: dict[str, Any]
    policy: dict[str, Any] = Field(
        description="The effective policy definition, as the broker told it."
    )
    edges: list[EdgeOut] = Field(description="Those that begin or end at the exchange.")
    types: list[TypeSeenOut] = Field(
        description="What is published to it, by type and service; the busiest 200."
    )
    position: PositionOut


class PublisherOut(Out):
    """Who publishes what comes to a queue, through which exchange."""

    service: str | None = Field(description="The id of a node; null: not seen who it was.")
    exchange: str = Field(description=NODE_ID)
    types: list[str]
    messages: int = Field(ge=0)
    rate_per_s: float | None = RATE
    first_seen: TimeOut
    last_seen: TimeOut


class ConsumerOut(Out):
    """A consumer, as the broker told of it."""

    service: str | None = Field(
        description="The id of a node; null: whose connection it is is not known."
    )
    connection: TextOut
    channel: int
    consumer_tag: TextOut


class QueueDetailOut(QueueOut):
    """A queue: what is believed to wait in it, who publishes to it and who consumes from it."""

    node: NodeOut
    policy: dict[str, Any] = Field(
        description="The effective policy definition, as the broker told it."
    )
    edges: list[EdgeOut] = Field(description="Those that begin or end at the queue.")
    inputs: list[TypeSeenOut] = Field(
        description="What is routed to it, by type and publishing service; the busiest 200."
    )
    outputs: list[TypeSeenOut] = Field(
        description="What is given from it, by type and consuming service; the busiest 200."
    )
    publishers: list[PublisherOut] = Field(description="The busiest 200.")
    consumers_list: list[ConsumerOut] = Field(description="At most 500.")
    consumers_total: int = Field(ge=0)
    position: PositionOut


def service_detail(found: system.ServiceDetail, position: int) -> ServiceDetailOut:
    return ServiceDetailOut(
        **dict(service(found.row)),
        node=node(found.node),
        edges=[edge(each) for each in found.edges],
        inputs=[type_seen(each) for each in found.inputs],
        outputs=[type_seen(each) for each in found.outputs],
        instance_list=[_instance(each) for each in found.instances],
        instances_total=found.instances_total,
        given_by=[relationship(each) for each in found.given_by],
        gives_to=[relationship(each) for each in found.gives_to],
        position=str(position),
    )


def exchange(found: system.Exchange) -> ExchangeOut:
    return ExchangeOut(
        id=found.id,
        vhost=text(found.vhost),
        name=text(found.name),
        declared=found.declared,
        observed=found.observed,
        type=text_or_none(found.type),
        durable=found.durable,
        auto_delete=found.auto_delete,
        internal=found.internal,
        alternate=text_or_none(found.alternate),
        messages=found.messages,
        rate_per_s=found.rate_per_s,
        failures=found.failures,
        failures_per_s=found.failures_per_s,
        first_seen=time_or_none(found.first_seen),
        last_seen=time_or_none(found.last_seen),
    )


def exchange_detail(found: system.ExchangeDetail, position: int) -> ExchangeDetailOut:
    return ExchangeDetailOut(
        **dict(exchange(found.row)),
        arguments=table(found.arguments) or {},
        policy=table(found.policy) or {},
        edges=[edge(each) for each in found.edges],
        types=[type_seen(each) for each in found.types],
        position=str(position),
    )


def queue_detail(found: system.QueueDetail, position: int) -> QueueDetailOut:
    return QueueDetailOut(
        **dict(queue(found.state)),
        node=node(found.node),
        policy=table(found.policy) or {},
        edges=[edge(each) for each in found.edges],
        inputs=[type_seen(each) for each in found.inputs],
        outputs=[type_seen(each) for each in found.outputs],
        publishers=[_publisher(each) for each in found.publishers],
        consumers_list=[_consumer(each) for each in found.consumers],
        consumers_total=found.consumers_total,
        position=str(position),
    )


def type_seen(found: system.TypeSeen) -> TypeSeenOut:
    return TypeSeenOut(
        type=found.type,
        place=found.place,
        messages=found.messages,
        rate_per_s=found.rate_per_s,
        first_seen=time(found.first_seen),
        last_seen=time(found.last_seen),
    )


def _instance(found: system.Instance) -> InstanceOut:
    return InstanceOut(
        connection=text(found.connection),
        client_name=text_or_none(found.client_name),
        user=text(found.user),
        vhost=text(found.vhost),
        node=text(found.node),
        service=found.service,
        evidence=found.evidence,
        confidence=found.confidence,
        first_seen=time(found.first_seen),
        last_seen=time(found.last_seen),
        published=found.published,
        consumed=found.consumed,
        open=found.open,
        open_why=found.open_why,
        consumes_now=found.consumes_now,
        consumes_why=found.consumes_why,
        consumes_from=list(found.consumes_from),
    )


def _publisher(found: system.Publisher) -> PublisherOut:
    return PublisherOut(
        service=found.service,
        exchange=found.exchange,
        types=list(found.types),
        messages=found.messages,
        rate_per_s=found.rate_per_s,
        first_seen=time(found.first_seen),
        last_seen=time(found.last_seen),
    )


def _consumer(found: system.Consumer) -> ConsumerOut:
    return ConsumerOut(
        service=found.service,
        connection=text(found.connection),
        channel=found.channel,
        consumer_tag=text(found.consumer_tag),
    )
