"""Exports over the API: every match once, typed and streamed, harmless to spreadsheets, bounded, and recorded."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from api.ports import Limits
from events.block import open_block
from events.facts import MessagesExported
from projector.table_text import harmless, lines
from projector.tables import COLUMNS, Column, Kind
from store.ports import Sort
from store.query_parser import parse
from tests.support.served import BODIES, WAIT_S_MAX, Served, served
from tests.support.wait import wait_until_async

pytestmark = pytest.mark.asyncio(loop_scope="module")
KINDS = tuple(COLUMNS)
PAGE = 25


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made() -> AsyncIterator[Served]:
    async with served(limits=Limits(page_items_max=PAGE)) as opened:
        yield opened


async def export(made: Served, kind: str, **parameters: str) -> httpx2.Response:
    async with made.client() as client:
        return await client.get(f"/api/v1/exports/{kind}", params=parameters, timeout=60)


async def rows(made: Served, kind: str, **parameters: str) -> list[dict[str, Any]]:
    answer = await export(made, kind, **parameters)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def found(made: Served, query: str = "") -> set[str]:
    page = await made.ports.index.search(parse(query), sort=Sort(), limit=10**6, now_ns=0)
    return {document.uid for document in page.items}


@pytest.mark.parametrize("query", ["", "exchange:orders", "state:dead-lettered", "nothing-at-all"])
async def test_every_match_is_exported_once(made: Served, query: str) -> None:
    """Over however many pages, each message that matches is one row, in the order of the log."""
    told = await rows(made, "messages", q=query)
    answer = await export(made, "messages", q=query)

    assert {row["uid"] for row in told} == await found(made, query)
    assert [row["position"] for row in told] == sorted({row["position"] for row in told})
    assert int(answer.headers["x-hoptrail-rows"]) == len(told)


@pytest.mark.parametrize("kind", KINDS)
async def test_both_formats_hold_the_same(made: Served, kind: str) -> None:
    """A CSV has the same rows and columns as the JSON lines."""
    lines = await rows(made, kind)
    answer = await export(made, kind, format="csv")
    table = list(csv.DictReader(io.StringIO(answer.text, newline="")))

    assert list(table[0]) == [column.name for column in COLUMNS[kind]]
    assert list(lines[0]) == list(table[0])
    assert len(table) == len(lines)
    assert answer.headers["content-type"].startswith("text/csv")


async def test_deliveries_and_deaths_are_those_of_the_messages(made: Served) -> None:
    """The counts of the parts add up to those of the messages."""
    messages = await rows(made, "messages")
    deliveries = await rows(made, "deliveries")
    edges = await rows(made, "edges")
    deaths = await rows(made, "dead-letters")
    dead = await found(made, "copies.dead_letter.reason:*")

    assert len(deliveries) == sum(row["deliveries"] for row in messages) > 0
    assert sum(row["deliveries"] for row in edges) == len(deliveries)
    assert {row["uid"] for row in deaths} == dead
    assert dead


async def test_queues_of_a_query_are_those_with_matches(made: Served) -> None:
    """With a query only queues are told that a match was in, with how many."""
    every, some = await rows(made, "queues"), await rows(made, "queues", q="queue:work")

    assert len(some) < len(every)
    assert {row["matching"] for row in every} == {None}
    assert all(row["matching"] > 0 for row in some)


async def test_formulas_are_made_harmless(made: Served) -> None:
    """A cell that a spreadsheet would compute begins with an apostrophe in CSV, and is itself in JSON lines."""
    columns = (Column("a", Kind.TEXT), Column("b", Kind.NUMBER))
    evil = ['=cmd|"/c calc"!A1', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]
    told = lines(columns, [(text, -1.5) for text in evil], "csv")
    read = list(csv.reader(io.StringIO(told, newline="")))

    assert [row[0] for row in read] == ["'" + text for text in evil]
    assert {row[1] for row in read} == {"-1.5"}
    assert harmless("a=b") == "a=b"
    assert json.loads(lines(columns, [(evil[0], None)], "jsonl")) == {"a": evil[0], "b": None}


async def test_bodies_come_only_if_asked(made: Served) -> None:
    """With bodies each message has its text or base64; without, only their size."""
    without = await rows(made, "messages")
    told = {row["uid"]: row for row in await rows(made, "messages", bodies="true")}
    hostile = [told[uid] for uid in made.hostile]

    assert "body" not in without[0]
    assert hostile[0]["body"] == BODIES[0].decode()
    assert (hostile[2]["body"], hostile[2]["body_encoding"]) == ("/9j/AA==", "base64")


async def test_what_cannot_be_exported_is_refused(made: Served) -> None:
    """A kind, format or query that means nothing, and bodies of what has none, are told as such."""
    for kind, parameters, status in (
        ("weather", {}, 400),
        ("messages", {"format": "xml"}, 400),
        ("messages", {"q": "exchange:("}, 400),
        ("edges", {"bodies": "true"}, 400),
    ):
        assert (await export(made, kind, **parameters)).status_code == status


async def test_too_many_at_once_are_refused(made: Served) -> None:
    """No more than a few exports run at once."""
    app: Any = made.app
    exports: set[object] = app._app.state.exports
    exports.update(range(4))
    answer = await export(made, "messages")
    exports.clear()

    assert answer.status_code == 503


async def test_an_export_is_recorded() -> None:
    """Who exported what, with which query and how many rows, stands in the log and in the trail."""
    async with served(moves=50) as made:
        told = await rows(made, "messages", q="exchange:*", bodies="true")
        await wait_until_async(lambda: recorded(made), timeout_s=WAIT_S_MAX)
        (deed,) = made.views.trail()
        blocks = [block async for block in made.log.blocks(start=0)]
    (fact,) = [e.fact for e in open_block(blocks[-1]) if isinstance(e.fact, MessagesExported)]

    assert (deed.by, deed.kind) == ("local", "MessagesExported")
    assert (fact.by, fact.kind, fact.query) == ("local", "messages", "exchange:*")
    assert (fact.rows, fact.payloads) == (len(told), True)


async def recorded(made: Served) -> bool:
    return bool(made.views.trail())
