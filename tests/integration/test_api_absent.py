"""Why there is no message under an id, as the API says it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
import pytest_asyncio

from api.absent import absent
from api.wire import time
from events.block import open_block, seal
from events.facts import Envelope, MessagePublished, QueueDeclared
from store.memory.log import MemoryEventLog
from tests.support.served import STREAM, Served, served

MOVES = 40


async def recorded(made: Served) -> list[Envelope]:
    """Return the first facts of the log."""
    block = await made.log.block(await made.log.first())
    assert block is not None
    return open_block(block)


async def append_segment(made: Served) -> None:
    """Append a block with one fact, which opens the second segment."""
    declared = QueueDeclared("/", "late", "classic", True, False, False, {}, {}, "event")
    envelope = Envelope(made.head.next_position, made.head.last_observed_at + 1, 0, declared)
    await made.append_block(seal([envelope], [], made.head, epoch=1, segment=1))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with served(moves=MOVES) as made, made.client() as client:
        yield client


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("uid", "said"),
    [
        ("nonsense", "An id of a message is the name of a log and a position"),
        ("7", "An id of a message is the name of a log and a position"),
        ("main-7x", "An id of a message is the name of a log and a position"),
        ("main-" + "9" * 30, "An id of a message is the name of a log and a position"),
        ("other-1", "This log is main; the id is of another."),
        ("main-999999", "The log ends at position"),
    ],
)
async def test_an_id_of_no_message_is_told_as_what_it_is(
    client: httpx2.AsyncClient, uid: str, said: str
) -> None:
    """An id that is none, one of another log, and one behind the end of the log are each told as that."""
    answer = await client.get(f"/api/v1/messages/{uid}")

    assert answer.status_code == 404
    assert said in answer.json()["detail"]


async def test_an_empty_log_has_no_message_yet() -> None:
    """Before anything was captured an id is told to be of nothing yet."""
    async with served(moves=0) as made, MemoryEventLog() as empty:
        problem = await absent(replace(made.ports, log=empty), f"{STREAM}-1")

        assert "Nothing was captured yet" in problem.detail


async def test_a_fact_is_told_from_one_that_was_removed() -> None:
    """A fact that is no publish is told with its kind; once retention removed it, that is told, and what is kept."""
    async with served(moves=MOVES) as made, made.client() as client:
        facts = await recorded(made)
        other = next(each for each in facts if not isinstance(each.fact, MessagePublished))
        path = f"/api/v1/messages/{STREAM}-{other.position}"
        before = await client.get(path)
        await append_segment(made)
        await made.log.drop_segment(0)
        after = await client.get(path)

        assert before.status_code == 404
        assert f"{type(other.fact).__name__}, is no publish" in before.json()["detail"]
        assert (after.status_code, after.json()["type"].rpartition(":")[2]) == (410, "not-retained")
        assert "What is kept was observed from" in after.json()["detail"]


@pytest.mark.parametrize(
    "path", ["traces/none", "traces/none/outline", "queues/%2F/none", "queues/%2F/none/contents",
             "exchanges/%2F/none", "services/none"],
)  # fmt: skip
async def test_a_name_may_have_been_removed_only_once_something_was(path: str) -> None:
    """Until retention removed anything an unknown name is of nothing; from then on it may be of before, and when is told."""
    async with served(moves=MOVES) as made, made.client() as client:
        before = await client.get(f"/api/v1/{path}")
        await append_segment(made)
        await made.log.drop_segment(0)
        after = await client.get(f"/api/v1/{path}")
        (kept,) = await made.log.segments()

    assert (before.status_code, after.status_code) == (404, 404)
    assert "retention" not in before.json()["detail"].lower()
    assert "kept_from" not in before.json()
    assert after.json()["kept_from"] == time(kept.first_observed_at)
    assert f"removed by retention before {time(kept.first_observed_at)}" in after.json()["detail"]


async def test_a_conversation_known_from_before_is_told_to_be_removed() -> None:
    """Where the views know a conversation all of which retention removed, it is told to be no longer kept."""
    async with served(moves=MOVES) as made, made.client() as client:
        await append_segment(made)
        await made.log.drop_segment(0)
        await made.ports.index.drop_before(made.head.next_position)
        (trace_id, *_) = [each.trace_id for each in made.views.conversations()]
        answers = [
            await client.get(f"/api/v1/traces/{trace_id}{more}") for more in ("", "/outline")
        ]

    for answer in answers:
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (
            410,
            "not-retained",
        )
        assert "What is kept was observed from" in answer.json()["detail"]
