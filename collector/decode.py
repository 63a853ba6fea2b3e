"""Turn tap deliveries into facts. Pure, and total: whatever the broker passes on becomes a fact, or is one of ours.

Source of `MessagePublished` and `MessageDelivered` is the firehose (headers of the trace message), of `MessageDeadLettered`
a binding tap on a dead-letter exchange. What does not parse becomes `Undecodable`, never an exception and never a drop.
The queues of the tap itself appear nowhere.
"""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from types import NoneType
from typing import Any, cast

import msgspec

from collector.amqp.errors import TableDamaged
from collector.amqp.frames import Delivery
from collector.amqp.table import decode_properties, decode_table, spans
from events.facts import (
    Fact,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    Properties,
    Texts,
    Undecodable,
)
from events.identity import body_digest, fingerprint
from events.values import Text, encode_extension, to_text

TAP_PREFIX = "obs.tap."
_tap_prefix_raw = TAP_PREFIX.encode()
_broker_headers = frozenset({b"x-delivery-count", b"x-acquired-count"})
"""Outer headers a broker adds on redelivery; the digest of a delivery must not see them."""
REDACTED = "***"
_memo_max = 8_192
_carried_max = 10_000
_headers_flag = 0x2000
_property_names = frozenset(Properties.__struct_fields__)
_table_or_none = frozenset({dict, NoneType})
_number_or_none = frozenset({int, NoneType})
_text_or_none = frozenset({str, bytes, NoneType})
Spans = Mapping[bytes, tuple[int, int]]
"""Where the values of a table's entries stand, by name."""

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A fact that awaits its place in the log: `body` is the whole message body, None for a fact without one.

    `digest` is the keyed digest of the body, `bulk` an estimate of the envelope's size in bytes.
    """

    fact: Fact
    body: bytes | None = None
    digest: bytes = b""
    bulk: int = 256


class Decoder:
    """Decodes the deliveries of one broker with the store's fingerprint *key*.

    It remembers texts it has seen lately, which changes its speed and nothing else, and which publishes carried deaths
    with them, which tells a republished message on a dead-letter exchange from a dead letter.
    """

    def __init__(self, key: bytes, *, redact: Collection[str] = ()) -> None:
        self._key = key
        self._redact = frozenset(redact)
        self._texts: dict[bytes, Text] = {}
        self._lists: dict[bytes, Texts] = {}
        self._carried: dict[bytes, None] = {}

    def firehose(self, delivery: Delivery, *, tap: str, vhost: Text) -> Draft | None:
        """Return what a firehose delivery says; None when it speaks of the tap itself."""
        digest = body_digest(self._key, delivery.body)
        try:
            at = spans(delivery.header, 14)
            identity = delivery_digest(self._key, delivery, digest, at)
            fact = self._traffic(delivery, tap, identity, digest, at)
        except (TableDamaged, KeyError, TypeError, ValueError, IndexError) as error:
            return self.undecodable(delivery, tap=tap, vhost=vhost, reason=reason_of(error))
        if fact is None:
            return None
        return Draft(fact, delivery.body, digest, len(delivery.header) + 96)

    def dead_letter(
        self,
        delivery: Delivery,
        *,
        tap: str,
        vhost: Text,
        dead_letters_to: Mapping[tuple[Text, Text], Text | None],
    ) -> Draft | None:
        """Return the dead letter a delivery of a dead-letter tap is; None for an ordinary publish.

        *dead_letters_to* tells the dead-letter exchange of each known (vhost, queue), None for a queue without one. A
        message whose newest death happened in a queue that dead-letters elsewhere only carries its old deaths along.
        """
        digest = body_digest(self._key, delivery.body)
        try:
            fact = self._death(delivery, tap, vhost, digest, dead_letters_to)
        except (TableDamaged, KeyError, TypeError, ValueError, IndexError) as error:
            return self.undecodable(delivery, tap=tap, vhost=vhost, reason=reason_of(error))
        if fact is None:
            return None
        return Draft(fact, delivery.body, digest, len(delivery.header) + 96)

    def undecodable(self, delivery: Delivery, *, tap: str, vhost: Text, reason: str) -> Draft:
        """Return *delivery* as it came, with the *reason* why it is not more."""
        digest = body_digest(self._key, delivery.body)
        try:
            identity = delivery_digest(self._key, delivery, digest, None)
        except (TableDamaged, IndexError):
            whole = delivery.routing_key + digest + delivery.header
            identity = blake2b(whole, digest_size=16, key=self._key).digest()
        fact = Undecodable(
            tap=tap,
            delivery=identity,
            vhost=vhost,
            routing_key=to_text(delivery.routing_key),
            reason=reason,
            raw=delivery.header,
            body=None,
        )
        return Draft(fact, delivery.body, digest, len(delivery.header) + 96)

    def _traffic(
        self,
        delivery: Delivery,
        tap: str,
        identity: bytes,
        digest: bytes,
        at: Spans,
    ) -> Fact | None:
        data, key = delivery.header, delivery.routing_key
        begin = at[b"properties"][0]
        if data[begin] != _F:
            raise TableDamaged("the properties are no table")
        properties = properties_from(cast("dict[str, Any]", decode_table(data, begin + 1)))
        exchange = self._text(data, at[b"exchange_name"])
        routing_keys = self._list(data, at[b"routing_keys"])
        vhost, node = self._text(data, at[b"vhost"]), self._text(data, at[b"node"])
        connection, user = self._text(data, at[b"connection"]), self._text(data, at[b"user"])
        begin, end = at[b"channel"]
        if data[begin] not in _whole_numbers:
            raise TableDamaged("the channel is no number")
        channel = int.from_bytes(data[begin + 1 : end], "big")
        mark = fingerprint(self._key, digest, properties)
        carried = properties
        if self._redact:
            properties = self._redacted(properties)
        if key.startswith(b"publish."):
            if exchange == "" and routing_keys and all(is_tap_queue(name) for name in routing_keys):
                return None
            self._remember_carried(vhost, exchange, mark, carried)
            routed = tuple(
                name for name in self._list(data, at[b"routed_queues"]) if not is_tap_queue(name)
            )
            return MessagePublished(
                tap, identity, vhost, exchange, routing_keys, routed, node, connection, channel, user, properties,
                mark, None,
            )  # fmt: skip
        if not key.startswith(b"deliver."):
            raise TableDamaged("its routing key is neither publish.* nor deliver.*")
        queue = key[8:]
        if queue.startswith(_tap_prefix_raw):
            return None
        redelivered = data[at[b"redelivered"][1] - 1] != 0
        return MessageDelivered(
            tap, identity, vhost, to_text(queue), exchange, routing_keys, redelivered, node, connection, channel, user,
            properties, mark, None,
        )  # fmt: skip

    def _death(
        self,
        delivery: Delivery,
        tap: str,
        vhost: Text,
        digest: bytes,
        dead_letters_to: Mapping[tuple[Text, Text], Text | None],
    ) -> Fact | None:
        properties = properties_from(decode_properties(delivery.header))
        exchange = to_text(delivery.exchange)
        deaths: Any = (properties.headers or {}).get("x-death")
        if not isinstance(deaths, list) or not deaths or not isinstance(deaths[0], dict):
            return None
        queue = cast("dict[Text, Any]", deaths[0]).get("queue", "")
        if (
            isinstance(queue, str | bytes)
            and dead_letters_to.get((vhost, queue), exchange) != exchange
        ):
            return None
        mark = fingerprint(self._key, digest, properties)
        if self._was_carried(vhost, exchange, mark, properties):
            return None
        copies: Any = (properties.headers or {}).get("CC")
        keys = [to_text(delivery.routing_key)]
        if isinstance(copies, list):
            keys += [key for key in cast("list[Any]", copies) if isinstance(key, str | bytes)]
        identity = delivery_digest(self._key, delivery, digest, None)
        properties = self._redacted(properties)
        return MessageDeadLettered(
            tap, identity, vhost, exchange, tuple(keys), properties, mark, None
        )

    def _redacted(self, properties: Properties) -> Properties:
        headers = properties.headers
        if not headers or self._redact.isdisjoint(headers):
            return properties
        kept = {k: REDACTED if k in self._redact else v for k, v in headers.items()}
        return msgspec.structs.replace(properties, headers=kept)

    def _remember_carried(
        self, vhost: Text, exchange: Text, mark: bytes, properties: Properties
    ) -> None:
        if properties.headers and "x-death" in properties.headers:
            if len(self._carried) >= _carried_max:
                self._carried.pop(next(iter(self._carried)))
            self._carried[_pack((vhost, exchange, mark, properties.headers["x-death"]))] = None

    def _was_carried(
        self, vhost: Text, exchange: Text, mark: bytes, properties: Properties
    ) -> bool:
        if not self._carried or not properties.headers:
            return False
        return _pack((vhost, exchange, mark, properties.headers["x-death"])) in self._carried

    def _text(self, data: bytes, span: tuple[int, int]) -> Text:
        raw = data[span[0] : span[1]]
        known = self._texts.get(raw)
        if known is None:
            if raw[0] != _S:
                raise TableDamaged("a name is no string")
            known = to_text(raw[5:])
            if len(self._texts) >= _memo_max:
                self._texts.clear()
            self._texts[raw] = known
        return known

    def _list(self, data: bytes, span: tuple[int, int]) -> Texts:
        raw = data[span[0] : span[1]]
        known = self._lists.get(raw)
        if known is None:
            known = _texts_of(raw)
            if len(self._lists) >= _memo_max:
                self._lists.clear()
            self._lists[raw] = known
        return known


_S, _F, _A = b"SFA"
_whole_numbers = b"bBsuIilL"


def _texts_of(raw: bytes) -> Texts:
    if raw[0] != _A:
        raise TableDamaged("a list of names is no array")
    found: list[Text] = []
    at = 5
    while at < len(raw):
        if raw[at] != _S:
            raise TableDamaged("a name in a list is no string")
        end = at + 5 + int.from_bytes(raw[at + 1 : at + 5], "big")
        if end > len(raw):
            raise TableDamaged("a name in a list ends outside")
        found.append(to_text(raw[at + 5 : end]))
        at = end
    return tuple(found)


def is_tap_queue(name: Text) -> bool:
    """Return whether *name* is a queue of the tap itself."""
    return (
        name.startswith(TAP_PREFIX) if isinstance(name, str) else name.startswith(_tap_prefix_raw)
    )


def properties_from(told: dict[str, Any]) -> Properties:
    """Return *told* as typed properties.

    Raises:
        TableDamaged: a property has a type that AMQP does not give it.
    """
    try:
        found = Properties(**told)
    except TypeError:  # a property that only the specification knows
        found = Properties(**{name: told[name] for name in told.keys() & _property_names})
    if (
        type(found.headers) not in _table_or_none
        or not {type(found.delivery_mode), type(found.priority), type(found.timestamp)}
        <= _number_or_none
        or not {
            type(found.content_type),
            type(found.correlation_id),
            type(found.message_id),
            type(found.type),
            type(found.app_id),
        }
        <= _text_or_none
    ):
        raise TableDamaged("a property has a type that AMQP does not give it")
    return found


def delivery_digest(key: bytes, delivery: Delivery, digest: bytes, entries: Spans | None) -> bytes:
    """Return what identifies a delivery of a tap when the broker hands it over again: 16 bytes.

    It covers exchange, routing key, properties, headers in any order and the body's *digest*, but not what a broker adds
    on redelivery. *entries* are the spans of the header table if the caller has them.
    """
    data = delivery.header
    before, table, after = header_span(data)
    if entries is None:
        entries = spans(data, table) if after > table else {}
    flags = int.from_bytes(data[12:14], "big") & ~_headers_flag
    parts = [
        digest,
        b"%b\0%b\0%d\0" % (delivery.exchange, delivery.routing_key, flags),
        data[before:table],
        data[after:],
    ]
    for name in sorted(entries):
        if name not in _broker_headers:
            begin, end = entries[name]
            parts.append(data[begin - 1 - len(name) : end])
    return blake2b(b"".join(parts), digest_size=16, key=key).digest()


def header_span(data: bytes) -> tuple[int, int, int]:
    """Return where in a content header's payload the properties begin, the header table begins and ends.

    Without a table the last two are equal.

    Raises:
        IndexError: the payload is cut short.
    """
    flags = int.from_bytes(data[12:14], "big")
    at = 14
    for bit in (0x8000, 0x4000):
        if flags & bit:
            at += 1 + data[at]
    if not flags & _headers_flag:
        return 14, at, at
    return 14, at, at + 4 + int.from_bytes(data[at : at + 4], "big")


def reason_of(error: Exception) -> str:
    """Return why something could not be decoded, for a person."""
    if isinstance(error, KeyError):
        return f"the header {error.args[0]!r} is missing"
    return str(error) or type(error).__name__
