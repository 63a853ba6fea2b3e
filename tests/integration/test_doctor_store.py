"""What ``hoptrail doctor`` finds on a real Elasticsearch; each finding is caused where that can be."""

import asyncio
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from examples.local_broker import Broker, free_ports
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.examine import examine
from store.elastic.finding import OK, PROBLEM, WARNING, Finding
from store.elastic.roles import SETUP, WRITER, descriptor, role_name
from store.elastic.setup import Wanted, set_up
from store.elastic.templates import TEMPLATES_VERSION
from tests.support.elastic_fixtures import StartElastic, forget
from tests.support.elastic_server import ElasticServer
from tests.support.granted import ADMIN, EXECUTABLE, KEPT_ENVIRONMENT, Granted, granted

RUN_S_MAX = 60
DISK = "cluster.routing.allocation.disk"


def found(
    settings: ElasticSettings, *, now_ns: Callable[[], int] = time.time_ns
) -> dict[str, Finding]:
    """Return what a look finds, by what was looked at."""

    async def work() -> list[Finding]:
        async with Elastic(settings) as elastic:
            return await examine(elastic, now_ns=now_ns)

    return {finding.what: finding for finding in asyncio.run(work())}


def made(settings: ElasticSettings) -> None:
    """Make all that hoptrail setup makes, but roles."""

    async def work() -> None:
        async with Elastic(settings) as elastic:
            wanted = Wanted(version="1.1", roles=False)
            await set_up(elastic, wanted, now_ns=time.time_ns(), on_key=print)

    asyncio.run(work())


@pytest.fixture
def settings(elastic: ElasticServer) -> Iterator[ElasticSettings]:
    """A hoptrail set up on the shared server, without security."""
    told = ElasticSettings.of_url(elastic.url, prefix=f"t{secrets.token_hex(6)}")
    made(told)
    yield told
    forget(elastic, told.prefix)


@pytest.fixture(scope="module")
def roles(secure_elastic: ElasticServer) -> Iterator[Granted]:
    """A hoptrail set up on a server with security and TLS."""
    with granted(secure_elastic, WRITER, SETUP) as held:
        made(held.settings(SETUP))
        yield held


def test_all_is_well(settings: ElasticSettings, elastic: ElasticServer) -> None:
    """After setup nothing needs mending; the version and the shards are those of the server."""
    told = found(settings)

    assert [each for each in told.values() if each.state != OK] == []
    assert told["version"].detail == elastic.version
    assert "every licence" in told["features"].detail
    assert {"shards", "disk", "clock", "cluster health", "blocks", "templates"} <= set(told)


def test_nobody_there() -> None:
    """A server that cannot be reached is one problem, and nothing else is guessed."""
    told = found(ElasticSettings(url=f"http://127.0.0.1:{free_ports(1)[0]}"))

    assert [(each.what, each.state) for each in told.values()] == [("store", PROBLEM)]
    assert told["store"].mend


def test_missing_templates(settings: ElasticSettings, elastic: ElasticServer) -> None:
    """A template that is missing, or not as ours, is named with the command that makes it."""
    elastic.call("DELETE", f"/_index_template/{settings.prefix}-keys")
    path = f"/_index_template/{settings.prefix}-segments"
    (held,) = elastic.get(path)["index_templates"]
    body = {"index_patterns": held["index_template"]["index_patterns"], "priority": 500}
    elastic.call("PUT", path, body)

    told = found(settings)["templates"]

    assert told.state == WARNING
    assert f"missing: {settings.prefix}-keys" in told.detail
    assert f"not as ours: {settings.prefix}-segments" in told.detail
    assert told.mend == ("hoptrail setup",)


def test_newer_templates(settings: ElasticSettings, elastic: ElasticServer) -> None:
    """Templates of a newer hoptrail are told, with both versions."""
    body = {"index_patterns": [f"{settings.prefix}-keys"], "version": TEMPLATES_VERSION + 1}
    elastic.call("PUT", f"/_index_template/{settings.prefix}-keys", body)

    told = found(settings)["templates"]

    assert told.state == WARNING
    assert f"has {TEMPLATES_VERSION + 1}, ours is {TEMPLATES_VERSION}" in told.detail


def test_blocked_indices(settings: ElasticSettings, elastic: ElasticServer) -> None:
    """An index that takes no writes is a problem; the command that is told takes the block away."""
    index = f"/{settings.prefix}-segments/_settings"
    elastic.call("PUT", index, {"index.blocks.read_only_allow_delete": True})

    told = found(settings)["blocks"]
    elastic.call("PUT", index, {"index.blocks.read_only_allow_delete": None})

    assert told.state == PROBLEM
    assert f"read_only_allow_delete on {settings.prefix}-segments" in told.detail
    assert "index.blocks.read_only_allow_delete" in told.mend[-1]
    assert found(settings)["blocks"].state == OK


def test_unassigned_shards(settings: ElasticSettings, elastic: ElasticServer) -> None:
    """A replica that has no place is a warning that names the index."""
    replicas = {"auto_expand_replicas": "false", "number_of_replicas": 1}
    elastic.call("PUT", f"/{settings.prefix}-keys/_settings", {"index": replicas})

    told = found(settings)["cluster health"]

    assert told.state == WARNING
    assert f"yellow, 1 unassigned shards: {settings.prefix}-keys" in told.detail
    assert told.mend


def test_a_clock_that_is_wrong(settings: ElasticSettings) -> None:
    """A difference of more than two seconds between the server and this machine is a warning."""
    assert found(settings)["clock"].state == OK
    told = found(settings, now_ns=lambda: time.time_ns() + 5 * 10**9)["clock"]

    assert told.state == WARNING
    assert "timedatectl" in told.mend[0]


def test_no_room(own_elastic: StartElastic) -> None:
    """A full disk and the limit of shards are problems; so is an index that therefore has no shard."""
    always_full = {f"{DISK}.watermark.{name}": "900tb" for name in ("low", "high", "flood_stage")}
    server = own_elastic(
        config={f"{DISK}.threshold_enabled": True, "cluster.max_shards_per_node": 4} | always_full
    )
    settings = ElasticSettings.of_url(server.url)
    server.call("PUT", "/hoptrail-keys?wait_for_active_shards=0")

    told = found(settings)

    assert (told["disk"].state, "flood_stage" in told["disk"].detail) == (PROBLEM, True)
    assert (told["shards"].state, "of 4" in told["shards"].detail) == (PROBLEM, True)
    assert (told["cluster health"].state, "hoptrail-keys" in told["cluster health"].detail) == (
        PROBLEM, True,
    )  # fmt: skip
    assert all(told[what].mend for what in ("disk", "shards", "cluster health"))


def test_security_is_told(roles: Granted) -> None:
    """Who this is, how the server is trusted, and in which roles the user can act."""
    told = found(roles.settings(SETUP))

    assert [each for each in told.values() if each.state != OK] == []
    assert role_name(SETUP, roles.prefix) in told["security"].detail
    assert str(roles.server.ca_file) in told["TLS"].detail
    assert "can act as" in told["privileges"].detail
    by_print = replace(roles.settings(ADMIN), ca_file=None, fingerprint=roles.server.fingerprint)
    assert "fingerprint" in found(by_print)["TLS"].detail


def test_what_is_not_shown_is_named(roles: Granted) -> None:
    """A user of the writer's role is told what it may not see, and with which role one does."""
    told = found(roles.settings(WRITER))

    assert told["privileges"].detail.endswith("can act as writer")
    assert told["not shown"].state == WARNING
    assert "version, templates, cluster health" in told["not shown"].detail
    assert role_name(SETUP, roles.prefix) in told["not shown"].mend[0]


def test_a_missing_privilege_is_named(secure_elastic: ElasticServer) -> None:
    """A role that lost a privilege is a problem that names the privilege and the indices."""
    with granted(secure_elastic) as roles:
        name = role_name(WRITER, roles.prefix)
        lacking = descriptor(WRITER, roles.prefix)
        for grant in lacking["indices"]:
            grant["privileges"].remove("create_index")
        secure_elastic.users.add_role(name, lacking)
        secure_elastic.users.add_user(name, roles.password, [name])
        told = found(roles.settings(WRITER))["privileges"]

    assert told.state == PROBLEM
    assert f"create_index on {roles.prefix}-log-*" in told.detail
    assert f"create_index on {roles.prefix}-segments" in told.detail
    assert "read on" not in told.detail


def test_a_user_of_no_role_is_told(secure_elastic: ElasticServer) -> None:
    """A user that can act in no role is a problem; the nearest role is named with what lacks."""
    with granted(secure_elastic) as roles:
        name = role_name(WRITER, roles.prefix)
        grant = {"names": [f"{roles.prefix}-log-*"], "privileges": ["read"]}
        secure_elastic.users.add_role(f"{name}_else", {"cluster": [], "indices": [grant]})
        secure_elastic.users.add_user(name, roles.password, [f"{name}_else"])
        told = found(roles.settings(WRITER))["privileges"]

    assert told.state == PROBLEM
    assert "can act in no role" in told.detail


def doctor(broker: Broker, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run ``hoptrail doctor --json`` against *broker*."""
    told = {
        "HOPTRAIL_AMQP_URL": broker.amqp_url,
        "HOPTRAIL_MANAGEMENT_URL": broker.management_url,
        **{f"HOPTRAIL_{name}": value for name, value in settings.items()},
    }
    return subprocess.run(
        [EXECUTABLE, "doctor", "--json"], env=KEPT_ENVIRONMENT | told, capture_output=True,
        text=True, timeout=RUN_S_MAX, check=False,
    )  # fmt: skip


def test_the_command_tells_both(broker: Broker, settings: ElasticSettings) -> None:
    """`hoptrail doctor` tells of broker and store; a store that is away ends it with 4, and the broker is told still."""
    done = doctor(broker, STORE=settings.url, STORE_PREFIX=settings.prefix)
    told = {check["what"]: check["state"] for check in json.loads(done.stdout)["checks"]}
    assert {"broker", "log", "store", "version", "templates", "clock"} <= set(told)

    url = f"http://me:hunter2-hunter2@127.0.0.1:{free_ports(1)[0]}"
    away = doctor(broker, STORE=url)
    told = {check["what"]: check["state"] for check in json.loads(away.stdout)["checks"]}
    assert away.returncode == 4
    assert (told["broker"], told["store"]) == (OK, PROBLEM)
    assert "hunter2" not in away.stdout + away.stderr
