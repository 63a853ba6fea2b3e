"""Replay the log into a projection, from the newest snapshot that fits or from zero; and prove that both agree.

A block is opened with its digest and its link to the block before checked. An event of a newer hoptrail
stops the replay there and is never passed over.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from events.block import Block, BlockDamaged, open_block
from events.facts import Envelope
from projector.collecting import collect_rarely
from projector.linker.limits import Limits
from projector.projection import PROJECTION, Projection, restored
from store.errors import LogDamaged
from store.ports import EventLog, Snapshot, SnapshotStore

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Between two blocks: `block` is the next to fold, `digest` that of the block before (None: not known)."""

    block: int = 0
    digest: bytes | None = None


def opened(block: Block, place: Place) -> list[Envelope]:
    """Return the events of *block*, which comes next at *place*.

    Raises:
        LogDamaged: it is damaged, or does not follow the block before *place*.
        FactUnknown: it was written by a newer hoptrail.
    """
    expect = place.digest if block.number == place.block else None
    try:
        return open_block(block, expect=expect)
    except BlockDamaged as error:
        raise LogDamaged(str(error)) from error


async def replay(
    log: EventLog,
    projection: Projection,
    place: Place = Place(),
    *,
    stop_block: int | None = None,
    stop_position: int | None = None,
    progress: Progress | None = None,
    is_aside: bool = False,
) -> Place:
    """Fold the log from *place* to its head, or up to (not with) *stop_block* or *stop_position*; return where that is.

    What changed is not told to anybody. A stop within a block leaves the place before that block.
    *progress* is called with (events folded, events there are) after each block, and other tasks run between blocks; also
    within them where *is_aside*: then blocks are folded in a thread, and nobody else may use *projection* meanwhile.

    Raises:
        LogDamaged: a block is missing or damaged.
        FactUnknown: an event was written by a newer hoptrail; the projection stands before its block.
        FoldFailed: an event could not be folded.
    """
    collect_rarely()
    head = await log.head()
    total = head.next_position if head is not None else 0
    async for block in _blocks(log, place.block, stop_block, stop_position):
        if is_aside:
            await asyncio.to_thread(_fold, projection, block, place, stop_position)
        else:
            _fold(projection, block, place, stop_position)
        if projection.position < block.header.first_position + block.header.count:
            return place
        place = Place(block.number + 1, block.digest)
        if progress is not None:
            progress(projection.position, total)
        await asyncio.sleep(0)
    return place


def _fold(projection: Projection, block: Block, place: Place, stop_position: int | None) -> None:
    envelopes = opened(block, place)
    if stop_position is not None:
        envelopes = envelopes[: max(0, stop_position - block.header.first_position)]
    projection.fold.fold(envelopes)
    projection.linker.take_changed()


async def _blocks(
    log: EventLog, start: int, stop_block: int | None, stop_position: int | None
) -> AsyncIterator[Block]:
    async for block in log.blocks(start=start, stop=stop_block):
        if stop_position is not None and block.header.first_position >= stop_position:
            return
        yield block


async def resume(
    log: EventLog,
    snapshots: SnapshotStore | None,
    stream: str,
    *,
    block: int | None = None,
    limits: Limits | None = None,
) -> tuple[Projection, Place]:
    """Return a projection from the newest snapshot (at most at *block*) that fits the log, else an empty one.

    What fits has this program's version and was taken of the very blocks that the log holds now.
    """
    fresh = Projection(stream, limits)
    if snapshots is None:
        return fresh, Place()
    while (found := await snapshots.newest(PROJECTION, fresh.version, block=block)) is not None:
        if await _fits(log, found):
            # in a thread: a large state takes seconds, and requests are answered meanwhile
            projection = await asyncio.to_thread(restored, found, stream, limits)
            if projection is not None:
                return projection, Place(found.block, found.log_digest)
        if found.block == 0:
            break
        block = found.block - 1
    return fresh, Place()


async def _fits(log: EventLog, snapshot: Snapshot) -> bool:
    last = await log.block(snapshot.block - 1)
    if last is not None:
        return last.digest == snapshot.log_digest
    # Retention may have dropped the block before; then the one that follows tells.
    following = await log.block(snapshot.block)
    return following is not None and following.header.previous == snapshot.log_digest
