"""What the header of a firehose message says besides the properties, learned once for all that share it. Pure.

A trace message names its exchange and routing keys, then the properties, then node, connection, user and where it went. All
but the properties is the same, byte for byte, in most of what a service sends over a connection. So the bytes before the
properties and the bytes after them are decoded when they are first seen, and looked up from then on. Learned are only whole
entries of the names and types a broker gives them; whatever else comes is for the general way to judge, which reads entry
by entry.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Generic, TypeVar

import msgspec

from collector.amqp.errors import TableDamaged
from collector.amqp.table import spans
from events.facts import Texts
from events.values import Text, to_text

TAP_PREFIX = "obs.tap."
_tap_prefix_raw = TAP_PREFIX.encode()
BROKER_HEADERS = frozenset({b"x-delivery-count", b"x-acquired-count"})
"""Outer headers a broker adds on redelivery; the digest of a delivery must not see them."""
PROPERTIES_ENTRY = b"\x0apropertiesF"
"""How the entry of the properties begins: its name with its length, and the type of a table."""
RECENT_MAX = 4_096

_S, _A = b"SA"
_whole_numbers = b"bBsuIilL"
_length = Struct(">I").pack
_exchange_entry, _keys_entry = b"\x0dexchange_nameS", b"\x0crouting_keysA"
_exchange_at, _keys_at = len(_exchange_entry) - 1, len(_keys_entry) - 1
_before_names = {b"exchange_name", b"routing_keys"}
_after_names = {b"node", b"vhost", b"connection", b"channel", b"user"}
_after_publish = _after_names | {b"routed_queues"}
_after_deliver = _after_names | {b"redelivered"}

_K = TypeVar("_K")
_V = TypeVar("_V")


class Recent(Generic[_K, _V]):
    """What was learned lately, by what it was learned from: the newest *size_max*, and up to as many before them.

    The owner looks into `young` by itself; what it does not find there, :meth:`find` may.
    """

    __slots__ = ("_old", "_size_max", "young")

    def __init__(self, size_max: int = RECENT_MAX) -> None:
        self.young: dict[_K, _V] = {}
        self._old: dict[_K, _V] = {}
        self._size_max = size_max

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def find(self, key: _K) -> _V | None:
        """Return what is known of *key*, and know it for longer."""
        found = self.young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: _K, value: _V) -> None:
        """Remember *value*, and forget what is oldest."""
        if len(self.young) >= self._size_max:
            self.turn()
        self.young[key] = value

    def turn(self) -> None:
        """Forget what was not asked for since the last turn."""
        self._old, self.young = self.young, {}


class Before(msgspec.Struct, frozen=True, gc=False):
    """What stands before the properties. `exchange_raw` and `keys_raw` are whole entries, names included.

    `tap_only` says that a publish like this goes to queues of the tap and nowhere else.
    """

    exchange: Text
    routing_keys: Texts
    tap_only: bool
    exchange_raw: bytes
    keys_raw: bytes


class After(msgspec.Struct, frozen=True, gc=False):
    """What stands after the properties. A publish has `routed`, a delivery `redelivered`; the other one is None.

    The raw fields are whole entries, as the digest of a delivery has them in its order: channel and connection, node, where
    the message went, user and vhost.
    """

    node: Text
    vhost: Text
    connection: Text
    channel: int
    user: Text
    routed: Texts | None
    redelivered: bool | None
    channel_raw: bytes
    node_raw: bytes
    went_raw: bytes
    user_raw: bytes


def before_of(raw: bytes) -> Before | None:
    """Return what the entries *raw* say that stand before the properties; None when a broker writes others there."""
    try:
        found = _plain_before(raw) or _entries_of(raw)
        if found.keys() != _before_names:
            return None
        exchange_raw, keys_raw = found[b"exchange_name"], found[b"routing_keys"]
        exchange = text_of(exchange_raw[_exchange_at:])
        keys = texts_of(keys_raw[_keys_at:])
    except TableDamaged:
        return None
    return Before(exchange, keys, is_for_tap(exchange, keys), exchange_raw, keys_raw)


def _plain_before(raw: bytes) -> dict[bytes, bytes] | None:
    """Return the two entries where nothing else stands, for routing keys may differ from message to message."""
    if len(raw) < _exchange_at + 5 or raw[: _exchange_at + 1] != _exchange_entry:
        return None
    end = _exchange_at + 5 + int.from_bytes(raw[_exchange_at + 1 : _exchange_at + 5], "big")
    keys = raw[end:]
    if keys[: _keys_at + 1] != _keys_entry or len(keys) != _keys_at + 5 + int.from_bytes(
        keys[_keys_at + 1 : _keys_at + 5], "big"
    ):
        return None
    return {b"exchange_name": raw[:end], b"routing_keys": keys}


def after_of(raw: bytes) -> After | None:
    """Return what the entries *raw* say that stand behind the properties; None when a broker writes others there."""
    try:
        found = _entries_of(raw)
        published = found.keys() == _after_publish
        if not published and found.keys() != _after_deliver:
            return None
        went = b"routed_queues" if published else b"redelivered"
        value = _value(found, went)
        return After(
            node=text_of(_value(found, b"node")),
            vhost=text_of(_value(found, b"vhost")),
            connection=text_of(_value(found, b"connection")),
            channel=channel_of(_value(found, b"channel")),
            user=text_of(_value(found, b"user")),
            routed=without_taps(texts_of(value)) if published else None,
            redelivered=None if published else value[-1] != 0,
            channel_raw=found[b"channel"] + found[b"connection"],
            node_raw=found[b"node"],
            went_raw=found[went],
            user_raw=found[b"user"] + found[b"vhost"],
        )
    except TableDamaged:
        return None


def _entries_of(raw: bytes) -> dict[bytes, bytes]:
    """Return the entries of *raw* by name, but those that a broker adds on redelivery; of a name there twice the last.

    Raises:
        TableDamaged: they do not parse.
    """
    whole = _length(len(raw)) + raw
    return {
        name: whole[begin - 1 - len(name) : end]
        for name, (begin, end) in spans(whole).items()
        if name not in BROKER_HEADERS
    }


def _value(entries: dict[bytes, bytes], name: bytes) -> bytes:
    return entries[name][1 + len(name) :]


def text_of(value: bytes) -> Text:
    """Return the text that *value*, with its type byte, is.

    Raises:
        TableDamaged: it is of another type.
    """
    if value[0] != _S:
        raise TableDamaged("a name is no string")
    return to_text(value[5:])


def texts_of(value: bytes) -> Texts:
    """Return the texts in the array that *value*, with its type byte, is.

    Raises:
        TableDamaged: it is of another type, or something else stands in it.
    """
    if value[0] != _A:
        raise TableDamaged("a list of names is no array")
    found: list[Text] = []
    at = 5
    while at < len(value):
        if value[at] != _S:
            raise TableDamaged("a name in a list is no string")
        end = at + 5 + int.from_bytes(value[at + 1 : at + 5], "big")
        if end > len(value):
            raise TableDamaged("a name in a list ends outside")
        found.append(to_text(value[at + 5 : end]))
        at = end
    return tuple(found)


def channel_of(value: bytes) -> int:
    """Return the channel's number that *value*, with its type byte, is.

    Raises:
        TableDamaged: it is no whole number.
    """
    if value[0] not in _whole_numbers:
        raise TableDamaged("the channel is no number")
    return int.from_bytes(value[1:], "big")


def is_tap_queue(name: Text) -> bool:
    """Return whether *name* is a queue of the tap itself, or its exchange."""
    return (
        name.startswith(TAP_PREFIX) if isinstance(name, str) else name.startswith(_tap_prefix_raw)
    )


def is_for_tap(exchange: Text, routing_keys: Texts) -> bool:
    """Return whether a publish goes to queues of the tap and nowhere else: through the default exchange, or its own."""
    if exchange != "":
        return is_tap_queue(exchange)
    return bool(routing_keys) and all(map(is_tap_queue, routing_keys))


def without_taps(names: Iterable[Text]) -> Texts:
    """Return *names* but those of the tap's own queues."""
    return tuple(name for name in names if not is_tap_queue(name))
