"""What comes through an exchange the tap is bound to: a dead letter or a publish, and nothing made up about it."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.raw import table
from collector.amqp import Delivery
from collector.decoding.binding import through_binding
from collector.decoding.decoder import REDACTED, Decoder
from events.facts import Fact, MessageDeadLettered, MessagePublished, Undecodable
from tests.support.amqp_values import (
    TABLES,
    Value,
    array,
    dead_letter,
    longstr,
    short_text,
    trace,
)
from tests.support.decoding import KEY, deaths, fact_of, firehose
from tests.unit.test_decode import EDITS, edited

LAWS = settings(max_examples=150, deadline=None)


def seen(
    delivery: Delivery, *, decoder: Decoder | None = None, routes: Mapping[Any, Any] | None = None
) -> Fact:
    """Return what a delivery through a binding says, as it comes out of the log."""
    draft = through_binding(
        decoder or Decoder(KEY),
        delivery,
        tap="obs.tap.firehose",
        vhost="/",
        dead_letters_to=routes or {},
    )
    assert draft.body == delivery.body
    return fact_of(draft)


def test_a_publish_has_what_is_known_and_nothing_else() -> None:
    """Exchange, keys and properties are told; publisher and queues are left empty, and the fact says what saw it."""
    properties = {
        "headers": table({b"CC": array([longstr(b"copy")]), b"secret": longstr(b"s")}),
        "message_id": short_text(b"m"),
    }
    fact = seen(
        dead_letter(properties, exchange=b"orders"), decoder=Decoder(KEY, redact=["secret"])
    )

    assert isinstance(fact, MessagePublished)
    assert (fact.exchange, fact.routing_keys, fact.seen_by) == (
        "orders",
        ("new", "copy"),
        "binding",
    )
    assert (fact.node, fact.connection, fact.channel, fact.user) == ("", "", 0, "")
    assert fact.routed_queues == ()
    assert (fact.properties.message_id, fact.properties.headers) == ("m", {"CC": ["copy"], "secret": REDACTED})  # fmt: skip


@LAWS
@given(TABLES)
def test_it_is_known_by_the_same_fingerprint_as_in_the_firehose(headers: Value) -> None:
    """A message has one fingerprint, whichever way the tap saw it."""
    through = seen(dead_letter({"headers": headers.raw[1:], "message_id": short_text(b"m")}))
    traced = fact_of(firehose(trace({b"headers": headers.raw, b"message_id": longstr(b"m")})))

    assert isinstance(through, MessagePublished | MessageDeadLettered)
    assert through.fingerprint == traced.fingerprint


def test_a_dead_letter_is_told_as_one() -> None:
    """What newly died into the exchange is a dead letter; old deaths that are carried along are part of a publish."""
    delivery = dead_letter({"headers": table({b"x-death": deaths()})})

    assert isinstance(seen(delivery), MessageDeadLettered)
    assert isinstance(seen(delivery, routes={("/", "work"): "elsewhere"}), MessagePublished)


@LAWS
@given(TABLES, EDITS, st.booleans())
def test_damaged_deliveries_never_raise(headers: Value, edits: Any, dies: bool) -> None:
    """Whatever is in the bytes of a message, it is a fact that the log takes, with its body."""
    told = {b"x-death": deaths()} if dies else {b"any": b"F" + headers.raw[1:]}
    whole = dead_letter({"headers": table(told)})
    fact = seen(Delivery(None, 1, False, b"dlx", b"k", edited(whole.header, edits), b"body"))

    assert isinstance(fact, MessagePublished | MessageDeadLettered | Undecodable)
