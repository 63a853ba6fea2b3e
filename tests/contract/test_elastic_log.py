"""What the log on Elasticsearch promises beyond the port: damage is told, and a killed writer is in nobody's way."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from events.block import Block, head_of
from store.elastic.blocks import encode, stored, unique_id
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.documents import create
from store.elastic.log import ElasticEventLog
from store.elastic.segments import Segments
from store.errors import LogDamaged
from store.verify import verify
from tests.contract.blocks import chain, sealed, start
from tests.contract.event_log import bare, fill, listed

RESTARTS = 20
LONG = 300


@pytest_asyncio.fixture
async def elastic_(elastic_settings: ElasticSettings) -> AsyncIterator[Elastic]:
    async with Elastic(elastic_settings) as opened:
        yield opened


@pytest_asyncio.fixture
async def log(elastic_: Elastic) -> AsyncIterator[ElasticEventLog]:
    async with ElasticEventLog(elastic_) as opened:
        yield opened


async def filled(log: ElasticEventLog, count: int, per_segment: int = 1000) -> list[Block]:
    key = await log.fingerprint_key()
    blocks = list(chain(count, after=start(key), blocks_per_segment=per_segment, key=key))
    await fill(log, blocks)
    return blocks


async def change(
    elastic: Elastic, method: str, index: str, number: object, body: Any = None
) -> None:
    """Change a document behind the log's back, and let searches see it."""
    told = None if body is None else msgspec.json.encode(body)
    path = f"/{index}/_doc/{number}"
    await elastic.request(method, path, body=told, params={"refresh": "true"})


@pytest.mark.parametrize("hole", [1, 3, 5])
async def test_a_hole_is_damage_for_every_reader(
    elastic_: Elastic, log: ElasticEventLog, hole: int
) -> None:
    """A block deleted by hand is reported with its number, by reading from before and by a walk, and never skipped."""
    await filled(log, 7)
    await change(elastic_, "DELETE", elastic_.names.blocks(0), hole)

    async with ElasticEventLog(elastic_) as fresh:
        with pytest.raises(LogDamaged, match=f"block {hole} is missing"):
            await listed(fresh)
        found = await verify(fresh)

    assert hole in {damage.block for damage in found.damages}


async def test_a_hole_before_the_tail_is_damage_for_a_follower(
    elastic_: Elastic, log: ElasticEventLog
) -> None:
    """A follower that stands before a hole is told, also while searches do not see what lies behind it."""
    blocks = await filled(log, 7)
    async with ElasticEventLog(elastic_) as follower:
        await follower.head()
        for block in chain(3, after=head_of(blocks[-1])):
            await log.append(block)
        await elastic_.request("DELETE", f"/{elastic_.names.blocks(0)}/_doc/7")

        with pytest.raises(LogDamaged, match="block 7 is missing"):
            await follower.head()


async def test_a_hole_is_not_written_into(elastic_: Elastic, log: ElasticEventLog) -> None:
    """A writer that starts on a log with a hole does not take the hole's number for the next one."""
    blocks = await filled(log, 7)
    await change(elastic_, "DELETE", elastic_.names.blocks(0), 4)

    async with ElasticEventLog(elastic_) as fresh:
        head = await fresh.head()

    assert head == head_of(blocks[-1])


async def test_changed_content_is_found_by_a_walk(elastic_: Elastic, log: ElasticEventLog) -> None:
    """A block put in the place of another one, and bodies put in the place of others, are told with their numbers."""
    blocks = await filled(log, 7)
    index = elastic_.names.blocks(0)
    other = sealed(head_of(blocks[1]), epoch=9)
    forged = msgspec.to_builtins(stored(other, None))
    await change(elastic_, "PUT", index, 2, forged)
    bodies = elastic_.names.bodies(0)
    place = unique_id(5, blocks[5].digest)
    await change(elastic_, "PUT", bodies, place, {"bodies": msgspec.to_builtins(blocks[4].bodies)})

    found = await verify(log)

    told = {(damage.block, damage.kind) for damage in found.damages}
    assert told == {(2, "bodies-unreadable"), (3, "chain"), (5, "body")}


async def test_missing_bodies_are_damage(elastic_: Elastic, log: ElasticEventLog) -> None:
    """Bodies that are gone while their segment's are kept are reported, not taken for dropped by retention."""
    blocks = await filled(log, 3)
    await change(elastic_, "DELETE", elastic_.names.bodies(0), unique_id(1, blocks[1].digest))

    with pytest.raises(LogDamaged, match="missing"):
        await log.bodies(1)


async def test_a_writer_restarted_at_once_does_not_fence_itself(elastic_: Elastic) -> None:
    """A writer that starts right after the last append finds that block, though no search does, and goes on."""
    blocks = list(chain(RESTARTS, blocks_per_segment=7))
    for number, block in enumerate(blocks):
        async with ElasticEventLog(elastic_) as log:
            head = await log.head()
            assert head == (head_of(blocks[number - 1]) if number else None)
            await log.append(block)

    async with ElasticEventLog(elastic_) as log:
        assert await listed(log) == [bare(block) for block in blocks]


async def test_the_end_of_a_long_log_is_found_from_anywhere(elastic_: Elastic) -> None:
    """Galloping finds the last block whatever the distance, from the beginning, from a follower's place, across segments."""
    blocks = list(chain(LONG, blocks_per_segment=140))
    async with ElasticEventLog(elastic_) as log, ElasticEventLog(elastic_) as follower:
        for number, block in enumerate(blocks):
            await log.append(block)
            if number in (0, 1, 5, 64, 139, 140, 210, LONG - 1):
                assert await follower.head() == head_of(block)
                async with ElasticEventLog(elastic_) as fresh:
                    assert await fresh.head() == head_of(block)


async def test_what_a_killed_writer_left_is_not_in_the_way(
    elastic_: Elastic, log: ElasticEventLog
) -> None:
    """Bodies without their block, a segment's indices and opening block without the switch to it: all are passed over."""
    *before, lost, _ = chain(5, blocks_per_segment=3)
    await fill(log, before)
    await Segments(elastic_).make_indices(1)
    where = unique_id(lost.number, lost.digest)
    orphan = msgspec.structs.replace(stored(lost, None), opens=True)
    await create(elastic_, elastic_.names.blocks(1), where, encode(orphan))
    mine = list(chain(3, after=head_of(before[-1]), blocks_per_segment=2))

    async with ElasticEventLog(elastic_) as again:
        assert await again.head() == head_of(before[-1])
        await fill(again, mine)

    assert await listed(log) == [bare(block) for block in [*before, *mine]]


async def test_a_segment_whose_document_was_never_written_is_found(
    elastic_: Elastic, log: ElasticEventLog
) -> None:
    """A writer killed between the switch and the segment's document leaves a log that is whole, and mended by the next."""
    blocks = list(chain(6, blocks_per_segment=3))
    await fill(log, blocks[:4])
    await change(elastic_, "DELETE", elastic_.names.segments, 1)

    async with ElasticEventLog(elastic_, read_only=True) as reader:
        assert await reader.head() == head_of(blocks[3])
        assert await listed(reader) == [bare(block) for block in blocks[:4]]
    async with ElasticEventLog(elastic_) as writer:
        await fill(writer, blocks[4:])

    assert [each.segment for each in await Segments(elastic_).all()] == [0, 1]
    assert await listed(log) == [bare(block) for block in blocks]
