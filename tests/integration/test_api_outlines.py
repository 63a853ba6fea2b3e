"""Conversations and effects in light form: whole, paged, and as the messages themselves say."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest
import pytest_asyncio

from api.wire_outline import EffectsOut, LightMessageOut, OutlineOut, light
from store.ports import Sort
from store.query import MatchAll
from tests.integration.test_api_traces import placed
from tests.support.served import Served, index_all, served
from tests.unit.test_large_conversations import TRACE, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

API = "/api/v1"
MESSAGES = 1_300


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made() -> AsyncIterator[Served]:
    async with served() as made:
        await made.append(placed(made, told(MESSAGES)))
        await made.views.until(made.head.next_position)
        await index_all(made)
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def client(made: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with made.client() as client:
        yield client


async def asked(client: httpx2.AsyncClient, path: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get(f"{API}{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_whole_conversation_is_one_answer(client: httpx2.AsyncClient) -> None:
    """All messages of a trace come at once, oldest first, with an exact total and the services in it."""
    found = await asked(client, f"/traces/{TRACE}/outline")
    trace = await asked(client, f"/traces/{TRACE}", limit=500)

    assert (len(found["items"]), found["total"], found["total_is"]) == (MESSAGES, MESSAGES, "exact")
    assert found["next"] is None
    assert found["position"] == trace["position"]
    assert [item["uid"] for item in found["items"]][:500] == [i["uid"] for i in trace["items"]]
    assert set(found["services"]) >= set(trace["services"])


async def test_what_is_large_is_sent_compressed(client: httpx2.AsyncClient) -> None:
    """A large answer is a fraction of itself on the way, for who can read it so; a small one is sent as it is."""
    path = f"{API}/traces/{TRACE}/outline"
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    large = await client.get(path, headers={"Accept-Encoding": "gzip"})
    small = await client.get(f"{path}?limit=2", headers={"Accept-Encoding": "gzip"})

    assert plain.headers.get("content-encoding") is None
    assert large.headers["content-encoding"] == "gzip"
    assert int(large.headers["content-length"]) * 5 < int(plain.headers["content-length"])
    assert large.content == plain.content
    assert small.headers.get("content-encoding") is None
    assert "Accept-Encoding" in large.headers["vary"]


async def test_its_pages_are_the_whole(client: httpx2.AsyncClient) -> None:
    """Page by page the same messages come, each saying how many there are."""
    whole = await asked(client, f"/traces/{TRACE}/outline")
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while not found or cursor:
        page = await asked(client, f"/traces/{TRACE}/outline", limit=500, **cursor)
        assert page["total"] == MESSAGES
        found += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else {}

    assert found == whole["items"]


async def test_the_light_form_says_what_the_message_says(client: httpx2.AsyncClient) -> None:
    """What stands in the light form is what the message says, under the same names where they are the same things."""
    items = (await asked(client, f"/traces/{TRACE}/outline", limit=50))["items"]
    for item in items:
        message = await asked(client, f"/messages/{item['uid']}")

        for name in ("published_at", "vhost", "exchange", "state"):
            assert item[name] == message[name]
        assert item.get("publisher") == message["publisher"]["service"]
        assert item.get("routing_key") == next(iter(message["routing_keys"]), None)
        parent = item.get("parent") or {}
        assert parent.get("uid") == (message["parent"] or {}).get("uid")
        for copy, full in zip(item.get("copies", []), message["copies"], strict=True):
            assert {name: copy.get(name) for name in ("queue", "state", "enqueued_at")} == {
                name: full[name] for name in ("queue", "state", "enqueued_at")
            }
            assert [a["delivered_at"] for a in copy.get("attempts", [])] == [
                a["delivered_at"] for a in full["attempts"]
            ]


async def test_answers_are_as_documented(made: Served, client: httpx2.AsyncClient) -> None:
    """The form that OpenAPI tells is the one that is sent, for every message of an ordinary and of a hostile history."""
    page = await made.ports.index.search(MatchAll(), sort=Sort(), limit=10**6, now_ns=0)
    for document in page.items:
        LightMessageOut.model_validate_json(orjson.dumps(light(document)))
    whole = await client.get(f"{API}/traces/{TRACE}/outline", params={"limit": 50})
    OutlineOut.model_validate_json(whole.content)
    effects = await client.get(f"{API}/messages/{whole.json()['items'][0]['uid']}/effects")
    EffectsOut.model_validate_json(effects.content)


async def test_effects_are_the_messages_that_name_it_as_parent(client: httpx2.AsyncClient) -> None:
    """What a message caused are those whose parent it is, paged; they in turn have it as their cause, and siblings."""
    items = (await asked(client, f"/traces/{TRACE}/outline"))["items"]
    causes = [item["parent"]["uid"] for item in items if "parent" in item]
    parent = max(set(causes), key=causes.count)
    children = [item["uid"] for item in items if item.get("parent", {}).get("uid") == parent]

    found = await asked(client, f"/messages/{parent}/effects", limit=1)
    child = await asked(client, f"/messages/{children[0]}/effects")

    assert (found["total"], found["total_is"]) == (len(children), "exact")
    assert [item["uid"] for item in found["items"]] == children[:1]
    assert (found["next"] is None) == (len(children) == 1)
    assert [cause["uid"] for cause in child["causes"]] == [parent]
    assert child["siblings"] == len(children) - 1


async def test_a_message_without_a_parent_has_no_siblings(client: httpx2.AsyncClient) -> None:
    """The message that begins a conversation names no cause and no number of siblings."""
    first = (await asked(client, f"/traces/{TRACE}/outline", limit=1))["items"][0]

    found = await asked(client, f"/messages/{first['uid']}/effects")

    assert (found["causes"], found["siblings"]) == ([], None)


async def test_an_unchanged_answer_is_a_304(made: Served, client: httpx2.AsyncClient) -> None:
    """As long as nothing was indexed, the tag of the last answer spares the next."""
    for path in (f"/traces/{TRACE}/outline", f"/messages/{made.hostile[0]}/effects"):
        first = await client.get(f"{API}{path}")
        held = {"If-None-Match": first.headers["etag"]}
        again = await client.get(f"{API}{path}", headers=held)

        assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/traces/none/outline", 404, "not-found"),
        ("/messages/main-999999/effects", 404, "not-found"),
        (f"/traces/{TRACE}/outline?limit=10001", 400, "parameter-invalid"),
        (f"/traces/{TRACE}/outline?cursor=abc", 400, "cursor-invalid"),
    ],
)
async def test_what_is_not_there_is_a_problem(
    client: httpx2.AsyncClient, path: str, status: int, kind: str
) -> None:
    """Unknown traces and messages, pages too large and cursors of another list are told as problems."""
    answer = await client.get(f"{API}{path}")

    assert answer.status_code == status
    assert answer.json()["type"] == f"urn:hoptrail:problem:{kind}"
