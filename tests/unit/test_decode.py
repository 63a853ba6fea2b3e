"""Whatever a tap hands over becomes a fact that the log takes, and says what the broker said, to the byte."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.raw import table
from collector.amqp import Delivery, TableDamaged, decode_properties, decode_table, spans
from collector.decoding.decoder import Decoder
from events.facts import (
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    Undecodable,
)
from events.values import to_text
from tests.support.amqp_values import (
    TABLES,
    TEXTS,
    Value,
    array,
    dead_letter,
    longstr,
    nested,
    trace,
)
from tests.support.decoding import KEY, deaths, died, fact_of, firehose

LAWS = settings(max_examples=70, deadline=None)


@LAWS
@given(TABLES)
def test_every_value_is_read_as_it_was_sent(value: Value) -> None:
    """Integers of every width, times, decimals, bytes and nested tables come out as they were, names also as bytes."""
    assert decode_table(value.raw, 1) == value.meaning
    assert {to_text(name) for name in spans(value.raw, 1)} == set(value.meaning)


@LAWS
@given(TABLES, TEXTS, TEXTS, st.lists(TEXTS, max_size=3))
def test_a_publish_is_told_as_it_was(
    headers: Value, exchange: bytes, name: bytes, keys: list[bytes]
) -> None:
    """Any headers and names of a publish are in its fact, and the log keeps them."""
    delivery = trace(
        {b"headers": headers.raw, b"type": longstr(name)},
        exchange=exchange,
        routed=[b"obs.tap.dlx", *keys],
        changed={"routing_keys": array([longstr(key) for key in keys]), "user": longstr(name)},
    )
    draft = firehose(delivery)
    fact = fact_of(draft)

    assert draft is not None
    assert draft.body == b"body"
    if exchange == b"" and keys and all(key.startswith(b"obs.tap.") for key in keys):
        return
    assert isinstance(fact, MessagePublished)
    assert fact.properties.headers == headers.meaning
    assert (fact.exchange, fact.user) == (to_text(exchange), to_text(name))
    assert fact.routing_keys == fact.routed_queues == tuple(map(to_text, keys))
    assert (fact.properties.type, fact.channel) == (to_text(name), 7)


@LAWS
@given(TABLES, TEXTS, st.booleans())
def test_a_delivery_is_told_as_it_was(headers: Value, queue: bytes, again: bool) -> None:
    """A delivery names its queue, whatever bytes that has, and whether it is a repeat."""
    fact = fact_of(firehose(trace({b"headers": headers.raw}, queue=queue, redelivered=again)))

    assert isinstance(fact, MessageDelivered)
    assert (fact.queue, fact.redelivered) == (to_text(queue), again)
    assert fact.properties.headers == headers.meaning


EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["set", "cut", "add"]), st.integers(0, 255)),
    min_size=1, max_size=6,
)  # fmt: skip


def edited(raw: bytes, edits: list[tuple[int, str, int]]) -> bytes:
    """Return *raw* with bytes changed, taken out and put in."""
    data = bytearray(raw)
    for at, what, byte in edits:
        place = at % (len(data) + 1)
        data[place : place + (what != "add")] = b"" if what == "cut" else bytes([byte])
    return bytes(data)


@settings(LAWS, max_examples=200)
@given(
    st.booleans(),
    TABLES,
    EDITS,
    st.sampled_from([b"publish.x", b"deliver.q", b"", b"\xff", b"deliver."]),
)
def test_damaged_deliveries_never_raise(
    published: bool,
    headers: Value,
    edits: list[tuple[int, str, int]],
    key: bytes,
) -> None:
    """A delivery with any of its bytes changed is a fact that the log takes, with its body; on every tap."""
    whole = trace({b"headers": headers.raw}, queue=None if published else b"q")
    header = edited(whole.header, edits)
    delivery = Delivery(None, 1, False, whole.exchange, key, header, whole.body)
    for draft in (firehose(delivery), died(delivery)):
        if draft is None:
            continue
        fact = fact_of(draft)

        assert draft.body == b"body"
        if isinstance(fact, Undecodable):
            assert (fact.raw, fact.routing_key) == (header, to_text(key))
            assert fact.reason


@settings(LAWS, max_examples=150)
@given(st.binary(max_size=80), st.binary(max_size=20))
def test_any_bytes_are_told_as_undecodable(header: bytes, key: bytes) -> None:
    """Bytes that are no trace message at all are kept as they came, with the reason."""
    fact = fact_of(firehose(Delivery(None, 1, False, b"", key, header, b"")))

    assert isinstance(fact, Undecodable)
    assert fact.raw == header
    assert fact.reason


@LAWS
@given(
    st.binary(max_size=60) | st.tuples(TABLES, EDITS).map(lambda it: edited(it[0].raw[1:], it[1]))
)
def test_tables_have_one_error(data: bytes) -> None:
    """Damaged tables and property lists raise the one error there is, or decode."""
    for read in (decode_table, spans, decode_properties):
        with suppress(TableDamaged):
            read(data)


@pytest.mark.parametrize(
    "changed",
    [
        {"channel": longstr(b"c" * 40)},
        {"channel": longstr(b"7")},
        {"routing_keys": longstr(b"new")},
        {"routing_keys": array([b"I\0\0\0\1"])},
        {"routing_keys": array([b"S\0\0\0\x09ab"])},
        {"vhost": b"V"},
        {"properties": longstr(b"")},
        {"properties": b"F" + table({b"headers": longstr(b"none")})},
        {"properties": b"F" + table({b"priority": longstr(b"9")})},
        {"properties": b"F" + table({b"message_id": b"I\0\0\0\1"})},
    ],
)
def test_fields_of_a_wrong_type_are_told(changed: dict[str, bytes]) -> None:
    """A trace message whose fields have other types than the broker gives them is undecodable, with the reason."""
    fact = fact_of(firehose(trace({}, changed=changed)))

    assert isinstance(fact, Undecodable)
    assert fact.reason


@pytest.mark.parametrize(
    "name", ["exchange_name", "routing_keys", "properties", "vhost", "channel"]
)
def test_a_missing_field_is_named(name: str) -> None:
    """The reason names the field that is missing."""
    whole = trace({})
    damaged = whole.header.replace(name.encode(), b"x" * len(name))
    fact = fact_of(
        firehose(Delivery(None, 1, False, whole.exchange, whole.routing_key, damaged, b""))
    )

    assert isinstance(fact, Undecodable)
    assert name in fact.reason


@pytest.mark.parametrize(
    ("depth", "kind"), [(30, MessagePublished), (40, Undecodable), (5_000, Undecodable)]
)
def test_deep_nesting_is_bounded(depth: int, kind: type) -> None:
    """Headers nested deeper than the limit are kept as bytes, however deep."""
    fact = fact_of(firehose(trace({b"headers": b"F" + table({b"h": nested(depth)})})))

    assert isinstance(fact, kind)
    assert kind is MessagePublished or "nested deeper" in fact.reason


@pytest.mark.parametrize("depth", [1, 40])
def test_what_comes_again_is_known_again(depth: int) -> None:
    """A delivery that comes again has the digest it had, also when it cannot be decoded."""
    headers = {b"headers": b"F" + table({b"h": nested(depth)})}
    first = fact_of(firehose(trace(headers)))
    again = fact_of(firehose(trace(headers, changed={"x-delivery-count": b"l" + bytes(8)})))

    assert type(first) is type(again)
    assert first.delivery == again.delivery


def test_properties_that_only_the_specification_knows_are_passed_over() -> None:
    """A property list with a cluster id or unknown names decodes without them."""
    fact = fact_of(
        firehose(trace({b"cluster_id": longstr(b"c"), b"\xff": b"V", b"type": longstr(b"t")}))
    )

    assert (type(fact), fact.properties.type) == (MessagePublished, "t")


def test_queues_of_the_tap_are_left_out() -> None:
    """Deliveries from the tap and publishes to it alone are nobody's; elsewhere its queues are stripped."""
    to_tap = trace(
        {}, exchange=b"", changed={"routing_keys": array([longstr(b"obs.tap.commands")])}
    )
    keys = array([longstr(b"obs.tap.commands"), longstr(b"work")])
    to_both = trace(
        {}, exchange=b"", routed=[b"obs.tap.commands", b"work"], changed={"routing_keys": keys}
    )

    assert firehose(to_tap) is None
    assert fact_of(firehose(to_both)).routed_queues == ("work",)
    assert firehose(trace({}, queue=b"obs.tap.events")) is None
    assert fact_of(firehose(trace({}, queue=b"obs.tapestry"))).queue == "obs.tapestry"
    assert fact_of(firehose(trace({}, routed=[b"obs.tap.dlx"]))).routed_queues == ()


def test_an_ordinary_publish_on_a_dead_letter_tap_is_passed_over() -> None:
    """Without a death there is no dead letter: no header, none of that name, or one that is no list of tables."""
    for headers in (
        {},
        {b"x-death": longstr(b"no")},
        {b"x-death": array([])},
        {b"x-death": array([b"V"])},
    ):
        assert died(dead_letter({"headers": table(headers)})) is None
    assert died(dead_letter({})) is None


def test_deaths_that_were_carried_along_are_no_new_ones() -> None:
    """A message republished with its old deaths is a dead letter only once it dies again."""
    decoder = Decoder(KEY)
    firehose(trace({b"headers": b"F" + table({b"x-death": deaths()})}, exchange=b"dlx"), decoder)

    assert died(dead_letter({"headers": table({b"x-death": deaths()})}), decoder) is None
    again = died(dead_letter({"headers": table({b"x-death": deaths(count=2)})}), decoder)
    assert isinstance(fact_of(again), MessageDeadLettered)


@pytest.mark.parametrize(
    ("routes", "is_death"),
    [
        ({}, True),
        ({("/", "work"): "dlx"}, True),
        ({("/", "work"): "else"}, False),
        ({("/", "work"): None}, False),
    ],
)
def test_a_death_in_a_queue_that_dead_letters_elsewhere_is_an_old_one(
    routes: dict[Any, Any],
    is_death: bool,
) -> None:
    """Where the newest death's queue is known not to send its dead letters here, the message was published here."""
    draft = died(dead_letter({"headers": table({b"x-death": deaths()})}), routes=routes)

    assert (draft is not None) is is_death


def test_a_dead_letter_tells_all_its_keys() -> None:
    """The routing key comes first, the carbon copies after it, whatever else stands in that header."""
    headers = {b"x-death": deaths(), b"CC": array([longstr(b"\xff"), b"I\0\0\0\1", longstr(b"b")])}

    assert fact_of(died(dead_letter({"headers": table(headers)}))).routing_keys == (
        "new",
        b"\xff",
        "b",
    )
