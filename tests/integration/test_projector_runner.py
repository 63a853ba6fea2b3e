"""The project role: index and snapshots, through restarts and rebuilds."""

import asyncio
from dataclasses import replace

import msgspec
import pytest

from events.block import Block, head_of, open_block, seal
from events.facts import Envelope
from events.upcast import FactUnknown
from projector.index import TEXT_CHARS_MAX, Bodies, is_binary, text_in
from projector.linker.limits import Limits
from projector.projection import PROJECTION, Projection
from projector.runner import Pace, Projector, rebuild
from store.documents import MessageDocument
from store.errors import LogUnavailable
from store.memory.index import MemoryMessageIndex
from store.memory.log import MemoryEventLog
from store.memory.snapshots import MemorySnapshotStore
from store.ports import Sort
from store.query import MatchAll
from tests.contract.blocks import chain
from tests.support.histories import long_history
from tests.support.logs import STREAM, fill, from_the_future

HISTORY = long_history(11, 1400)
TIMEOUT_S = 60.0
PACE = Pace(save_events=100, snapshot_events=150, snapshot_interval_s=3600.0, poll_s=0.005)
NOW_NS = 1_900_000_000_000_000_000
PAGE = 400


def still() -> float:
    """Return the time of a clock that stands still."""
    return 0.0


async def filled(history: list[Envelope], size: int = 60) -> MemoryEventLog:
    log = MemoryEventLog()
    await fill(log, history, sizes=(size,))
    return log


def projector(
    log: MemoryEventLog,
    index: MemoryMessageIndex,
    snapshots: MemorySnapshotStore | None,
    limits: Limits | None = None,
) -> Projector:
    return Projector(log, index, snapshots, STREAM, monotonic=still, limits=limits, pace=PACE)


async def up_to_head(
    log: MemoryEventLog,
    index: MemoryMessageIndex,
    snapshots: MemorySnapshotStore | None,
    limits: Limits | None = None,
) -> Projector:
    """Return a projector that ran up to the head."""
    running = projector(log, index, snapshots, limits)
    await asyncio.wait_for(running.run(asyncio.Event(), until_head=True), TIMEOUT_S)
    return running


async def documents_in(index: MemoryMessageIndex) -> dict[str, MessageDocument]:
    """Return every document by uid."""
    found: dict[str, MessageDocument] = {}
    after: tuple[int | str, ...] | None = None
    while True:
        page = await index.search(MatchAll(), sort=Sort(), limit=PAGE, after=after, now_ns=NOW_NS)
        found.update((item.uid, item) for item in page.items)
        after = page.after
        if after is None:
            return found


def expected(history: list[Envelope]) -> dict[str, MessageDocument]:
    """Return the documents of one fold over *history*, with nothing between."""
    projection = Projection(STREAM)
    projection.fold.fold(history)
    linker = projection.linker
    documents = [linker.document(message) for message in linker.take_changed()]
    return {document.uid: document for document in documents}


async def test_the_index_holds_every_message() -> None:
    """After a run the index holds each message as the linker understands it, and the checkpoint is the head's."""
    log, index = await filled(HISTORY), MemoryMessageIndex()
    await up_to_head(log, index, None)
    checkpoint, head = await index.checkpoint(), await log.head()

    assert head is not None
    assert checkpoint is not None
    assert (checkpoint.position, checkpoint.block) == (len(HISTORY), head.number + 1)
    assert await documents_in(index) == expected(HISTORY)


@pytest.mark.parametrize("cut", [1, 60, 100, 333, 700])
async def test_a_restart_anywhere_changes_nothing(cut: int) -> None:
    """Two runs, the second with a longer log, index what one run does."""
    log, index, snapshots = MemoryEventLog(), MemoryMessageIndex(), MemorySnapshotStore()
    await fill(log, HISTORY[:cut])
    await up_to_head(log, index, snapshots)
    await fill(log, HISTORY[cut:])
    second = await up_to_head(log, index, snapshots)

    assert second.position == len(HISTORY)
    assert await documents_in(index) == expected(HISTORY)


@pytest.mark.parametrize("saves", [1, 2, 4])
async def test_a_kill_after_any_save_changes_nothing(saves: int) -> None:
    """A projector that dies between two saves goes on from its checkpoint, and the index comes out the same."""
    log, snapshots = await filled(HISTORY), MemorySnapshotStore()
    index = DyingIndex(saves)
    with pytest.raises(Killed):
        await up_to_head(log, index, snapshots)
    index.left = 10**9
    await up_to_head(log, index, snapshots)

    assert await documents_in(index) == expected(HISTORY)


class Killed(Exception):
    """The process died here."""


class DyingIndex(MemoryMessageIndex):
    """An index whose writer dies before a save."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    async def save(self, *args: object) -> None:  # type: ignore[override]
        """Save, or die."""
        if self.left == 0:
            raise Killed
        self.left -= 1
        await super().save(*args)  # type: ignore[arg-type]


class AwayIndex(MemoryMessageIndex):
    """An index that cannot be reached the first few times."""

    def __init__(self, away: int) -> None:
        super().__init__()
        self.away = away

    async def save(self, *args: object) -> None:  # type: ignore[override]
        """Save, unless away."""
        if self.away:
            self.away -= 1
            raise LogUnavailable("busy")
        await super().save(*args)  # type: ignore[arg-type]


async def test_an_index_that_is_away_is_waited_for() -> None:
    """An index that refuses for a while misses nothing."""
    log, index = await filled(HISTORY[:200]), AwayIndex(2)
    await up_to_head(log, index, None)

    assert await documents_in(index) == expected(HISTORY[:200])


async def test_far_from_the_head_each_message_is_written_less_often() -> None:
    """Saving more rarely while catching up writes fewer documents and gives the same index."""
    log, written, indices = await filled(HISTORY), list[int](), list[MemoryMessageIndex]()
    for catch_up_events in (10**9, 200):
        index = MemoryMessageIndex()
        pace = replace(PACE, catch_up_events=catch_up_events)
        running = Projector(log, index, None, STREAM, monotonic=still, pace=pace)
        await asyncio.wait_for(running.run(asyncio.Event(), until_head=True), TIMEOUT_S)
        written.append(running.documents)
        indices.append(index)

    assert written[1] < written[0]
    assert await documents_in(indices[1]) == await documents_in(indices[0])


async def test_it_follows_until_it_is_stopped() -> None:
    """While it runs, appended events appear in the index; a stop saves a snapshot of all that was folded."""
    log, index, snapshots = await filled(HISTORY[:100]), MemoryMessageIndex(), MemorySnapshotStore()
    stop, running = asyncio.Event(), projector(log, index, snapshots)
    task = asyncio.create_task(running.run(stop))
    await fill(log, HISTORY[100:200])
    async with asyncio.timeout(TIMEOUT_S):
        while running.position < 200 or not await _is_saved(index, 200):  # noqa: ASYNC110
            await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(task, TIMEOUT_S)
    snapshot = await snapshots.newest(PROJECTION, Projection(STREAM).version)

    assert snapshot is not None
    assert snapshot.position == 200
    assert await documents_in(index) == expected(HISTORY[:200])


async def _is_saved(index: MemoryMessageIndex, position: int) -> bool:
    checkpoint = await index.checkpoint()
    return checkpoint is not None and checkpoint.position >= position


async def test_deleted_index_and_snapshots_come_back_equal() -> None:
    """What is rebuilt from the log alone equals what was there before, digest for digest."""
    log, index, snapshots = await filled(HISTORY), MemoryMessageIndex(), MemorySnapshotStore()
    await up_to_head(log, index, snapshots)
    before = await documents_in(index)
    version = Projection(STREAM).version
    digest = await _newest_digest(snapshots, version)
    position = await rebuild(log, index, snapshots, STREAM, monotonic=still)

    assert position == len(HISTORY)
    assert await documents_in(index) == before
    assert await _newest_digest(snapshots, version) == digest


async def _newest_digest(snapshots: MemorySnapshotStore, version: str) -> bytes:
    snapshot = await snapshots.newest(PROJECTION, version)
    assert snapshot is not None
    return snapshot.digest


async def test_another_version_is_rebuilt() -> None:
    """An index of another projection version is emptied and made again."""
    log, index, snapshots = await filled(HISTORY[:200]), MemoryMessageIndex(), MemorySnapshotStore()
    await up_to_head(log, index, snapshots, limits=Limits(live_copies_max=5))
    first = await index.checkpoint()
    await up_to_head(log, index, snapshots)
    second = await index.checkpoint()

    assert first is not None
    assert second is not None
    assert first.version != second.version
    assert await documents_in(index) == expected(HISTORY[:200])


async def test_an_index_ahead_of_the_log_is_rebuilt() -> None:
    """An index made of another, longer log does not stand in the way."""
    index = MemoryMessageIndex()
    await up_to_head(await filled(HISTORY), index, None)
    await up_to_head(await filled(HISTORY[:120]), index, None)

    assert await documents_in(index) == expected(HISTORY[:120])


async def test_an_event_of_a_newer_hoptrail_stops_the_role_there() -> None:
    """Everything before the unknown event is indexed; the error ends the role."""
    log, index = await filled(HISTORY[:130]), MemoryMessageIndex()
    head = await log.head()
    assert head is not None
    await log.append(from_the_future(head))

    with pytest.raises(FactUnknown):
        await up_to_head(log, index, None)
    assert await _is_saved(index, 130)
    assert await documents_in(index) == expected(HISTORY[:130])


async def test_bodies_are_found_by_their_text() -> None:
    """The text of a body is indexed, also where it stands in an earlier block than the message."""
    log, index = MemoryEventLog(), MemoryMessageIndex()
    first = next(chain(1))
    await log.append(first)
    await log.append(_referring_back(first))
    running = await up_to_head(log, index, None)
    bodies = Bodies(log)
    found = await documents_in(index)
    texts = {
        uid: await bodies.get(document.body) for uid, document in found.items() if document.body
    }

    assert running.position == 3
    assert texts == {"main-0": b"body 0.0", "main-1": b"body 0.1", "main-2": b"body 0.0"}


def _referring_back(first: Block) -> Block:
    """Return a block after *first* with a publish whose body stands in *first*."""
    envelope = open_block(first)[0]
    again = msgspec.structs.replace(envelope, position=2, observed_at=first.header.last_observed_at)
    return seal([again], (), head_of(first), epoch=1, segment=0)


@pytest.mark.parametrize(
    ("body", "truncated", "text"),
    [
        (b"plain", False, "plain"),
        ("grün".encode(), False, "grün"),
        (b"", False, None),
        (b"\xff\xfe", False, None),
        (b"PK\x03\x04\x00\x00", False, None),
        ("grün".encode()[:3], True, "gr"),
        ("grün".encode()[:3], False, None),
        (b"x" * (5 * TEXT_CHARS_MAX), False, "x" * TEXT_CHARS_MAX),
    ],
)
def test_text_is_what_is_utf8(body: bytes, truncated: bool, text: str | None) -> None:
    """Only UTF-8 without NUL is text; a cut through its last character is forgiven where it was cut."""
    assert text_in(body, truncated=truncated) == text


@pytest.mark.parametrize(
    ("content_type", "encoding", "binary"),
    [
        ("application/json", None, False),
        (None, None, False),
        ("image/jpeg", None, True),
        ("application/json", "gzip", True),
        (b"\xff", None, False),
    ],
)
def test_what_the_publisher_calls_binary(
    content_type: str | None, encoding: str | None, binary: bool
) -> None:
    """Media types and compressed bodies are not searched as text."""
    assert is_binary(content_type, encoding) is binary
