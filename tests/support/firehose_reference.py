"""What a firehose delivery says, read in the plainest way: one table, entry by entry, and nothing remembered.

It restates the format and the digests, so that the decoder, which takes short cuts, can be held against it.
"""

from hashlib import blake2b
from typing import Any

from collector.amqp import Delivery, TableDamaged, decode_table
from collector.decoding.properties import properties_from
from events.facts import MessageDelivered, MessagePublished
from events.identity import body_digest, fingerprint
from events.values import Text, to_text

MessageFact = MessagePublished | MessageDelivered
ADDED_BY_BROKER = {b"x-delivery-count", b"x-acquired-count"}
WHOLE_NUMBERS = b"bBsuIilL"
SIZES = {
    **dict.fromkeys(b"bBt", 1),
    **dict.fromkeys(b"su", 2),
    **dict.fromkeys(b"Iif", 4),
    **dict.fromkeys(b"lLdT", 8),
    **dict.fromkeys(b"V", 0),
    **dict.fromkeys(b"D", 5),
}
DAMAGES = (TableDamaged, KeyError, IndexError, TypeError, ValueError)


def entries(data: bytes, at: int) -> dict[bytes, bytes]:
    """Return the encoded values, types included, of the table whose length stands at *at*."""
    end = at + 4 + int.from_bytes(data[at : at + 4], "big")
    if end > len(data) or at + 4 > len(data):
        raise TableDamaged("cut short")
    found: dict[bytes, bytes] = {}
    at += 4
    while at < end:
        begin = at + 1 + data[at]
        size = SIZES.get(data[begin])
        if size is None:
            if data[begin] not in b"SFAx" or begin + 5 > len(data):
                raise TableDamaged("unknown type")
            size = 4 + int.from_bytes(data[begin + 1 : begin + 5], "big")
        found[data[at + 1 : begin]] = data[begin : begin + 1 + size]
        at = begin + 1 + size
    if at != end:
        raise TableDamaged("an entry ends outside")
    return found


def text(value: bytes) -> Text:
    """Return the text that a value is."""
    if value[:1] != b"S":
        raise TableDamaged("no string")
    return to_text(value[5:])


def texts(value: bytes) -> tuple[Text, ...]:
    """Return the texts in a value that is an array of nothing else."""
    if value[:1] != b"A":
        raise TableDamaged("no array")
    found: list[Text] = []
    rest = value[5:]
    while rest:
        size = int.from_bytes(rest[1:5], "big")
        if rest[:1] != b"S" or len(rest) < 5 + size:
            raise TableDamaged("no string in a list")
        found.append(to_text(rest[5 : 5 + size]))
        rest = rest[5 + size :]
    return tuple(found)


def delivery_digest(key: bytes, delivery: Delivery, found: dict[bytes, bytes]) -> bytes:
    """Return the digest of a delivery, whose header holds properties beside the table too, if its flags say so."""
    data = delivery.header
    flags = int.from_bytes(data[12:14], "big")
    at = 14
    for bit in (0x8000, 0x4000):
        if flags & bit:
            at += 1 + data[at]
    end = at + 4 + int.from_bytes(data[at : at + 4], "big") if flags & 0x2000 else at
    told = body_digest(key, delivery.body)
    told += delivery.exchange + b"\0" + delivery.routing_key + b"\0"
    told += str(flags & ~0x2000).encode() + b"\0" + data[14:at] + data[end:]
    for name in sorted(found.keys() - ADDED_BY_BROKER):
        told += bytes([len(name)]) + name + found[name]
    return blake2b(told, digest_size=16, key=key).digest()


def is_tap(name: Text) -> bool:
    """Return whether a queue is one of the tap's."""
    raw = name.encode() if isinstance(name, str) else name
    return raw.startswith(b"obs.tap.")


def reference(key: bytes, delivery: Delivery, tap: str) -> MessageFact | str | None:
    """Return the fact a firehose delivery is; None when it speaks of the tap, "undecodable" when it does not parse."""
    try:
        found = entries(delivery.header, 14)
        return _fact(key, delivery, tap, found)
    except DAMAGES:
        return "undecodable"


def _fact(
    key: bytes, delivery: Delivery, tap: str, found: dict[bytes, bytes]
) -> MessageFact | None:
    if found[b"properties"][:1] != b"F" or found[b"channel"][0] not in WHOLE_NUMBERS:
        raise TableDamaged("another type")
    told: Any = decode_table(found[b"properties"], 1)
    properties = properties_from(told)
    digest = body_digest(key, delivery.body)
    identity = delivery_digest(key, delivery, found)
    exchange, keys = text(found[b"exchange_name"]), texts(found[b"routing_keys"])
    vhost, *who = (text(found[name]) for name in (b"vhost", b"node", b"connection", b"user"))
    node, connection, user = who
    channel = int.from_bytes(found[b"channel"][1:], "big")
    common = (
        node,
        connection,
        channel,
        user,
        properties,
        fingerprint(key, digest, properties),
        None,
    )
    kind, _, name = delivery.routing_key.partition(b".")
    if delivery.routing_key.startswith(b"publish."):
        if is_tap(exchange) or (exchange == "" and keys and all(map(is_tap, keys))):
            return None
        routed = tuple(queue for queue in texts(found[b"routed_queues"]) if not is_tap(queue))
        return MessagePublished(tap, identity, vhost, exchange, keys, routed, *common)
    if not delivery.routing_key.startswith(b"deliver."):
        raise TableDamaged(f"neither publish nor deliver: {kind!r}")
    queue = to_text(name)
    if is_tap(queue):
        return None
    again = found[b"redelivered"][-1] != 0
    return MessageDelivered(tap, identity, vhost, queue, exchange, keys, again, *common)
