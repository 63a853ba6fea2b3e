"""Ids in bodies reach the log with the publish, whichever way its delivery is read."""

import pytest

from bench.raw import table
from collector.amqp import Delivery
from collector.decoding.binding import through_binding
from collector.decoding.decoder import Decoder
from collector.decoding.hints import REDACTED
from events.facts import MessageDelivered, MessagePublished
from tests.support.amqp_values import dead_letter, longstr, trace
from tests.support.decoding import KEY, fact_of, firehose

BODY = b'{"queue_name":"q","actor_name":"charge","args":["secret"],"options":{},"message_id":"m1"}'
FOUND = {"dramatiq/message_id": "m1", "dramatiq/actor_name": "charge"}
UNUSUAL = {b"cluster_id": longstr(b"c")}
"""A property that the decoder's short cut leaves to the long way."""


@pytest.mark.parametrize("properties", [{}, {b"message_id": longstr(b"m")}, UNUSUAL])
def test_a_publish_bears_what_its_body_tells(properties: dict[bytes, bytes]) -> None:
    """By the short cut, by the long way, and again when the message is known, the same is found."""
    decoder = Decoder(KEY)
    for _ in range(2):
        fact = fact_of(firehose(trace(properties, body=BODY), decoder))

        assert isinstance(fact, MessagePublished)
        assert fact.in_body == FOUND


def test_a_publish_through_a_binding_bears_it_too() -> None:
    """Also where the tap sees no more than the message itself."""
    delivery: Delivery = dead_letter({"headers": table({})}, exchange=b"orders", body=BODY)
    draft = through_binding(
        Decoder(KEY), delivery, tap="obs.tap.firehose", vhost="/", dead_letters_to={}
    )

    fact = fact_of(draft)
    assert isinstance(fact, MessagePublished)
    assert fact.in_body == FOUND


def test_a_delivery_says_it_not_again() -> None:
    """Its publish has said it."""
    fact = fact_of(firehose(trace({}, queue=b"q", body=BODY)))

    assert isinstance(fact, MessageDelivered)
    assert not hasattr(fact, "in_body")


def test_what_is_to_be_redacted_does_not_reach_the_log() -> None:
    """The names of what is found in bodies may be redacted like headers."""
    decoder = Decoder(KEY, redact=["dramatiq/message_id"])
    fact = fact_of(firehose(trace({}, body=BODY), decoder))

    assert fact.in_body == FOUND | {"dramatiq/message_id": REDACTED}


def test_a_fact_that_says_more_counts_as_larger() -> None:
    """Blocks are bounded by what their envelopes take."""
    plain = firehose(trace({}, body=b"x" * len(BODY)))
    told = firehose(trace({}, body=BODY))

    assert plain is not None
    assert told is not None
    assert told.bulk > plain.bulk
