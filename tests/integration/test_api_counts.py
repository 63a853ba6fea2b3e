"""What the API tells about the matches of a search: marks, counts by time, counts by value."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, get_args

import httpx2
import pytest

from api.wire import time
from api.wire_messages import State
from cli.render.values import nanoseconds
from store.fields import FIELDS
from store.ports import Sort
from store.query_parser import parse
from tests.support.served import BODIES, Served, served

API = "/api/v1"
LATE = "2200-01-01"


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    async with served() as made:
        yield made


@pytest.fixture
async def client(made: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with made.client() as client:
        yield client


async def asked(client: httpx2.AsyncClient, path: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get(f"{API}/messages{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def everything(made: Served, query: str = "") -> list[int]:
    """Return when each match was published, in ns."""
    page = await made.ports.index.search(parse(query), sort=Sort(), limit=10**6, now_ns=0)
    return [document.published_at for document in page.items]


def marked(highlight: dict[str, Any]) -> list[str]:
    return [highlight["text"][mark["start"] : mark["end"]] for mark in highlight["marks"]]


async def test_a_search_marks_its_words(made: Served, client: httpx2.AsyncClient) -> None:
    """A message found by words of its body tells where they stand, and in which value."""
    (found,) = (await asked(client, "", q='"card declined" vhost:/'))["items"]

    assert found["uid"] == made.hostile[0]
    body, vhost = found["highlights"]
    assert (body["field"], body["text"]) == ("body", BODIES[0].decode())
    assert (body["begins_at"], body["value_chars"]) == (0, len(BODIES[0]))
    assert marked(body) == ["card", "declined"]
    assert (vhost["field"], marked(vhost)) == ("vhost", ["/"])


async def test_headers_and_names_are_marked(client: httpx2.AsyncClient) -> None:
    """A word in a header or a name is marked under the name that a query has for it, hostile as it may be."""
    found = (await asked(client, "", q="owned 31mred", limit=1))["items"][0]["highlights"]

    assert {each["field"]: marked(each) for each in found} == {
        "header.evil": ["owned"],
        "exchange": ["31mred"],
    }


async def test_a_body_too_large_for_a_list_is_marked(
    made: Served, client: httpx2.AsyncClient
) -> None:
    """The body itself is left out; the part around its first mark is there."""
    (found,) = (await asked(client, "", q="xxx*", sort="-body.size", limit=1))["items"]

    assert found["uid"] == made.hostile[5]
    assert found["body"]["left_out"] == "large"
    (body,) = found["highlights"]
    assert (body["field"], body["begins_at"], body["value_chars"]) == ("body", 0, len(BODIES[5]))
    assert marked(body)[0] == "x" * 255


@pytest.mark.parametrize("query", ["", "latency_ms:>=0", "-nothing", "exchange:*"])
async def test_a_search_without_words_marks_nothing(client: httpx2.AsyncClient, query: str) -> None:
    """Ranges, existence and negations leave the list of highlights empty."""
    items = (await asked(client, "", q=query))["items"]

    assert items
    assert all(item["highlights"] == [] for item in items)


async def test_a_histogram_counts_every_message(made: Served, client: httpx2.AsyncClient) -> None:
    """Without a time of its own it spans the retained log, without holes, and counts all that was published in it."""
    told = await asked(client, "/histogram", buckets=7)
    times = await everything(made)
    buckets = told["buckets"]

    assert len(buckets) <= 7
    assert (buckets[0]["since"], buckets[-1]["until"]) == (told["since"], told["until"])
    assert [each["until"] for each in buckets[:-1]] == [each["since"] for each in buckets[1:]]
    for each in buckets:
        begin, end = nanoseconds(each["since"]), nanoseconds(each["until"])
        assert each["count"] == sum(begin <= at < end for at in times)
    assert told["total"] == sum(each["count"] for each in buckets) == len(times)


async def test_a_histogram_is_told_apart_by_state(made: Served, client: httpx2.AsyncClient) -> None:
    """With `by` each bucket says how many of its matches have each state; without it nothing is said of them."""
    states = Counter(item["state"] for item in (await asked(client, "", limit=500))["items"])

    told = await asked(client, "/histogram", buckets=7, by="state")
    plain = await asked(client, "/histogram", buckets=7)

    assert sum((Counter(each["parts"]) for each in told["buckets"]), Counter()) == states
    assert [each["count"] for each in told["buckets"]] == [
        sum(each["parts"].values()) for each in told["buckets"]
    ]
    assert [each | {"parts": None} for each in told["buckets"]] == plain["buckets"]


async def test_a_histogram_takes_its_time_from_the_query(
    made: Served, client: httpx2.AsyncClient
) -> None:
    """The query's published_at gives the ends; since and until go before it, and the query still counts."""
    times = sorted(await everything(made))
    low, high = time(times[10]), time(times[20])
    query = f'published_at:["{low}" TO "{high}"]'

    told = await asked(client, "/histogram", q=query, buckets=3)
    wider = await asked(client, "/histogram", q=query, since=time(times[0]), until=LATE, buckets=2)
    narrower = await asked(client, "/histogram", q=query, until=time(times[10]))

    assert (told["since"], told["total"]) == (
        low,
        sum(times[10] <= at <= times[20] for at in times),
    )
    assert nanoseconds(told["until"]) == times[20] + 1
    assert (wider["since"], wider["total"]) == (time(times[0]), told["total"])
    assert [each["count"] for each in narrower["buckets"]] == [times.count(times[10])]


async def test_a_histogram_of_an_empty_log_is_empty() -> None:
    """Before anything was observed, the last hour is told, and nothing in it."""
    async with served(moves=0) as made:
        await made.ports.index.clear()
        async with made.client() as client:
            told = await asked(client, "/histogram", since="now-1h", until="now", buckets=6)

    assert told["total"] == 0
    assert len(told["buckets"]) == 6


async def test_facets_say_what_they_counted(made: Served, client: httpx2.AsyncClient) -> None:
    """Values come with their counts, the commonest first, and with the number of matches they are of."""
    items = (await asked(client, "", limit=500, q="vhost:/"))["items"]
    expected = Counter(item["state"] for item in items)

    answer = await client.get(
        f"{API}/messages/facets?q=vhost:/&field=state&field=header.float&field=body.truncated&size=50"
    )
    told = answer.json()

    state, header, truncated = told["facets"]
    assert {each["value"]: each["count"] for each in state["values"]} == expected
    assert [each["count"] for each in state["values"]] == sorted(expected.values(), reverse=True)
    assert header == {"field": "header.float", "values": [{"value": "inf", "count": len(BODIES)}]}
    assert truncated["values"][0]["value"] == "false"
    assert (told["counted"], told["counted_are"]) == (len(items), "all")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/histogram?since=yesterday", "parameter-invalid"),
        ("/histogram?since=now&until=now-1h", "parameter-invalid"),
        ("/histogram?since=1680-01-01&until=2260-01-01", "parameter-invalid"),
        ("/histogram?buckets=0", "parameter-invalid"),
        ("/histogram?buckets=501", "parameter-invalid"),
        ("/histogram?since=now&since=now", "parameter-invalid"),
        ("/histogram?q=nofield:x", "query-invalid"),
        ("/histogram?width=5", "parameter-unknown"),
        ("/histogram?by=queue", "parameter-invalid"),
        ("/facets", "parameter-invalid"),
        ("/facets?field=nofield", "parameter-invalid"),
        ("/facets?field=body", "parameter-invalid"),
        ("/facets?field=body.order", "parameter-invalid"),
        ("/facets?field=state&size=101", "parameter-invalid"),
        ("/facets?field=state&q=nofield:x", "query-invalid"),
    ],
)
async def test_what_cannot_be_counted_is_a_problem(
    client: httpx2.AsyncClient, path: str, kind: str
) -> None:
    """Times that are none, ends in the wrong order, too much asked for, and fields without values are told as problems."""
    answer = await client.get(f"{API}/messages{path}")

    assert answer.status_code == 400
    assert answer.json()["type"] == f"urn:hoptrail:problem:{kind}"


async def test_a_wrong_query_points_at_what_is_wrong(client: httpx2.AsyncClient) -> None:
    """The problem names the characters from `position` to before `end`, for a box to mark them."""
    for query, wrong in (
        ("state:x nofield:y", "nofield"),
        ('a "b c', '"b c'),
        ("latency_ms:fast", "fast"),
        ("a AND", ""),
        ("(a", "("),
    ):
        told = (await client.get(f"{API}/messages", params={"q": query})).json()
        assert query[told["position"] : told["end"]] == wrong, query


async def test_values_are_completed(client: httpx2.AsyncClient) -> None:
    """With a prefix only values that begin so are counted, upper and lower case alike."""
    told = await asked(client, "/facets", field="state", prefix="WAIT")
    none = await asked(client, "/facets", field="state", prefix="nothing")

    assert [each["value"] for each in told["facets"][0]["values"]] == ["waiting"]
    assert none["facets"] == [{"field": "state", "values": []}]


async def test_every_field_is_told_with_what_it_is(client: httpx2.AsyncClient) -> None:
    """The fields of the query language come with kind, sentence, example and fixed values, and headers that were seen."""
    answer = await client.get("/api/v1/fields")
    told = {each["name"]: each for each in answer.json()["items"]}

    assert list(told) == [*FIELDS, "header.", "body."]
    assert told["state"]["values"] == list(get_args(State))
    assert (told["state"]["counted"], told["body"]["counted"], told["body."]["counted"]) == (
        True,
        False,
        False,
    )
    assert "header.evil" in answer.json()["headers"]
    assert answer.json()["headers_of"] > 0
    for each in told.values():
        found = await client.get(f"{API}/messages", params={"q": each["example"], "limit": 1})
        assert found.status_code == 200, each["example"]
        if each["counted"]:
            path = "evil" if each["is_prefix"] else ""
            counted = await client.get(f"{API}/messages/facets?field={each['name']}{path}")
            assert counted.status_code == 200, each["name"]


@pytest.mark.parametrize(
    "path", ["/facets?field=state", "/histogram?since=2020-01-01&until=2200-01-01"]
)
async def test_an_unchanged_count_is_a_304(client: httpx2.AsyncClient, path: str) -> None:
    """As long as nothing was indexed, the tag of the last answer spares the next."""
    first = await client.get(f"{API}/messages{path}")
    again = await client.get(
        f"{API}/messages{path}", headers={"If-None-Match": first.headers["etag"]}
    )

    assert (first.status_code, again.status_code) == (200, 304)
