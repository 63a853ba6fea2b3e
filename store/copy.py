"""Copy a log to another store, block after block, so that a copy that was cut short can be gone on with.

What to do is decided by pure functions; :func:`copy_log` does it through the ports. Blocks keep their numbers, digests and
key, so links, fingerprints and positions stay what they are. Bodies that retention dropped from the source are dropped
from the target too. A block that is not what its digest says is not copied; whether each body is what the envelopes say
is told by verifying the target.
"""

from collections.abc import Callable, Sequence

import msgspec

from events.block import Block, BlockDamaged, BlockHead, packed_bodies, packed_envelopes
from store.errors import CopyRefused, LogDamaged
from store.ports import EventLog, Segment


class Copied(msgspec.Struct, frozen=True):
    """What a copy did. `there` counts the blocks it found there, `behind` those the source has got meanwhile."""

    blocks: int
    there: int
    bodies: int
    head: BlockHead
    behind: int


def first_to_copy(
    source: BlockHead, first: int, target: BlockHead | None, held: Block | None
) -> int:
    """Return the number of the block with which a copy begins, or goes on.

    *first* is the source's first retained block, *target* the head of what is there already, *held* the source's block
    of that number.

    Raises:
        CopyRefused: what is there is no beginning of the source.
    """
    if target is None:
        return first
    if target.number > source.number:
        raise CopyRefused(
            f"the target goes to block {target.number}, the source only to {source.number}"
        )
    if held is not None:
        if held.digest != target.digest:
            raise CopyRefused(f"the target holds another log: its block {target.number} differs")
    elif target.number + 1 != first:
        raise CopyRefused(
            f"the target ends with block {target.number}, and the source now begins with block {first}: "
            "copy it to an empty store"
        )
    return target.number + 1


def without_bodies(source: Sequence[Segment], target: Sequence[Segment]) -> list[int]:
    """Return the segments whose bodies the target must drop, as the source did; never the one being written."""
    dropped = {segment.number for segment in source if not segment.has_bodies}
    return [
        segment.number
        for segment in target[:-1]
        if segment.has_bodies and segment.number in dropped
    ]


async def copy_log(
    source: EventLog, target: EventLog, *, progress: Callable[[int, int], None] | None = None
) -> Copied:
    """Append to *target* every retained block of *source* that it lacks, up to the source's head at the call.

    *progress* is called with (blocks there, blocks in all) after each block.

    Raises:
        CopyRefused: the source is empty, or *target* holds another log.
        LogDamaged: the source is; everything before the damage is copied.
        LogUnavailable, LogRefused: either store; copying again goes on.
    """
    head, first = await source.head(), await source.first()
    if head is None:
        raise CopyRefused("the source is empty")
    there = await target.head()
    held = None if there is None else await source.block(there.number)
    start = first_to_copy(head, first, there, held)
    await target.adopt_key(await source.fingerprint_key())
    previous = None if there is None else there.digest
    bodies, segment = 0, -1 if there is None else there.segment
    async for block in source.blocks(start=start, stop=head.number + 1):
        whole, count = await _whole(source, block, previous)
        await (target.begin(whole) if previous is None else target.append(whole))
        if block.header.segment != segment:
            segment = block.header.segment
            await _drop_bodies(source, target)
        previous, bodies = block.digest, bodies + count
        if progress is not None:
            progress(block.number - first + 1, head.number - first + 1)
    await _drop_bodies(source, target)
    now = await source.head() or head
    return Copied(
        blocks=head.number + 1 - start,
        there=max(0, start - first),
        bodies=bodies,
        head=head,
        behind=now.number - head.number,
    )


async def _whole(log: EventLog, block: Block, previous: bytes | None) -> tuple[Block, int]:
    """Return *block* with its bodies, where they are retained, and their number.

    Raises:
        LogDamaged: it is not what its digest says, or does not follow *previous*.
    """
    try:
        packed_envelopes(block, expect=previous)
    except BlockDamaged as error:
        raise LogDamaged(str(error)) from error
    if not block.header.body_count:
        return block, 0
    bodies = await log.bodies(block.number) or ()
    return msgspec.structs.replace(block, bodies=packed_bodies(bodies)), len(bodies)


async def _drop_bodies(source: EventLog, target: EventLog) -> None:
    for number in without_bodies(await source.segments(), await target.segments()):
        await target.drop_segment(number, bodies_only=True)
