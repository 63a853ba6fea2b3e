"""The facts the log holds: immutable, past tense, values as observed.

Nothing inferred ever enters the log. The tag of a type is its name and version; a changed meaning is a new version with
an entry in ``upcast.py``, a new field at the end with a default is not. Times are nanoseconds since 1970, UTC, unless a
name says otherwise. Facts encode as MessagePack arrays, so the order of fields is part of the format.
"""

from typing import TYPE_CHECKING, Any, Union

import msgspec

from events.values import Text

Table = dict[Text, Any]
Texts = tuple[Text, ...]


class Fact(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="_tag"):
    """Base of every fact."""


class Properties(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """AMQP 0-9-1 basic properties as the broker shows them; None where not set.

    The firehose cuts integers to 32 bits, so `timestamp` (s) may be negative or wrong for values beyond that range.
    """

    content_type: Text | None = None
    content_encoding: Text | None = None
    headers: Table | None = None
    delivery_mode: int | None = None
    priority: int | None = None
    correlation_id: Text | None = None
    reply_to: Text | None = None
    expiration: Text | None = None
    message_id: Text | None = None
    timestamp: int | None = None
    type: Text | None = None
    user_id: Text | None = None
    app_id: Text | None = None


class BodyRef(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a message body is kept.

    `digest` is the keyed BLAKE2b-128 of the stored bytes, `size` the full size in bytes as published, `block` and `index`
    the place (a block of the same segment, at most the envelope's own), `truncated` whether the cap cut it.
    """

    digest: bytes
    size: int
    block: int
    index: int
    truncated: bool = False


# Traffic


class MessagePublished(Fact, frozen=True, array_like=True, gc=False, tag="MessagePublished.1"):
    """The broker routed a publish. `routed_queues` is a routing result, not a proof of arrival."""

    tap: str
    delivery: bytes
    vhost: Text
    exchange: Text
    routing_keys: Texts
    routed_queues: Texts
    node: Text
    connection: Text
    channel: int
    user: Text
    properties: Properties
    fingerprint: bytes
    body: BodyRef | None


class MessageDelivered(Fact, frozen=True, array_like=True, gc=False, tag="MessageDelivered.1"):
    """The broker handed a message from `queue` to a consumer, by deliver or get."""

    tap: str
    delivery: bytes
    vhost: Text
    queue: Text
    exchange: Text
    routing_keys: Texts
    redelivered: bool
    node: Text
    connection: Text
    channel: int
    user: Text
    properties: Properties
    fingerprint: bytes
    body: BodyRef | None


class MessageDeadLettered(
    Fact, frozen=True, array_like=True, gc=False, tag="MessageDeadLettered.1"
):
    """A dead letter passed the tapped dead-letter exchange `exchange`; its deaths are in the `x-death` header."""

    tap: str
    delivery: bytes
    vhost: Text
    exchange: Text
    routing_keys: Texts
    properties: Properties
    fingerprint: bytes
    body: BodyRef | None


class Undecodable(Fact, frozen=True, array_like=True, gc=False, tag="Undecodable.1"):
    """A tap delivery that could not be decoded; `raw` holds its header frame's payload and `body` its body."""

    tap: str
    delivery: bytes
    vhost: Text
    routing_key: Text
    reason: str
    raw: bytes
    body: BodyRef | None


# Topology. `source`: "event", "reconciliation" (new in a management snapshot) or "restated" (at the start of a segment).


class VhostDeclared(Fact, frozen=True, array_like=True, gc=False, tag="VhostDeclared.1"):
    vhost: Text
    source: str
    description: Text = ""
    tags: Texts = ()


class VhostDeleted(Fact, frozen=True, array_like=True, gc=False, tag="VhostDeleted.1"):
    vhost: Text
    source: str


class ExchangeDeclared(Fact, frozen=True, array_like=True, gc=False, tag="ExchangeDeclared.1"):
    """`policy` holds the effective policy definition, e.g. an alternate exchange."""

    vhost: Text
    name: Text
    type: Text
    durable: bool
    auto_delete: bool
    internal: bool
    arguments: Table
    policy: Table
    source: str


class ExchangeDeleted(Fact, frozen=True, array_like=True, gc=False, tag="ExchangeDeleted.1"):
    vhost: Text
    name: Text
    source: str


class QueueDeclared(Fact, frozen=True, array_like=True, gc=False, tag="QueueDeclared.1"):
    """`type` is classic, quorum or stream; `policy` the effective policy definition, operator policy merged."""

    vhost: Text
    name: Text
    type: Text
    durable: bool
    auto_delete: bool
    exclusive: bool
    arguments: Table
    policy: Table
    source: str


class QueueDeleted(Fact, frozen=True, array_like=True, gc=False, tag="QueueDeleted.1"):
    vhost: Text
    name: Text
    source: str


class BindingCreated(Fact, frozen=True, array_like=True, gc=False, tag="BindingCreated.1"):
    """From exchange `origin` to `destination`, whose `destination_kind` is "queue" or "exchange"."""

    vhost: Text
    origin: Text
    destination: Text
    destination_kind: str
    binding_key: Text
    arguments: Table
    source: str


class BindingDeleted(Fact, frozen=True, array_like=True, gc=False, tag="BindingDeleted.1"):
    vhost: Text
    origin: Text
    destination: Text
    destination_kind: str
    binding_key: Text
    arguments: Table
    source: str


class ConnectionOpened(Fact, frozen=True, array_like=True, gc=False, tag="ConnectionOpened.1"):
    """`name` is the broker's ("ip:port -> ip:port"), `client_name` what the client called itself (None: nothing).

    `pid` is the broker's process id, "" where only the management API told of the connection. `connected_at` in ms.
    """

    node: Text
    name: Text
    vhost: Text
    user: Text
    client_name: Text | None
    product: Text
    platform: Text
    version: Text
    protocol: Text
    peer_host: Text
    peer_port: int
    connected_at: int
    pid: Text
    source: str


class ConnectionClosed(Fact, frozen=True, array_like=True, gc=False, tag="ConnectionClosed.1"):
    name: Text
    pid: Text
    source: str


class ChannelOpened(Fact, frozen=True, array_like=True, gc=False, tag="ChannelOpened.1"):
    connection: Text
    number: int
    vhost: Text
    user: Text
    pid: Text
    source: str


class ChannelClosed(Fact, frozen=True, array_like=True, gc=False, tag="ChannelClosed.1"):
    connection: Text
    number: int
    pid: Text
    source: str


class ConsumerStarted(Fact, frozen=True, array_like=True, gc=False, tag="ConsumerStarted.1"):
    """`connection` is "" and `channel` 0 where the broker does not tell them."""

    vhost: Text
    queue: Text
    consumer_tag: Text
    connection: Text
    channel: int
    ack_required: bool
    exclusive: bool
    prefetch: int
    source: str


class ConsumerStopped(Fact, frozen=True, array_like=True, gc=False, tag="ConsumerStopped.1"):
    vhost: Text
    queue: Text
    consumer_tag: Text
    connection: Text
    channel: int
    source: str


class PolicySet(Fact, frozen=True, array_like=True, gc=False, tag="PolicySet.1"):
    vhost: Text
    name: Text
    pattern: Text
    apply_to: Text
    priority: int
    definition: Table
    source: str


class PolicyCleared(Fact, frozen=True, array_like=True, gc=False, tag="PolicyCleared.1"):
    vhost: Text
    name: Text
    source: str


class AlarmRaised(Fact, frozen=True, array_like=True, gc=False, tag="AlarmRaised.1"):
    node: Text
    kind: Text
    source: str


class AlarmCleared(Fact, frozen=True, array_like=True, gc=False, tag="AlarmCleared.1"):
    node: Text
    kind: Text
    source: str


class NodeStarted(Fact, frozen=True, array_like=True, gc=False, tag="NodeStarted.1"):
    node: Text
    version: Text
    source: str


class NodeStopped(Fact, frozen=True, array_like=True, gc=False, tag="NodeStopped.1"):
    node: Text
    source: str


class QueueSampled(Fact, frozen=True, array_like=True, gc=False, tag="QueueSampled.1"):
    """Depths of one queue as the management API told them; the counters are totals since the queue's creation."""

    vhost: Text
    queue: Text
    ready: int
    unacked: int
    consumers: int
    published: int = 0
    delivered: int = 0
    acked: int = 0


class DeadLettersCounted(Fact, frozen=True, array_like=True, gc=False, tag="DeadLettersCounted.1"):
    """The node's own counters of dead letters since its start: {"<queue type>/<strategy>/<reason>": total}.

    Source: `rabbitmq_global_messages_dead_lettered_*_total` of the Prometheus endpoint, or the sum of what the
    management API shows. Strategy "disabled" counts messages lost for want of a dead-letter exchange.
    """

    node: Text
    totals: dict[str, int]


# The capture ledger


class BrokerBound(Fact, frozen=True, array_like=True, gc=False, tag="BrokerBound.1"):
    """The first fact of a log: the broker whose stream this is."""

    cluster_name: Text
    version: Text


class SegmentStarted(Fact, frozen=True, array_like=True, gc=False, tag="SegmentStarted.1"):
    """Opens a segment; the facts restated after it make replay from here self-contained."""

    segment: int
    cluster_name: Text


class CaptureStarted(Fact, frozen=True, array_like=True, gc=False, tag="CaptureStarted.1"):
    """A collector became leader. `prefetch` bounds what the broker may deliver again; `settings` names what matters."""

    epoch: int
    collector: str
    broker_version: Text
    prefetch: int
    vhosts: Texts
    settings: dict[str, str]


class CaptureStopped(Fact, frozen=True, array_like=True, gc=False, tag="CaptureStopped.1"):
    epoch: int
    why: str


class TapsPlanned(Fact, frozen=True, array_like=True, gc=False, tag="TapsPlanned.1"):
    """What is tapped in a vhost, and which dead-letter exchanges are left alone: ((exchange, why), ...)."""

    vhost: Text
    dead_letter_exchanges: Texts
    left_alone: tuple[tuple[Text, str], ...]
    event_exchange: bool
    mode: str


class GapOpened(Fact, frozen=True, array_like=True, gc=False, tag="GapOpened.1"):
    """Something may have been missed from `since` on. `vhost` and `node` are "" for all of them.

    `why`: tracing-off, broker-restart, connection-lost, tap-overflow, tap-queue-lost, collector-down, poison.
    """

    gap: str
    vhost: Text
    node: Text
    why: str
    since: int


class GapClosed(Fact, frozen=True, array_like=True, gc=False, tag="GapClosed.1"):
    """`estimated` counts events missed, -1 where nothing tells; 0 says that the broker kept them all for us."""

    gap: str
    vhost: Text
    node: Text
    why: str
    since: int
    until: int
    estimated: int = -1


class OverlapAmbiguous(Fact, frozen=True, array_like=True, gc=False, tag="OverlapAmbiguous.1"):
    """After a reconnect between `least` and `most` redelivered events could be repeats; `least` were dropped."""

    vhost: Text
    tap: str
    least: int
    most: int


class ClockStepped(Fact, frozen=True, array_like=True, gc=False, tag="ClockStepped.1"):
    before: int
    after: int


class CaptureAudited(Fact, frozen=True, array_like=True, gc=False, tag="CaptureAudited.1"):
    """Captured against the broker's own counters for one vhost and window; -1 where the broker does not tell.

    `acknowledged` says that after this fact every tap delivery before it may be acknowledged ("" as vhost: of all).
    """

    vhost: Text
    since: int
    until: int
    published_captured: int
    published_broker: int
    delivered_captured: int
    delivered_broker: int
    acknowledged: bool = False


TRAFFIC = (MessagePublished, MessageDelivered, MessageDeadLettered, Undecodable)
CURRENT: tuple[type[Fact], ...] = tuple(Fact.__subclasses__())
RETIRED: tuple[type[Fact], ...] = ()

if TYPE_CHECKING:
    AnyFact = Fact
else:  # msgspec tells the members of this union apart by their tags
    AnyFact = Union.__getitem__(CURRENT + RETIRED)


def kind_of(fact: Fact) -> str:
    """Return the name of a fact's type without its version, e.g. ``MessagePublished``."""
    return type(fact).__name__


class Envelope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fact with its identity (position in the stream) and the time the collector saw it.

    `lag_ms` is how long the event may have waited in the tap before: 0 says live, more says backlog, and then the
    true time lies between ``observed_at - lag_ms`` and ``observed_at``.
    """

    position: int
    observed_at: int
    lag_ms: int
    fact: AnyFact
