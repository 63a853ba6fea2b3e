"""The system as it was: folded aside from the nearest snapshot, bounded, and true for the time it names."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.wire import time
from events.block import head_of, seal, start_of_log
from events.facts import Envelope
from events.identity import key_id
from projector.answering import Answers
from projector.live import LiveProjection
from projector.past import KEPT_MAX, NotRetained, PastViews, TooMuchToFold
from projector.projection import Projection
from projector.system import NotYet, Past
from store.memory.log import MemoryEventLog
from tests.support.histories import KEY, histories, long_history
from tests.support.logs import STREAM, fill
from tests.support.served import Served, served

API = "/api/v1"
SIZES = (40, 7)
WAIT_S_MAX = 60.0


def answers_of(history: list[Envelope]) -> Answers:
    projection = Projection(STREAM)
    projection.fold.fold(history)
    return Answers(projection)


def told(answers: Answers | Past) -> list[bytes]:
    """Return all that is answered, as bytes to compare."""
    if isinstance(answers, Past):
        parts: list[Any] = [
            answers.topology,
            answers.services,
            answers.queues,
            answers.dead_letters,
            answers.capture,
        ]
    else:
        parts = [
            answers.topology(),
            answers.services(),
            answers.queues(),
            answers.dead_letters(),
            answers.capture(),
        ]
    return [msgspec.json.encode(part, enc_hook=repr) for part in parts]


async def views_of(
    history: list[Envelope], live: Answers | None = None, **bounds: Any
) -> tuple[PastViews, MemoryEventLog]:
    log = MemoryEventLog()
    await fill(log, history, sizes=SIZES)
    at_head = live or answers_of(history)
    return PastViews(log, None, STREAM, limits=None, live=lambda: at_head, **bounds), log


async def settled(views: PastViews, observed_at: int) -> Past:
    """Return the past once it is worked out."""
    async with asyncio.timeout(WAIT_S_MAX):
        while isinstance(found := await views.at(observed_at), NotYet):
            pass
    return found


@settings(max_examples=8, deadline=None)
@given(histories(moves_max=40), st.data())
async def test_the_past_is_what_was_answered_then(
    history: list[Envelope], data: st.DataObject
) -> None:
    """At any event's time the answers are those of a fold that ended there; at the head they are the live ones."""
    cut = data.draw(st.integers(1, len(history)))
    views, _ = await views_of(history, live=answers_of([]))
    at_head, _ = await views_of(history)
    past = await settled(views, history[cut - 1].observed_at)
    head = await settled(at_head, history[-1].observed_at)
    folded = await settled(views, history[-1].observed_at)

    assert past.position == cut
    assert told(past) == told(answers_of(history[:cut]))
    assert told(head) == told(folded) == told(answers_of(history))


async def test_far_too_much_is_not_begun() -> None:
    """Beyond the bound it is refused, with how much it would be."""
    history = long_history(3, 300)
    views, _ = await views_of(history, events_max=10)

    with pytest.raises(TooMuchToFold) as refused:
        await settled(views, history[-2].observed_at)
    assert refused.value.events == len(history) - 1


async def test_one_time_is_worked_out_at_once() -> None:
    """While one is under way it tells how far it is, another has to wait, and asking again brings the first to its end."""
    history = long_history(3, 400)
    views, _ = await views_of(history, wait_s=0.0)
    first = await views.at(history[-2].observed_at)
    other = await views.at(history[5].observed_at)
    on_its_way: list[NotYet] = []
    while isinstance(past := await views.at(history[-2].observed_at), NotYet):
        on_its_way.append(past)
    then = await settled(views, history[5].observed_at)

    assert isinstance(first, NotYet)
    assert not first.is_other
    assert isinstance(other, NotYet)
    assert other.is_other
    assert (past.position, then.position) == (len(history) - 1, 6)
    assert all((each.left_s is None) is (each.folded == 0) for each in on_its_way)
    assert any(each.folded for each in on_its_way)
    await views.close()


async def test_few_results_are_kept() -> None:
    """The newest results answer at once, the oldest is worked out anew."""
    history = long_history(3, 100)
    views, _ = await views_of(history, wait_s=0.0)
    times = [history[number].observed_at for number in range(5, 7 + KEPT_MAX)]
    for each in times:
        await settled(views, each)

    assert isinstance(await views.at(times[-1]), Past)
    assert isinstance(await views.at(times[-1] + 1), Past)
    assert isinstance(await views.at(times[0]), NotYet)
    await views.close()


async def test_a_time_that_retention_removed_is_not_told() -> None:
    """Before the first retained event nothing is known, which is said; after it the beginning is told to be missing."""
    history = long_history(3, 200)
    log, head = MemoryEventLog(), start_of_log(STREAM, key_id(KEY))
    for segment, start in enumerate(range(0, len(history), 50)):
        block = seal(history[start : start + 50], (), head, epoch=1, segment=segment)
        await log.append(block)
        head = head_of(block)
    await log.drop_segment((await log.segments())[0].number)
    live = answers_of(history)
    views = PastViews(log, None, STREAM, limits=None, live=lambda: live)
    first = (await log.segments())[0].first_observed_at

    with pytest.raises(NotRetained) as refused:
        await settled(views, history[3].observed_at)
    past = await settled(views, history[-2].observed_at)
    assert refused.value.known_from == past.known_from == first
    assert not past.is_beginning_kept


async def test_closing_the_live_views_stops_what_is_under_way() -> None:
    """A past that nobody waits for any more ends with the views."""
    history = long_history(3, 300)
    log = MemoryEventLog()
    await fill(log, history, sizes=SIZES)
    async with LiveProjection(log, None, STREAM, poll_s=0.01) as views:
        await views.until(len(history))
        asked = asyncio.create_task(views.past(history[-2].observed_at))
        await asyncio.sleep(0)
    asked.cancel()

    assert not [task for task in asyncio.all_tasks() if task.get_name() == "the past"]


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    async with served(moves=60) as made:
        yield made


async def answered(client: httpx2.AsyncClient, path: str, at: str) -> httpx2.Response:
    """Return the answer about *at* once that is worked out, which may take more than one request."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            answer = await client.get(API + path, params={"at": at})
            if answer.status_code != 503:
                return answer
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"] == "urn:hoptrail:problem:not-computed-yet"


async def got(client: httpx2.AsyncClient, path: str, at: str) -> dict[str, Any]:
    answer = await answered(client, path, at)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_api_answers_about_the_past(made: Served) -> None:
    """Each route of the system tells of a time before, and what that is true for; at the head it is what is live."""
    async with made.client() as client:
        seen = (await client.get(f"{API}/capture")).json()
        early = time(int(made.head.last_observed_at) - 4 * 10**8)
        for path in ("/topology", "/services", "/queues", "/dead-letters", "/capture"):
            live = (await client.get(API + path)).json()
            head = await got(client, path, seen["last_observed_at"])
            past = await got(client, path, early)
            assert live["as_of"] is None
            assert head["as_of"]["position"] == head["position"] == live["position"]
            assert head | {"as_of": None, "lag_s": 0} == live | {"lag_s": 0}
            assert int(past["position"]) < int(live["position"])
            assert past["as_of"]["at"] == early
            assert past["as_of"]["last_event_at"] <= early
            assert past["as_of"]["beginning"] == "kept"
        began = await got(client, "/topology", "1990-01-01")
        assert began["nodes"] == []
        assert began["as_of"]["last_event_at"] is None


async def test_a_group_of_dead_letters_as_it_was(made: Served) -> None:
    """One group is told as in the list of that time; one that was not there yet is a 404 that names the time."""
    async with made.client() as client:
        last = time(int(made.head.last_observed_at))
        early = time(int(made.head.last_observed_at) - 4 * 10**8)
        groups = (await client.get(f"{API}/dead-letters", params={"timers": True})).json()["items"]
        listed = (await got(client, "/dead-letters?timers=true", early))["items"]
        for group in listed:
            then = await got(client, f"/dead-letters/{group['id']}", early)
            assert then == group | {"position": then["position"], "as_of": then["as_of"]}
            assert then["as_of"]["at"] == early
        newest = groups[0]["id"]
        head = await got(client, f"/dead-letters/{newest}", last)
        before = await answered(client, f"/dead-letters/{newest}", "1990-01-01")

        assert head["last_seen"] == groups[0]["last_seen"]
        assert before.status_code == 404
        assert "at 1990-01-01T23:59:59" in before.json()["detail"]


async def test_an_unchanged_past_costs_a_304(made: Served) -> None:
    """The past stays as it was: its tag names the time."""
    async with made.client() as client:
        early = time(int(made.head.last_observed_at) - 4 * 10**8)
        await got(client, "/queues", early)
        first = await client.get(f"{API}/queues", params={"at": early})
        again = await client.get(
            f"{API}/queues",
            params={"at": early},
            headers={"If-None-Match": first.headers["etag"]},
        )

    assert (again.status_code, again.content) == (304, b"")


async def test_a_time_that_is_none_is_a_400(made: Served) -> None:
    """What cannot be read as a time is told as a problem."""
    async with made.client() as client:
        for path in (
            *("/topology", "/services", "/queues", "/capture"),
            *("/dead-letters", "/dead-letters/none"),
        ):
            assert (await client.get(f"{API}{path}?at=yesterday")).status_code == 400
