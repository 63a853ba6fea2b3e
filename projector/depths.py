"""How what is believed to wait in a queue agrees with the broker's own depth, and how sure that makes it.

Pure. Depths are some seconds old, so a difference no larger than what came and left shortly before proves nothing.
"""

from projector.answers import NOT_COMPARED, Agreement
from projector.linker.ledger import Ledger
from projector.linker.match import IN_HAND, Line
from projector.linker.model import NOT_WATCHED

EXACT, MOVING, MORE, FEWER, UNKNOWN = "exact", "moving", "more", "fewer", "unknown"
SURE, QUITE, GAP_AT_MOST, LEAST = 0.99, 0.9, 0.6, 0.1
SCANNED_MAX = 5_000


def returned_in(line: Line) -> int:
    """Return how many copies were delivered and went back to their queue; of very many none are looked for."""
    if not line.in_hand or not line.gave_back or len(line.index) > SCANNED_MAX:
        return 0
    count, cut = 0, line.cut
    for _, copy in line.every():
        if copy.state in IN_HAND and copy.attempts[-1].returned and copy.seq > cut:
            count += 1
    return count


def agreement(
    line: Line, *, returned: int, watched: bool, stream: bool, ledger: Ledger, now: int
) -> Agreement:
    """Return how far *line* agrees with the last sample of its queue, at *now* ns."""
    if not watched:
        return Agreement(UNKNOWN, 0.0, NOT_WATCHED)
    if stream:
        return Agreement(
            UNKNOWN, 0.5, "a stream keeps what was read; what waits for whom is not known"
        )
    if line.sample is None:
        return NOT_COMPARED
    verdict, confidence, why = _compared(line, line.sample.believed + returned)
    if ledger.touches(line.vhost, line.sample.at, max(now, line.sample.at + 1)):
        confidence = min(confidence, GAP_AT_MOST)
        why += "; capture had a gap since"
    return Agreement(
        verdict=verdict,
        confidence=round(confidence, 2),
        why=why,
        believed=line.sample.believed + returned,
        broker_ready=line.sample.ready,
        sampled_at=line.sample.at,
    )


def _compared(line: Line, believed: int) -> tuple[str, float, str]:
    sample = line.sample
    assert sample is not None
    difference = sample.ready - believed
    if difference == 0 and not sample.moved:
        return EXACT, SURE, "the broker counts as many, and nothing moved shortly before"
    if abs(difference) <= sample.moved:
        return MOVING, QUITE, "the broker's count differs by less than what moved shortly before it"
    if difference > 0:
        confidence = max(LEAST, QUITE * believed / sample.ready)
        return (
            FEWER,
            confidence,
            f"the broker counts {difference} more: published before capture began, or where it cannot see",
        )
    confidence = max(LEAST, QUITE * sample.ready / believed)
    return (
        MORE,
        confidence,
        f"the broker counts {-difference} fewer; what two samples in a row do not show is taken away",
    )
