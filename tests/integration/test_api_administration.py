"""What only administrators see and do beside keys: the settings in force, and the views folded again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from api.app import create_app
from cli.settings import load
from cli.settings_in_force import in_force
from tests.support.served import URL, Served, served
from tests.support.wait import wait_until_async

API = "/api/v1"
REBUILT_S_MAX = 60.0


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    async with served(moves=200) as made:
        yield made


@pytest.fixture
async def client(made: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with made.client() as client:
        yield client


async def test_the_settings_in_force_are_told(made: Served) -> None:
    """Every setting of the process is listed with its value, default, unit and meaning, secrets as set or not."""
    given = {"HOPTRAIL_API_KEY": "a-key-of-20-characters", "HOPTRAIL_RETENTION_DAYS": "3"}
    app = create_app(replace(made.ports, settings=in_force(load(given))))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
        answer = await client.get(f"{API}/settings")
    told = {row["name"]: row for row in answer.json()["items"]}

    assert given["HOPTRAIL_API_KEY"] not in answer.text
    assert told["HOPTRAIL_API_KEY"]["value"] == "set"
    assert told["HOPTRAIL_RETENTION_DAYS"] == {
        "name": "HOPTRAIL_RETENTION_DAYS",
        "value": "3.0",
        "default": "14.0",
        "is_default": False,
        "is_secret": False,
        "unit": "days",
        "meaning": "Days that events are kept; whole segments leave.",
    }


async def rebuilds(client: httpx2.AsyncClient) -> dict[str, dict[str, Any] | None]:
    """Return the newest rebuild of each projection by its name."""
    rows = (await client.get(f"{API}/projections")).json()["items"]
    return {row["name"]: row["rebuild"] for row in rows}


async def digests(client: httpx2.AsyncClient) -> dict[str, str | None]:
    """Return the digest of each projection by its name."""
    rows = (await client.get(f"{API}/projections", params={"digests": "true"})).json()["items"]
    return {row["name"]: row["digest"] for row in rows}


async def test_the_views_are_rebuilt_with_progress(
    made: Served, client: httpx2.AsyncClient
) -> None:
    """Asked for one view all are folded again, `/projections` tells how far, and at the end their digests are the same."""
    before, digests_before = (await client.get(f"{API}/topology")).json(), await digests(client)
    assert set((await rebuilds(client)).values()) == {None}
    asked = await client.post(f"{API}/projections/topology/rebuild", json={})

    async def is_done() -> bool:
        told = (await rebuilds(client))["topology"]
        return told is not None and told["state"] != "running"

    await wait_until_async(is_done, timeout_s=REBUILT_S_MAX)
    told = await rebuilds(client)

    assert asked.status_code == 202
    assert {row["rebuild"]["state"] for row in asked.json()["items"]} <= {"running", "done"}
    assert told.pop("index") is None
    for rebuild in told.values():
        assert rebuild is not None
        assert (rebuild["state"], rebuild["error"]) == ("done", None)
        assert rebuild["position"] == rebuild["target"] == str(made.head.next_position)
        assert rebuild["started_at"].endswith("Z")
    assert (await client.get(f"{API}/topology")).json() == before
    assert digests_before["topology"] is not None
    assert await digests(client) == digests_before


async def test_what_cannot_be_rebuilt_says_why(client: httpx2.AsyncClient) -> None:
    """The message index is refused with the command that does it, and an unknown projection is not found."""
    index = await client.post(f"{API}/projections/index/rebuild", json={})
    unknown = await client.post(f"{API}/projections/nothing/rebuild", json={})

    assert index.status_code == 409
    assert "hoptrail replay --rebuild" in index.json()["detail"]
    assert unknown.status_code == 404
