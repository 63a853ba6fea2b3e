"""A small system behind an API key, with a gap in its capture, for the tests of signing in to the web UI."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import httpx2

from examples.local_broker import Broker, free_ports
from tests.support.hoptrail import Hoptrail
from tests.support.management import Management
from tests.support.wait import wait_until
from tests.support.watched_system import WatchedSystem

KEY: Final = "a-root-key-of-the-web-tests"
QUEUE: Final = "guarded.work"
TAP: Final = "obs.tap.firehose"
SETTINGS: Final = {"HOPTRAIL_API_KEY": KEY, "HOPTRAIL_AUDIT_S": "1", "HOPTRAIL_AUDIT_LATE_S": "6"}
TOLD_S_MAX: Final = 60


@contextmanager
def guarded_system(
    directory: Path, broker: Broker, management: Management, vhost: str
) -> Iterator[WatchedSystem]:
    """Yield a system in *vhost*, made for it, whose tap was lost once between two runs of its hoptrail."""
    management.create_vhost(vhost, broker.user)
    management.put("queues", vhost, QUEUE, body={"durable": True})
    url = urlunsplit(urlsplit(broker.amqp_url)._replace(path="/" + quote(vhost, safe="")))
    hoptrail = Hoptrail(
        directory / "store",
        port=free_ports(1)[0],
        amqp_url=broker.amqp_url,
        management_url=broker.management_url,
        vhosts=vhost,
        settings=SETTINGS,
    )
    with hoptrail:
        system = WatchedSystem(hoptrail, management, vhost, url)
        system.publish("before the gap", key=QUEUE, message_id="before")
        system.wait_found("message_id:before")
        hoptrail.stop()
        management.delete("queues", vhost, TAP)
        hoptrail.start()
        wait_until(lambda: bool(hoptrail.get("/capture")["gaps"]), timeout_s=TOLD_S_MAX)
        yield system
    management.delete("vhosts", vhost)


def made_key(system: WatchedSystem, name: str, scopes: Sequence[str]) -> tuple[str, str]:
    """Make an API key with *scopes*; return its id and its text."""
    made = _asked("POST", system, "/keys", KEY, {"name": name, "scopes": list(scopes)})
    made.raise_for_status()
    return made.json()["id"], made.json()["key"]


def revoke(system: WatchedSystem, ident: str) -> None:
    """Revoke a key, as somebody else would."""
    _asked("POST", system, f"/keys/{ident}/revoke", KEY, {}).raise_for_status()


def status_with(system: WatchedSystem, key: str) -> int:
    """Return how hoptrail answers who asks with *key* what that key may."""
    return _asked("GET", system, "/access", key, None).status_code


def _asked(
    method: str, system: WatchedSystem, path: str, key: str, body: object
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{system.url}/api/v1{path}"
    return httpx2.request(method, url, headers=headers, json=body, timeout=30)
