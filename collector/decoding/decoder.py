"""Turn tap deliveries into facts. Pure, and total: whatever the broker passes on becomes a fact, or is one of ours.

Source of `MessagePublished` and `MessageDelivered` is the firehose (headers of the trace message), of `MessageDeadLettered`
a binding tap on a dead-letter exchange. What does not parse becomes `Undecodable`, never an exception and never a drop.
The queues of the tap itself appear nowhere.
"""

from collections.abc import Callable, Collection, Mapping
from hashlib import blake2b
from struct import Struct
from typing import Any, Final, TypeVar, cast

import msgspec

from collector.amqp.errors import TableDamaged
from collector.amqp.frames import Delivery
from collector.amqp.table import decode_properties, decode_table, spans
from collector.decoding.digest import HEADERS_FLAG, Spans, beginning, delivery_digest
from collector.decoding.firehose import (
    PROPERTIES_ENTRY,
    After,
    Before,
    Recent,
    after_of,
    before_of,
    channel_of,
    is_for_tap,
    is_tap_queue,
    text_of,
    texts_of,
    without_taps,
)
from collector.decoding.hints import REDACTED, bulk_of, hints_of
from collector.decoding.properties import properties_from, properties_of
from collector.decoding.refused import body_missing, reason_of
from events.facts import (
    Fact,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    Properties,
    Table,
    Undecodable,
)
from events.identity import body_digest, fingerprint
from events.values import Text, encode_extension, to_text

SEEN_BY = "firehose"
REMEMBERED_BYTES_MAX = 8 << 20
REMEMBERED_MESSAGE_MAX, REMEMBERED_PART_MAX = 64 << 10, 4 << 10
"""Bytes of one thing that is remembered: who sends large ones, all different, must not fill the memory."""
_carried_max = 10_000
_table_start = 14
_entries_start = _table_start + 4
_F = ord("F")
_publish, _deliver = b"publish.", b"deliver."
_damages = (TableDamaged, KeyError, TypeError, ValueError, IndexError)
_flags_and_length = Struct(">HI").unpack_from
_length = Struct(">I").unpack_from
_P = TypeVar("_P")
_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A fact that awaits its place in the log: `body` is the whole message body, None for a fact without one.

    `digest` is the keyed digest of the body, `bulk` an estimate of the envelope's size in bytes.
    """

    fact: Fact
    body: bytes | None = None
    digest: bytes = b""
    bulk: int = 256


class _Route(msgspec.Struct, frozen=True, gc=False):
    """What the routing key of a firehose delivery says, and how the digest of such a delivery begins behind the body's.

    `queue` is where a delivery came from, None for a publish.
    """

    exchange: bytes
    queue: Text | None
    of_tap: bool
    head: bytes


class _Told(msgspec.Struct, frozen=True, gc=False):
    """A message as its properties and body tell it; `deaths` is its ``x-death`` header, None without one.

    `in_body` is what :func:`hints_of` finds.
    """

    properties: Properties
    mark: bytes
    digest: bytes
    body: bytes
    deaths: Any
    in_body: Table | None


_irregular: Final = Draft(Undecodable("", b"", "", "", "", b"", None))
"""Stands for a delivery that is not what a broker usually sends."""


class Decoder:
    """Decodes the deliveries of one broker with the store's fingerprint *key*.

    It remembers what it has read lately, which changes its speed and nothing else, and which publishes carried deaths with
    them, which tells a republished message on a dead-letter exchange from a dead letter.
    """

    def __init__(self, key: bytes, *, redact: Collection[str] = ()) -> None:
        self._key = key
        self._redact = frozenset(redact)
        self._carried: dict[bytes, None] = {}
        self._routes = Recent[bytes, _Route]()
        self._before = Recent[bytes, Before]()
        self._after = Recent[bytes, After]()
        self._told = Recent[tuple[bytes, bytes], _Told]()
        self._told_bytes = 0

    @property
    def key(self) -> bytes:
        """The store's fingerprint key."""
        return self._key

    def firehose(self, delivery: Delivery, *, tap: str, vhost: Text) -> Draft | None:
        """Return what a firehose delivery says; None when it speaks of the tap itself."""
        if not delivery.body and (why := body_missing(delivery)):
            return self.undecodable(delivery, tap=tap, vhost=vhost, reason=why)
        draft = self._regular(delivery, tap)
        return self._any(delivery, tap, vhost) if draft is _irregular else draft

    def _regular(self, delivery: Delivery, tap: str) -> Draft | None:
        """Do the same as :meth:`_any` for what a broker usually sends, from parts read before."""
        data, key = delivery.header, delivery.routing_key
        at = data.find(PROPERTIES_ENTRY, _entries_start)
        begin = at + len(PROPERTIES_ENTRY) + 4
        if at < 0 or begin > len(data):
            return _irregular
        flags, length = _flags_and_length(data, 12)
        end = begin + _length(data, begin - 4)[0]
        if flags != HEADERS_FLAG or _entries_start + length != len(data) or end > len(data):
            return _irregular
        raw = data[_entries_start:at]
        before = self._before.young.get(raw) or self._learn(self._before, raw, before_of)
        raw = data[end:]
        after = self._after.young.get(raw) or self._learn(self._after, raw, after_of)
        route = self._routes.young.get(key)
        if route is None or route.exchange != delivery.exchange:
            route = self._learn_route(delivery)
        message = data[begin:end], delivery.body
        if len(data) + len(delivery.body) > REMEMBERED_MESSAGE_MAX:
            told = self._message(*message)
        else:
            told = self._told.young.get(message) or self._learn_message(message)
        if before is None or after is None or route is None or told is None:
            return _irregular
        whole = (
            told.digest, route.head, after.channel_raw, before.exchange_raw, after.node_raw, data[at:end],
            after.went_raw, before.keys_raw, after.user_raw,
        )  # fmt: skip
        identity = blake2b(b"".join(whole), digest_size=16, key=self._key).digest()
        return self._draft(tap, identity, before, after, route, told, len(data) + 96)

    def _draft(
        self,
        tap: str,
        identity: bytes,
        before: Before,
        after: After,
        route: _Route,
        told: _Told,
        bulk: int,
    ) -> Draft | None:
        if route.queue is None:
            if after.routed is None:
                return _irregular
            if before.tap_only:
                return None
            if told.deaths is not None:
                self._remember_carried(after.vhost, before.exchange, told.mark, told.deaths)
            fact = MessagePublished(
                tap, identity, after.vhost, before.exchange, before.routing_keys, after.routed, after.node,
                after.connection, after.channel, after.user, told.properties, told.mark, None, SEEN_BY, told.in_body,
            )  # fmt: skip
            return Draft(fact, told.body, told.digest, bulk + bulk_of(told.in_body))
        if route.of_tap:
            return None
        if after.redelivered is None:
            return _irregular
        fact = MessageDelivered(
            tap, identity, after.vhost, route.queue, before.exchange, before.routing_keys, after.redelivered,
            after.node, after.connection, after.channel, after.user, told.properties, told.mark, None,
        )  # fmt: skip
        return Draft(fact, told.body, told.digest, bulk)

    def _learn(
        self, known: Recent[bytes, _P], raw: bytes, read: Callable[[bytes], _P | None]
    ) -> _P | None:
        found = known.find(raw)
        if found is None and (found := read(raw)) is not None and len(raw) <= REMEMBERED_PART_MAX:
            known.put(raw, found)
        return found

    def _learn_route(self, delivery: Delivery) -> _Route | None:
        key = delivery.routing_key
        if not key.startswith((_publish, _deliver)):
            return None
        queue = to_text(key[len(_deliver) :]) if key.startswith(_deliver) else None
        of_tap = queue is not None and is_tap_queue(queue)
        found = _Route(delivery.exchange, queue, of_tap, beginning(delivery.exchange, key, 0))
        self._routes.put(key, found)
        return found

    def _learn_message(self, message: tuple[bytes, bytes]) -> _Told | None:
        """Return what :meth:`_message` does, and remember it."""
        found = self._told.find(message) or self._message(*message)
        if found is not None:
            size = len(message[0]) + len(message[1])
            self._told_bytes += size
            if self._told_bytes > REMEMBERED_BYTES_MAX:
                self._told.turn()
                self._told_bytes = size
            self._told.put(message, found)
        return found

    def _message(self, raw: bytes, body: bytes) -> _Told | None:
        """Return what the properties *raw* and the *body* tell; None when the properties are not what usually comes."""
        properties = properties_of(raw)
        if properties is None:
            return None
        digest = body_digest(self._key, body)
        deaths = (properties.headers or {}).get("x-death")
        mark = fingerprint(self._key, digest, properties)
        hints = self.hints(properties, body)
        return _Told(self.redacted(properties), mark, digest, body, deaths, hints)

    def _any(self, delivery: Delivery, tap: str, vhost: Text) -> Draft | None:
        """Decode a delivery entry by entry, whatever it is."""
        digest = body_digest(self._key, delivery.body)
        try:
            at = spans(delivery.header, _table_start)
            identity = delivery_digest(self._key, delivery, digest, at)
            fact = self._traffic(delivery, tap, identity, digest, at)
        except _damages as error:
            return self.undecodable(delivery, tap=tap, vhost=vhost, reason=reason_of(error))
        if fact is None:
            return None
        hints = fact.in_body if isinstance(fact, MessagePublished) else None
        return Draft(fact, delivery.body, digest, len(delivery.header) + 96 + bulk_of(hints))

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
        if not delivery.body and (why := body_missing(delivery)):
            return self.undecodable(delivery, tap=tap, vhost=vhost, reason=why)
        digest = body_digest(self._key, delivery.body)
        try:
            fact = self._death(delivery, tap, vhost, digest, dead_letters_to)
        except _damages as error:
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

        def value(name: bytes) -> bytes:
            begin, end = at[name]
            return data[begin:end]

        begin = at[b"properties"][0]
        if data[begin] != _F:
            raise TableDamaged("the properties are no table")
        properties = properties_from(cast("dict[str, Any]", decode_table(data, begin + 1)))
        exchange = text_of(value(b"exchange_name"))
        routing_keys = texts_of(value(b"routing_keys"))
        vhost, node = text_of(value(b"vhost")), text_of(value(b"node"))
        connection, user = text_of(value(b"connection")), text_of(value(b"user"))
        channel = channel_of(value(b"channel"))
        mark = fingerprint(self._key, digest, properties)
        deaths = (properties.headers or {}).get("x-death")
        properties = self.redacted(properties)
        if key.startswith(_publish):
            if is_for_tap(exchange, routing_keys):
                return None
            if deaths is not None:
                self._remember_carried(vhost, exchange, mark, deaths)
            routed = without_taps(texts_of(value(b"routed_queues")))
            return MessagePublished(
                tap, identity, vhost, exchange, routing_keys, routed, node, connection, channel, user, properties,
                mark, None, SEEN_BY, self.hints(properties, delivery.body),
            )  # fmt: skip
        if not key.startswith(_deliver):
            raise TableDamaged("its routing key is neither publish.* nor deliver.*")
        queue = to_text(key[len(_deliver) :])
        if is_tap_queue(queue):
            return None
        redelivered = value(b"redelivered")[-1] != 0
        return MessageDelivered(
            tap, identity, vhost, queue, exchange, routing_keys, redelivered, node, connection, channel, user,
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
        if self._was_carried(vhost, exchange, mark, cast("object", deaths)):
            return None
        copies: Any = (properties.headers or {}).get("CC")
        keys = [to_text(delivery.routing_key)]
        if isinstance(copies, list):
            keys += [key for key in cast("list[Any]", copies) if isinstance(key, str | bytes)]
        identity = delivery_digest(self._key, delivery, digest, None)
        properties = self.redacted(properties)
        return MessageDeadLettered(
            tap, identity, vhost, exchange, tuple(keys), properties, mark, None
        )

    def redacted(self, properties: Properties) -> Properties:
        """Return *properties* without the values of headers that must not enter the log."""
        headers = properties.headers
        if not self._redact or not headers or self._redact.isdisjoint(headers):
            return properties
        kept = {k: REDACTED if k in self._redact else v for k, v in headers.items()}
        return msgspec.structs.replace(properties, headers=kept)

    def hints(self, properties: Properties, body: bytes) -> Table | None:
        """Return what :func:`hints_of` finds in the body of a message with *properties*."""
        return hints_of(properties.content_type, body, self._redact)

    def _remember_carried(self, vhost: Text, exchange: Text, mark: bytes, deaths: object) -> None:
        if len(self._carried) >= _carried_max:
            self._carried.pop(next(iter(self._carried)))
        self._carried[_digest((vhost, exchange, mark, deaths))] = None

    def _was_carried(self, vhost: Text, exchange: Text, mark: bytes, deaths: object) -> bool:
        return bool(self._carried) and _digest((vhost, exchange, mark, deaths)) in self._carried


def _digest(parts: tuple[object, ...]) -> bytes:
    return blake2b(_pack(parts), digest_size=16).digest()
