"""Retries over the API, in-process: planned before they start, started once, held up and ended; bad input does nothing."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from events.facts import RetryFinished, RetryOutcome, RetryPublished
from events.operations import Retry
from projector.linker.limits import Limits
from tests.support.served import STREAM, Served, served
from tests.support.wait import wait_until_async

API = "/api/v1"
TOLD_S_MAX = 60


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    async with served(edits=True) as made:
        yield made


@pytest.fixture
async def client(made: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with made.client() as client:
        yield client


async def post(client: httpx2.AsyncClient, path: str, body: Any, status: int = 200) -> Any:
    """Return the answer to a request, which has that status."""
    answer = await client.post(API + path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def dead(client: httpx2.AsyncClient) -> list[str]:
    """Return uids of dead letters, the newest first."""
    found = await client.get(f"{API}/messages", params={"q": "state:dead-lettered", "limit": 500})
    return [each["uid"] for each in found.json()["items"]]


def retries(made: Served) -> list[Retry]:
    """Return the retries that the log tells of."""
    return list(made.leader.state.retries.values())


async def chosen(client: httpx2.AsyncClient) -> dict[str, Any]:
    """Return a selection of some dead letters of one vhost with a target that exists."""
    uids = (await dead(client))[:20]
    plan = await post(
        client, "/retries/plan", {"uids": uids, "target": {"kind": "chosen", "queue": "work"}}
    )
    assert plan["messages"], plan
    return {"uids": uids, "target": {"kind": "chosen", "queue": "work"}}


async def test_a_group_is_planned_with_all_that_is_left_of_it() -> None:
    """What retention removed of a group is told as not known, and does not stop the retry of the others."""
    few = Limits(passed_messages_max=20)
    async with served(held=few) as made, made.client() as client:
        told = await client.get(f"{API}/dead-letters", params={"timers": "true"})
        group = max(told.json()["items"], key=lambda each: each["messages"])
        asked = {"group": group["id"]}
        whole = await post(client, "/retries/plan", asked)
        _, second, *_ = sorted(position_of(each) for each in await uids_of(client, group))
        await made.ports.index.drop_before(second)
        rest = await post(client, "/retries/plan", asked)

    assert (whole["selected"], whole["not_known"]) == (group["messages"], 0)
    assert (rest["selected"], rest["not_known"]) == (group["messages"] - 1, 1)


async def uids_of(client: httpx2.AsyncClient, group: dict[str, Any]) -> list[str]:
    """Return the uids of the messages of a group."""
    answer = await client.get(f"{API}/dead-letters/{group['id']}/messages", params={"limit": 500})
    return [each["uid"] for each in answer.json()["items"]]


def position_of(uid: str) -> int:
    """Return where in the log a message was first seen."""
    return int(uid.rpartition("-")[2])


async def test_a_plan_is_started_once(client: httpx2.AsyncClient, made: Served) -> None:
    """What is started is what was planned: its items stand in the log, and its messages are in no other plan."""
    asked = await chosen(client)
    plan = await post(client, "/retries/plan", asked)
    assert retries(made) == []
    begun = await post(client, "/retries", {**asked, "plan": plan["digest"]}, 201)
    (retry,) = retries(made)
    again = await post(client, "/retries/plan", asked)

    assert plan["selected"] == len(asked["uids"])
    assert (begun["id"], begun["messages"], begun["by"]) == (retry.id, plan["messages"], "local")
    assert retry.is_planned
    assert again["messages"] == 0
    assert any(retry.id in each["why"] for each in again["refused"])


async def test_a_plan_that_changed_is_not_started(client: httpx2.AsyncClient, made: Served) -> None:
    """With the digest of another plan nothing is done, and the answer says so."""
    asked = await chosen(client)
    problem = await post(client, "/retries", {**asked, "plan": "0" * 32}, 409)

    assert "look at it again" in problem["detail"]
    assert retries(made) == []


async def test_a_retry_is_held_up_and_ended(client: httpx2.AsyncClient, made: Served) -> None:
    """Pause, resume and cancel are recorded, and refused where they make no sense."""
    asked = await chosen(client)
    plan = await post(client, "/retries/plan", asked)
    name = (await post(client, "/retries", {**asked, "plan": plan["digest"]}, 201))["id"]

    assert (await post(client, f"/retries/{name}/pause", {}))["state"] == "paused"
    assert (await post(client, f"/retries/{name}/pause", {}, 409))["status"] == 409
    resumed = await post(client, f"/retries/{name}/resume", {"unsure": "missing"})
    assert resumed["state"] == "running"
    assert made.leader.state.retries[name].resumed is not None
    assert (await post(client, f"/retries/{name}/cancel", {}))["state"] == "cancelling"
    listed = (await client.get(f"{API}/retries")).json()["items"]
    assert [each["id"] for each in listed] == [name]
    assert (await client.get(f"{API}/retries/{name}")).json()["failures"] == []


async def test_what_failed_is_told_after_the_end(client: httpx2.AsyncClient, made: Served) -> None:
    """Which messages came to nothing, and why, is told while a retry goes on and just the same once it has ended."""
    asked = await chosen(client)
    plan = await post(client, "/retries/plan", asked)
    name = (await post(client, "/retries", {**asked, "plan": plan["digest"]}, 201))["id"]
    items = made.leader.state.retries[name].items
    failed = RetryOutcome(0, "refused", why="no exchange 'gone' in vhost '/'")
    rest = tuple(RetryOutcome(number, "published") for number in range(1, len(items)))
    await made.leader.tell(RetryPublished(name, (failed, *rest)))
    going = await told_once(client, name, lambda found: found["failed"] == 1)
    await made.leader.tell(RetryFinished(name, "done", len(rest), 1))
    ended = await told_once(client, name, lambda found: found["state"] == "done")

    assert going["failures"] == [
        {"uid": f"{STREAM}-{items[0].position}", "outcome": "refused", "why": failed.why}
    ]
    assert (ended["failed"], ended["failures"]) == (1, going["failures"])


async def told_once(
    client: httpx2.AsyncClient, name: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return what is told of a retry once *holds*."""
    found: dict[str, Any] = {}

    async def is_so() -> bool:
        found.update((await client.get(f"{API}/retries/{name}")).json())
        return holds(found)

    await wait_until_async(is_so, timeout_s=TOLD_S_MAX)
    return found


async def test_an_edit_shows_its_difference(client: httpx2.AsyncClient, made: Served) -> None:
    """The plan of an edit tells what changes, from what to what; the item in the log carries it."""
    asked = await chosen(client)
    uid = (await dead(client))[0]
    edit = {"headers": {"tries": 3}, "properties": {"type": "new"}, "body": {"text": "better"}}
    wanted = {"action": "edit", "uids": [uid], "target": asked["target"], "edit": edit}
    plan = await post(client, "/retries/plan", wanted)
    await post(client, "/retries", {**wanted, "plan": plan["digest"]}, 201)
    (retry,) = retries(made)
    item = retry.items[0]

    assert {each["what"]: each["after"] for each in plan["changes"]} == {
        "type": "new",
        "header tries": 3,
        "body": "better",
    }
    assert item.edited is not None
    assert item.edited.headers is not None
    assert (item.edited.type, item.edited.headers["tries"]) == ("new", 3)
    assert item.edited_body == b"better"


WRONG: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"uids": ["main-999999"]}, 404, "main-999999"),
    ({"uids": ["nonsense"]}, 404, "nonsense"),
    ({"group": "0" * 16}, 404, "group"),
    ({"query": "state:("}, 400, ""),
    ({}, 400, "exactly one"),
    ({"uids": ["main-1"], "group": "x"}, 400, "exactly one"),
    ({"uids": ["main-1"], "rate_per_s": 0}, 400, "rate_per_s"),
    ({"uids": ["main-1"], "rate_per_s": "Infinity"}, 400, "rate_per_s"),
    ({"uids": ["main-1"], "batch": 0}, 400, "batch"),
    ({"uids": ["main-1"], "target": {"kind": "chosen"}}, 400, "chosen"),
    ({"uids": ["main-1"], "action": "move"}, 400, "move"),
    ({"uids": ["main-1"], "edit": {}}, 400, "edit"),
    ({"uids": ["main-1"], "remove": "purge"}, 400, "remove"),
)


async def test_bad_input_does_nothing(client: httpx2.AsyncClient, made: Served) -> None:
    """What cannot be done is told by its reason, and no retry begins."""
    for wrong, status, told in WRONG:
        problem = await post(client, "/retries", {**wrong, "plan": "0" * 32}, status)
        assert told in problem["detail"]

    assert retries(made) == []


WRONG_EDITS: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"body": {"text": "x" * 200_000}}, 413, "131,072 is the most"),
    ({"body": {"text": "x" * 2_000_000}}, 413, "is the most"),
    ({"body": {"b64": "not base64!"}}, 409, "base64"),
    ({"properties": {"user_id": "root"}}, 409, "no property 'user_id'"),
    ({"properties": {"priority": 256}}, 409, "from 0 to 255"),
    ({"properties": {"expiration": "soon"}}, 409, "milliseconds"),
    ({"properties": {"type": "x" * 256}}, 409, "255 bytes"),
    ({"remove_headers": ["not there"]}, 409, "no header"),
    ({}, 409, "changes nothing"),
)


async def test_edits_that_cannot_be_made_do_nothing(
    client: httpx2.AsyncClient, made: Served
) -> None:
    """An edit that is too large, or that AMQP has no form for, is refused with the reason."""
    uid = (await dead(client))[0]
    for edit, status, told in WRONG_EDITS:
        wanted = {"action": "edit", "uids": [uid], "edit": edit}
        problem = await post(client, "/retries/plan", wanted, status)
        assert told in problem["detail"]

    assert retries(made) == []


async def test_a_leader_that_is_away_leaves_nothing_half_done(
    client: httpx2.AsyncClient, made: Served
) -> None:
    """Where no command can be sent, the answer says that nothing was done."""
    asked = await chosen(client)
    plan = await post(client, "/retries/plan", asked)
    made.leader.is_away = True
    problem = await post(client, "/retries", {**asked, "plan": plan["digest"]}, 503)

    assert "Nothing was done" in problem["detail"]
    assert retries(made) == []


async def test_editing_is_off_unless_it_is_switched_on() -> None:
    """Without the setting nobody may plan an edit, not even without keys."""
    async with served() as made, made.client() as client:
        uid = (await dead(client))[0]
        wanted = {"action": "edit", "uids": [uid], "edit": {"headers": {"a": 1}}}
        problem = await post(client, "/retries/plan", wanted, 403)

    assert "HOPTRAIL_EDIT=on" in problem["detail"]
