"""Who may do what: every route against every scope, bodies everywhere they could show, pages elsewhere, denials."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from api.app import create_app, document_of
from api.holders import holder
from api.ports import Limits, key_digest, key_id_in, new_key
from api.routes.stream import follow
from api.scopes import OPEN, SCOPE_OF, looks_into_bodies, who_with
from events.facts import BodyRef, Envelope
from events.identity import body_digest
from events.operations import ADMIN, EDIT, METADATA, PAYLOAD, RETRY, SCOPES
from store.documents import MessageDocument
from store.query_parser import parse
from tests.support.histories import KEY
from tests.support.served import STEP_NS, STREAM, Served, hostile_publish, index_all, served
from tests.support.wait import wait_until_async

API = "/api/v1"
ROOT = "a-key-of-the-settings-long-enough"
ALLOWED = {
    METADATA: {METADATA},
    PAYLOAD: {METADATA, PAYLOAD},
    RETRY: {METADATA, RETRY},
    EDIT: {METADATA, PAYLOAD, RETRY, EDIT},
    ADMIN: {METADATA, PAYLOAD, RETRY, ADMIN},
}
TOLD_S_MAX = 60
STREAM_S = 0.1


def routes() -> list[tuple[str, str, str, str]]:
    """Return (method, path, operation id, scope) of every operation of the document."""
    return [
        (method.upper(), path, operation["operationId"], operation.get("x-hoptrail-scope", OPEN))
        for path, offered in document_of(secured=True)["paths"].items()
        for method, operation in offered.items()
    ]


@pytest.fixture
async def made() -> AsyncIterator[Served]:
    limits = Limits(stream_s_max=STREAM_S, heartbeat_s=0.02)
    keys = frozenset({key_digest(ROOT)})
    async with served(moves=20, limits=limits, keys=keys, edits=True) as made:
        yield made


async def new(made: Served, *scopes: str) -> dict[str, Any]:
    """Make a key with *scopes* and return it as the API shows it once."""
    async with made.client(Authorization=f"Bearer {ROOT}") as root:
        answer = await root.post(f"{API}/keys", json={"name": "test", "scopes": list(scopes)})
        assert answer.status_code == 201, answer.text
        return answer.json()


def authorized(key: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['key']}"}


def bearer(made: Served, key: dict[str, Any]) -> httpx2.AsyncClient:
    return made.client(**authorized(key))


def long_lived(made: Served) -> Served:
    """Return the same API with streams that end when their reader goes away, however slow the machine is."""
    ports = replace(made.ports, limits=Limits(stream_s_max=600, heartbeat_s=600))
    return replace(made, ports=ports, app=create_app(ports))


def is_message_in(text: str) -> bool:
    return "event: message" in text


async def denials(made: Served) -> list[dict[str, Any]]:
    """Return the denials in the trail."""
    async with made.client(Authorization=f"Bearer {ROOT}") as root:
        found = (await root.get(f"{API}/operations", params={"limit": 500})).json()["items"]
        return [each for each in found if each["kind"] == "AccessDenied"]


async def test_an_answer_without_bodies_is_another_one(made: Served) -> None:
    """What a browser kept of a key's answers is not taken for those of another key that may see more or less."""
    some, other = await new(made, METADATA), await new(made, PAYLOAD)
    for path in (f"/messages/{made.hostile[0]}", f"/messages?q=uid:{made.hostile[0]}"):
        for first, second in ((some, other), (other, some)):
            async with bearer(made, first) as client:
                tag = (await client.get(API + path)).headers["etag"]
                held = {"If-None-Match": tag}
                assert (await client.get(API + path, headers=held)).status_code == 304
            async with bearer(made, second) as client:
                assert (await client.get(API + path, headers=held)).status_code == 200


def test_every_route_has_a_scope() -> None:
    """The table names each operation of the document and no other; only health and logging in are open."""
    named = {operation: scope for _, _, operation, scope in routes()}

    assert named == dict(SCOPE_OF)
    assert {operation for operation, scope in named.items() if scope == OPEN} == {
        "getHealth",
        "getReadiness",
        "getSession",
        "openSession",
        "closeSession",
    }


async def test_every_route_asks_for_its_scope(made: Served) -> None:
    """With each scope each route is allowed or forbidden as the table says, and the problem names the scope."""
    for scope in SCOPES:
        key = await new(made, scope)
        async with bearer(made, key) as client:
            for method, path, operation, wanted in routes():
                address = path.replace("{id}", "0" * 16).replace("{uid}", "main-0")
                if operation == "streamMessages":
                    address += "?after=0"
                json = {} if method == "POST" else None
                answer = await client.request(method, address, json=json)
                allowed = wanted == OPEN or wanted in ALLOWED[scope]

                assert (answer.status_code == 403) is not allowed, (scope, operation, answer.text)
                if not allowed:
                    assert answer.json()["scope"] == wanted
                    assert answer.json()["type"].endswith(":forbidden")


async def test_without_a_key_that_is_known_nothing_opens(made: Served) -> None:
    """No key, one with another secret and a revoked one are the same 401 on every route."""
    key = await new(made, ADMIN)
    ident = key["id"]
    wrong = new_key(ident, "x" * 43)
    async with bearer(made, key) as client:
        revoked = await client.post(f"{API}/keys/{ident}/revoke", json={})
        assert revoked.status_code == 200
    offered = [None, wrong, key["key"]]
    for authorization in offered:
        headers = {} if authorization is None else {"Authorization": f"Bearer {authorization}"}
        async with made.client(**headers) as client:
            for method, path, _, wanted in routes():
                json = {} if method == "POST" else None
                answer = await client.request(method, path, json=json)
                assert (answer.status_code == 401) is (wanted != OPEN), (authorization, path)


async def test_keys_are_shown_once_and_kept_hashed(made: Served) -> None:
    """The secret is in the answer that makes the key and nowhere else: not in the list, the trail or the log."""
    key = await new(made, METADATA, PAYLOAD)
    secret = key["key"].rpartition("_")[2]
    async with made.client(Authorization=f"Bearer {ROOT}") as root:
        listed = await root.get(f"{API}/keys")
        trail = await root.get(f"{API}/operations")
    block = await made.log.block(made.head.number)

    assert key_id_in(key["key"]) == key["id"]
    assert listed.json()["items"][-1] == {name: key[name] for name in key if name != "key"}
    assert secret not in listed.text
    assert secret not in trail.text
    assert block is not None
    assert made.leader.state.keys[key["id"]].hashed == key_digest(key["key"])


QUERIES = {
    "": False,
    "declined": True,
    "body:declined": True,
    "body.order:7": True,
    "body.card:*": True,
    "NOT (exchange:x OR body.order:7)": True,
    "decl*": True,
    "body.size:>10": False,
    "body.truncated:true": False,
    "exchange:orders AND header.tenant:acme": False,
}
"""Queries, and whether what matches them tells what bodies hold."""


async def test_queries_into_bodies_need_the_payload_scope(made: Served) -> None:
    """Search, histogram, facets, conversations and stream refuse a query whose matches would tell what bodies hold."""
    async with bearer(made, await new(made, METADATA)) as client:
        for query, looks in QUERIES.items():
            assert looks_into_bodies(parse(query)) is looks
            for path, more in (
                ("/messages", {}),
                ("/messages/histogram", {}),
                ("/messages/facets", {"field": "state"}),
                ("/conversations", {}),
                ("/stream", {"after": "0"}),
            ):
                answer = await client.get(API + path, params={"q": query, **more})

                assert answer.status_code == (403 if looks else 200), (path, answer.text)


async def publish(made: Served, body: bytes) -> str:
    """Publish a message with *body* and return its uid."""
    position, at = made.head.next_position, made.head.last_observed_at + STEP_NS
    ref = BodyRef(body_digest(KEY, body), len(body), made.head.number + 1, 0)
    await made.append([Envelope(position, at, 0, hostile_publish(body, ref))], [body])
    return f"{STREAM}-{position}"


async def test_bodies_are_left_out_without_the_payload_scope(made: Served) -> None:
    """Lists, one message and the stream show no body, and say why; with the scope they do."""
    for scope, shows in ((METADATA, False), (RETRY, False), (PAYLOAD, True), (ADMIN, True)):
        key = await new(made, scope)
        uid = await publish(made, b'{"note": "card declined"}')
        await made.views.until(made.head.next_position)
        await index_all(made)
        stream = f"{API}/stream?q=uid:{uid}&after={int(uid.rpartition('-')[2]) - 1}"
        texts = [await long_lived(made).streamed(stream, is_message_in, **authorized(key))]
        async with bearer(made, key) as client:
            for path in (f"/messages?q=uid:{uid}", f"/messages/{uid}"):
                answer = await client.get(API + path)
                assert answer.status_code == 200, answer.text
                texts.append(answer.text)
            for text in texts:
                assert ("card declined" in text) is shows, (scope, text)
                assert ("not permitted" in text) is not shows, (scope, text)
            raw = await client.get(f"{API}/messages/{uid}/body")
            assert raw.status_code == (200 if shows else 403)


async def test_denials_are_written_down_but_do_not_flood(made: Served) -> None:
    """Of many refused requests the log has one fact a minute for each key and scope, with who and what."""
    key = await new(made, METADATA)
    async with bearer(made, key) as client, made.client() as nobody:
        for _ in range(20):
            assert (await client.get(f"{API}/keys")).status_code == 403
            assert (await nobody.get(f"{API}/topology")).status_code == 401

    async def told() -> bool:
        return len(await denials(made)) >= 2

    await wait_until_async(told, timeout_s=TOLD_S_MAX)
    found = await denials(made)

    assert sorted(each["by"] for each in found) == ["", key["id"]]
    assert any("listKeys for want of the scope admin" in each["told"] for each in found)
    async with made.client(Authorization=f"Bearer {ROOT}") as root:
        metrics = (await root.get("/metrics")).text
    assert 'hoptrail_access_denied_total{scope="admin"} 20.0' in metrics


async def test_a_page_elsewhere_can_change_nothing(made: Served) -> None:
    """What changes something must be JSON, from no other origin and of a told, bounded length; else nothing is done."""
    async with made.client(Authorization=f"Bearer {ROOT}") as root:
        path, body = f"{API}/keys", b'{"name": "n", "scopes": ["metadata"]}'
        json = {"Content-Type": "application/json"}
        for headers, content, status in (
            ({"Content-Type": "text/plain"}, body, 415),
            ({"Content-Type": "application/x-www-form-urlencoded"}, body, 415),
            (json | {"Origin": "https://evil.example"}, body, 403),
            (json | {"Origin": "null"}, body, 403),
            (json | {"Origin": "http://localhost.evil.example"}, body, 403),
            (json, b'{"name": "' + b"n" * (2 << 20) + b'", "scopes": ["metadata"]}', 413),
            (json, b"{", 400),
            (json, b'{"name": "n"}', 400),
            (json, b'{"name": "n", "scopes": ["all"]}', 400),
            (json, b'{"name": "n", "scopes": ["metadata"], "more": 1}', 400),
        ):
            answer = await root.post(path, headers=headers, content=content)
            assert answer.status_code == status, (headers, answer.text)
        assert made.leader.state.keys == {}
        ours = await root.post(path, headers=json | {"Origin": "http://localhost"}, content=body)

    assert ours.status_code == 201
    assert len(made.leader.state.keys) == 1


async def test_a_revoked_key_loses_its_stream(made: Served) -> None:
    """A stream that is open when its key is revoked ends before it tells anything more."""
    key = await new(made, PAYLOAD)
    authorization = f"Bearer {key['key']}"

    async def everything(_: MessageDocument) -> bool:
        return True

    async def told(found: MessageDocument) -> bytes:
        return found.uid.encode()

    ports = replace(made.ports, limits=Limits(stream_s_max=TOLD_S_MAX, heartbeat_s=0.02))
    lines = follow(
        ports,
        everything,
        told,
        made.views.position - 1,
        lambda: holder(ports, authorization) is not None,
    )
    assert (await anext(lines)).startswith(b"retry")
    await publish(made, b"before")
    shown = [await anext(lines)]
    while b"event: message" not in shown[-1]:
        shown.append(await anext(lines))
    async with made.client(Authorization=f"Bearer {ROOT}") as root:
        await root.post(f"{API}/keys/{key['id']}/revoke", json={})
    await publish(made, b"after")

    assert [line async for line in lines if not line.startswith(b":")] == []
    async with bearer(made, key) as client:
        assert (await client.get(f"{API}/stream")).status_code == 401


async def test_without_keys_everything_local_is_open_but_editing() -> None:
    """On a loopback address nobody needs a key; a key that is shown counts for what it is."""
    async with served(moves=0) as made, made.client() as client:
        who = (await client.get(f"{API}/access")).json()
        assert who == {"by": "local", "scopes": [METADATA, PAYLOAD, RETRY, ADMIN]}
        body = {"name": "limited", "scopes": [METADATA]}
        key = (await client.post(f"{API}/keys", json=body)).json()
        async with bearer(made, key) as limited:
            assert (await limited.get(f"{API}/access")).json()["scopes"] == [METADATA]
            assert (await limited.get(f"{API}/keys")).status_code == 403
        async with made.client(Authorization=f"Bearer {new_key('0' * 16, 'x' * 43)}") as unknown:
            assert (await unknown.get(f"{API}/access")).status_code == 401


def test_editing_is_off_unless_switched_on() -> None:
    """No key has the scope edit while editing is off, whatever it was made with."""
    assert EDIT not in who_with("k", SCOPES, edits=False).scopes
    assert EDIT in who_with("k", (EDIT,), edits=True).scopes
    assert EDIT not in who_with("k", (ADMIN,), edits=True).scopes


async def test_only_administrators_have_all_views_encoded(made: Served) -> None:
    """The digests of the views cost work, so that a key which may only look is refused them, and given the rest."""
    key = (await new(made, METADATA))["key"]
    async with made.client(Authorization=f"Bearer {key}") as client:
        plain = await client.get(f"{API}/projections")
        digests = await client.get(f"{API}/projections", params={"digests": "true"})

    assert plain.status_code == 200
    assert digests.status_code == 403
    assert ADMIN in digests.json()["detail"]
