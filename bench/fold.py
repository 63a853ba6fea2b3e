"""The fold of linker and views, against decoding the same events and doing nothing with them.

Both decode; the rate of the fold alone, without decoding, is told beside.
"""

import time
from collections.abc import Sequence

from bench.fold_input import packed_blocks
from bench.measure import Timed, timed
from events.upcast import decode
from projector.collecting import collect_rarely
from projector.linker.linker import Linker
from projector.projection import Projection

EVENTS = 1_000_000


def decode_only(events: str = str(EVENTS)) -> Timed:
    """Decode every block."""
    blocks = packed_blocks(int(events))
    return timed(int(events), lambda: [len(decode(block)) for block in blocks])


def fold_linker(events: str = str(EVENTS)) -> Timed:
    """Fold into the linker alone, taking what changed after every block."""
    blocks = packed_blocks(int(events))
    collect_rarely()
    linker = Linker("main")
    spent = [0.0]

    def work() -> None:
        fold = linker.fold
        for block in blocks:
            envelopes = decode(block)
            began = time.perf_counter()
            for envelope in envelopes:
                fold(envelope)
            linker.take_changed()
            spent[0] += time.perf_counter() - began

    return _told(timed(int(events), work), spent)


def fold_all(events: str = str(EVENTS)) -> Timed:
    """Fold into the linker and all views, taking what changed after every block."""
    blocks = packed_blocks(int(events))
    collect_rarely()
    projection = Projection("main")
    spent = [0.0]

    def work() -> None:
        for block in blocks:
            envelopes = decode(block)
            began = time.perf_counter()
            projection.fold.fold(envelopes)
            projection.fold.linker.take_changed()
            spent[0] += time.perf_counter() - began

    return _told(timed(int(events), work), spent)


def _told(result: Timed, spent: Sequence[float]) -> Timed:
    result.extra["fold_events_per_s"] = round(result.count / spent[0])
    return result
