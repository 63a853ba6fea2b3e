"""Traces over the API: long ones page by page, changed parents with what was believed before."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from cli.render import message as render_message
from events.facts import Envelope
from tests.support.served import STEP_NS, Served, index_all, served
from tests.unit.linker_log import Log
from tests.unit.test_large_conversations import TRACE, told
from tests.unit.test_late_parents import late, traceparent, two_nodes

pytestmark = pytest.mark.asyncio(loop_scope="module")

API = "/api/v1"
MESSAGES = 1_300
LATE = "f" * 32


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made() -> AsyncIterator[Served]:
    async with served(moves=0) as made:
        cluster = two_nodes()
        late(cluster, headers=traceparent(1, LATE))
        for log in (told(MESSAGES), cluster):
            await made.append(placed(made, log))
        await made.views.until(made.head.next_position)
        await index_all(made)
        yield made


def placed(made: Served, log: Log) -> Sequence[Envelope]:
    """Return what *log* tells, at the positions and times that follow."""
    first, at = made.head.next_position, made.head.last_observed_at
    return [
        Envelope(first + number, at + (number + 1) * STEP_NS, 0, envelope.fact)
        for number, envelope in enumerate(log.envelopes)
    ]


@pytest_asyncio.fixture(loop_scope="module")
async def client(made: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with made.client() as client:
        yield client


async def pages(client: httpx2.AsyncClient, trace_id: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor is not None or not found:
        given = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = await client.get(f"{API}/traces/{trace_id}", params=given)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        cursor = found[-1]["next"]
    return found


async def test_a_long_trace_is_paged_and_not_cut(client: httpx2.AsyncClient) -> None:
    """Its pages give each message once, oldest first, and each says how many there are in all."""
    found = await pages(client, TRACE, 500)
    items = [item for page in found for item in page["items"]]

    assert [len(page["items"]) for page in found] == [500, 500, 300]
    assert len({item["uid"] for item in items}) == MESSAGES
    assert all(a["published_at"] <= b["published_at"] for a, b in pairwise(items))
    assert {page["total"] for page in found} == {MESSAGES}


async def test_the_page_size_changes_nothing(client: httpx2.AsyncClient) -> None:
    """Small pages and large ones hold the same, parents included."""
    one, other = await pages(client, TRACE, 500), await pages(client, TRACE, 330)
    told = [
        [(item["uid"], item["parent"]) for page in found for item in page["items"]]
        for found in (one, other)
    ]

    assert told[0] == told[1]


async def test_a_changed_parent_says_what_was_believed_before(client: httpx2.AsyncClient) -> None:
    """A message linked late tells when, by which event, from what, to what and why; so does ``hoptrail show``."""
    (page,) = await pages(client, LATE, 500)
    (child,) = [item for item in page["items"] if item["parent"]]
    (change,) = child["parent_changes"]
    shown = [
        "".join(part if isinstance(part, str) else part[0] for part in line)
        for line in render_message.draw((await client.get(f"{API}/messages/{child['uid']}")).json())
    ]

    assert (change["before"], change["after"]) == (None, child["parent"])
    assert change["why"] == "its delivery to the publisher was told after this publish"
    (line,) = [line for line in shown if "changed" in line]
    assert f"from nothing to {child['parent']['uid']}: traceparent" in line
    assert line.endswith(change["why"])
