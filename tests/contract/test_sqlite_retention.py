"""Retention on a real SQLite log: whole oldest segments go, and what stays is whole."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from events.block import Block, head_of
from store.errors import LogRefused
from store.ports import Segment
from store.retention import DAY_S, RetentionLimits, apply, plan
from store.sqlite.log import SqliteEventLog
from store.verify import verify
from tests.contract.blocks import SECOND, sealed, start

DAYS = 20
BLOCKS_PER_DAY = 3
GB = 10**9


async def written(directory: Path) -> list[Block]:
    """Write DAYS segments, a day apart, of BLOCKS_PER_DAY blocks each."""
    blocks: list[Block] = []
    async with SqliteEventLog(directory) as log:
        key = await log.fingerprint_key()
        head = start(key)
        for number in range(DAYS * BLOCKS_PER_DAY):
            day = number // BLOCKS_PER_DAY
            at = day * DAY_S * SECOND + (number % BLOCKS_PER_DAY + 1) * 3600 * SECOND
            body = f"body {number}".encode()
            block = sealed(head, segment=day, bodies=[body], key=key, at=at)
            await log.append(block)
            blocks.append(block)
            head = head_of(block)
    return blocks


def files(directory: Path) -> set[str]:
    return {path.name for path in (directory / "log").glob("segment-*.db")}


def size(segments: Sequence[Segment]) -> int:
    return sum(each.envelope_bytes + each.body_bytes for each in segments)


async def test_the_defaults_keep_fourteen_days(tmp_path: Path) -> None:
    """Segments older than 14 days go with their files; replay begins with the next, and the chain is whole."""
    blocks = await written(tmp_path)
    now = blocks[-1].header.last_observed_at

    async with SqliteEventLog(tmp_path) as log:
        drops = plan(await log.segments(), RetentionLimits(), now_ns=now)
        await apply(log, drops)
        kept = [block async for block in log.blocks(start=0)]
        found = await verify(log)

    assert [drop.segment for drop in drops] == list(range(DAYS - 15))
    assert files(tmp_path) == {f"segment-{day:06}.db" for day in range(DAYS - 15, DAYS)}
    first = (DAYS - 15) * BLOCKS_PER_DAY
    assert [block.number for block in kept] == list(range(first, len(blocks)))
    assert (found.damages, found.first_block, found.blocks) == ((), first, len(blocks) - first)
    assert found.bodies == len(blocks) - first


async def test_a_size_keeps_the_newest(tmp_path: Path) -> None:
    """By size the oldest segments go until what stays is within the limit, as the log itself counts it."""
    await written(tmp_path)
    async with SqliteEventLog(tmp_path) as log:
        whole = await log.segments()
        limit = size(whole) // 2

        drops = plan(whole, RetentionLimits(age_s_max=None, bytes_max=limit), now_ns=0)
        await apply(log, drops)
        kept = await log.segments()
        found = await verify(log)

    assert {drop.why for drop in drops} == {"size"}
    assert size(kept) <= limit < size(whole[len(drops) - 1 :])
    assert [segment.number for segment in kept] == list(range(len(drops), DAYS))
    assert found.damages == ()


async def test_the_log_goes_on_after_retention(tmp_path: Path) -> None:
    """Another process finds the shortened log whole, appends to it, and asks in vain for what went."""
    blocks = await written(tmp_path)
    async with SqliteEventLog(tmp_path) as log:
        await apply(log, plan(await log.segments(), RetentionLimits(bytes_max=0), now_ns=0))

    async with SqliteEventLog(tmp_path) as log:
        key = await log.fingerprint_key()
        await log.append(sealed(head_of(blocks[-1]), bodies=[b"more"], key=key))
        found = await verify(log)
        gone = [await log.block(0), await log.bodies(0), await log.block_at(0)]
        first = await log.first()

    assert first == (DAYS - 1) * BLOCKS_PER_DAY
    assert gone == [None, None, None]
    assert (found.damages, found.blocks) == ((), BLOCKS_PER_DAY + 1)


async def test_bodies_go_before_their_envelopes(tmp_path: Path) -> None:
    """With a stricter age for bodies the envelopes stay and are replayed, and the missing bodies are no damage."""
    blocks = await written(tmp_path)
    limits = RetentionLimits(age_s_max=None, bytes_max=None, body_age_s_max=7 * DAY_S)
    async with SqliteEventLog(tmp_path) as log:
        now = blocks[-1].header.last_observed_at
        await apply(log, plan(await log.segments(), limits, now_ns=now))
        replayed = [block async for block in log.blocks(start=0)]
        found = await verify(log)
        again = plan(await log.segments(), limits, now_ns=now)

    assert len(replayed) == len(blocks)
    assert (found.damages, found.bodies_dropped) == ((), (DAYS - 8) * BLOCKS_PER_DAY)
    assert again == []


async def test_a_plan_that_is_out_of_date_is_refused(tmp_path: Path) -> None:
    """Carried out a second time, a plan removes nothing more."""
    await written(tmp_path)
    async with SqliteEventLog(tmp_path) as log:
        drops = plan(await log.segments(), RetentionLimits(bytes_max=0), now_ns=0)[:3]
        await apply(log, drops)
        before = files(tmp_path)

        with pytest.raises(LogRefused):
            await apply(log, drops)

    assert files(tmp_path) == before
