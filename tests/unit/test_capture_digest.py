"""What identifies a delivery of a tap when the broker hands it over again."""

from itertools import permutations

import pytest

from bench.raw import header_payload, table
from collector.amqp import Delivery, TableDamaged, spans
from collector.decoding.digest import delivery_digest
from events.identity import body_digest

KEY = bytes(32)
BODY = b"body"
HEADERS = {b"vhost": b"S\0\0\0\1/", b"channel": b"I\0\0\0\1", b"routed_queues": b"A\0\0\0\0"}
COUNT = {b"x-delivery-count": b"l\0\0\0\0\0\0\0\2"}


def delivery(headers: dict[bytes, bytes], *, redelivered: bool = False) -> Delivery:
    """Return a trace message with *headers*."""
    header = header_payload(len(BODY), {"headers": table(headers)} if headers else {})
    return Delivery(None, 1, redelivered, b"amq.rabbitmq.trace", b"publish.", header, BODY)


def digest(one: Delivery) -> bytes:
    """Return the digest of a delivery with the body of this test."""
    return delivery_digest(KEY, one, body_digest(KEY, BODY), None)


@pytest.mark.parametrize("names", list(permutations([*HEADERS, *COUNT])))
def test_redelivery_changes_nothing(names: tuple[bytes, ...]) -> None:
    """Headers in another order and those a broker adds on redelivery leave the digest as it was."""
    headers = {name: (HEADERS | COUNT)[name] for name in names}

    assert digest(delivery(headers, redelivered=True)) == digest(delivery(HEADERS))


@pytest.mark.parametrize("name", HEADERS)
def test_another_header_is_another_delivery(name: bytes) -> None:
    """Each header counts, by its name and by its value."""
    without = {key: value for key, value in HEADERS.items() if key != name}

    assert digest(delivery(without)) != digest(delivery(HEADERS))
    assert digest(delivery(HEADERS | {name: b"t\1"})) != digest(delivery(HEADERS))


def test_a_delivery_without_headers_has_a_digest() -> None:
    """A message of a dead-letter tap may have no header at all."""
    assert len(digest(delivery({}))) == 16


def test_spans_hold_the_values_as_they_stand() -> None:
    """Each span is the value with its type, whatever that is."""
    values = (
        HEADERS | COUNT | {b"t": b"t\1", b"T": b"T" + bytes(8), b"V": b"V", b"D": b"D" + bytes(5)}
    )
    data = b"before" + table(values)

    assert {name: data[begin:end] for name, (begin, end) in spans(data, 6).items()} == values


@pytest.mark.parametrize(
    "damage", [b"\0\0\0\5\1aS", b"\0\0\0\2\1a", b"\0\0\0\3\1aZ", b"\0\0\0\x09\1aI\0\0\0\1"]
)
def test_damaged_tables_are_told(damage: bytes) -> None:
    """A table that is cut short or has an unknown type raises the one error there is."""
    with pytest.raises(TableDamaged):
        spans(damage)
