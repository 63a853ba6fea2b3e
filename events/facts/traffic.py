"""What passed through the broker: publishes, deliveries, dead letters."""

import msgspec

from events.facts.fact import Fact, Table, Texts
from events.values import Text


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


class MessagePublished(Fact, frozen=True, array_like=True, gc=False, tag="MessagePublished.1"):
    """The broker routed a publish. `routed_queues` is a routing result, not a proof of arrival.

    `seen_by` is "firehose", or "binding" for a message that came through an exchange the tap is bound to: then the broker
    tells neither who published it nor where it went, and `routed_queues`, `node`, `connection`, `channel` and `user` are
    empty. `in_body` holds the ids that a framework put into the body, by "shape/path"; None where it is of no known shape.
    """

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
    seen_by: str = "firehose"
    in_body: Table | None = None


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


TRAFFIC = (MessagePublished, MessageDelivered, MessageDeadLettered, Undecodable)
