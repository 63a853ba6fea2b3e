"""The JSON forms of the topology: nodes and edges.

Pure. Each is one of the structs of ``projector/answers.py`` under the same names.
"""

from typing import Any, Literal

from pydantic import Field

from api.wire import Out, PositionOut, TextOut, TimeOut, table, text, texts, time_or_none
from api.wire_past import AsOfOut
from projector import answers

RoleName = Literal["retry", "delay", "parking"]
FailureName = Literal["unroutable", "dead-lettered", "redelivered"]

ROLE = Field(
    description="What a queue that nobody consumes from does for another one: retry (the main queue's dead letters wait "
    "here and go back), delay (what is published here waits and goes on), parking (the main queue's dead letters end "
    "here); null: nothing known."
)
MAIN = Field(description="The id of the main queue; null where there is none, or several.")
RATE = Field(
    description="Messages a second over the last minute before the newest event folded (a sliding estimate from two fixed "
    "minutes); null where none was ever seen."
)


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
    role: RoleName | None = ROLE
    main: str | None = MAIN
    role_evidence: list[str] = Field(description="What the role rests on, in sentences.")


class EdgeOut(Out):
    """A way that messages take, declared, observed or both."""

    from_: str = Field(serialization_alias="from", description="The id of a node.")
    to: str = Field(description="The id of a node.")
    kind: str = Field(
        description="publish, binding, deliver, dead-letter, exchange-binding or alternate."
    )
    declared: bool
    observed: bool
    messages: int = Field(
        description="Distinct messages seen on it, since the retained log begins.", ge=0
    )
    reason: str | None = Field(description="Why they died; of dead letters only.")
    binding_keys: list[TextOut]
    rate_per_s: float | None = RATE
    first_seen: TimeOut | None
    last_seen: TimeOut | None
    deliveries: int = Field(
        description="Of `deliver`: how often messages were handed over, repeats too; else as `messages`.",
        ge=0,
    )
    failures: int | None = Field(
        description="How many failed. Of `publish`: messages routed to no queue, or that died of anything but a delay, each "
        "once. Of `deliver`: deliveries after which the message was delivered again from the same queue, or was rejected "
        "or reached its delivery limit. Null: not counted on edges of this kind."
    )
    failures_per_s: float | None = Field(
        description="Failures a second, over the same span as `rate_per_s`. A failure counts when it is seen, which may be "
        "later than its publish or delivery."
    )
    failures_by: dict[FailureName, int] = Field(description="`failures`, by what went wrong.")


class TopologyOut(Out):
    """The system as a graph."""

    nodes: list[NodeOut]
    edges: list[EdgeOut]
    position: PositionOut
    as_of: AsOfOut | None = Field(description="What it is true for; null: for now.")


def topology(answer: answers.Topology, position: int, as_of: AsOfOut | None = None) -> TopologyOut:
    return TopologyOut(
        nodes=[node(each) for each in answer.nodes],
        edges=[edge(each) for each in answer.edges],
        position=str(position),
        as_of=as_of,
    )


def node(found: answers.Node) -> NodeOut:
    return NodeOut(
        id=found.id,
        kind=found.kind,
        vhost=text(found.vhost),
        name=text(found.name),
        declared=found.declared,
        observed=found.observed,
        first_seen=time_or_none(found.first_seen),
        last_seen=time_or_none(found.last_seen),
        attributes=table(found.attributes) or {},
        role=found.role,  # pyright: ignore[reportArgumentType]
        main=found.main,
        role_evidence=list(found.role_evidence),
    )


def edge(found: answers.Edge) -> EdgeOut:
    return EdgeOut(
        from_=found.from_,
        to=found.to,
        kind=found.kind,
        declared=found.declared,
        observed=found.observed,
        messages=found.messages,
        reason=found.reason,
        binding_keys=texts(found.binding_keys),
        rate_per_s=found.rate_per_s,
        first_seen=time_or_none(found.first_seen),
        last_seen=time_or_none(found.last_seen),
        deliveries=found.deliveries,
        failures=found.failures,
        failures_per_s=found.failures_per_s,
        failures_by=found.failures_by,  # pyright: ignore[reportArgumentType]
    )
