"""A copied log is the log, however often the copy was cut short; anything else is refused."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.block import Block, head_of
from store.copy import Copied, copy_log, first_to_copy, without_bodies
from store.errors import CopyRefused, LogDamaged, LogRefused, LogUnavailable
from store.memory.log import MemoryEventLog
from store.ports import Segment
from store.verify import verify
from tests.contract.blocks import KEY, chain, sealed, start

BLOCKS = list(chain(9, blocks_per_segment=3))


class FullLog(MemoryEventLog):
    """A log that takes so many blocks and is unavailable then, as a store that went away."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    async def append(self, block: Block) -> None:
        self._take()
        await super().append(block)

    async def begin(self, block: Block) -> None:
        self._take()
        await super().begin(block)

    def _take(self) -> None:
        if self.room == 0:
            raise LogUnavailable("gone")
        self.room -= 1


async def logged(blocks: list[Block], key: bytes = KEY) -> MemoryEventLog:
    log = MemoryEventLog(key=key)
    for block in blocks:
        await log.append(block)
    return log


async def told(log: MemoryEventLog) -> list[tuple[Block, list[bytes] | None]]:
    """Return everything that a log holds."""
    found: list[tuple[Block, list[bytes] | None]] = []
    async for block in log.blocks(start=0):
        bodies = await log.bodies(block.number)
        found.append((block, None if bodies is None else list(bodies)))
    return found


async def same(source: MemoryEventLog, target: MemoryEventLog) -> None:
    """Check that two logs hold the same, and that the second is without damage."""
    assert await told(target) == await told(source)
    assert await target.fingerprint_key() == await source.fingerprint_key()
    assert await target.head() == await source.head()
    assert (await verify(target)).damages == ()


async def test_a_copy_holds_all() -> None:
    """Blocks, bodies and key are copied, and the progress goes from the first block to the last."""
    source, target = await logged(BLOCKS), MemoryEventLog()
    steps: list[tuple[int, int]] = []

    copied = await copy_log(
        source, target, progress=lambda done, total: steps.append((done, total))
    )

    await same(source, target)
    assert copied == Copied(blocks=9, there=0, bodies=18, head=head_of(BLOCKS[-1]), behind=0)
    assert steps == [(done, 9) for done in range(1, 10)]


@given(
    dropped=st.integers(0, 2),
    bodiless=st.integers(0, 2),
    cuts=st.lists(st.integers(0, 4), max_size=6),
)
def test_a_copy_cut_short_is_gone_on_with(dropped: int, bodiless: int, cuts: list[int]) -> None:
    """Wherever a copy ends early, also of a log that retention shortened, the next one goes on to the same log."""

    async def work() -> None:
        source = await logged(BLOCKS)
        for number in range(bodiless):
            await source.drop_segment(number, bodies_only=True)
        for number in range(dropped):
            await source.drop_segment(number)
        target = FullLog(0)
        for room in cuts:
            target.room = room
            try:
                await copy_log(source, target)
            except LogUnavailable:
                assert target.room == 0
        target.room = len(BLOCKS)
        await copy_log(source, target)

        await same(source, target)

    asyncio.run(work())


async def test_a_copy_follows_the_source() -> None:
    """A log that grew, was shortened and lost bodies since is gone on with; what the copy kept of it stays, bodies go."""
    source = await logged(BLOCKS[:5])
    target = MemoryEventLog()
    await copy_log(source, target)
    for block in BLOCKS[5:]:
        await source.append(block)
    await source.drop_segment(1, bodies_only=True)
    await source.drop_segment(0)

    copied = await copy_log(source, target)

    assert (copied.blocks, await target.head()) == (4, head_of(BLOCKS[-1]))
    assert (await told(target))[3:] == await told(source)
    assert (await verify(target)).damages == ()


@pytest.mark.parametrize("kept", [3, 6])
async def test_a_copy_that_ends_where_the_source_begins_is_gone_on_with(kept: int) -> None:
    """When retention dropped exactly what the copy holds, the first retained block follows it."""
    source, target = await logged(BLOCKS), await logged(BLOCKS[:kept])
    for number in range(kept // 3):
        await source.drop_segment(number)

    copied = await copy_log(source, target)

    assert (copied.blocks, copied.there) == (9 - kept, 0)
    assert (await verify(target)).blocks == 9


async def test_a_source_that_grows_is_told() -> None:
    """Blocks appended while the copy runs are counted as what it is behind."""

    class Growing(MemoryEventLog):
        async def begin(self, block: Block) -> None:
            await super().begin(block)
            await source.append(BLOCKS[6])

    source = await logged(BLOCKS[:6])

    copied = await copy_log(source, Growing())

    assert (copied.blocks, copied.behind) == (6, 1)


OTHER = [sealed(start(), epoch=7)]


@pytest.mark.parametrize(
    ("source", "target"),
    [([], []), (BLOCKS[:1], OTHER), (BLOCKS[:3], BLOCKS[:4]), (BLOCKS, OTHER), ([], BLOCKS[:1])],
    ids=["nothing", "another", "longer", "another, shorter", "nothing, something"],
)
async def test_no_other_log_is_touched(source: list[Block], target: list[Block]) -> None:
    """An empty source, a target that holds another log, or more than the source, is refused and left as it is."""
    there = await logged(target)
    before = await told(there)

    with pytest.raises(CopyRefused):
        await copy_log(await logged(source), there)

    assert await told(there) == before


async def test_a_hole_is_refused() -> None:
    """A copy that ends before the source's first retained block cannot be gone on with."""
    source = await logged(BLOCKS)
    await source.drop_segment(0)
    there = await logged(BLOCKS[:2])

    with pytest.raises(CopyRefused, match="begins with block 3"):
        await copy_log(source, there)


async def test_another_key_is_refused() -> None:
    """A target that has a key of its own takes no block."""
    target = MemoryEventLog(key=bytes(32))

    with pytest.raises(LogRefused, match="key"):
        await copy_log(await logged(BLOCKS), target)

    assert await target.head() is None


@pytest.mark.parametrize(
    "damaged",
    [
        msgspec.structs.replace(BLOCKS[4], digest=bytes(32)),
        msgspec.structs.replace(BLOCKS[4], envelopes=BLOCKS[5].envelopes),
        msgspec.structs.replace(BLOCKS[4], envelopes=b"nothing"),
        sealed(head_of(BLOCKS[2]), epoch=9),
        None,
    ],
    ids=["digest", "envelopes", "unreadable", "not chained", "missing"],
)
async def test_damage_is_not_copied(damaged: Block | None) -> None:
    """A block that is not what its digest says, stands elsewhere or is missing ends the copy; all before it is there."""

    class Damaged(MemoryEventLog):
        async def blocks(self, *, start: int, stop: int | None = None):
            for block in BLOCKS:
                if block.number == 4 and damaged is None:
                    raise LogDamaged("block 4 is missing")
                yield damaged if block.number == 4 and damaged else block

    source, target = Damaged(key=KEY), MemoryEventLog()
    for block in BLOCKS:
        await source.append(block)

    with pytest.raises(LogDamaged):
        await copy_log(source, target)

    assert await target.head() == head_of(BLOCKS[3])


def test_a_copy_begins_with_the_first_retained_block() -> None:
    """An empty target begins where the source does; one that holds a part goes on behind it; a whole one gets nothing."""
    head = head_of(BLOCKS[8])

    assert first_to_copy(head, 3, None, None) == 3
    assert first_to_copy(head, 0, head_of(BLOCKS[4]), BLOCKS[4]) == 5
    assert first_to_copy(head, 0, head, BLOCKS[8]) == 9


def test_bodies_are_dropped_of_closed_segments_only() -> None:
    """Segments whose bodies the source dropped lose them in the target, but for the one being written."""

    def segments(*has_bodies: bool) -> list[Segment]:
        return [Segment(i, i, i, 1, 1, 0, 0, each) for i, each in enumerate(has_bodies)]

    assert without_bodies(segments(False, False, True), segments(True, True)) == [0]
    assert without_bodies(segments(False, True), segments(False, True)) == []
    assert without_bodies(segments(False), []) == []
