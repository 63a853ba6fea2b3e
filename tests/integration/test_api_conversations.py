"""Conversations over the API: what each says is what its messages say."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from api.app import create_app
from cli.render.values import nanoseconds
from store.sqlite.index import SqliteMessageIndex
from tests.integration.test_api_traces import placed
from tests.support.served import Served, index_all, served
from tests.unit.linker_log import Log
from tests.unit.test_large_conversations import TRACE, Written, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

API = "/api/v1"
MESSAGES = 60


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


async def every(client: httpx2.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = await asked(client, "/conversations", limit=7, **parameters)
    found += page["items"]
    while page["next"]:
        page = await asked(client, "/conversations", limit=7, **parameters, cursor=page["next"])
        found += page["items"]
    return found


async def test_every_conversation_is_listed_once(client: httpx2.AsyncClient) -> None:
    """All conversations come, by their newest message, over all pages, and the total is their number."""
    items = (await asked(client, "/messages", limit=500))["items"]
    expected = list(dict.fromkeys(item["trace_id"] for item in items))

    found = await every(client)
    told = await asked(client, "/conversations", limit=1)

    assert [each["trace_id"] for each in found] == expected
    assert (told["total"], told["total_is"], told["counted_are"]) == (len(expected), "exact", "all")
    assert told["counted"] == len(items)


@pytest.mark.parametrize("sort", ["-last_published_at", "-messages"])
async def test_a_conversation_that_goes_on_stays_on_its_page(tmp_path: Path, sort: str) -> None:
    """While somebody pages, one with newer messages drops off no later page, and one begun since is on none."""
    ids = [f"{number:032x}" for number in range(1, 6)]
    async with served(moves=0) as held, SqliteMessageIndex(tmp_path) as index:
        ports = replace(held.ports, index=index)
        made = replace(held, ports=ports, app=create_app(ports))
        await _published(made, ids)
        async with made.client() as client:
            first = await asked(client, "/conversations", limit=2, sort=sort)
            await _published(made, [ids[0], ids[0], "f" * 32])
            whole = {"limit": 50, "sort": sort, "cursor": first["next"]}
            rest = await asked(client, "/conversations", **whole)
            again = await asked(client, "/conversations", limit=2, sort=sort)

    found = [each["trace_id"] for page in (first, rest) for each in page["items"]]
    assert sorted(each for each in found if each in ids) == ids
    assert len(set(found)) == len(found) == first["total"]
    assert "f" * 32 not in found
    assert again["items"][0]["trace_id"] in (ids[0], "f" * 32)


async def _published(made: Served, trace_ids: Sequence[str]) -> None:
    """Publish a message of each of the conversations *trace_ids*, the newest last, and index it."""
    log: Log = Written()
    for number, trace_id in enumerate(trace_ids):
        headers = {"traceparent": f"00-{trace_id}-{number + 1:016x}-01"}
        log.publish(body=trace_id.encode(), headers=headers)
    await made.append(placed(made, log))
    await index_all(made)


async def test_a_conversation_says_what_its_messages_say(client: httpx2.AsyncClient) -> None:
    """Number, states, times, services and root are those of the whole trace."""
    for each in (await every(client))[:20]:
        whole = await asked(client, f"/traces/{each['trace_id']}/outline")
        items = whole["items"]

        assert each["messages"] == whole["total"]
        assert each["states"] == Counter(item["state"] for item in items)
        assert each["started_at"] == items[0]["published_at"]
        assert each["last_published_at"] == items[-1]["published_at"]
        assert each["services"] == whole["services"]
        parentless = [item for item in items if "parent" not in item]
        assert each["root"]["uid"] == (parentless or items)[0]["uid"]
        took = (nanoseconds(each["last_at"]) - nanoseconds(each["started_at"])) / 1e6
        assert each["duration_ms"] == pytest.approx(took)


@pytest.mark.parametrize("name", ["started_at", "messages", "duration_ms", "failures"])
async def test_conversations_are_ranked(client: httpx2.AsyncClient, name: str) -> None:
    """Each order has the largest first, and leaves out none."""
    found = await every(client, sort=f"-{name}")
    values = [each[name] for each in found]

    assert values == sorted(values, reverse=True)
    assert {each["trace_id"] for each in found} == {
        each["trace_id"] for each in await every(client)
    }


async def test_conversations_are_found_by_a_message(client: httpx2.AsyncClient) -> None:
    """A query and a time find those of which a message matches; what is told of each is of all its messages."""
    (found,) = await every(client, q=f"trace_id:{TRACE} routing_key:done", sort="-messages")
    early = await every(client, since=found["started_at"], until=found["started_at"])
    none = await every(client, until="2000-01-01")

    assert (found["trace_id"], found["messages"]) == (TRACE, MESSAGES)
    assert [each["trace_id"] for each in early] == [TRACE]
    assert none == []


async def test_what_may_be_missing_is_said(client: httpx2.AsyncClient) -> None:
    """A conversation whose first publish was not seen, or that a gap of capture touches, says so."""
    gaps = (await asked(client, "/capture"))["gaps"]
    for each in await every(client):
        root = each["root"]
        assert ("publish-not-seen" in each["incomplete"]) == (root.get("publish_observed") is False)
        assert ("parent-elsewhere" in each["incomplete"]) == ("parent" in root)
        touched = any(
            gap["since"] <= each["last_at"]
            and (gap["until"] is None or gap["until"] >= each["started_at"])
            for gap in gaps
            if gap["vhost"] in ("", root["vhost"])
        )
        assert ("gap" in each["incomplete"]) == touched


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("?sort=services", "parameter-invalid"),
        ("?since=now&until=now-1h", "parameter-invalid"),
        ("?since=yesterday", "parameter-invalid"),
        ("?q=nofield:x", "query-invalid"),
        ("?cursor=abc", "cursor-invalid"),
        ("?limit=501", "parameter-invalid"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    client: httpx2.AsyncClient, path: str, kind: str
) -> None:
    """Unknown orders, times that are none, wrong queries and damaged cursors are told as problems."""
    answer = await client.get(f"{API}/conversations{path}")

    assert answer.status_code == 400
    assert answer.json()["type"] == f"urn:hoptrail:problem:{kind}"


async def test_an_unchanged_list_is_a_304(client: httpx2.AsyncClient) -> None:
    """As long as nothing was indexed, the tag of the last answer spares the next."""
    first = await client.get(f"{API}/conversations")
    held = {"If-None-Match": first.headers["etag"]}

    assert (await client.get(f"{API}/conversations", headers=held)).status_code == 304
