"""Sessions recorded with real brokers come out the same wherever their bytes are cut."""

import json
from collections.abc import Iterator
from pathlib import Path
from struct import unpack_from
from typing import Any

import pytest

from collector.amqp import AmqpError, DeliveryBuffer, FrameParser, Method
from tests.support.amqp_playback import PlaybackStage, cut
from tests.support.amqp_sessions import SESSIONS, Recording
from tests.support.amqp_socket import transport_of

GOLDEN = Path(__file__).parents[1] / "golden" / "amqp"
FILES = sorted(GOLDEN.glob("*/*.json"))
CHANNELS = (1, 2)
pytestmark = pytest.mark.parametrize(
    "file", FILES, ids=[f"{file.parent.name}-{file.stem}" for file in FILES]
)


def parsed(pieces: Iterator[bytes]) -> Any:
    """Return all that a parser finds."""
    parser = FrameParser()
    parser.sources.update(dict.fromkeys(CHANNELS, "source"))
    for piece in pieces:
        parser.feed(piece)
    assert parser.held_bytes == 0
    return parser.deliveries, [(it.channel, it.payload, it.content) for it in parser.methods]


class Side:
    """A channel that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_method(self, method: Method) -> None:
        """Keep a method."""
        self.told.append((method.channel, method.payload, method.content))

    def fail(self, error: AmqpError) -> None:
        """Keep how it ended."""
        self.told.append((type(error), str(error)))


def transported(pieces: Iterator[bytes]) -> Any:
    """Return all that a transport hands on, and what it answers."""
    transport, memory = transport_of()
    buffer, side = DeliveryBuffer(), Side()
    for _ in CHANNELS:
        transport.route(transport.serve(side), buffer, "source")
    found: list[Any] = []
    for piece in pieces:
        transport.data_received(piece)
        found += buffer.take()
    ready = transport.ready.exception() if transport.ready.done() else None
    how = (type(transport.failure), str(transport.failure), str(ready), transport.blocked)
    return found, side.told, how, dict(transport.server), bytes(memory.written)


def test_a_parser_finds_the_same_at_any_cut(file: Path) -> None:
    """Frames come out the same when the bytes come in one piece, one by one, or cut in two anywhere."""
    data = Recording.read(file).received
    whole = parsed(iter([data]))

    assert parsed(cut(data, range(len(data)))) == whole
    for at in range(1, len(data)):
        assert parsed(cut(data, [at])) == whole, at


async def test_a_transport_hands_on_the_same_at_any_cut(file: Path) -> None:
    """Deliveries, methods, answers and the end are the same when the bytes come one by one, or cut in two anywhere."""
    data = Recording.read(file).received
    whole = transported(iter([data]))

    assert transported(cut(data, range(len(data)))) == whole
    for at in range(1, len(data)):
        assert transported(cut(data, [at])) == whole, at


async def test_a_session_is_played_again(file: Path) -> None:
    """A client does and sends what it did with the broker, when frames come whole, byte by byte, or cut at their edges."""
    recording = Recording.read(file)
    data = recording.received
    edges = list(frame_ends(data))
    cuts = [[], range(len(data)), *([end + off] for end in edges for off in (-1, 7))]
    for ends in cuts:
        stage = PlaybackStage(recording, ends)
        outcome = await SESSIONS[file.stem](stage)
        await stage.finish()

        assert json.loads(json.dumps(outcome)) == recording.outcome


def frame_ends(data: bytes) -> Iterator[int]:
    """Yield where each frame ends."""
    at = 0
    while at < len(data):
        at += 8 + unpack_from(">I", data, at + 3)[0]
        yield at
