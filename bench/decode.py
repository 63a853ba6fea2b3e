"""Decoding alone: from the bytes a broker sent to a tap to facts, against pamqp, which only parses the same frames.

Both read the recording of ``bench/recorded.py`` in pieces as a socket gives them. The subject ends with drafts, digests and
fingerprints included; the baseline ends with header tables as Python values, which is where aio-pika begins.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from pamqp import frame

from bench.measure import Timed, timed
from bench.raw import FRAME
from collector.amqp import Delivery, FrameParser
from collector.decoding.decoder import Decoder

KEY = bytes(32)
PIECE_BYTES = 65_536
TAP = "obs.tap.firehose"


def pieces(recording: bytes) -> Iterator[bytes]:
    """Yield *recording* as a socket might give it."""
    for at in range(0, len(recording), PIECE_BYTES):
        yield recording[at : at + PIECE_BYTES]


def parsed(recording: bytes) -> Iterator[list[Delivery]]:
    """Yield the deliveries in *recording* as they come."""
    parser = FrameParser()
    parser.sources[1] = TAP
    for piece in pieces(recording):
        parser.feed(piece)
        found, parser.deliveries = parser.deliveries, []
        yield found


def count_of(recording: bytes) -> int:
    """Return how many deliveries *recording* holds."""
    return sum(map(len, parsed(recording)))


def by_decoder(path: str) -> Timed:
    """Decode the recording at *path* as the collector does; also told are the parts in µs per event."""
    recording = Path(path).read_bytes()
    count = count_of(recording)
    clock = time.process_time()
    count_of(recording)
    parse_s = time.process_time() - clock

    def decode() -> None:
        firehose = Decoder(KEY).firehose
        for deliveries in parsed(recording):
            for delivery in deliveries:
                firehose(delivery, tap=TAP, vhost="/")

    whole = timed(count, decode)
    parts = {
        "parse_us": round(parse_s / count * 1e6, 1),
        "decode_us": round((whole.cpu_s - parse_s) / count * 1e6, 1),
    }
    return Timed(count=count, seconds=whole.seconds, cpu_s=whole.cpu_s, extra=parts)


def by_pamqp(path: str) -> Timed:
    """Let pamqp parse the frames of the recording at *path*."""
    recording = Path(path).read_bytes()

    def parse() -> None:
        at = 0
        while at < len(recording):
            end = at + 8 + FRAME.unpack_from(recording, at)[2]
            frame.unmarshal(recording[at:end])
            at = end

    return timed(count_of(recording), parse)
