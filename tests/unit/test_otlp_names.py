"""Destinations and span names after the messaging conventions."""

import pytest

from events.values import Text
from projector.otlp.names import is_anonymous, sent_to, server_of, span_name, taken_from


@pytest.mark.parametrize(
    ("exchange", "key", "expected"),
    [
        ("orders", "new", "orders:new"),
        ("orders", "", "orders"),
        ("", "work", "work"),
        ("", "", "amq.default"),
        (b"\xff", "k", "\ufffd:k"),
    ],
)
def test_a_publish_goes_to_exchange_and_routing_key(
    exchange: Text, key: Text, expected: str
) -> None:
    """The one that is not empty stands alone; with neither it is the default exchange."""
    assert sent_to(exchange, key) == expected


@pytest.mark.parametrize(
    ("exchange", "key", "queue", "expected"),
    [
        ("orders", "new", "bills", "orders:new:bills"),
        ("orders", "", "bills", "orders:bills"),
        ("", "bills", "bills", "bills"),
        ("orders", "bills", "bills", "orders:bills"),
        ("", "old", "bills", "old:bills"),
    ],
)
def test_a_delivery_comes_from_exchange_routing_key_and_queue(
    exchange: Text, key: Text, queue: Text, expected: str
) -> None:
    """What is empty is left out, and a routing key that is the queue's name is told once."""
    assert taken_from(exchange, key, queue) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amq.gen-JzTY20BRgKO-HjmUJj0wLg", True),
        ("spring.gen-x7Zq", True),
        ("billing.anonymous.O6bvfPxwTF6Q2eGNBvkFPw", True),
        ("1f0c3ad2-4be1-4f0f-9a53-6f2fb0c1a9d7", True),
        ("amq.rabbitmq.reply-to.g1h2", True),
        ("billing.anonymous.short", False),
        ("amq.direct", False),
        ("bills", False),
    ],
)
def test_names_made_up_for_one_use_are_known(name: str, expected: bool) -> None:
    """Queues named by the broker, by Spring, or by a bare UUID are anonymous; others are not."""
    assert is_anonymous(name) is expected


def test_an_anonymous_destination_is_left_out_of_the_name() -> None:
    """A span's name is its operation and its destination, unless that was made up."""
    assert span_name("publish", "orders:new", anonymous=False) == "publish orders:new"
    assert span_name("publish", "amq.gen-1", anonymous=True) == "publish"


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("10.0.0.1:50100 -> 10.0.0.9:5672", ("10.0.0.9", 5672)),
        ("[::1]:50100 -> [fe80::9]:5672", ("fe80::9", 5672)),
        ("named by hand", None),
        (b"\xff", None),
    ],
)
def test_the_broker_s_end_is_read_from_a_connection_s_name(
    connection: Text, expected: tuple[str, int] | None
) -> None:
    """Address and port stand behind the arrow; a connection with another name tells neither."""
    assert server_of(connection) == expected
