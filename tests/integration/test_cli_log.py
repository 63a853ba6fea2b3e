"""``hoptrail log`` on a real SQLite log: what it finds, what it says, and with which exit code."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from events.block import Block, head_of
from store.sqlite.log import SqliteEventLog
from tests.contract.blocks import chain, sealed, start
from tests.support.damage import cut, exchanged, flipped, replaced

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX = 60
BLOCKS = 7

Damage = Callable[[Path, list[Block]], None]


async def _write(directory: Path, epoch: int) -> list[Block]:
    async with SqliteEventLog(directory) as log:
        key = await log.fingerprint_key()
        blocks = list(chain(BLOCKS, after=start(key), key=key, epoch=epoch))
        for block in blocks:
            await log.append(block)
    return blocks


def written(directory: Path, epoch: int = 1) -> list[Block]:
    """Write a log of BLOCKS blocks into *directory* and return them."""
    return asyncio.run(_write(directory, epoch))


def hoptrail(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command against the log in *directory*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")}
    return subprocess.run(
        [EXECUTABLE, *arguments],
        env=kept | {"HOPTRAIL_STORE": f"sqlite:///{directory}"},
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
        cwd=directory,
    )


def test_a_whole_log_is_verified(tmp_path: Path) -> None:
    """Without damage the exit code is 0 and what was walked is told, also as JSON."""
    blocks = written(tmp_path)

    told, drawn = hoptrail(tmp_path, "log", "verify", "--json"), hoptrail(tmp_path, "log", "verify")

    assert (told.returncode, drawn.returncode) == (0, 0), told.stderr + drawn.stderr
    found = json.loads(told.stdout)
    assert found["damages"] == []
    assert (found["blocks"], found["events"], found["bodies"]) == (BLOCKS, 2 * BLOCKS, 2 * BLOCKS)
    assert found["head_digest"] == blocks[-1].digest.hex()
    assert f"{BLOCKS} blocks" in drawn.stdout


def flip_a_byte(directory: Path, blocks: list[Block]) -> None:
    flipped(directory, "blocks", "envelopes", 3, 0.5)


def flip_a_byte_of_a_body(directory: Path, blocks: list[Block]) -> None:
    flipped(directory, "bodies", "compressed", 3, 0.5)


def swap_a_block(directory: Path, blocks: list[Block]) -> None:
    replaced(directory, sealed(head_of(blocks[2]), epoch=9))


def exchange_blocks(directory: Path, blocks: list[Block]) -> None:
    exchanged(directory, "blocks", 2, 4)


def remove_the_tail(directory: Path, blocks: list[Block]) -> None:
    cut(directory, after=4)


def swap_bodies(directory: Path, blocks: list[Block]) -> None:
    exchanged(directory, "bodies", 2, 4)


@pytest.mark.parametrize(
    ("damage", "kinds", "where"),
    [
        (flip_a_byte, {"digest", "unreadable"}, {3}),
        (flip_a_byte_of_a_body, {"bodies-unreadable", "body"}, {3}),
        (swap_a_block, {"chain"}, {4}),
        (exchange_blocks, {"unreadable", "chain", "digest"}, {2, 4}),
        (remove_the_tail, {"head"}, {None}),
        (swap_bodies, {"body"}, {2, 4}),
    ],
)
def test_damage_is_found(
    tmp_path: Path, damage: Damage, kinds: set[str], where: set[int | None]
) -> None:
    """A flipped byte, a swapped block, a removed tail and swapped bodies end with 1 and are named with their block."""
    damage(tmp_path, written(tmp_path))

    told, drawn = hoptrail(tmp_path, "log", "verify", "--json"), hoptrail(tmp_path, "log", "verify")

    assert (told.returncode, drawn.returncode) == (1, 1)
    damages = json.loads(told.stdout)["damages"]
    assert {each["kind"] for each in damages} & kinds
    assert where <= {each["block"] for each in damages}
    assert f"{len(damages)} damages found" in drawn.stderr
    assert all(each["kind"] in drawn.stdout for each in damages)


def test_a_rewritten_log_is_found_by_an_earlier_head(tmp_path: Path) -> None:
    """A log written anew is whole in itself; the digest that `log head` once printed finds it out."""
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    written(mine)
    kept = json.loads(hoptrail(mine, "log", "head", "--json").stdout)["digest"]
    written(theirs, epoch=2)

    assert hoptrail(mine, "log", "verify", "--expect-head", kept).returncode == 0
    assert hoptrail(theirs, "log", "verify").returncode == 0
    done = hoptrail(theirs, "log", "verify", "--expect-head", kept)
    assert done.returncode == 1
    assert "rewritten" in done.stderr


def test_every_event_is_printed(tmp_path: Path) -> None:
    """`log cat` prints each event in the order of positions, from and to where it is told."""
    written(tmp_path)

    told = hoptrail(tmp_path, "log", "cat", "--from", "3", "--to", "9", "--json")

    assert told.returncode == 0, told.stderr
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert [int(line["position"]) for line in lines] == list(range(3, 10))
    assert {line["kind"] for line in lines} == {"MessagePublished"}
