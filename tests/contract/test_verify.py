"""Every damage done to a real SQLite log is found, and named with its block."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from events.block import Block, head_of
from store.sqlite.log import SqliteEventLog
from store.verify import Verified, verify
from tests.contract.blocks import chain, sealed, start
from tests.support.damage import cut, edited, exchanged, flip, flipped, replaced

BLOCKS = 7


async def written(directory: Path, per_segment: int = 100) -> list[Block]:
    """Write a log of BLOCKS blocks into *directory* and return them."""
    async with SqliteEventLog(directory) as log:
        key = await log.fingerprint_key()
        blocks = list(chain(BLOCKS, after=start(key), blocks_per_segment=per_segment, key=key))
        for block in blocks:
            await log.append(block)
    return blocks


async def checked(directory: Path) -> Verified:
    async with SqliteEventLog(directory, read_only=True) as log:
        return await verify(log)


async def test_a_whole_log_has_no_damage(tmp_path: Path) -> None:
    """An untouched log is walked to its end and nothing is found, and the progress is told."""
    blocks = await written(tmp_path, per_segment=3)
    told: list[tuple[int, int]] = []

    async with SqliteEventLog(tmp_path) as log:
        found = await verify(log, progress=lambda done, of: told.append((done, of)))

    assert found.damages == ()
    assert (found.blocks, found.events, found.bodies) == (BLOCKS, 2 * BLOCKS, 2 * BLOCKS)
    assert found.head_digest == blocks[-1].digest
    assert told == [(number, BLOCKS) for number in range(1, BLOCKS + 1)]


async def test_an_empty_log_has_no_damage(tmp_path: Path) -> None:
    """A log nothing was written to is whole."""
    found = await checked(tmp_path / "none")

    assert found.damages == ()
    assert found.blocks == 0


@pytest.mark.parametrize("place", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
@pytest.mark.parametrize("column", ["envelopes", "header", "digest"])
async def test_a_flipped_bit_in_a_block_is_found(tmp_path: Path, column: str, place: float) -> None:
    """A bit changed anywhere in a block's envelopes, header or digest is told with the block's number."""
    await written(tmp_path)
    flipped(tmp_path, "blocks", column, 3, place)

    found = await checked(tmp_path)

    assert 3 in {damage.block for damage in found.damages}
    assert {damage.block for damage in found.damages} <= {3, 4}


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 1.0])
async def test_a_flipped_bit_in_the_bodies_is_found(tmp_path: Path, place: float) -> None:
    """A bit changed in stored bodies is told with the number of the block that keeps them."""
    await written(tmp_path)
    flipped(tmp_path, "bodies", "compressed", 3, place)

    found = await checked(tmp_path)

    assert {damage.block for damage in found.damages} == {3}


async def test_swapped_bodies_are_found(tmp_path: Path) -> None:
    """Bodies of two blocks exchanged are told, though each can be read and has the right size."""
    await written(tmp_path)
    exchanged(tmp_path, "bodies", 2, 4)

    found = await checked(tmp_path)

    assert {(damage.block, damage.kind) for damage in found.damages} == {(2, "body"), (4, "body")}


async def test_removed_bodies_are_found(tmp_path: Path) -> None:
    """Bodies that are missing, and were not dropped by retention, are damage."""
    await written(tmp_path)
    with edited(tmp_path) as db:
        db.execute("DELETE FROM bodies WHERE number = 5")

    found = await checked(tmp_path)

    assert [(damage.block, damage.kind) for damage in found.damages] == [(5, "bodies-unreadable")]


async def test_bodies_dropped_by_retention_are_no_damage(tmp_path: Path) -> None:
    """What retention dropped is counted, not reported."""
    await written(tmp_path, per_segment=3)
    async with SqliteEventLog(tmp_path) as log:
        await log.drop_segment(0, bodies_only=True)

    found = await checked(tmp_path)

    assert found.damages == ()
    assert found.bodies_dropped == 6


async def test_a_log_cut_by_retention_has_no_damage(tmp_path: Path) -> None:
    """A log that begins with a later segment is walked from there."""
    await written(tmp_path, per_segment=3)
    async with SqliteEventLog(tmp_path) as log:
        await log.drop_segment(0)

    found = await checked(tmp_path)

    assert found.damages == ()
    assert (found.first_block, found.blocks) == (3, BLOCKS - 3)


async def test_a_swapped_block_is_found(tmp_path: Path) -> None:
    """A block replaced by another well-made one of the same number breaks the chain behind it."""
    blocks = await written(tmp_path)
    replaced(tmp_path, sealed(head_of(blocks[2]), epoch=9))

    found = await checked(tmp_path)

    assert (4, "chain") in {(damage.block, damage.kind) for damage in found.damages}


async def test_two_blocks_exchanged_are_found(tmp_path: Path) -> None:
    """Two rows exchanged under each other's number are told with both numbers."""
    await written(tmp_path)
    exchanged(tmp_path, "blocks", 2, 4)

    found = await checked(tmp_path)

    assert {2, 4} <= {damage.block for damage in found.damages}


async def test_a_missing_block_is_found(tmp_path: Path) -> None:
    """A hole below the head is told with its number, once, and the rest is walked."""
    await written(tmp_path)
    with edited(tmp_path) as db:
        db.execute("DELETE FROM blocks WHERE number = 3")

    found = await checked(tmp_path)

    assert [(damage.block, damage.kind) for damage in found.damages] == [(3, "missing")]
    assert found.blocks == BLOCKS - 1


def cut_blocks(directory: Path, blocks: list[Block]) -> None:
    cut(directory, after=4)


def cut_and_forge_the_record(directory: Path, blocks: list[Block]) -> None:
    cut_blocks(directory, blocks)
    with edited(directory) as db:
        (stored,) = db.execute("SELECT record FROM head").fetchone()
        record = msgspec.msgpack.decode(stored)
        record[2], record[3] = 4, blocks[4].digest
        db.execute("UPDATE head SET record = ?", (msgspec.msgpack.encode(record),))


def cut_and_remove_the_record(directory: Path, blocks: list[Block]) -> None:
    cut_blocks(directory, blocks)
    with edited(directory) as db:
        db.execute("DELETE FROM head")


@pytest.mark.parametrize("done", [cut_blocks, cut_and_forge_the_record, cut_and_remove_the_record])
async def test_a_removed_tail_is_found(
    tmp_path: Path, done: Callable[[Path, list[Block]], None]
) -> None:
    """Blocks cut off the end are told, also when the head record was changed with them or taken away."""
    done(tmp_path, await written(tmp_path))

    found = await checked(tmp_path)

    assert "head" in {damage.kind for damage in found.damages}


@pytest.mark.parametrize("segment", [1, 2])
async def test_a_removed_segment_is_found(tmp_path: Path, segment: int) -> None:
    """A segment's file taken away, in the middle or at the end, is told."""
    await written(tmp_path, per_segment=3)
    (tmp_path / "log" / f"segment-{segment:06}.db").unlink()

    found = await checked(tmp_path)

    assert {damage.kind for damage in found.damages} & {"head", "missing"}


async def test_bytes_flipped_in_the_file_are_found(tmp_path: Path) -> None:
    """A damage done to the file itself, anywhere in its data pages, is told or harmless, never a crash."""
    await written(tmp_path)
    path = tmp_path / "log" / "segment-000000.db"
    whole = path.read_bytes()
    step = len(whole) // 40
    for at in range(100, len(whole), step):
        path.write_bytes(flip(whole, at))
        async with SqliteEventLog(tmp_path, read_only=True) as log:
            found = await verify(log)
        assert found.damages or found.blocks == BLOCKS
