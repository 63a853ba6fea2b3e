"""The API in-process over a log in memory: lists, problems, names, headers, keys, streams."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any
from urllib.parse import quote, quote_from_bytes

import httpx2
import orjson
import pytest

from api.ports import Limits, key_digest
from events.facts import BodyRef, Envelope
from events.identity import body_digest
from tests.support.histories import KEY
from tests.support.served import (
    BODIES,
    HOSTILE_QUEUE,
    STEP_NS,
    STREAM,
    Served,
    hostile_publish,
    served,
)

API = "/api/v1"
API_KEY = "a-key-that-is-long-enough"
PROBLEM = "application/problem+json"
LONG = Limits(stream_s_max=600, heartbeat_s=600)
"""Streams that end when their reader goes away, however slow the machine is."""


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    async with served() as made:
        yield made


@pytest.fixture
async def client(made: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with made.client() as client:
        yield client


async def every(client: httpx2.AsyncClient, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return all items of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        given = parameters | ({"cursor": cursor} if cursor else {})
        answer = await client.get(API + path, params=given)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def test_pages_together_are_the_whole(client: httpx2.AsyncClient) -> None:
    """Following the cursors gives each message once, newest first, whatever the page size."""
    whole = (await client.get(f"{API}/messages", params={"limit": 500})).json()
    paged = await every(client, "/messages", limit=7)

    assert whole["total_is"] == "exact"
    assert whole["total"] == len(paged) == len({item["uid"] for item in paged})
    assert [item["uid"] for item in paged] == [item["uid"] for item in whole["items"]]


@pytest.mark.parametrize(
    "path",
    [
        "/messages",
        "/messages/main-1/events",
        "/dead-letters/x/messages",
        "/queues/%2F/work/contents",
    ],
)
async def test_a_damaged_cursor_is_a_400(client: httpx2.AsyncClient, path: str) -> None:
    """A cursor with one character changed is refused with a problem, on every list."""
    first = (await client.get(f"{API}/messages", params={"limit": 1})).json()["next"]
    damaged = ("A" if first[0] != "A" else "B") + first[1:]

    if path == "/messages/main-1/events":
        uid = (await client.get(f"{API}/messages", params={"limit": 1})).json()["items"][0]["uid"]
        path = f"/messages/{uid}/events"
    elif path == "/dead-letters/x/messages":
        groups = await every(client, "/dead-letters")
        path = f"/dead-letters/{quote(groups[0]['id'], safe='')}/messages"
    answer = await client.get(API + path, params={"cursor": damaged})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["type"] == "urn:hoptrail:problem:cursor-invalid"


async def test_a_cursor_does_not_serve_another_query(client: httpx2.AsyncClient) -> None:
    """A cursor made for one query and order is refused with another."""
    first = (await client.get(f"{API}/messages", params={"limit": 1})).json()["next"]
    answer = await client.get(f"{API}/messages", params={"cursor": first, "q": "state:waiting"})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nowhere", 404, "no-such-route"),
        ("GET", f"{API}/messages/main-999999", 404, "not-found"),
        ("GET", f"{API}/messages/other-1/body", 404, "not-found"),
        ("GET", f"{API}/traces/none", 404, "not-found"),
        ("GET", f"{API}/queues/%2F/none/contents", 404, "not-found"),
        ("GET", f"{API}/dead-letters/none", 404, "not-found"),
        ("GET", f"{API}/dead-letters/archive", 405, "method-not-allowed"),
        ("GET", f"{API}/dead-letters/none/messages", 404, "not-found"),
        ("POST", f"{API}/messages", 405, "method-not-allowed"),
        ("GET", f"{API}/messages?limit=0", 400, "parameter-invalid"),
        ("GET", f"{API}/messages?limit=x", 400, "parameter-invalid"),
        ("GET", f"{API}/messages?limit=1&limit=2", 400, "parameter-invalid"),
        ("GET", f"{API}/messages?sort=uid", 400, "parameter-invalid"),
        ("GET", f"{API}/messages?page=2", 400, "parameter-unknown"),
        ("GET", f"{API}/topology?x", 400, "parameter-unknown"),
        ("GET", f"{API}/messages?q=nofield:x", 400, "query-invalid"),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx2.AsyncClient, method: str, path: str, status: int, kind: str
) -> None:
    """Whatever is wrong, the answer is problem details with a stable type."""
    answer = await client.request(method, path)
    told = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert told["type"] == f"urn:hoptrail:problem:{kind}"
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]


async def test_a_query_error_names_its_position(client: httpx2.AsyncClient) -> None:
    """A query that cannot be understood is refused with the character where."""
    told = (await client.get(f"{API}/messages", params={"q": "type:x AND nofield:y"})).json()

    assert told["position"] == 11


async def test_hostile_messages_are_shown_whole(made: Served, client: httpx2.AsyncClient) -> None:
    """Names, headers and bodies of any bytes come out as JSON without loss, and the body as its bytes."""
    for uid, body in zip(made.hostile, BODIES, strict=True):
        answer = await client.get(f"{API}/messages/{uid}")
        told = answer.json()
        raw = await client.get(f"{API}/messages/{uid}/body")

        assert told["routed_queues"] == [{"b64": "cS8l/xtbMzFt"}]
        assert told["headers"]["huge"] == str(2**62)
        assert told["body"]["size"] == len(body)
        assert raw.content == body
        assert raw.headers["content-disposition"] == f'attachment; filename="{uid}.bin"'
        assert raw.headers["content-type"] == "application/octet-stream"
        assert raw.headers["x-content-type-options"] == "nosniff"


async def test_a_queue_is_found_under_any_name(client: httpx2.AsyncClient) -> None:
    """A queue whose name holds a slash, a percent sign and bytes beyond UTF-8 has an address of its own."""
    name = quote_from_bytes(HOSTILE_QUEUE, safe="")
    contents = await every(client, f"/queues/{quote('/', safe='')}/{name}/contents", limit=2)

    assert len(contents) == len(BODIES)


async def test_a_large_body_is_left_out_of_lists_only(
    made: Served, client: httpx2.AsyncClient
) -> None:
    """In a list a large body has no value and says so; the message itself has it."""
    listed = {item["uid"]: item for item in await every(client, "/messages", limit=100)}
    large = listed[made.hostile[-1]]["body"]
    whole = (await client.get(f"{API}/messages/{made.hostile[-1]}")).json()["body"]

    assert (large["value"], large["left_out"]) == (None, "large")
    assert (whole["value"], whole["left_out"]) == ("x" * 50_000, None)


async def test_the_facts_behind_a_message(made: Served, client: httpx2.AsyncClient) -> None:
    """A message's events are the facts folded into it, each at its position."""
    events = await every(client, f"/messages/{made.hostile[0]}/events", limit=1)

    assert [event["kind"] for event in events] == ["MessagePublished"]
    assert f"{STREAM}-{events[0]['position']}" == made.hostile[0]


async def test_a_trace_holds_all_its_messages(client: httpx2.AsyncClient) -> None:
    """Each message is in the trace it names, and a parent within it is among its items."""
    messages = await every(client, "/messages", limit=500)
    traces = {message["trace_id"] for message in messages}

    for trace_id in sorted(traces)[:20]:
        trace = (await client.get(f"{API}/traces/{trace_id}")).json()
        expected = {item["uid"] for item in messages if item["trace_id"] == trace_id}
        assert {item["uid"] for item in trace["items"]} == expected
        assert trace["total"] == len(expected)


async def test_dead_letters_lead_to_their_messages(client: httpx2.AsyncClient) -> None:
    """Each group lists as many messages as it counts, newest first, across pages."""
    groups = await every(client, "/dead-letters")

    assert groups
    for group in groups:
        messages = await every(
            client, f"/dead-letters/{quote(group['id'], safe='')}/messages", limit=2
        )
        assert len(messages) == group["messages"]


async def test_a_group_by_itself_is_that_of_the_list(client: httpx2.AsyncClient) -> None:
    """Each group, timers too, is told alone as among the others, and an unchanged one costs a 304."""
    groups = await every(client, "/dead-letters", timers="true")

    assert any(group["timer"] for group in groups)
    for group in groups:
        path = f"{API}/dead-letters/{group['id']}"
        alone = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": alone.headers["etag"]})
        position = alone.json()["position"]

        assert alone.json() == group | {"position": position, "as_of": None}
        assert alone.headers["etag"].startswith(f'W/"{STREAM}-{position}-')
        assert again.status_code == 304


async def test_an_unchanged_answer_costs_a_304(client: httpx2.AsyncClient) -> None:
    """The entity tag is the position; a caller that has that answer gets 304 without a body."""
    for path in ("/topology", "/messages", "/queues", "/dead-letters"):
        first = await client.get(API + path)
        again = await client.get(API + path, headers={"If-None-Match": first.headers["etag"]})

        assert first.headers["etag"].startswith(f'W/"{STREAM}-{first.json()["position"]}-')
        assert (again.status_code, again.content) == (304, b"")


async def test_a_foreign_host_name_is_refused(made: Served) -> None:
    """Without a key, only the names of the own address are answered, so that no web page can read through another."""
    async with made.client(Host="evil.example") as client:
        answer = await client.get(f"{API}/messages")

    assert answer.status_code == 421
    assert answer.headers["content-type"] == PROBLEM


async def test_a_key_is_asked_for_where_one_is_set() -> None:
    """With keys set, everything but health and the page needs one of them, and a wrong key is refused."""
    async with served(moves=0, keys=frozenset([key_digest(API_KEY)])) as made:
        async with made.client() as client:
            for path in (f"{API}/messages", "/metrics", "/openapi.json", "/nowhere"):
                answer = await client.get(path)
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"].startswith("Bearer")
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.get("/topology")).status_code == 200
            assert (await client.get("/assets/none.js")).status_code == 404
            wrong = await client.get(f"{API}/messages", headers={"Authorization": "Bearer x"})
            assert wrong.status_code == 401
        async with made.client(Authorization=f"Bearer {API_KEY}") as client:
            assert (await client.get(f"{API}/messages")).status_code == 200


async def test_the_page_runs_nothing_but_its_own_script(client: httpx2.AsyncClient) -> None:
    """The page allows scripts from its own address only, loads nothing from elsewhere, and all that it names is served."""
    page = await client.get("/messages/main-1")
    policy = page.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(?![^>]* src=)|<style", page.text) == []
    assert named
    for name in named:
        assert name.startswith("/assets/")
        file = await client.get(name)
        assert file.status_code == 200
        assert file.headers["content-security-policy"] == policy
        assert file.headers["cache-control"].endswith("immutable")


async def test_figures_are_served_for_prometheus(made: Served, client: httpx2.AsyncClient) -> None:
    """The log's position and the events counted are among the figures."""
    told = (await client.get("/metrics")).text

    assert f"hoptrail_log_position {float(made.head.next_position)}" in told
    assert 'hoptrail_events_total{kind="published"}' in told


async def test_capture_and_projections_are_level(client: httpx2.AsyncClient) -> None:
    """At the head of the log every projection, the index among them, is caught up."""
    projections = await every(client, "/projections")

    assert all(each["caught_up"] for each in projections)
    assert len({each["position"] for each in projections}) == 1
    assert "index" in {each["name"] for each in projections}


def events_in(text: str) -> list[tuple[str, str, Any]]:
    """Return (name, id, data) of the events in a stream's text."""
    found: list[tuple[str, str, Any]] = []
    for part in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.split("\n") if ": " in line[1:])
        if "data" in fields:
            found.append((fields["event"], fields["id"], orjson.loads(fields["data"])))
    return found


async def append_publish(made: Served, body: bytes) -> str:
    """Append one publish; return its uid."""
    position = made.head.next_position
    ref = BodyRef(body_digest(KEY, body), len(body), made.head.number + 1, 0)
    fact = hostile_publish(body, ref)
    await made.append([Envelope(position, made.head.last_observed_at + STEP_NS, 0, fact)], [body])
    return f"{STREAM}-{position}"


def told(positions: Collection[int]) -> Callable[[str], bool]:
    """Return the condition that the messages at *positions* are in a stream's text."""
    return lambda text: all(f'"{STREAM}-{each}"' in text for each in positions)


async def test_a_stream_gives_what_comes() -> None:
    """A stream that began before a publish gives its message; a filter leaves others out, and marks its words."""
    async with served(moves=0, limits=LONG) as made:
        start = made.head.next_position
        wanted = {"": {start, start + 1}, "&q=wanted": {start + 1}}
        asked = [
            asyncio.create_task(made.streamed(f"{API}/stream?after={start - 1}{query}", told(uids)))
            for query, uids in wanted.items()
        ]
        first = await append_publish(made, b"unlike the other")
        second = await append_publish(made, b"the wanted one")
        everything, filtered = [events_in(await each) for each in asked]

    assert {data["uid"] for _, _, data in everything} >= {first, second}
    assert {data["uid"] for _, _, data in filtered} == {second}
    (body,) = filtered[-1][2]["highlights"]
    assert (body["field"], body["marks"]) == ("body", [{"start": 4, "end": 10}])
    assert everything[-1][2]["highlights"] == []


async def test_a_stream_ends_when_hoptrail_stops() -> None:
    """An open stream ends at once when hoptrail is told to stop, not only with its next sign of life."""
    async with (
        served(moves=0, limits=LONG) as made,
        made.client() as client,
        asyncio.timeout(30),
    ):
        asked = asyncio.create_task(client.get(f"{API}/stream"))
        await append_publish(made, b"while it is open")
        made.ports.stop.set()

        assert (await asked).status_code == 200


async def test_a_stream_resumes_by_position() -> None:
    """After a break, Last-Event-ID brings every change since, none missed."""
    async with served(moves=0, limits=LONG) as made:
        uids = [await append_publish(made, f"message {n}".encode()) for n in range(5)]
        await made.views.until(made.head.next_position)
        start = made.head.next_position - len(uids)
        break_at = {"Last-Event-ID": f"{STREAM}-{start - 1}"}
        resumed = await made.streamed(
            f"{API}/stream", told(range(start, start + len(uids))), **break_at
        )

    assert [data["uid"] for _, _, data in events_in(resumed)] == uids


async def test_a_stream_that_cannot_resume_says_so() -> None:
    """A position that the buffer no longer holds gives one event that tells what was left out."""
    async with served(limits=LONG) as made:
        answer = await made.streamed(f"{API}/stream?after=0", lambda text: bool(events_in(text)))

    name, _, data = events_in(answer)[0]
    assert name == "behind"
    assert data["after"] == "0"


async def test_streams_are_bounded() -> None:
    """Beyond the limit a stream is refused with a problem."""
    async with served(moves=0, limits=Limits(streams_max=0)) as made, made.client() as client:
        answer = await client.get(f"{API}/stream")

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:hoptrail:problem:too-many-streams"
