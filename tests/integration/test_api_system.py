"""What the API tells about the system: the topology, and single services, exchanges and queues."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, quote_from_bytes

import httpx2
import pytest

from tests.support.served import HOSTILE_QUEUE, STREAM, Served, served

API = "/api/v1"


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    async with served() as made:
        yield made


@pytest.fixture
async def client(made: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with made.client() as client:
        yield client


async def got(client: httpx2.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await client.get(API + path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_node_of_the_topology_has_a_page(client: httpx2.AsyncClient) -> None:
    """Each service, exchange and queue is found under its name, with just the edges that the topology gives it."""
    topology = await got(client, "/topology")

    for node in topology["nodes"]:
        expected = [edge for edge in topology["edges"] if node["id"] in (edge["from"], edge["to"])]
        found = await got(client, address(node))
        assert found["edges"] == expected
        assert found["position"] == topology["position"]


def address(node: dict[str, Any]) -> str:
    if node["kind"] == "service":
        return f"/services/{quote(node['name'], safe='')}"
    name = node["name"]
    segment = (
        quote(name, safe="") if isinstance(name, str) else quote_from_bytes(HOSTILE_QUEUE, safe="")
    )
    place = f"/{node['kind']}s/{quote(node['vhost'], safe='')}"
    return f"{place}/{segment}" if segment else place


async def test_counts_of_the_edges_are_those_of_the_lists(client: httpx2.AsyncClient) -> None:
    """What services published is what their edges count, and what exchanges were sent is no less."""
    edges = (await got(client, "/topology"))["edges"]
    exchanges = {row["id"]: row for row in (await got(client, "/exchanges"))["items"]}

    for row in (await got(client, "/services"))["items"]:
        mine = [e for e in edges if f"service:{row['name']}" in (e["from"], e["to"])]
        assert sum(e["messages"] for e in mine if e["kind"] == "publish") == row["published"]
        assert sum(e["deliveries"] for e in mine if e["kind"] == "deliver") == row["consumed"]
    for edge in edges:
        assert edge["failures"] is None or 0 <= edge["failures"] <= edge["deliveries"]
        assert sum(edge["failures_by"].values()) == (edge["failures"] or 0)
    for ident, row in exchanges.items():
        published = [e for e in edges if e["to"] == ident and e["kind"] == "publish"]
        assert sum(e["messages"] for e in published) <= row["messages"]


async def test_a_queue_says_who_its_messages_come_from(client: httpx2.AsyncClient) -> None:
    """The queue's page holds what the list says of it, and its publishers are nodes of the topology."""
    nodes = {node["id"]: node for node in (await got(client, "/topology"))["nodes"]}
    rows = {(row["vhost"], row["name"]): row for row in listed(await got(client, "/queues"))}
    found = await got(client, "/queues/%2F/work")

    assert found.items() >= rows["/", "work"].items()
    assert found["publishers"]
    assert {each["service"] for each in found["publishers"]} <= {*nodes, None}
    assert {each["exchange"] for each in found["publishers"]} <= set(nodes)
    assert nodes["queue:/:retry"]["role"] == found["node"]["role"] is None


def listed(answer: Any) -> list[dict[str, Any]]:
    return [row for row in answer["items"] if isinstance(row["name"], str)]


@pytest.mark.parametrize(
    "path",
    ["/services/nobody", "/services/%FF", "/exchanges/none", "/exchanges/%2F/none", "/queues/a/b"],
)
async def test_what_is_not_there_is_a_404(client: httpx2.AsyncClient, path: str) -> None:
    """A name that neither is declared nor was seen is not found, and said so."""
    answer = await client.get(API + path)

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:hoptrail:problem:not-found"


@pytest.mark.parametrize("path", ["/exchanges", "/services/app1", "/exchanges/%2F/orders"])
async def test_an_unchanged_page_costs_a_304(client: httpx2.AsyncClient, path: str) -> None:
    """The entity tag is the position."""
    first = await client.get(API + path)
    again = await client.get(API + path, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["etag"].startswith(f'W/"{STREAM}-')
    assert (again.status_code, again.content) == (304, b"")


async def test_rates_are_told_of_all_and_of_each_node(
    made: Served, client: httpx2.AsyncClient
) -> None:
    """The buckets of the whole hold what the ledger counted, and each node has its own series."""
    seen = await got(client, "/capture")
    span = {"since": seen["first_observed_at"], "until": seen["last_observed_at"]}
    whole = await got(client, "/rates", buckets=10, **span)

    assert sum(bucket["published"] for bucket in whole["buckets"]) == seen["published"]
    assert sum(bucket["delivered"] for bucket in whole["buckets"]) == seen["delivered"]
    assert len(whole["buckets"]) <= 11
    for node in (await got(client, "/topology"))["nodes"]:
        found = await got(client, "/rates", about=node["id"], **span)
        assert found["about"] == node["id"]
    late = await got(client, "/rates", **(span | {"since": span["until"]}))
    assert (late["resolution_s"], late["width_s"]) == (10, 10)


async def test_a_queue_has_its_depths_over_time(client: httpx2.AsyncClient) -> None:
    """A queue that was sampled has depths within the times asked for, oldest first."""
    seen = await got(client, "/capture")
    span = {"since": seen["first_observed_at"], "until": seen["last_observed_at"]}
    depths = (await got(client, "/rates", about="queue:/:work", **span))["depths"]

    assert depths
    assert [each["at"] for each in depths] == sorted(each["at"] for each in depths)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("to=queue:/:work", 400),
        ("about=queue:/:none", 404),
        ("about=queue:/:work&to=service:none", 404),
        ("since=now&until=now-1h", 400),
        ("buckets=501", 400),
        ("since=yesterday", 400),
    ],
)
async def test_rates_of_what_is_not_there_are_a_problem(
    client: httpx2.AsyncClient, asked: str, status: int
) -> None:
    """A way without a beginning, a node that is none, times in the wrong order: each is told."""
    assert (await client.get(f"{API}/rates?{asked}")).status_code == status


async def test_changes_are_paged_and_chosen(client: httpx2.AsyncClient) -> None:
    """Page by page they are the whole, newest first; a kind or an id leaves the others out."""
    whole = (await got(client, "/changes", limit=500))["items"]
    paged: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await got(client, "/changes", limit=7, **cursor)
        paged += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert paged == whole
    assert [each["at"] for each in whole] == sorted((e["at"] for e in whole), reverse=True)
    answer = await client.get(f"{API}/changes?kind=capture-started&kind=gap-opened")
    assert {each["kind"] for each in answer.json()["items"]} == {"capture-started", "gap-opened"}
    about = (await got(client, "/changes", about="vhost:/", limit=500))["items"]
    assert about
    assert all("vhost:/" in each["about"] for each in about)


@pytest.mark.parametrize("asked", ["kind=other", "cursor=AAAA", "about="])
async def test_changes_that_are_none_are_a_400(client: httpx2.AsyncClient, asked: str) -> None:
    """A kind that there is not, and a damaged cursor, are told as problems."""
    assert (await client.get(f"{API}/changes?{asked}")).status_code == 400
