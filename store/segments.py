"""When a segment ends: the one decision of the writer about where its next block goes.

Pure.
"""

from dataclasses import dataclass

from events.block import BlockHead
from store.ports import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLimits:
    """A segment ends at the first limit it reaches. Bytes as stored; the defaults suit the embedded store.

    Small segments let retention by size drop in small steps; each costs a restatement of the topology at its beginning.
    """

    bytes_max: int = 256 << 20
    blocks_max: int = 50_000
    age_s_max: int = 24 * 3600


def next_segment(head: BlockHead | None, newest: Segment | None, limits: SegmentLimits) -> int:
    """Return the number of the segment that the block after *head* belongs to.

    *newest* is the segment being written, as ``EventLog.segments`` tells it. A writer asks once per block and restates
    the known topology at the beginning of a block whose segment is a new one.
    """
    if head is None or newest is None:
        return 0
    full = (
        newest.envelope_bytes + newest.body_bytes >= limits.bytes_max
        or newest.last_block - newest.first_block + 1 >= limits.blocks_max
        or newest.last_observed_at - newest.first_observed_at >= limits.age_s_max * 1_000_000_000
    )
    return newest.number + 1 if full else newest.number
