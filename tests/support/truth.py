"""The image pipeline's own record of a run, and how messages that hoptrail rebuilt are found in it."""

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import aio_pika

from events.block import open_block
from events.facts import BodyRef, Fact, MessageDelivered, MessagePublished
from examples.image_pipeline import topology
from store.ports import EventLog
from tests.support.hoptrail import Hoptrail
from tests.support.wait import wait_until

Opened = Callable[[], EventLog]
TAPPED_S_MAX = 60


def declare_pipeline(url: str, vhost: str, hoptrail: Hoptrail) -> None:
    """Declare what the image pipeline will, and wait until *hoptrail* sees what dies: what dies before is not seen."""

    async def declare() -> None:
        there = urlunsplit(urlsplit(url)._replace(path="/" + quote(vhost, safe="")))
        async with await aio_pika.connect(there) as connection:
            await topology.declare(await connection.channel())

    def are_tapped() -> bool:
        taps = hoptrail.get("/capture")["dead_letter_taps"]
        return {topology.FAILED, topology.REJECTED} <= {each["exchange"] for each in taps}

    asyncio.run(declare())
    wait_until(are_tapped, timeout_s=TAPPED_S_MAX)


def run_pipeline(url: str, vhost: str, truth: Path, *options: str) -> dict[str, Any]:
    """Run the image pipeline to its end and return its truth file."""
    call = [sys.executable, "-m", "examples.image_pipeline", "--url", url, "--vhost", vhost]
    done = subprocess.run(
        [*call, "--truth", str(truth), *options],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(truth.read_text())


@dataclass
class LoggedBodies:
    """Traffic facts of a log by the SHA-256 (hex) of their bodies, and the digest of each publish's position."""

    published: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    delivered: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    body_of: dict[int, str] = field(default_factory=dict)


def read_log(opened: Opened) -> list[tuple[int, Fact]]:
    """Return every fact of the log that *opened* opens, by position."""
    return asyncio.run(_facts(opened))


async def _facts(opened: Opened) -> list[tuple[int, Fact]]:
    async with opened() as log:
        return [
            (envelope.position, envelope.fact)
            async for block in log.blocks(start=0)
            for envelope in open_block(block)
        ]


def logged_bodies(opened: Opened, vhost: str) -> LoggedBodies:
    """Return the traffic of *vhost* in the log that *opened* opens, found by body."""
    facts = [
        (position, fact)
        for position, fact in read_log(opened)
        if isinstance(fact, MessagePublished | MessageDelivered) and fact.vhost == vhost
    ]
    bodies = asyncio.run(_bodies(opened, (fact.body for _, fact in facts)))
    found = LoggedBodies()
    for position, fact in facts:
        digest = bodies[fact.body.block, fact.body.index] if fact.body else sha256(b"").hexdigest()
        if isinstance(fact, MessagePublished):
            found.published[digest].append(position)
            found.body_of[position] = digest
        else:
            found.delivered[str(fact.queue), digest].append(position)
    return found


async def _bodies(opened: Opened, places: Iterable[BodyRef | None]) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    async with opened() as log:
        for number in sorted({place.block for place in places if place}):
            for index, body in enumerate(await log.bodies(number) or ()):
                found[number, index] = sha256(body).hexdigest()
    return found
