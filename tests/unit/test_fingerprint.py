"""What tells one message from another: the same at its publish, its deliveries and its deaths, and nowhere else."""

from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.raw import table
from collector.amqp import Delivery
from collector.decoding.decoder import REDACTED, Decoder
from events.facts import MessageDeadLettered, MessagePublished
from tests.support.amqp_values import (
    TABLES,
    Value,
    dead_letter,
    longstr,
    short_text,
    table_of,
    trace,
)
from tests.support.decoding import KEY, deaths, died, fact_of, firehose

LAWS = settings(max_examples=70, deadline=None)
IDENTIFYING = [b"message_id", b"correlation_id", b"type", b"app_id", b"content_type"]
PASSING = [b"reply_to", b"expiration", b"user_id", b"content_encoding"]

WHOLE = {
    **{name: longstr(b"v-" + name) for name in (*IDENTIFYING, *PASSING)},
    b"priority": b"I\0\0\0\5",
    b"timestamp": b"I\0\0\0\5",
    b"delivery_mode": b"I\0\0\0\2",
    b"headers": b"F" + table({b"traceparent": longstr(b"00-a-b-01"), b"tenant": longstr(b"acme")}),
}


def mark(delivery: Delivery) -> bytes:
    """Return the fingerprint of what a firehose delivery tells."""
    return fact_of(firehose(delivery)).fingerprint


@pytest.mark.parametrize("redelivered", [False, True])
def test_a_publish_and_its_deliveries_share_their_fingerprint(redelivered: bool) -> None:
    """A message has one fingerprint where it is published, delivered, and delivered again from any queue."""
    assert mark(trace(WHOLE)) == mark(trace(WHOLE, queue=b"work", redelivered=redelivered))
    assert mark(trace(WHOLE)) == mark(trace(WHOLE, exchange=b"other", routed=[]))


def test_a_dead_letter_has_the_fingerprint_of_its_publish() -> None:
    """A dead-letter tap, which sees properties as sent and not as the firehose writes them, finds the same fingerprint."""
    properties = {name.decode(): short_text(b"v-" + name) for name in (*IDENTIFYING, *PASSING)}
    properties |= {
        "headers": table({b"traceparent": longstr(b"00-a-b-01"), b"x-death": deaths()}),
        "priority": b"\x07",
        "timestamp": pack(">Q", 2**64 - 1),
    }
    fact = fact_of(died(dead_letter(properties)))

    assert isinstance(fact, MessageDeadLettered)
    assert fact.fingerprint == mark(trace(WHOLE))
    assert fact.properties.timestamp == 2**64 - 1


@pytest.mark.parametrize(
    "changed",
    [
        *({name: longstr(b"else")} for name in PASSING),
        {b"priority": b"I\0\0\0\7"},
        {b"priority": b"B\5"},
        {b"timestamp": b"l\0\0\0\0\0\0\0\5"},
        {b"delivery_mode": b"I\0\0\0\1"},
        {b"headers": b"F" + table({b"x-death": deaths(), b"traceparent": longstr(b"00-a-b-01")})},
        {b"headers": b"F" + table({b"traceparent": longstr(b"00-a-b-01"), b"x-delivery-count": b"l" + bytes(8)})},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_broker_may_change_is_not_in_the_fingerprint(changed: dict[bytes, bytes]) -> None:
    """Reply-to, expiration, priority, deaths, delivery counts and widths of integers leave the fingerprint as it was."""
    assert mark(trace(WHOLE | changed)) == mark(trace(WHOLE))


@pytest.mark.parametrize("name", [*IDENTIFYING, b"headers"])
def test_what_identifies_a_message_is_in_the_fingerprint(name: bytes) -> None:
    """Another id, type, sender, content type or trace is another message, and so is another body."""
    changed = longstr(b"else") if name != b"headers" else b"F" + table({b"b3": longstr(b"x")})
    without = {key: value for key, value in WHOLE.items() if key != name}

    marks = {
        mark(trace(WHOLE)),
        mark(trace(without)),
        mark(trace(WHOLE | {name: changed})),
        mark(trace(WHOLE, body=b"")),
    }
    assert len(marks) == 4


@LAWS
@given(TABLES, st.sampled_from([b"traceparent", b"b3", b"X-B3-SpanId"]))
def test_any_value_may_stand_in_a_trace_header(value: Value, name: bytes) -> None:
    """A trace header that holds a table with any keys is no reason not to decode the message."""
    fact = fact_of(firehose(trace({b"headers": table_of({name: value}).raw})))

    assert isinstance(fact, MessagePublished)


def test_redaction_changes_what_is_kept_and_not_what_is_matched() -> None:
    """A redacted header is told as such; fingerprint and delivery digest are those of the whole."""
    redacted = fact_of(firehose(trace(WHOLE), Decoder(KEY, redact=["traceparent", "none"])))
    plain = fact_of(firehose(trace(WHOLE)))

    assert redacted.properties.headers == {"traceparent": REDACTED, "tenant": "acme"}
    assert (redacted.fingerprint, redacted.delivery) == (plain.fingerprint, plain.delivery)
