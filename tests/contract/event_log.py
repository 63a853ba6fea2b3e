"""The promises of ``store.ports.EventLog``, one test per sentence."""

import asyncio
from collections.abc import Iterable

import msgspec
import pytest

from events.block import Block, head_of, open_block, open_bodies, seal
from store.errors import Fenced, LogRefused
from store.ports import EventLog
from tests.contract.blocks import SECOND, chain, sealed, start
from tests.contract.event_log_copied import Another, CopiedLogContract, bare, fill, listed


class EventLogContract(CopiedLogContract):
    """A subclass gives the fixtures ``log``, empty, and ``another``, which opens the same log once more."""

    async def test_an_appended_block_is_read_back_without_its_bodies(self, log: EventLog) -> None:
        """What was appended is what is read, header, digest and envelopes, and bodies are not loaded."""
        block = sealed(start())

        await log.append(block)

        assert await log.block(0) == bare(block)

    async def test_bodies_are_kept_with_their_block(self, log: EventLog) -> None:
        """The bodies of a block come back in the order their places name."""
        await log.append(sealed(start(), bodies=[b"first", b"", b"\x00\xff"]))

        assert await log.bodies(0) == [b"first", b"", b"\x00\xff"]

    async def test_a_block_without_bodies_has_an_empty_list_of_them(self, log: EventLog) -> None:
        """A block that stores no body of its own is not one whose bodies were dropped."""
        first = sealed(start())
        await fill(log, [first, _shown_again(first)])

        assert await log.bodies(1) == []

    async def test_appending_again_changes_nothing(self, log: EventLog) -> None:
        """The same block appended twice succeeds and is there once, also below the head."""
        blocks = list(chain(3))
        await fill(log, blocks)

        await fill(log, [blocks[2], blocks[0]])

        assert await listed(log) == [bare(block) for block in blocks]

    async def test_two_writers_cannot_both_win(self, log: EventLog) -> None:
        """Of two different blocks with one number, one is stored and one is fenced."""
        mine, theirs = sealed(start(), epoch=1), sealed(start(), epoch=2)
        await log.append(theirs)

        with pytest.raises(Fenced, match="epoch 2"):
            await log.append(mine)

        assert await listed(log) == [bare(theirs)]
        assert await log.bodies(0) == open_bodies(theirs.header, theirs.bodies)

    async def test_ten_writers_racing_leave_one_chain(
        self, log: EventLog, another: Another
    ) -> None:
        """Ten writers append different blocks at every number: one wins each, nine are fenced, the chain holds."""

        async def attempt(epoch: int, after: Block | None) -> Block | None:
            block = sealed(start() if after is None else head_of(after), epoch=epoch)
            async with another() as mine:
                try:
                    await mine.append(block)
                except Fenced:
                    return None
            return block

        last: Block | None = None
        for _ in range(5):
            won = await asyncio.gather(*(attempt(epoch, last) for epoch in range(1, 11)))
            assert len([block for block in won if block]) == 1
            last = next(block for block in won if block)

        stored = await listed(log)
        assert [block.number for block in stored] == [0, 1, 2, 3, 4]
        assert [b.header.previous for b in stored[1:]] == [b.digest for b in stored[:-1]]

    async def test_ten_writers_opening_a_segment_leave_one_chain(
        self, log: EventLog, another: Another
    ) -> None:
        """Racing to open the next segment or to go on in this one, again one block wins the number."""
        first = sealed(start())
        await log.append(first)

        async def attempt(epoch: int) -> bool:
            async with another() as mine:
                try:
                    await mine.append(sealed(head_of(first), epoch=epoch, segment=epoch % 2))
                except Fenced:
                    return False
            return True

        won = await asyncio.gather(*(attempt(epoch) for epoch in range(1, 11)))

        assert won.count(True) == 1
        assert [block.number for block in await listed(log)] == [0, 1]

    @pytest.mark.parametrize("number", [1, 2])
    async def test_a_number_that_does_not_follow_the_head_is_fenced(
        self, log: EventLog, number: int
    ) -> None:
        """A block beyond the next number is not taken, nor is anything but block 0 by an empty log."""
        blocks = list(chain(4))
        await fill(log, blocks[: number - 1])

        with pytest.raises(Fenced, match="does not follow"):
            await log.append(blocks[number])

        assert len(await listed(log)) == number - 1

    async def test_a_block_sealed_after_another_one_is_fenced(self, log: EventLog) -> None:
        """The right number is not enough: the block must be chained to the stored head."""
        await log.append(sealed(start(), epoch=2))

        with pytest.raises(Fenced, match="another block"):
            await log.append(sealed(head_of(sealed(start(), epoch=1)), epoch=1))

        assert len(await listed(log)) == 1

    async def test_a_block_of_another_stream_is_fenced(self, log: EventLog) -> None:
        """A log holds one stream."""
        first = sealed(start())
        await log.append(first)
        elsewhere = msgspec.structs.replace(head_of(first), stream="other")

        with pytest.raises(Fenced, match="stream"):
            await log.append(sealed(elsewhere))

    async def test_an_empty_log_has_no_head(self, log: EventLog) -> None:
        """Before the first block there is no head, no block, no segment, and the first number is 0."""
        assert await log.head() is None
        assert await log.block(0) is None
        assert await log.bodies(0) is None
        assert await log.first() == 0
        assert list(await log.segments()) == []
        assert await listed(log) == []
        assert await log.block_at(0) is None
        assert await log.block_before(SECOND) is None

    async def test_the_head_is_what_the_next_block_follows(
        self, log: EventLog, another: Another
    ) -> None:
        """The head is that of the last block, also when another writer appended it."""
        blocks = list(chain(3))
        await fill(log, blocks[:2])
        assert await log.head() == head_of(blocks[1])

        async with another() as other:
            await other.append(blocks[2])

        assert await log.head() == head_of(blocks[2])

    async def test_a_block_beyond_the_head_is_none(self, log: EventLog) -> None:
        """Asking for a number not yet written is no error."""
        await log.append(sealed(start()))

        assert await log.block(1) is None
        assert await log.bodies(1) is None

    async def test_blocks_are_read_in_order_from_start_to_stop(self, log: EventLog) -> None:
        """Reading yields every number from start to the head, or to before stop, across segments."""
        blocks = [bare(block) for block in await _filled(log, chain(100, blocks_per_segment=30))]

        assert await listed(log) == blocks
        assert await listed(log, 28, 62) == blocks[28:62]
        assert await listed(log, 99) == blocks[99:]
        assert await listed(log, 100) == []
        assert await listed(log, 50, 40) == []

    async def test_a_position_is_found_in_its_block(self, log: EventLog) -> None:
        """Every position leads to the block that holds it, and one not yet written to none."""
        await fill(log, list(chain(7, blocks_per_segment=3)))

        assert [await log.block_at(position) for position in range(15)] == [
            *(number for number in range(7) for _ in range(2)),
            None,
        ]
        assert await log.block_at(-1) is None

    async def test_a_time_leads_to_the_last_block_begun_by_then(self, log: EventLog) -> None:
        """A time finds the last block whose first event was observed at or before it."""
        await fill(log, list(chain(6, blocks_per_segment=4)))

        assert await log.block_before(SECOND - 1) is None
        assert await log.block_before(SECOND) == 0
        assert await log.block_before(3 * SECOND - 1) == 0
        assert await log.block_before(9 * SECOND) == 4
        assert await log.block_before(10**18) == 5

    async def test_segments_tell_what_they_hold(self, log: EventLog) -> None:
        """Each segment tells its blocks, stored bytes and times, oldest first."""
        blocks = await _filled(log, chain(5, blocks_per_segment=3))

        first, second = await log.segments()

        assert (first.number, first.first_block, first.last_block) == (0, 0, 2)
        assert (second.number, second.first_block, second.last_block) == (1, 3, 4)
        assert first.envelope_bytes == sum(len(block.envelopes) for block in blocks[:3])
        assert first.body_bytes == sum(len(block.bodies) for block in blocks[:3])
        assert (first.first_observed_at, first.last_observed_at) == (SECOND, 6 * SECOND)
        assert first.has_bodies
        assert second.has_bodies

    async def test_the_oldest_segment_is_dropped_whole(self, log: EventLog) -> None:
        """After a drop the log begins with the next segment, and what stood before is neither there nor damage."""
        blocks = await _filled(log, chain(9, blocks_per_segment=3))

        await log.drop_segment(0)

        assert await log.first() == 3
        assert await listed(log) == [bare(block) for block in blocks[3:]]
        assert await log.block(2) is None
        assert await log.bodies(2) is None
        assert await log.block_at(5) is None
        assert await log.block_at(6) == 3
        assert [segment.number for segment in await log.segments()] == [1, 2]

    async def test_only_the_bodies_of_a_segment_are_dropped(self, log: EventLog) -> None:
        """Without its bodies a segment is read as before, and the bodies are None, not damaged."""
        blocks = await _filled(log, chain(9, blocks_per_segment=3))

        await log.drop_segment(1, bodies_only=True)

        assert await listed(log) == [bare(block) for block in blocks]
        assert await log.bodies(4) is None
        assert await log.bodies(2) is not None
        held = await log.segments()
        assert [segment.has_bodies for segment in held] == [True, False, True]
        assert held[1].body_bytes == 0

    @pytest.mark.parametrize(
        ("number", "bodies_only"), [(1, False), (2, False), (2, True), (7, True)]
    )
    async def test_no_other_segment_is_dropped(
        self, log: EventLog, number: int, bodies_only: bool
    ) -> None:
        """The segment being written is never removed, nor one from the middle."""
        blocks = await _filled(log, chain(9, blocks_per_segment=3))

        with pytest.raises(LogRefused):
            await log.drop_segment(number, bodies_only=bodies_only)

        assert len(await listed(log)) == len(blocks)

    async def test_appending_goes_on_after_a_drop(self, log: EventLog) -> None:
        """Retention does not disturb the writer, and a dropped block cannot be written again."""
        blocks = list(chain(9, blocks_per_segment=3))
        await fill(log, blocks[:8])
        await log.drop_segment(0)

        await log.append(blocks[8])
        with pytest.raises(Fenced):
            await log.append(blocks[1])

        assert await log.head() == head_of(blocks[8])

    async def test_the_key_is_made_once(self, log: EventLog, another: Another) -> None:
        """The key has 32 bytes, and every opening of the store, even at once, gives the same one."""

        async def ask() -> bytes:
            async with another() as mine:
                return await mine.fingerprint_key()

        keys = await asyncio.gather(*(ask() for _ in range(10)))

        assert set(keys) == {await log.fingerprint_key()}
        assert len(keys[0]) == 32


async def _filled(log: EventLog, blocks: Iterable[Block]) -> list[Block]:
    made = list(blocks)
    await fill(log, made)
    return made


def _shown_again(block: Block) -> Block:
    """Return a block that follows *block* and refers to its bodies, storing none of its own."""
    head = head_of(block)
    envelopes = [
        msgspec.structs.replace(
            envelope,
            position=envelope.position + block.header.count,
            observed_at=head.last_observed_at,
        )
        for envelope in open_block(block)
    ]
    return seal(envelopes, [], head, epoch=1, segment=0)
