"""Latencies over the API: what the view counted, and the same of the matches of a query."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from events.facts import Envelope
from tests.support.served import WAIT_S_MAX, Served, index_all, served
from tests.support.story import Story

SHOP, BILLING, MAIL = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b", "3.3.3.3:3 -> b"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made() -> AsyncIterator[Served]:
    async with served(moves=0) as opened:
        first = opened.head.next_position
        told = [
            Envelope(first + each.position, each.observed_at, each.lag_ms, each.fact)
            for each in shop(at=opened.head.last_observed_at).envelopes
        ]
        await opened.append(told)
        async with asyncio.timeout(WAIT_S_MAX):
            await opened.views.until(opened.head.next_position)
            await index_all(opened)
        yield opened


def shop(at: int) -> Story:
    """Orders that lead to bills, each after a wait of its own; a bill in three is delivered."""
    story = Story(at=at)
    for connection, name in ((SHOP, "shop"), (BILLING, "billing"), (MAIL, "mail")):
        story.connect(connection, name)
    for number in range(30):
        own = {"correlation_id": str(number)}
        order = story.publish(SHOP, "orders", "new", ("bills",), type=f"order.{number % 3}", **own)
        story.wait(number)
        story.deliver(order, "bills", BILLING)
        bill = story.publish(BILLING, "bills", "sent", ("mails",), type="bill", **own)
        if number % 3 == 0:
            story.deliver(bill, "mails", MAIL)
    return story


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def get(made: Served, **parameters: str) -> httpx2.Response:
    async with made.client() as client:
        return await client.get("/api/v1/latencies", params=parameters)


async def latencies(made: Served, **parameters: str) -> dict[str, Any]:
    answer = await get(made, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("by", ["edge", "queue", "type"])
async def test_a_query_for_everything_counts_the_same(made: Served, by: str) -> None:
    """The waits of all matches are those that the view counted."""
    view = await latencies(made, by=by)
    matches = await latencies(made, by=by, q="exchange:* OR -exchange:*")

    def waits(answer: dict[str, Any]) -> dict[tuple[str, ...], Any]:
        names = ("publisher", "subscriber", "vhost", "queue", "type")
        return {
            tuple(str(row[name]) for name in names): row["queue_wait"]
            for row in answer["items"]
            if row["queue_wait"]["count"]
        }

    assert waits(view)
    assert waits(matches) == waits(view)
    assert (view["basis"], matches["basis"]) == ("every delivery", "all matches")


async def test_a_range_without_deliveries_has_no_rows(made: Served) -> None:
    """Nothing is told of a time in which nothing was delivered."""
    answer = await latencies(made, since="2001-01-01", until="2001-01-02")

    assert (answer["items"], answer["rows"]) == ([], 0)


async def test_an_unchanged_answer_need_not_be_sent_again(made: Served) -> None:
    """The entity tag is the position folded in."""
    tag = (await get(made)).headers["etag"]
    async with made.client(**{"if-none-match": tag}) as client:
        assert (await client.get("/api/v1/latencies")).status_code == 304


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({"by": "weather"}, "parameter-invalid"),
        ({"since": "soon"}, "parameter-invalid"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "parameter-invalid"),
        ({"q": "exchange:("}, "query-invalid"),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    made: Served, parameters: dict[str, str], kind: str
) -> None:
    """A parameter or query that means nothing is told, with its kind."""
    answer = await get(made, **parameters)

    assert answer.status_code == 400
    assert answer.json()["type"].endswith(kind)


async def test_a_message_tells_its_own_times(made: Served) -> None:
    """A message has its waits, its estimated work with evidence, and its end to end."""
    async with made.client() as client:
        query = "copies.attempts.processing_ms:>0 end_to_end_ms:>0"
        found = (await client.get("/api/v1/messages", params={"q": query})).json()["items"]
    attempts = [a for m in found for c in m["copies"] for a in c["attempts"] if a["processing_ms"]]

    assert found
    assert all(message["end_to_end_ms"] > 0 for message in found)
    assert all(attempt["processing_evidence"] for attempt in attempts)
