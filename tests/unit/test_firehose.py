"""The short cuts of the decoder lead where the long way leads, for what brokers send and for whatever is made of it."""

import tracemalloc
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.raw import table
from collector.amqp import Delivery, FrameParser
from collector.decoding.decoder import REMEMBERED_BYTES_MAX, Decoder
from collector.decoding.firehose import RECENT_MAX, Recent
from events.facts import MessageDelivered, MessagePublished, Undecodable
from tests.support.amqp_values import TABLES, TEXTS, Value, longstr, trace
from tests.support.decoding import KEY, deaths, fact_of, firehose
from tests.support.firehose_reference import entries, reference

TAP = "obs.tap.firehose"
RECORDINGS = sorted((Path(__file__).parents[1] / "golden" / "firehose").glob("*.frames"))
COUNT = b"l" + bytes(7) + b"\1"
INNER = b"\x0apropertiesF\0\0\0\0"


def recorded(file: Path) -> list[Delivery]:
    """Return the deliveries that a broker sent to a tap."""
    parser = FrameParser()
    parser.sources[1] = TAP
    parser.feed(file.read_bytes())
    return parser.deliveries


DELIVERIES = [delivery for file in RECORDINGS for delivery in recorded(file)]


def assert_same(decoder: Decoder, delivery: Delivery) -> None:
    """Check that *decoder* says of *delivery* what the reference says."""
    wanted = reference(KEY, delivery, TAP)
    draft = firehose(delivery, decoder)
    if draft is None:
        assert wanted is None
        return
    assert draft.body == delivery.body
    if isinstance(draft.fact, Undecodable):
        assert wanted == "undecodable"
        assert (draft.fact.raw, draft.fact.reason != "") == (delivery.header, True)
    else:
        assert draft.fact == wanted


def with_header(delivery: Delivery, header: bytes) -> Delivery:
    """Return *delivery* with another header."""
    return Delivery(None, 1, False, delivery.exchange, delivery.routing_key, header, delivery.body)


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_what_brokers_sent_is_read_as_the_long_way_reads_it(file: Path) -> None:
    """Every recorded delivery is the fact it should be, at the first reading and when all parts are known."""
    decoder, deliveries = Decoder(KEY), recorded(file)
    for delivery in deliveries * 2:
        assert_same(decoder, delivery)

    kinds = {type(fact_of(firehose(delivery))) for delivery in deliveries}
    assert kinds == {MessagePublished, MessageDelivered}


EDITS = st.tuples(
    st.sampled_from(["", "", "set", "cut", "add"]), st.integers(0, 2_000), st.integers(0, 255)
)


def edited(raw: bytes, how: str, at: int, byte: int) -> bytes:
    """Return *raw* with one byte changed, taken out or put in, or as it is."""
    if not how:
        return raw
    at %= len(raw)
    return raw[:at] + (b"" if how == "cut" else bytes([byte])) + raw[at + (how != "add") :]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(DELIVERIES), EDITS), min_size=2, max_size=12))
def test_damaged_headers_are_read_the_same(
    moves: list[tuple[Delivery, tuple[str, int, int]]],
) -> None:
    """Real headers with bytes changed are judged alike, whatever the decoder has learned before."""
    decoder = Decoder(KEY)
    for delivery, edit in moves:
        assert_same(decoder, with_header(delivery, edited(delivery.header, *edit)))


CHANGES = ["drop", "double", "move", "other", "count", "again", "text", "name"]
FRAMES = [(b"\x20\0", 0, b"")] * 3 + [
    (b"\x20\0", 1, b""),
    (b"\x20\0", -1, b""),
    (b"\x20\0", 0, b"\2"),
    (b"\x30\0", 0, b"\2"),
    (b"\0\0", 0, b""),
]
"""Property flags, what the table's length is off by, and bytes after it."""


@st.composite
def rearranged(draw: st.DrawFn) -> Delivery:
    """Draw a real delivery whose entries were moved, dropped, doubled, replaced or joined by others, well-formed again."""
    delivery, other = draw(st.sampled_from(DELIVERIES)), draw(st.sampled_from(DELIVERIES))
    fields = list(entries(delivery.header, 14).items())
    others = list(entries(other.header, 14).items())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(fields) - 1)) if fields else 0
        match draw(st.sampled_from(CHANGES)):
            case "drop":
                del fields[at : at + 1]
            case "double":
                fields.insert(draw(st.integers(0, len(fields))), draw(st.sampled_from(others)))
            case "move":
                fields = fields[at:] + fields[:at]
            case "other":
                fields[at : at + 1] = [draw(st.sampled_from(others))]
            case "count":
                fields.insert(at, (b"x-delivery-count", COUNT))
            case "again":
                fields[at : at + 1] = [(b"redelivered", b"I\0\0\0\2")]
            case "text":
                fields[at : at + 1] = [(b"exchange_name", longstr(draw(TEXTS) + INNER))]
            case _:
                fields.insert(at, (draw(TEXTS), longstr(INNER)))
    told = b"".join(bytes([len(name)]) + name + value for name, value in fields)
    flags, size, rest = draw(st.sampled_from(FRAMES))
    whole = with_header(
        delivery, delivery.header[:12] + flags + pack(">I", len(told) + size) + told + rest
    )
    if draw(st.booleans()):
        whole.routing_key, whole.exchange = other.routing_key, draw(st.sampled_from([b"", b"x"]))
    if draw(st.booleans()):
        whole.body = other.body
    return whole


@settings(max_examples=200, deadline=None)
@given(st.lists(rearranged(), min_size=1, max_size=8))
def test_rearranged_headers_are_read_the_same(deliveries: list[Delivery]) -> None:
    """Tables whose entries are others than a broker writes, or stand elsewhere, are read alike, and so again."""
    decoder = Decoder(KEY)
    for delivery in [*deliveries, *deliveries]:
        assert_same(decoder, delivery)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(TABLES, TEXTS, TEXTS, st.sampled_from([None, b"q", INNER])),
        min_size=1,
        max_size=4,
    )
)
def test_made_up_messages_are_read_the_same(
    moves: list[tuple[Value, bytes, bytes, bytes | None]],
) -> None:
    """Any headers, names and properties are read alike, also where a name looks like the beginning of the properties."""
    decoder = Decoder(KEY)
    for headers, name, body, queue in [*moves, *moves]:
        properties = {b"headers": headers.raw, b"type": longstr(name), b"priority": b"I\0\0\0\1"}
        for exchange in (name, INNER, b""):
            assert_same(decoder, trace(properties, exchange=exchange, queue=queue, body=body))


def test_one_key_may_carry_different_messages() -> None:
    """The same properties with another body, or from another queue, are another message or another delivery."""
    decoder = Decoder(KEY)
    for properties in ({b"type": longstr(b"t")}, {}):
        for body in (b"a", b"b", b"a", table({b"type": longstr(b"t")})[4:]):
            for queue in (None, b"q", b"r"):
                assert_same(decoder, trace(properties, queue=queue, body=body))


@pytest.mark.parametrize("told", [b"I\0\0\0\0", b"I\0\0\0\2", b"t\0", b"V"])
def test_any_number_but_zero_says_redelivered(told: bytes) -> None:
    """Whether a delivery is a repeat is read alike from whatever stands there."""
    assert_same(Decoder(KEY), trace({}, queue=b"q", changed={"redelivered": told}))


def test_deaths_are_seen_on_a_known_message_too() -> None:
    """Carried deaths are remembered whenever a publish shows them, however often its properties came before."""
    decoder = Decoder(KEY)
    whole = trace({b"headers": b"F" + table({b"x-death": deaths()})})
    first, again = firehose(whole, decoder), firehose(whole, decoder)

    assert first == again


def test_what_is_remembered_has_a_limit() -> None:
    """The newest are known, as many before them while asked for, and nothing else."""
    recent = Recent[bytes, int](10)
    for number in range(100):
        recent.put(b"%d" % number, number)
        assert recent.find(b"0") == 0
        assert len(recent) <= 2 * 10

    assert recent.find(b"99") == 99
    assert recent.find(b"50") is None


def test_a_flood_of_names_is_forgotten() -> None:
    """Exchanges that never come again are not kept for ever, and those that do are read right."""
    decoder = Decoder(KEY)
    for number in range(2 * RECENT_MAX + 2):
        firehose(trace({}, exchange=b"e%d" % number), decoder)

    assert_same(decoder, trace({}, exchange=b"e0"))


def test_messages_asked_for_again_and_again_fill_no_memory() -> None:
    """A sender that repeats ever more large messages makes the decoder remember no more bytes of them."""
    decoder, size = Decoder(KEY), 60_000
    more = REMEMBERED_BYTES_MAX // size
    tracemalloc.start()
    try:
        for count in range(more, 5 * more, more):
            for number in range(count):
                firehose(trace({b"type": longstr(b"t")}, body=b"%0*d" % (size, number)), decoder)
        now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert now < 3 * REMEMBERED_BYTES_MAX
