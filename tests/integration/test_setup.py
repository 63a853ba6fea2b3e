"""``hoptrail setup``: what it makes, that a second run changes nothing, and what it says where it cannot."""

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from cli.settings import SETUP_PASSWORDS
from dashboards.kibana import objects
from examples.local_broker import free_ports
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.index import ElasticMessageIndex
from store.elastic.log import ElasticEventLog
from store.elastic.names import Names
from store.elastic.roles import DAEMONS, SETUP, WRITER, descriptor, role_name
from store.elastic.templates import TEMPLATES_VERSION, is_same, templates
from tests.contract.blocks import chain, start
from tests.contract.documents import checkpoint, message
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer
from tests.support.granted import KEPT_ENVIRONMENT, Granted, granted
from tests.support.kibana_server import Kibana, open_kibana

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX = 90
PASSWORD = "hunter2-hunter2"

Run = subprocess.CompletedProcess[str]


@pytest.fixture
def kibana() -> Iterator[Kibana]:
    """A Kibana as its API is documented."""
    with open_kibana() as opened:
        yield opened


def setup(settings: ElasticSettings, *arguments: str, **more: str) -> Run:
    """Run ``hoptrail setup`` for the store of *settings*; *more* are further settings without their prefix."""
    told = {f"HOPTRAIL_{name}": value for name, value in more.items()}
    return subprocess.run(
        [EXECUTABLE, "setup", *arguments],
        env=KEPT_ENVIRONMENT
        | {"HOPTRAIL_STORE": settings.url, "HOPTRAIL_STORE_PREFIX": settings.prefix}
        | told,
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )


@pytest.fixture
def settings(elastic: ElasticServer) -> Iterator[ElasticSettings]:
    """The shared server without security, with a prefix of its own."""
    prefix = f"t{secrets.token_hex(6)}"
    yield ElasticSettings.of_url(elastic.url, prefix=prefix)
    forget(elastic, prefix)


def states(done: Run) -> dict[str, str]:
    """Return the state of each thing by kind and name."""
    assert done.returncode == 0, done.stderr
    return {f"{s['kind']} {s['name']}": s["state"] for s in json.loads(done.stdout)["steps"]}


def held(server: ElasticServer, prefix: str) -> tuple[set[str], set[str]]:
    """Return the names of the templates and indices there are."""
    found = server.get("/_index_template")["index_templates"]
    indices = server.get(f"/_cat/indices/{prefix}*?h=index&format=json&expand_wildcards=all")
    named = {each["name"] for each in found if each["name"].startswith(prefix)}
    return named, {each["index"] for each in indices}


def test_an_embedded_store_needs_none(tmp_path: Path) -> None:
    """On SQLite there is nothing to do, which is said, and nothing is made."""
    done = subprocess.run(
        [EXECUTABLE, "setup"],
        env=KEPT_ENVIRONMENT | {"HOPTRAIL_STORE": f"sqlite:///{tmp_path}/data"},
        capture_output=True, text=True, timeout=RUN_S_MAX, check=False,
    )  # fmt: skip

    assert done.returncode == 0
    assert "needs no setup" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_changes_nothing(elastic: ElasticServer, settings: ElasticSettings) -> None:
    """A dry run tells what a run then makes; the next run finds everything there and says so."""
    dry = setup(settings, "--dry-run", "--json")
    assert held(elastic, settings.prefix) == (set(), set())
    first, again = setup(settings, "--json"), setup(settings)

    assert states(dry) == states(first)
    assert set(states(first).values()) == {"made"}
    assert held(elastic, settings.prefix)[0] == set(templates(Names(settings.prefix)))
    assert "Nothing to change." in again.stderr
    assert "made" not in again.stdout
    assert "Security is off" in again.stderr
    assert elastic.get(f"/_alias/{settings.prefix}-messages")


def test_the_templates_are_ours(elastic: ElasticServer, settings: ElasticSettings) -> None:
    """What the server holds is what was sent; one changed by hand is put right, a newer one is left and told."""
    setup(settings)
    name = f"{settings.prefix}-messages"
    path = f"/_index_template/{name}"
    wanted = templates(Names(settings.prefix))[name]
    (found,) = elastic.get(path)["index_templates"]
    assert is_same(found["index_template"], wanted)

    elastic.call("PUT", path, wanted | {"priority": 7})
    assert states(setup(settings, "--json"))[f"index template {name}"] == "changed"
    (found,) = elastic.get(path)["index_templates"]
    assert is_same(found["index_template"], wanted)

    elastic.call("PUT", path, wanted | {"version": TEMPLATES_VERSION + 1})
    refused = setup(settings)
    assert refused.returncode == 4
    assert "of the newer one" in refused.stderr


def test_the_store_works_before_and_after(settings: ElasticSettings) -> None:
    """What setup made is written to like what the adapters make themselves, and later runs leave it alone."""

    async def write() -> tuple[int, object]:
        async with ElasticEventLog(Elastic(settings)) as log:
            key = await log.fingerprint_key()
            for block in chain(4, after=start(key), key=key, blocks_per_segment=2):
                await log.append(block)
            await log.drop_segment(0)
            segments = [each.number for each in await log.segments()]
        async with ElasticMessageIndex(Elastic(settings), version="1", refresh=True) as index:
            await index.save([message(0)], {}, checkpoint(1))
        async with ElasticMessageIndex(Elastic(settings)) as index:
            return len(segments), await index.get("main-0")

    setup(settings)
    segments, found = asyncio.run(write())
    again = states(setup(settings, "--json"))

    assert segments == 1
    assert found is not None
    assert set(again.values()) == {"there"}
    assert f"index {settings.prefix}-log-blocks-000000" not in again


def test_the_role_of_setup_is_enough(secure_elastic: ElasticServer) -> None:
    """With the setup role templates, indices and alias are made on a secured server; the writer may not run setup."""
    with granted(secure_elastic, SETUP, WRITER) as roles:
        done = roles.run(SETUP, "setup", "--no-roles", "--json")
        assert set(states(done).values()) == {"made"}
        assert "role" not in {name.split(" ")[0] for name in states(done)}
        refused = roles.run(WRITER, "setup")
        assert refused.returncode == 4
        assert "may not do this" in refused.stderr


def can_make_roles(roles: Granted) -> bool:
    """Say whether the server has its index for roles; the smallest distribution of 8.19 cannot make it."""
    path = f"/_security/role/{role_name(WRITER, roles.prefix)}"
    try:
        roles.server.call("PUT", path, {"cluster": []})
    except HTTPError as refused:
        refused.close()
        return False
    return True


def test_users_are_made_for_passwords(secure_elastic: ElasticServer) -> None:
    """Each password makes a user with its role alone, a changed one is set; where that cannot be, it is told why."""
    passwords = {name.upper(): PASSWORD for name in SETUP_PASSWORDS.values()}
    with granted(secure_elastic, SETUP) as roles:
        if not can_make_roles(roles):
            done = roles.run(SETUP, "setup", **passwords)
            assert done.returncode == 4
            assert "--no-roles" in done.stderr
            assert PASSWORD not in done.stdout + done.stderr
            return
        first = roles.run(SETUP, "setup", "--json", **passwords)
        names = {role_name(role, roles.prefix) for role in DAEMONS}
        made = states(first)
        assert {made[f"user {name}"] for name in names} == {"made"}
        assert json.loads(first.stdout)["keys"] == []
        assert set(states(roles.run(SETUP, "setup", "--json", **passwords)).values()) == {"there"}
        other = passwords | {"SETUP_READER_PASSWORD": PASSWORD[::-1]}
        changed = states(roles.run(SETUP, "setup", "--json", **other))
        reader = f"user {role_name('reader', roles.prefix)}"
        assert [name for name, state in changed.items() if state != "there"] == [reader]
        assert PASSWORD not in first.stdout + first.stderr


def test_api_keys_are_made_once(secure_elastic: ElasticServer) -> None:
    """Without passwords each process gets a key, printed once; more come only when asked for, and the keys work."""
    with granted(secure_elastic, SETUP) as roles:
        if not can_make_roles(roles):
            assert roles.run(SETUP, "setup", "--dry-run").returncode == 0
            return
        admin = roles.settings("admin")
        store = {"STORE": roles.url("admin")}
        first = json.loads(roles.run(SETUP, "setup", "--json", **store).stdout)
        again = json.loads(roles.run(SETUP, "setup", "--json", **store).stdout)
        renewed = json.loads(roles.run(SETUP, "setup", "--json", "--new-keys", **store).stdout)

        assert [key["role"] for key in first["keys"]] == list(DAEMONS)
        assert (again["keys"], again["changed"]) == ([], 0)
        assert len({key["encoded"] for key in first["keys"] + renewed["keys"]}) == 2 * len(DAEMONS)
        for key in (first["keys"][0], renewed["keys"][0]):
            opened = {"STORE": admin.url, "STORE_API_KEY": key["encoded"]}
            done = roles.run(WRITER, "log", "head", **opened)
            assert "is empty" in done.stderr, done.stderr
        wider = {role_name(WRITER, roles.prefix): descriptor(SETUP, roles.prefix)}
        path = f"/_security/api_key/{renewed['keys'][0]['id']}"
        secure_elastic.call("PUT", path, {"role_descriptors": wider})
        told = states(roles.run(SETUP, "setup", "--json", **store))
        assert told[f"API key {role_name(WRITER, roles.prefix)}"] == "changed"


def test_kibana_gets_its_objects(settings: ElasticSettings, kibana: Kibana) -> None:
    """Every object is imported over the former ones, with links to where users open hoptrail, as the user of its URL."""
    public = "https://hoptrail.example.org"
    url = kibana.url.replace("://", f"://me:{PASSWORD}@")
    wanted = objects(settings.prefix, public).decode().splitlines()
    for _ in range(2):
        done = setup(settings, KIBANA_URL=url, PUBLIC_URL=public)
        assert done.returncode == 0, done.stderr
        assert f"{len(wanted)} objects imported" in done.stderr
        assert PASSWORD not in done.stdout + done.stderr

    assert {json.dumps(each) for each in kibana.held.values()} == {
        json.dumps(json.loads(line)) for line in wanted
    }
    assert all(each.startswith("Basic ") for each in kibana.authorization)


def test_a_dry_run_leaves_kibana_alone(settings: ElasticSettings, kibana: Kibana) -> None:
    """A dry run sends Kibana nothing."""
    done = setup(settings, "--dry-run", KIBANA_URL=kibana.url)

    assert "would be imported" in done.stderr
    assert kibana.authorization == []


def test_what_kibana_does_not_take_is_told(settings: ElasticSettings, kibana: Kibana) -> None:
    """An answer of 200 with errors in it ends with 1 and names the objects; the store is set up all the same."""
    kibana.refused = frozenset({f"{settings.prefix}-messages"})

    done = setup(settings, "--json", KIBANA_URL=kibana.url)

    assert done.returncode == 1
    assert f"index-pattern {settings.prefix}-messages: unsupported_type" in done.stderr
    assert json.loads(done.stdout)["changed"] > 0


@pytest.mark.parametrize(
    ("status", "sentence"), [(401, "refuses this user"), (403, "refuses this user"), (503, "ready")]
)
def test_a_kibana_that_refuses_is_told(
    settings: ElasticSettings, kibana: Kibana, status: int, sentence: str
) -> None:
    """A Kibana that refuses, or is not ready, ends with 4 and a sentence."""
    kibana.status = status

    done = setup(settings, KIBANA_URL=kibana.url)

    assert done.returncode == 4
    assert sentence in done.stderr


def test_no_kibana_is_told(settings: ElasticSettings) -> None:
    """Where nobody answers the exit code is 4."""
    done = setup(settings, KIBANA_URL=f"http://127.0.0.1:{free_ports(1)[0]}")

    assert done.returncode == 4
    assert "cannot be reached" in done.stderr
