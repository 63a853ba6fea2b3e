"""Publishing: what is encoded decodes to the same; every message is confirmed, refused or returned, or its fate is open."""

import asyncio
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.raw import header_payload as header_of
from bench.raw import short
from collector.amqp import (
    AmqpClosed,
    ChannelClosed,
    Publisher,
    decode_properties,
    decode_table,
    header_payload,
    table_entries,
)
from collector.amqp.transport import AmqpTransport
from events.facts import Properties
from events.values import AmqpDecimal, AmqpTimestamp, to_text
from tests.support.amqp_server import channel_open_ok, close, greeted, method
from tests.support.amqp_socket import MemorySocket

TEXTS = st.binary(max_size=8).map(to_text) | st.text(max_size=8)
NUMBERS = st.integers(-(2**63), 2**64 - 1)
PLAIN = (
    TEXTS
    | NUMBERS
    | st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.binary(max_size=8)
    | st.builds(AmqpTimestamp, st.integers(0, 2**64 - 1))
    | st.builds(AmqpDecimal, st.integers(0, 255), st.integers(-(2**31), 2**31 - 1))
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)
TABLES = st.dictionaries(TEXTS, VALUES, max_size=4)
PROPERTIES = st.builds(
    Properties,
    content_type=st.none() | TEXTS,
    content_encoding=st.none() | TEXTS,
    headers=st.none() | TABLES.filter(bool),
    delivery_mode=st.none() | st.integers(0, 255),
    priority=st.none() | st.integers(0, 255),
    correlation_id=st.none() | TEXTS,
    reply_to=st.none() | TEXTS,
    expiration=st.none() | TEXTS,
    message_id=st.none() | TEXTS,
    timestamp=st.none() | st.integers(0, 2**64 - 1),
    type=st.none() | TEXTS,
    user_id=st.none() | TEXTS,
    app_id=st.none() | TEXTS,
)
RETURN, ACK, NACK = b"\0\x3c\0\x32", b"\0\x3c\0\x50", b"\0\x3c\0\x78"
SELECT_OK = method(1, b"\0\x55\0\x0b")


@given(TABLES)
def test_a_table_decodes_to_what_was_encoded(table: dict[Any, Any]) -> None:
    """Every value that decoding knows comes back the same."""
    entries = table_entries(table)

    assert decode_table(len(entries).to_bytes(4, "big") + entries) == table


@given(PROPERTIES, st.integers(0, 2**32))
def test_properties_decode_to_what_was_encoded(properties: Properties, size: int) -> None:
    """Every property comes back the same, and those that are not set stay so."""
    payload = header_payload(properties, size)

    assert Properties(**decode_properties(payload)) == properties
    assert int.from_bytes(payload[4:12], "big") == size


def test_what_has_no_form_is_refused() -> None:
    """A text that is too long and a number that is too large are errors that name them."""
    with pytest.raises(ValueError, match="message_id is longer than 255 bytes"):
        header_payload(Properties(message_id="x" * 256), 0)
    with pytest.raises(ValueError, match="no form in AMQP"):
        table_entries({"n": 2**64})


async def publishing() -> tuple[AmqpTransport, MemorySocket, Publisher]:
    """Return an open publisher with what is below it."""
    connection, transport, memory = greeted()
    opening = asyncio.ensure_future(connection.publisher())
    for answer in (channel_open_ok(1), SELECT_OK):
        await asyncio.sleep(0)
        transport.data_received(answer)
    publisher = await opening
    memory.written.clear()
    return transport, memory, publisher


def confirm(kind: bytes, number: int, *, multiple: bool = False) -> bytes:
    """Return a confirm as the broker sends it."""
    return method(1, kind, pack(">QB", number, multiple))


async def send(publisher: Publisher, count: int) -> list[int]:
    """Publish *count* small messages; return their numbers."""
    header = header_payload(Properties(), 4)
    return [await publisher.publish("x", "k", header, b"body") for _ in range(count)]


async def test_confirms_settle_what_was_published() -> None:
    """Single and multiple confirms, refusals among them, settle each message once."""
    transport, _, publisher = await publishing()
    assert await send(publisher, 4) == [1, 2, 3, 4]
    settled = asyncio.ensure_future(publisher.settled())
    for frame in (confirm(ACK, 2), confirm(NACK, 1), confirm(ACK, 4, multiple=True)):
        transport.data_received(frame)
    found = await settled

    assert (list(found.confirmed), list(found.refused)) == ([2, 3, 4], [1])
    assert not publisher.unconfirmed


async def test_a_return_tells_which_message_went_nowhere() -> None:
    """A returned message comes with its reason and its header, before its confirm."""
    transport, _, publisher = await publishing()
    await send(publisher, 1)
    told = method(1, RETURN, pack(">H", 312) + short(b"NO_ROUTE") + short(b"x") + short(b"k"))
    back = header_of(4, {"message_id": short(b"mine")})
    for kind, payload in ((0, told), (2, back), (3, b"body"), (0, confirm(ACK, 1))):
        whole = payload if kind == 0 else pack(">BHI", kind, 1, len(payload)) + payload + b"\xce"
        transport.data_received(whole)
    found = await publisher.settled()

    assert [each.why for each in found.returned] == ["312 NO_ROUTE"]
    assert decode_properties(found.returned[0].header)["message_id"] == "mine"


async def test_a_channel_that_the_broker_closes_leaves_fates_open() -> None:
    """What was not confirmed when the channel went stays known as unconfirmed."""
    transport, _, publisher = await publishing()
    await send(publisher, 3)
    transport.data_received(confirm(ACK, 1))
    transport.data_received(close(1, 404, b"NOT_FOUND - no exchange 'x'"))
    with pytest.raises(ChannelClosed, match="no exchange"):
        await publisher.settled()

    assert list(publisher.unconfirmed) == [2, 3]


async def test_a_large_body_waits_for_the_peer() -> None:
    """Bodies go in frames that the broker takes, and no further than the socket does."""
    transport, memory, publisher = await publishing()
    body = b"x" * 200_000
    transport.pause_writing()
    sending = asyncio.ensure_future(
        publisher.publish("x", "k", header_payload(Properties(), len(body)), body)
    )
    await asyncio.sleep(0)
    assert len(memory.written) < 1_000
    transport.resume_writing()
    await sending

    assert memory.written.count(b"x" * 65_000) == 3


async def test_headers_larger_than_a_frame_are_not_sent() -> None:
    """What would make the broker close the connection is an error of that message alone."""
    _, memory, publisher = await publishing()
    large = header_payload(Properties(headers={"h": "x" * 140_000}), 0)
    with pytest.raises(ValueError, match="more than fit into a frame"):
        await publisher.publish("x", "k", large, b"")

    assert not memory.written
    assert not publisher.unconfirmed


async def test_a_lost_connection_ends_the_wait() -> None:
    """Who waits for confirms or for the socket gets the error of the connection."""
    transport, _, publisher = await publishing()
    await send(publisher, 1)
    settled = asyncio.ensure_future(publisher.settled())
    await asyncio.sleep(0)
    transport.abort(AmqpClosed(0, "cut"))
    with pytest.raises(AmqpClosed, match="cut"):
        await settled
    with pytest.raises(AmqpClosed, match="cut"):
        await transport.drained()
