"""The form of a recording: a folder with the captured events, what the applications told, and what ran.

``log.zst`` holds every envelope of the log and every body; ``truth.jsonl`` one message a line, as the application that
sent it told; ``about.json`` the framework and the versions of everything that took part.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import zstandard

from events import upcast
from events.facts import Envelope

FOLDER: Final = Path(__file__).parents[1] / "tests" / "golden" / "dialects"
LEVEL: Final = 19
SIZE_MAX: Final = 200_000
"""Bytes of a compressed log: a recording is to show a framework's ways, not its load."""
ELSEWHERE: Final = "/recorded"
UNPACKED_MAX: Final = 64 << 20

Places = Mapping[tuple[int, int], bytes]
"""Bodies by their places, (block, index)."""


class Log(NamedTuple):
    """What the collector captured."""

    envelopes: list[Envelope]
    bodies: dict[tuple[int, int], bytes]


class TooLarge(ValueError):
    """A recording is larger than what is to be kept with the code."""


def write(
    folder: Path,
    envelopes: Sequence[Envelope],
    bodies: Places,
    truth: Iterable[Mapping[str, Any]],
    about: Mapping[str, Any],
    *,
    hide: Sequence[str] = (),
) -> None:
    """Write a recording to *folder*; folders of this machine that are to *hide* are written as others of the same length.

    Raises:
        TooLarge: the compressed log has more than SIZE_MAX bytes.
    """
    places = [[block, index, body] for (block, index), body in sorted(bodies.items())]
    packed = msgspec.msgpack.encode([upcast.encode(list(envelopes)), places])
    for path in sorted(hide, key=len, reverse=True):
        packed = packed.replace(
            path.encode(), ELSEWHERE.rjust(len(path), "/")[: len(path)].encode()
        )
    compressed = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(packed)
    if len(compressed) > SIZE_MAX:
        raise TooLarge(f"{len(compressed)} bytes, at most {SIZE_MAX}: let the scenario do less")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.zst").write_bytes(compressed)
    (folder / "truth.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in truth))
    (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n")


def read_log(folder: Path) -> Log:
    """Return the log that :func:`write` wrote to *folder*."""
    compressed = (folder / "log.zst").read_bytes()
    packed = zstandard.ZstdDecompressor().decompress(compressed, max_output_size=UNPACKED_MAX)
    envelopes, places = msgspec.msgpack.decode(
        packed, type=tuple[bytes, list[tuple[int, int, bytes]]]
    )
    bodies = {(block, index): body for block, index, body in places}
    return Log(upcast.decode(envelopes), bodies)


def read_truth(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the truth, in the order the applications wrote them."""
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]


def read_about(folder: Path) -> dict[str, Any]:
    """Return what took part."""
    return json.loads((folder / "about.json").read_text())
