"""Feed the consumer what no broker sends: recorded frames, mutated, through parser, transport, channels and decoder.

``python -m bench fuzz [frames=1000000] [seed=N]``. It fails on the first session that hangs, holds more than it was fed, or
raises anything but the errors of ``collector/amqp``, and tells the seed that does it again.
"""

import asyncio
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import pack
from types import FrameType
from typing import Any

from bench.jobs import Result
from bench.raw import FRAME, short, table
from collector.amqp import AmqpClosed, AmqpError, Channel, Delivery, DeliveryBuffer
from collector.amqp.transport import AmqpTransport
from collector.decoding.decoder import Decoder
from tests.support.amqp_sessions import Recording
from tests.support.amqp_socket import transport_of

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "amqp"
SESSION_FRAMES = 60
OTHER_SHARE = 0.2
"""Of frames that are no part of a delivery; a bad one ends most sessions."""
SPARE_BYTES = 1 << 16
SESSION_S_MAX = 10
GROWN_MIB_MAX = 200
KEY = b"k" * 32
_numbers = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)


class Violation(Exception):
    """The consumer did what it must not; the text says what."""


def frames_in(data: bytes) -> list[bytes]:
    """Return the frames of a whole stream."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 8 + FRAME.unpack_from(data, at)[2]
        found.append(data[at:end])
        at = end
    return found


def recorded() -> tuple[list[bytes], list[bytes]]:
    """Return the frames of a handshake up to open-ok, and all others of the recorded sessions, each once."""
    beginning: list[bytes] = []
    others: dict[bytes, None] = {}
    for file in sorted(GOLDEN.glob("*/*.json")):
        frames = frames_in(Recording.read(file).received)
        if file.stem == "handshake" and not beginning:
            beginning = frames[:3]
        others |= dict.fromkeys(frames)
    return beginning, list(others)


class Mutator:
    """Makes bad frames of good ones, the same ones for the same *seed*."""

    def __init__(self, seed: int, frames: Sequence[bytes]) -> None:
        self._chance = random.Random(seed)
        self._frames = frames
        self._deliveries = [at for at, frame in enumerate(frames) if frame[7:11] == b"\0\x3c\0\x3c"]

    def stream(self) -> Iterator[bytes]:
        """Yield frames for ever: mutated ones, and whole deliveries with one part mutated."""
        chance = self._chance
        while True:
            if chance.random() < OTHER_SHARE:
                yield self.mutated(chance.choice(self._frames))
                continue
            at = chance.choice(self._deliveries)
            parts = list(self._frames[at : at + 2])
            body = chance.randbytes(chance.choice((0, 1, 40)))
            header = bytearray(parts[1])
            header[11:19] = pack(">Q", len(body))
            parts[1] = self._payload(bytes(header)) if chance.random() < 0.8 else bytes(header)
            yield parts[0]
            yield parts[1]
            if body:
                yield framed(3, 1, body)

    def cuts(self, frame: bytes) -> list[bytes]:
        """Return *frame* in one to three pieces."""
        ends = sorted(
            self._chance.randrange(len(frame) + 1) for _ in range(self._chance.choice((0, 0, 1, 2)))
        )
        return [frame[a:b] for a, b in zip([0, *ends], [*ends, len(frame)], strict=True) if a < b]

    def mutated(self, frame: bytes) -> bytes:
        """Return *frame* with its payload or its envelope changed."""
        chance = self._chance
        match chance.randrange(18):
            case 0:
                return frame[: chance.randrange(1, len(frame) + 1)]
            case 1:
                return self._with(frame, chance.randrange(7))
            case 2:
                return frame[:-1] + chance.randbytes(1)
            case 3:
                return chance.randbytes(chance.randrange(1, 40))
            case 4:
                return (
                    pack(
                        ">BHI",
                        chance.choice((1, 2, 3, 8)),
                        chance.randrange(4),
                        chance.choice(_numbers) & 0xFFFFFFFF,
                    )
                    + frame[7:]
                )
            case 5:
                return framed(frame[0], chance.randrange(4), frame[7:-1])
            case _:
                return self._payload(frame)

    def _payload(self, frame: bytes) -> bytes:
        """Return *frame* with another payload, and a length that fits."""
        chance, payload = self._chance, bytearray(frame[7:-1] or b"\0")
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = chance.randrange(max(len(payload), 1))
            match chance.randrange(7):
                case 0:
                    payload[at : at + 1] = chance.randbytes(1)
                case 1:
                    payload[at : at + 4] = pack(">I", chance.choice(_numbers) & 0xFFFFFFFF)
                case 2:
                    payload[at : at + 8] = pack(">Q", chance.choice(_numbers))
                case 3:
                    del payload[at : at + chance.randrange(1, 30)]
                case 4:
                    payload[at:at] = chance.randbytes(chance.randrange(1, 30))
                case 5:
                    payload[at:at] = nested(chance.randrange(1, 80), chance.random() < 0.5)
                case _:
                    payload[at:] = chance.choice(self._frames)[7:-1]
        return framed(frame[0], frame[2], bytes(payload))

    def _with(self, frame: bytes, at: int) -> bytes:
        return frame[:at] + self._chance.randbytes(1) + frame[at + 1 :]


def framed(kind: int, channel: int, payload: bytes) -> bytes:
    """Return a frame."""
    return FRAME.pack(kind, channel, len(payload)) + payload + b"\xce"


def nested(depth: int, arrays: bool) -> bytes:
    """Return the entry of a table with tables, or arrays, one in another."""
    value = b"V"
    for _ in range(depth):
        value = b"A" + pack(">I", len(value)) + value if arrays else b"F" + table({b"n": value})
    return short(b"deep") + value


class Endured:
    """One transport with two channels that wait for answers, one of which consumes, and a decoder behind it."""

    def __init__(self, beginning: Sequence[bytes]) -> None:
        self.outcomes: Counter[str] = Counter()
        self.transport: AmqpTransport
        self.transport, self._memory = transport_of()
        self._buffer, self._decoder, self._fed = DeliveryBuffer(), Decoder(KEY), 0
        self._channels = [Channel(self.transport, "/") for _ in range(2)]
        self._calls: list[asyncio.Future[Any]] = []
        for frame in beginning:
            self.feed(frame)

    async def begin(self) -> None:
        """Open the channels, and have each ask something."""
        first, second = self._channels
        self._calls += [asyncio.ensure_future(channel.open()) for channel in self._channels]
        await asyncio.sleep(0)
        for channel in self._channels:
            if channel.number:
                self.feed(framed(1, channel.number, b"\0\x14\0\x0b\0\0\0\0"))
        await asyncio.sleep(0)
        self._calls += [
            asyncio.ensure_future(first.consume("q", self._buffer, source="tap", tag="t")),
            asyncio.ensure_future(second.queue_declare("q")),
            asyncio.ensure_future(second.get("q")),
            asyncio.ensure_future(second.close()),
        ]
        await asyncio.sleep(0)

    def feed(self, data: bytes) -> None:
        """Feed bytes, and decode what comes of them.

        Raises:
            Violation: more is held than was fed.
        """
        self._fed += len(data)
        self.transport.data_received(data)
        held = self.transport.held_bytes + len(self._memory.written)
        if held > 8 * self._fed + SPARE_BYTES:
            raise Violation(f"{held} bytes are held of {self._fed} that were fed")
        if self._buffer.failure is None:
            for delivery in self._buffer.take():
                self._decode(delivery)

    def _decode(self, delivery: Delivery) -> None:
        told = (
            self._decoder.firehose(delivery, tap="tap", vhost="/"),
            self._decoder.dead_letter(delivery, tap="dlx", vhost="/", dead_letters_to={}),
        )
        self.outcomes.update(type(draft.fact).__name__ if draft else "nothing" for draft in told)

    async def end(self) -> None:
        """End what waits.

        Raises:
            Violation: something ended otherwise than by an error of ours.
        """
        await asyncio.sleep(0)
        how = self.transport.failure
        self.outcomes[type(how).__name__ if how is not None else "survived"] += 1
        if how is not None and not isinstance(how, AmqpError):
            raise Violation(f"the transport failed by {how!r}")
        self.transport.abort(AmqpClosed(0, "the end"))
        told = await asyncio.gather(*self._calls, return_exceptions=True)
        told.append(self.transport.ready.exception() if self.transport.ready.done() else None)
        for error in told:
            if isinstance(error, BaseException) and not isinstance(error, AmqpError):
                raise Violation(f"a call ended by {error!r}") from error


async def session(
    seed: int, beginning: Sequence[bytes], frames: Sequence[bytes]
) -> tuple[int, Counter[str]]:
    """Play one session made of *seed*; return the frames it took and what came of them."""
    mutator = Mutator(seed, frames)
    if seed % 16 == 0:
        beginning = [mutator.mutated(frame) for frame in beginning]
    it = Endured(beginning)
    await it.begin()
    taken = 0
    for frame in mutator.stream():
        for piece in mutator.cuts(frame):
            it.feed(piece)
        taken += 1
        if taken % 8 == 0:
            await asyncio.sleep(0)
        if it.transport.failure is not None or taken == SESSION_FRAMES:
            break
    await it.end()
    return taken, it.outcomes


def _hung(_number: int, _frame: FrameType | None) -> None:
    raise Violation(f"a session takes longer than {SESSION_S_MAX} s")


async def _run(frames: int, seed: int) -> tuple[int, int, Counter[str]]:
    beginning, others = recorded()
    outcomes: Counter[str] = Counter()
    total = sessions = 0
    while total < frames:
        signal.alarm(SESSION_S_MAX)
        try:
            taken, found = await session(seed + sessions, beginning, others)
        except Exception as error:
            raise Violation(f"seed {seed + sessions}: {error!r}") from error
        total, sessions = total + taken, sessions + 1
        outcomes.update(found)
    signal.alarm(0)
    return total, sessions, outcomes


def fuzz(frames: str = "1000000", seed: str = "1") -> Result:
    """Feed at least *frames* frames, in sessions of the seeds from *seed* on."""
    before = signal.signal(signal.SIGALRM, _hung)
    start_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    try:
        total, sessions, outcomes = asyncio.run(_run(int(frames), int(seed)))
    except Violation as violation:
        return Result(figures={"violation": str(violation)}, code=1)
    finally:
        signal.signal(signal.SIGALRM, before)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Result(
        figures={
            "frames": total,
            "sessions": sessions,
            "seconds": round(time.perf_counter() - start, 1),
            "outcomes": dict(outcomes.most_common()),
            "peak_mib": round(peak_mib),
            "grown_mib": round(peak_mib - start_mib),
        },
        code=int(peak_mib - start_mib > GROWN_MIB_MAX),
    )
