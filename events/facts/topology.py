"""What is declared and connected on the broker, and its depths and counters.

`source` is "event", "reconciliation" (new in a management snapshot) or "restated" (at the start of a segment).
"""

from events.facts.fact import Fact, Table, Texts
from events.values import Text


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
