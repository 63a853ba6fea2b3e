"""A byte stream cut into frames: the same deliveries at any cut, and one error for bytes that are no AMQP."""

import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.raw import header_payload, short, table
from collector.amqp import AmqpProtocolError, Delivery, FrameParser, Method
from collector.amqp.frames import BODY_BYTES_MAX, FRAME_BYTES_MAX
from collector.amqp.methods import ack_frame, cancelled, closing, frame, shortstr
from tests.support.amqp_sessions import FRAME_MAX, Recording
from tests.support.amqp_values import longstr

GOLDEN = Path(__file__).parents[1] / "golden" / "amqp"
LAWS = settings(max_examples=100, deadline=None)
HEARTBEAT = frame(8, 0, b"")
HEADERS = {"headers": table({b"h": longstr(b"v" * 300)})}


@dataclass(frozen=True)
class Sent:
    """One message as a broker sends it: *way* is ``deliver``, ``get`` or ``return``, *step* the bytes per body frame."""

    way: str
    channel: int
    tag: int
    again: bool
    exchange: bytes
    key: bytes
    body: bytes
    step: int

    def frames(self) -> list[bytes]:
        """Return its frames."""
        names = short(self.exchange) + short(self.key)
        mark = pack(">Q?", self.tag, self.again)
        method = {
            "deliver": b"\0\x3c\0\x3c" + short(b"consumer") + mark + names,
            "get": b"\0\x3c\0\x47" + mark + names + pack(">I", 9),
            "return": b"\0\x3c\0\x32" + pack(">H", 312) + short(b"NO_ROUTE") + names,
        }[self.way]
        header = header_payload(len(self.body), HEADERS)
        parts = [(1, method), (2, header)]
        parts += [(3, self.body[at : at + self.step]) for at in range(0, len(self.body), self.step)]
        return [frame(kind, self.channel, part) for kind, part in parts]

    def delivery(self) -> Delivery:
        """Return what a parser makes of it."""
        named = self.way != "return"
        return Delivery(
            f"source {self.channel}",
            self.tag if named else 0,
            named and self.again,
            self.exchange if named else b"",
            self.key if named else b"",
            header_payload(len(self.body), HEADERS),
            self.body,
        )


MESSAGES = st.builds(
    Sent,
    way=st.sampled_from(["deliver", "deliver", "deliver", "get", "return"]),
    channel=st.integers(1, 3),
    tag=st.integers(1, 2**64 - 1),
    again=st.booleans(),
    exchange=st.binary(max_size=5) | st.just(b"\xce" * 255),
    key=st.binary(max_size=5) | st.just(b"\xff" * 255),
    body=st.binary(max_size=20) | st.just(b"\xce" * 1_000),
    step=st.sampled_from([1, 7, 131_064]),
)  # fmt: skip
CUTS = st.lists(st.integers(0, 4_000), max_size=12)


def parser_of() -> FrameParser:
    """Return a parser that knows three channels."""
    parser = FrameParser()
    parser.sources.update({channel: f"source {channel}" for channel in (1, 2, 3)})
    return parser


def fed(stream: bytes, cuts: list[int]) -> FrameParser:
    """Return a parser that received *stream* in pieces."""
    parser = parser_of()
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    for begin, end in zip([0, *ends], ends, strict=False):
        parser.feed(stream[begin:end])
    return parser


def shape(parser: FrameParser) -> list[Any]:
    """Return all that a parser found."""
    return [parser.deliveries, [(it.channel, it.payload, it.content) for it in parser.methods]]


@LAWS
@given(st.lists(MESSAGES, max_size=6), CUTS)
def test_any_cut_of_the_stream_gives_the_same(sent: list[Sent], cuts: list[int]) -> None:
    """Deliveries, gets and returns come out whole and in order, wherever the stream was cut."""
    stream = HEARTBEAT.join([b"", *[part for it in sent for part in it.frames()], b""])
    parser = fed(stream, cuts)
    contents = [method.content for method in parser.methods]

    assert parser.deliveries == [it.delivery() for it in sent if it.way == "deliver"]
    assert contents == [it.delivery() for it in sent if it.way != "deliver"]
    assert shape(parser) == shape(fed(stream, []))


@pytest.mark.parametrize("size", [0, 1, 131_064, 131_065, 500_000])
def test_every_single_byte_may_come_alone(size: int) -> None:
    """A stream that comes byte by byte, or a body over many frames, gives what it gives in one piece."""
    sent = Sent("deliver", 1, 5, True, b"amq.rabbitmq.trace", b"publish.", b"\xce" * size, 131_064)
    stream = b"".join(sent.frames())
    cuts = list(range(min(len(stream), 2_000)))

    assert fed(stream, cuts).deliveries == [sent.delivery()]


@LAWS
@given(st.lists(MESSAGES.filter(lambda it: it.way == "deliver"), min_size=2, max_size=3, unique_by=lambda it: it.channel),
       st.randoms(use_true_random=False))  # fmt: skip
def test_channels_may_be_mixed(sent: list[Sent], chance: Any) -> None:
    """Frames of several channels may come mixed; each channel's own order tells what belongs together."""
    waiting = [it.frames() for it in sent]
    stream = b""
    while any(waiting):
        stream += chance.choice([parts for parts in waiting if parts]).pop(0)
    found = {it.source: it for it in fed(stream, []).deliveries}

    assert found == {f"source {it.channel}": it.delivery() for it in sent}


def test_the_newest_tag_is_known_per_channel() -> None:
    """The tag counts when its method came, before the body did."""
    sent = [
        Sent("deliver", channel, tag, False, b"", b"", b"x", 9)
        for channel, tag in ((1, 4), (2, 9), (1, 5))
    ]
    parser = fed(b"".join(it.frames()[0] for it in sent), [])

    assert parser.newest_tags == {1: 5, 2: 9}
    assert parser.deliveries == []


def test_other_methods_are_handed_on_undecoded() -> None:
    """A control frame comes with its channel and its bytes."""
    parser = fed(frame(1, 2, b"\0\x14\0\x0b\0\0\0\0"), [3, 9])

    assert [(it.channel, it.payload) for it in parser.methods] == [(2, b"\0\x14\0\x0b\0\0\0\0")]
    assert isinstance(parser.methods[0], Method)


WHOLE = b"".join(Sent("deliver", 1, 5, True, b"x", b"k", b"body", 2).frames())
DELIVER = Sent("deliver", 1, 5, True, b"x", b"k", b"", 2).frames()[0]
HEADER = frame(2, 1, header_payload(4, {}))


@pytest.mark.parametrize(
    "stream",
    [
        b"AMQP\0\0\x09\x01",
        frame(4, 1, b""),
        frame(8, 0, b"")[:-1] + b"\0",
        HEADER,
        frame(3, 1, b"body"),
        DELIVER + frame(3, 1, b"body"),
        DELIVER + frame(3, 1, b""),
        DELIVER + HEADER + HEADER,
        DELIVER + HEADER + frame(3, 1, b"bodybody"),
        DELIVER + frame(2, 1, b"short"),
        frame(1, 1, b"\0\x3c\0\x3c"),
        frame(1, 1, b"\0\x3c\0\x3c\0" + bytes(5)),
        frame(1, 1, b"\0\x3c\0\x3c\0" + bytes(9) + b"\xff" + b"x"),
        frame(1, 1, b"\0\x3c\0\x3c\0" + bytes(9) + b"\0" + b"\xff") + WHOLE,
        frame(1, 1, b"\0\x3c\0\x47" + bytes(3)),
        frame(1, 1, b"\0\x3c\0\x47" + bytes(9) + b"\xff"),
    ],
)
@pytest.mark.parametrize("cuts", [[], list(range(100))])
def test_bytes_that_are_no_amqp_are_told(stream: bytes, cuts: list[int]) -> None:
    """A wrong frame end, an unknown frame, content out of place or a method cut short raise the one error there is."""
    with pytest.raises(AmqpProtocolError):
        fed(stream, cuts)


@pytest.mark.parametrize("cut", [7, 8, 9, 100])
def test_a_frame_beyond_all_measure_is_refused_at_once(cut: int) -> None:
    """A frame larger than the limit is not waited for, wherever its first bytes were cut."""
    stream = pack(">BHI", 3, 1, FRAME_BYTES_MAX + 1) + bytes(200)

    with pytest.raises(AmqpProtocolError):
        fed(stream, [cut])


@LAWS
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), CUTS)
def test_damaged_streams_raise_one_error(at: int, byte: int, cuts: list[int]) -> None:
    """A stream with any byte changed gives what it gives, or the one error, and nothing else."""
    stream = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :] + WHOLE
    try:
        parser = fed(stream, cuts)
    except AmqpProtocolError:
        return
    assert len(parser.deliveries) + len(parser.methods) <= 4


@pytest.mark.parametrize("multiple", [True, False])
def test_an_acknowledgement_is_one_frame(multiple: bool) -> None:
    """Its bytes are those that the frame and method of the specification make."""
    method = b"\0\x3c\0\x50" + pack(">Q?", 2**64 - 1, multiple)

    assert ack_frame(7, 2**64 - 1, multiple=multiple) == frame(1, 7, method)


def test_names_keep_their_bytes() -> None:
    """Short strings take text and bytes of up to 255 bytes, and no more."""
    assert shortstr("ü") == b"\x02\xc3\xbc"
    assert shortstr(b"\xff" * 255) == b"\xff" * 256
    with pytest.raises(ValueError, match="range"):
        shortstr("ü" * 128)


def test_what_a_broker_says_on_closing_is_read_in_any_bytes() -> None:
    """Code and text of a close, and the tag of a cancel, are read though they are cut short or no UTF-8."""
    assert closing(b"\0\x0a\0\x32" + pack(">H", 320) + short(b"bye \xff") + bytes(4)) == (
        320,
        "bye \\xff",
    )
    assert closing(b"\0\x0a\0\x32") == (0, "")
    assert cancelled(b"\0\x3c\0\x1e" + short(b"\xff") + b"\1") == (b"\xff", False)


def header_of(size: int) -> bytes:
    """Return the header frame of a body of *size* bytes on channel 1."""
    return frame(2, 1, header_payload(0, {})[:4] + pack(">Q", size) + header_payload(0, {})[12:])


def test_a_body_beyond_the_limit_is_read_and_let_go() -> None:
    """A delivery too large to keep comes without its body and with its size, holds no memory meanwhile, and hinders none."""
    parser, chunk = parser_of(), bytes(1 << 20)
    size = BODY_BYTES_MAX + 1
    parser.feed(DELIVER + header_of(size))
    body = frame(3, 1, chunk)
    for _ in range(size // len(chunk)):
        parser.feed(body)
        assert parser.held_bytes < 1_000
    parser.feed(frame(3, 1, b"x") + WHOLE)

    large, next_one = parser.deliveries
    assert (large.body, int.from_bytes(large.header[4:12], "big")) == (b"", size)
    assert next_one.body == b"body"


def test_a_body_of_128_mib_comes_whole() -> None:
    """The largest message that RabbitMQ 3 takes is put together."""
    parser, chunk = parser_of(), b"\xce" * (1 << 20)
    parser.feed(DELIVER + header_of(BODY_BYTES_MAX))
    for _ in range(128):
        parser.feed(frame(3, 1, chunk))

    assert len(parser.deliveries[0].body) == BODY_BYTES_MAX
    assert parser.held_bytes == 0


@pytest.mark.parametrize("size", [BODY_BYTES_MAX, 2**63, 2**64 - 1])
def test_nothing_is_reserved_for_what_is_announced(size: int) -> None:
    """An announced body or frame takes no memory before its bytes are there."""
    parser = parser_of()
    tracemalloc.start()
    parser.feed(DELIVER + header_of(size) + frame(3, 1, b"x" * 100))
    parser.feed(pack(">BHI", 3, 1, FRAME_BYTES_MAX) + b"x" * 100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 100_000


def test_a_delivery_where_nothing_is_consumed_is_told() -> None:
    """A delivery on a channel that nobody consumes on is an error of the peer."""
    with pytest.raises(AmqpProtocolError, match="channel 9"):
        fed(Sent("deliver", 9, 5, True, b"x", b"k", b"", 2).frames()[0], [])


def test_a_channel_is_forgotten() -> None:
    """What a closed channel had not finished does not meet what comes on its number later."""
    parser = parser_of()
    parser.feed(DELIVER + HEADER + frame(3, 1, b"bo"))
    parser.forget(1)
    parser.sources[1] = "again"
    parser.feed(WHOLE)

    assert [(each.source, each.body) for each in parser.deliveries] == [("again", b"body")]


def test_names_with_bytes_behind_them_are_not_kept() -> None:
    """Deliveries whose method goes on behind its names come out, and leave nothing in memory."""
    parser = parser_of()
    tracemalloc.start()
    for number in range(100):
        names = short(b"x") + short(b"k") + number.to_bytes(2, "big") * 50_000
        deliver = b"\0\x3c\0\x3c" + short(b"t") + pack(">Q?", 1, False) + names
        parser.feed(frame(1, 1, deliver) + frame(2, 1, header_payload(0, {})))
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [each.routing_key for each in parser.deliveries] == [b"k"] * 100
    assert now < 1_000_000


@pytest.mark.parametrize("version", ["3.10", "4.0"])
def test_brokers_send_frames_larger_than_agreed(version: str) -> None:
    """Trace headers may be larger than the frames that were agreed on, and come out whole."""
    recording = Recording.read(GOLDEN / version / "firehose.json").received
    parser = parser_of()
    parser.feed(recording)

    assert max(len(each.header) for each in parser.deliveries) > FRAME_MAX
    assert max(len(each.body) for each in parser.deliveries) > FRAME_MAX
