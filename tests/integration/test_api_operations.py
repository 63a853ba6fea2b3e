"""What operators do through the API: it stands when it is answered, or it is said that it does not."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from api.ports import Limits
from events.facts import GroupArchived
from tests.support.served import Served, served

API = "/api/v1"
COMMAND_S = 0.2


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    async with served(moves=150, limits=Limits(command_s_max=COMMAND_S * 50)) as made:
        yield made


@pytest.fixture
async def client(made: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with made.client() as client:
        yield client


async def groups(client: httpx2.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    """Return the groups of dead letters, timers too."""
    asked = {"timers": "true", **parameters}
    return (await client.get(f"{API}/dead-letters", params=asked)).json()["items"]


async def test_a_note_stays(client: httpx2.AsyncClient) -> None:
    """A note stands in the group once it is answered, with who wrote it, until another one takes its place."""
    group = (await groups(client))[0]["id"]
    for text in ("first", "wörds \u202e of another", ""):
        answer = await client.post(f"{API}/dead-letters/{group}/note", json={"text": text})
        assert answer.status_code == 200, answer.text
        told = next(each for each in await groups(client) if each["id"] == group)

        assert told["note"] == (text or None)
        assert told["note_by"] == ("local" if text else None)


async def test_an_archived_group_is_archived_as_it_was(client: httpx2.AsyncClient) -> None:
    """All its messages are archived, and found by that; taken out again they are what they were."""
    before = (await groups(client))[0]
    group, path = before["id"], f"{API}/dead-letters/{before['id']}"
    assert "archived" not in before["states"]
    assert (await client.post(f"{path}/archive", json={})).status_code == 200
    (told,) = await groups(client, state="archived")
    shown = (await client.get(f"{path}/messages", params={"state": "archived"})).json()

    assert told["id"] == group
    assert set(told["states"]) == {"archived"}
    assert shown["total"] == sum(before["states"].values())
    assert {each["fate"] for each in shown["items"]} == {"archived"}
    assert (await client.post(f"{path}/archive", json={"archived": False})).status_code == 200
    assert (await groups(client))[0]["states"] == before["states"]


async def test_single_messages_are_archived(client: httpx2.AsyncClient) -> None:
    """Those that are named are archived, and nothing is when one of them is not known."""
    group = (await groups(client))[0]
    path = f"{API}/dead-letters/{group['id']}/messages"
    uids = [each["uid"] for each in (await client.get(path, params={"limit": 2})).json()["items"]]
    asked = f"{API}/dead-letters/archive"
    refused = await client.post(asked, json={"uids": [*uids, "main-999999"]})
    assert refused.status_code == 404
    assert "archived" not in (await groups(client))[0]["states"]
    assert (await client.post(asked, json={"uids": uids})).status_code == 200
    archived = (await client.get(path, params={"state": "archived"})).json()["items"]

    assert [each["uid"] for each in archived] == uids


BAD: list[tuple[str, dict[str, Any], int]] = [
    ("/dead-letters/none/note", {"text": "x"}, 404),
    ("/dead-letters/none/archive", {}, 404),
    ("/dead-letters/{group}/note", {}, 400),
    ("/dead-letters/{group}/note", {"text": "x" * 4_001}, 400),
    ("/dead-letters/{group}/archive", {"archived": "yes"}, 400),
    ("/dead-letters/archive", {"uids": []}, 400),
    ("/dead-letters/archive", {"uids": ["x"] * 1_001}, 400),
    ("/keys", {"name": "", "scopes": ["metadata"]}, 400),
    ("/keys", {"name": "x", "scopes": []}, 400),
    ("/keys/none/revoke", {}, 404),
]


async def test_bad_input_changes_nothing(made: Served, client: httpx2.AsyncClient) -> None:
    """What is unknown, missing, too much or of another type is refused as a problem, and nothing is in the log."""
    head = made.head
    group = (await groups(client))[0]["id"]
    for path, body, status in BAD:
        answer = await client.post(API + path.replace("{group}", group), json=body)

        assert answer.status_code == status, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert made.head == head


async def test_with_capture_down_it_is_said_that_nothing_is_recorded(made: Served) -> None:
    """Where the broker is away nothing was sent; where no leader takes it, the answer has the id it will stand under."""
    async with (
        served(moves=150, limits=Limits(command_s_max=COMMAND_S)) as alone,
        alone.client() as client,
    ):
        group = (await groups(client))[0]["id"]
        path = f"{API}/dead-letters/{group}/note"
        alone.leader.is_away = True
        away = await client.post(path, json={"text": "x"})
        alone.leader.is_away, alone.leader.is_deaf = False, True
        waits = await client.post(path, json={"text": "x"})

    assert (away.status_code, away.json()["type"]) == (
        503,
        "urn:hoptrail:problem:commands-unavailable",
    )
    assert (waits.status_code, waits.json()["type"]) == (
        503,
        "urn:hoptrail:problem:not-recorded-yet",
    )
    assert len(waits.json()["command"]) == 32


async def test_what_the_leader_refuses_is_told(made: Served, client: httpx2.AsyncClient) -> None:
    """A second revocation is refused with the reason, here or by the leader, and stands in the trail."""
    body = {"name": "x", "scopes": ["metadata"]}
    key = (await client.post(f"{API}/keys", json=body)).json()["id"]
    assert (await client.post(f"{API}/keys/{key}/revoke", json={})).status_code == 200
    again = await client.post(f"{API}/keys/{key}/revoke", json={})

    assert again.status_code == 409
    assert "revoked already" in again.json()["detail"]


async def test_the_trail_is_paged_and_filtered(client: httpx2.AsyncClient) -> None:
    """Who did what when, newest first; pages together are the whole, and filters choose among it."""
    group = (await groups(client))[0]["id"]
    for number in range(5):
        await client.post(f"{API}/dead-letters/{group}/note", json={"text": f"note {number}"})
    await client.post(f"{API}/dead-letters/{group}/archive", json={})
    whole = (await client.get(f"{API}/operations")).json()
    first = (await client.get(f"{API}/operations", params={"limit": 4})).json()
    rest = await client.get(f"{API}/operations", params={"limit": 4, "cursor": first["next"]})

    assert whole["items"] == [*first["items"], *rest.json()["items"]]
    assert [each["told"] for each in whole["items"]][:2] == [
        "archived the group",
        "wrote the note 'note 4'",
    ]
    assert whole["items"][0]["kind"] == GroupArchived.__name__
    assert whole["total"] == 6
    for parameters, total in (({"about": group}, 6), ({"about": "x"}, 0), ({"by": "root"}, 0)):
        found = (await client.get(f"{API}/operations", params=parameters)).json()
        assert found["total"] == total
