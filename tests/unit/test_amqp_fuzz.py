"""Whatever comes over the wire: no hang, no memory beyond what came, and no error but our own.

``python -m bench fuzz`` does the same a million times.
"""

import tracemalloc
from collections.abc import Sequence
from struct import pack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.fuzz import KEY, Endured, framed, recorded, session
from bench.raw import header_payload, table
from collector.decoding.decoder import Decoder
from tests.support.amqp_values import TABLES, Value, array, longstr, nested, trace

BEGINNING, FRAMES = recorded()
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEWER = settings(MANY, max_examples=100)
SEEDS = st.integers(0, 2**32)
NUMBERS = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
METHODS = st.builds(
    lambda kind, number, rest: pack(">HH", kind, number) + rest,
    st.sampled_from([10, 20, 50, 60, 85]),
    st.sampled_from([10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 60, 70, 71, 72, 80, 120]),
    st.binary(max_size=40),
)
LYING = st.builds(
    lambda kind, channel, length, payload, end: pack(">BHI", kind, channel, length) + payload + end,
    st.sampled_from([0, 1, 2, 3, 8, 21, 255]),
    st.integers(0, 3),
    NUMBERS,
    st.binary(max_size=60),
    st.sampled_from([b"\xce", b""]),
)
HONEST = st.builds(
    framed, st.sampled_from([1, 2, 3]), st.integers(0, 3), METHODS | st.binary(max_size=60)
)


async def endure(beginning: Sequence[bytes], pieces: Sequence[bytes]) -> Endured:
    """Feed *pieces* after *beginning*; what must not happen is raised."""
    it = Endured(beginning)
    await it.begin()
    for piece in pieces:
        if piece:
            it.feed(piece)
    await it.end()
    return it


@MANY
@given(SEEDS)
async def test_recorded_frames_mutated(seed: int) -> None:
    """Frames of real brokers with bytes changed, cut, added and mixed do no harm."""
    await session(seed, BEGINNING, FRAMES)


@MANY
@given(st.lists(st.binary(max_size=80), max_size=8), st.booleans())
async def test_random_bytes(pieces: list[bytes], greeted: bool) -> None:
    """Bytes of chance do no harm, at the beginning of a connection or later."""
    await endure(BEGINNING if greeted else [], pieces)


@MANY
@given(st.lists(HONEST | LYING, max_size=12), st.integers(0, 3))
async def test_frames_of_no_sense(frames: list[bytes], greeted: int) -> None:
    """Well-formed frames with methods nobody sends now, and lengths that lie, do no harm at any point of a handshake."""
    await endure(BEGINNING[:greeted], frames)


@MANY
@given(st.data())
async def test_truncated_sessions(data: st.DataObject) -> None:
    """A session that ends anywhere within its frames does no harm."""
    frames = data.draw(st.lists(st.sampled_from(FRAMES), min_size=1, max_size=6))
    stream = b"".join([*BEGINNING, *frames])
    await endure([], [stream[: data.draw(st.integers(1, len(stream)))]])


@FEWER
@given(TABLES, st.integers(0, 90), st.binary(max_size=20))
async def test_nested_tables(headers: Value, depth: int, body: bytes) -> None:
    """A delivery with tables and arrays in each other to any depth becomes a fact, and the next one too."""
    told = trace({b"headers": headers.raw, b"deep": nested(depth)}, body=body)
    deliver = b"\0\x3c\0\x3c\x01t" + bytes(8) + b"\0\x12amq.rabbitmq.trace\x08publish."
    header = told.header
    parts = [framed(1, 1, deliver), framed(2, 1, header)]
    parts += [framed(3, 1, body)] if body else []
    it = await endure(BEGINNING, parts * 2)

    assert it.outcomes["MessagePublished"] + it.outcomes["Undecodable"] >= 2
    assert it.outcomes["survived"] == 1


@MANY
@given(st.integers(0, 2**64 - 1), st.lists(st.binary(max_size=30), max_size=4))
async def test_bodies_that_are_announced(size: int, bodies: list[bytes]) -> None:
    """An announced body of any size holds no more memory than what came of it."""
    header = header_payload(0, {})[:4] + pack(">Q", size) + header_payload(0, {})[12:]
    deliver = b"\0\x3c\0\x3c\x01t" + bytes(8) + b"\0\0\0"
    pieces = [framed(1, 1, deliver), framed(2, 1, header), *(framed(3, 1, body) for body in bodies)]

    await endure(BEGINNING, pieces)


@pytest.mark.parametrize("where", ["properties", "user", "routing_keys", "x-death", "body"])
def test_large_messages_that_differ_fill_no_memory(where: str) -> None:
    """A decoder that reads many large messages, no two alike, remembers little of them."""
    decoder = Decoder(KEY)
    tracemalloc.start()
    for number in range(100):
        large = number.to_bytes(4, "big") * 25_000
        told = {
            "properties": trace({b"type": longstr(large)}),
            "user": trace({}, changed={"user": longstr(large)}),
            "routing_keys": trace({}, changed={"routing_keys": array([longstr(large)])}),
            "x-death": trace({b"headers": b"F" + table({b"x-death": array([longstr(large)])})}),
            "body": trace({}, body=large * 10),
        }[where]
        decoder.firehose(told, tap="tap", vhost="/")
        decoder.dead_letter(told, tap="tap", vhost="/", dead_letters_to={})
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert now < 4 << 20
