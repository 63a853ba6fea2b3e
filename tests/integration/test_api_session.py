"""A browser's session: what its cookie opens, how it ends, and that neither the key nor another page can come through it."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.attempts import WRONG_PER_WINDOW_MAX
from api.holders import SESSION_S
from api.ports import ApiPorts, Limits, key_digest, new_key
from events.operations import ADMIN, METADATA, PAYLOAD
from tests.support.served import URL, Served, served

API = "/api/v1"
ROOT = "a-key-of-the-settings-long-enough"
OURS = {"Origin": URL}
STREAM_S = 0.1
NS = 1_000_000_000


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    limits = Limits(stream_s_max=STREAM_S, heartbeat_s=0.02)
    async with served(moves=20, limits=limits, keys=frozenset({key_digest(ROOT)})) as made:
        yield made


async def log_in(client: httpx2.AsyncClient, key: str) -> httpx2.Response:
    """Open a session; the client keeps its cookie."""
    return await client.post(f"{API}/session", json={"key": key}, headers=OURS)


async def new(made: Served, *scopes: str) -> dict[str, Any]:
    """Make a key with *scopes* and return it as the API shows it once."""
    async with made.client(Authorization=f"Bearer {ROOT}") as root:
        answer = await root.post(f"{API}/keys", json={"name": "test", "scopes": list(scopes)})
        assert answer.status_code == 201, answer.text
        return answer.json()


def over(ports: ApiPorts) -> httpx2.AsyncClient:
    """Return a client of another API, over *ports*."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(create_app(ports)), base_url=URL)


async def test_a_session_opens_what_its_key_opens(made: Served) -> None:
    """With the cookie alone lists, bodies and the stream answer, as far as the scopes of the key go."""
    key = await new(made, PAYLOAD)
    async with made.client() as client:
        before = await client.get(f"{API}/session")
        opened = await log_in(client, key["key"])
        body = await client.get(f"{API}/messages/{made.hostile[0]}/body")
        stream = await client.get(f"{API}/stream", params={"after": 0})
        forbidden = await client.get(f"{API}/keys")

        assert before.json() == {"key_needed": True, "who": None, "ends_at": None}
        assert opened.json()["who"] == {"by": key["id"], "scopes": [METADATA, PAYLOAD]}
        assert opened.json()["ends_at"] is not None
        assert (await client.get(f"{API}/session")).json() == opened.json()
        assert (await client.get(f"{API}/access")).json()["by"] == key["id"]
        assert (body.status_code, stream.status_code) == (200, 200)
        assert forbidden.status_code == 403


async def test_the_cookie_is_for_this_site_and_no_script(made: Served) -> None:
    """The cookie is out of reach for scripts and other sites, ends after 12 hours, and holds neither key nor digest."""
    async with made.client() as client:
        plain = (await log_in(client, ROOT)).headers["set-cookie"]
    async with made.client() as client:
        proxied = await client.post(
            f"{API}/session", json={"key": ROOT}, headers={"Origin": "https://localhost"}
        )

    _, *attributes = plain.lower().split("; ")
    assert sorted(attributes) == ["httponly", "max-age=43200", "path=/", "samesite=strict"]
    assert "; secure" in proxied.headers["set-cookie"].lower()
    assert ROOT not in plain
    assert key_digest(ROOT).hex() not in plain


async def test_a_session_ends_with_its_key(made: Served) -> None:
    """Revoking the key, or taking it out of the settings, ends its sessions at once, and no other."""
    key = await new(made, METADATA)
    async with made.client() as client, made.client(**OURS) as root:
        await log_in(client, key["key"])
        await log_in(root, ROOT)
        assert (await client.get(f"{API}/topology")).status_code == 200
        assert (await root.post(f"{API}/keys/{key['id']}/revoke", json={})).status_code == 200

        assert (await client.get(f"{API}/topology")).status_code == 401
        assert (await client.get(f"{API}/session")).json()["who"] is None
        assert (await root.get(f"{API}/topology")).status_code == 200
        changed = replace(made.ports, key_digests=frozenset({key_digest("another key, as long")}))
        async with over(changed) as elsewhere:
            answer = await elsewhere.get(f"{API}/topology", headers={"Cookie": cookie(root)})
    assert answer.status_code == 401


async def test_a_session_ends_in_time(made: Served) -> None:
    """After its 12 hours a cookie opens nothing, whatever the browser does with it."""
    async with made.client() as client:
        await log_in(client, ROOT)
        held = {"Cookie": cookie(client)}
    for passed_s, status in ((SESSION_S - 60, 200), (SESSION_S + 60, 401)):
        later = replace(made.ports, clock=lambda passed=passed_s: time.time_ns() + passed * NS)
        async with over(later) as client:
            assert (await client.get(f"{API}/topology", headers=held)).status_code == status


async def test_no_cookie_can_be_made_up(made: Served) -> None:
    """A cookie that is changed, of another store, or moved to another holder opens nothing."""
    key = await new(made, METADATA)
    async with made.client() as client:
        await log_in(client, key["key"])
        name, _, value = cookie(client).partition("=")
    elsewhere = replace(made.ports, cursor_key=b"x" * 32)
    told = value.partition(".")[2]
    for wrong in (f"root.{told}", f"{key['id']}.{told[:-1]}", f"{key['id']}.", told, "", "root.x"):
        async with made.client(Cookie=f"{name}={wrong}") as client:
            assert (await client.get(f"{API}/topology")).status_code == 401, wrong
    async with over(elsewhere) as client:
        answer = await client.get(f"{API}/topology", headers={"Cookie": f"{name}={value}"})
    assert answer.status_code == 401


async def test_a_page_elsewhere_cannot_use_a_session(made: Served) -> None:
    """With a session, what changes something needs the origin of our own page beside being JSON."""
    async with made.client() as client:
        await log_in(client, ROOT)
        wanted = {"name": "n", "scopes": [ADMIN]}
        for headers, status in (
            ({}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            (OURS | {"Content-Type": "text/plain"}, 415),
            (OURS, 201),
        ):
            answer = await client.post(f"{API}/keys", json=wanted, headers=headers)
            assert answer.status_code == status, (headers, answer.text)
        theirs = await client.delete(f"{API}/session", headers={"Origin": "http://evil.example"})

    assert theirs.status_code == 403


async def test_logging_out_forgets_the_cookie(made: Served) -> None:
    """After logging out the browser has no cookie and nothing opens."""
    async with made.client() as client:
        await log_in(client, ROOT)
        answer = await client.delete(f"{API}/session", headers=OURS)

        assert answer.status_code == 204
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert (await client.get(f"{API}/topology")).status_code == 401


async def test_wrong_keys_are_refused_counted_and_slowed(made: Served) -> None:
    """Each wrong key is a 401 and a denial; after some within a minute even a right one has to wait."""
    unknown = new_key("0" * 16, "x" * 43)
    async with made.client() as client:
        for n in range(WRONG_PER_WINDOW_MAX):
            answer = await log_in(client, unknown if n % 2 else "nothing like a key")
            assert answer.status_code == 401
            assert "set-cookie" not in answer.headers
        slowed = await log_in(client, ROOT)
    async with made.client(Authorization=f"Bearer {ROOT}") as root:
        metrics = (await root.get("/metrics")).text

    assert slowed.status_code == 429
    assert slowed.json()["type"] == "urn:hoptrail:problem:too-many-attempts"
    assert 0 < int(slowed.headers["retry-after"]) <= 60
    assert f'hoptrail_access_denied_total{{scope="any"}} {WRONG_PER_WINDOW_MAX}.0' in metrics


async def test_without_keys_nobody_has_to_log_in() -> None:
    """On a loopback address without keys everybody is somebody, and a damaged cookie harms nothing."""
    async with served(moves=0) as made, made.client() as client:
        told = (await client.get(f"{API}/session")).json()
        assert told["key_needed"] is False
        assert told["who"]["by"] == "local"
        assert told["ends_at"] is None
    async with served(moves=0) as made, made.client(Cookie="hoptrail_0=x; =; ;") as client:
        assert (await client.get(f"{API}/topology")).status_code == 200


def cookie(client: httpx2.AsyncClient) -> str:
    """Return the one cookie that *client* holds, as a header."""
    ((name, value),) = client.cookies.items()
    return f"{name}={value}"
