"""``hoptrail health`` as a container engine asks it: a code and one line, for each role."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from events.block import Block
from examples.local_broker import Broker, free_ports
from store.elastic.log import ElasticEventLog
from store.elastic.roles import DAEMONS, INDEXER, READER, WRITER
from store.sqlite.log import SqliteEventLog
from tests.contract.blocks import chain, start
from tests.support.collecting import system_of
from tests.support.elastic_server import ElasticServer
from tests.support.granted import Granted, granted
from tests.support.wait import wait_until

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX = 60
WELL, NOT_WELL, WRONG, UNAVAILABLE = 0, 1, 2, 4


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a process with *settings*, named without their prefix."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")}
    return kept | {f"HOPTRAIL_{name}": value for name, value in settings.items()}


def health(role: str, **settings: str) -> tuple[int, str]:
    """Return the exit code of ``hoptrail health`` and what it told."""
    done = subprocess.run(
        [EXECUTABLE, "health", role],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert (done.stdout == "") is (done.returncode != WELL)
    return done.returncode, done.stdout + done.stderr


@contextmanager
def running(role: str, directory: Path, **settings: str) -> Iterator[None]:
    """Run a role while the context lasts; it then ends by itself when asked to."""
    with (directory / f"{role}.stderr").open("wb") as told:
        process = subprocess.Popen(
            [EXECUTABLE, role], env=environment(**settings), stdout=told, stderr=told
        )
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(RUN_S_MAX) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(RUN_S_MAX)


async def _write(directory: Path) -> None:
    async with SqliteEventLog(directory) as log:
        key = await log.fingerprint_key()
        blocks: list[Block] = list(chain(3, after=start(key), key=key, epoch=1))
        for block in blocks:
            await log.append(block)


@pytest.mark.parametrize("role", ["serve", "collect"])
def test_nothing_there_is_unavailable(tmp_path: Path, role: str) -> None:
    """Where neither hoptrail nor broker answers the code is 4, and the reason names the address."""
    http, amqp = free_ports(2)

    code, told = health(
        role,
        STORE=f"sqlite:///{tmp_path}/store",
        HTTP=f"127.0.0.1:{http}",
        AMQP_URL=f"amqp://guest:secret@127.0.0.1:{amqp}/",
    )

    assert code == UNAVAILABLE
    assert str(http if role == "serve" else amqp) in told
    assert "secret" not in told


def test_an_unknown_role_is_wrong_usage() -> None:
    """A role that does not exist is refused, so that a misspelt health check is never green."""
    assert health("collector")[0] == WRONG


def test_serve_is_well_once_it_is_ready(tmp_path: Path) -> None:
    """The API at the address of the settings is asked, also where it listens on every address and wants a key."""
    settings = {
        "STORE": f"sqlite:///{tmp_path}/store",
        "HTTP": f"0.0.0.0:{free_ports(1)[0]}",
        "API_KEY": "a-key-of-sixteen-characters",
    }
    with running("serve", tmp_path, **settings):
        wait_until(lambda: health("serve", **settings)[0] == WELL, timeout_s=RUN_S_MAX)

    assert health("serve", **settings)[0] == UNAVAILABLE


def test_project_is_well_once_the_index_has_what_the_log_has(tmp_path: Path) -> None:
    """Old events that nobody indexed are told with their age; the projector makes it well."""
    store = {"STORE": f"sqlite:///{tmp_path}/store"}
    asyncio.run(_write(tmp_path / "store"))

    code, told = health("project", **store)

    assert (code, "behind the log" in told) == (NOT_WELL, True)
    with running("project", tmp_path, **store):
        wait_until(lambda: health("project", **store)[0] == WELL, timeout_s=RUN_S_MAX)


def test_the_log_is_well_when_it_can_be_read(tmp_path: Path) -> None:
    """How much the log holds is told; one that cannot be opened is not well."""
    asyncio.run(_write(tmp_path / "store"))
    (tmp_path / "file").touch()

    assert health("log", STORE=f"sqlite:///{tmp_path}/store")[0] == WELL
    assert health("log", STORE=f"sqlite:///{tmp_path}/file/store")[0] in {NOT_WELL, UNAVAILABLE}


def test_collect_is_well_while_its_taps_are_consumed(broker: Broker, tmp_path: Path) -> None:
    """With a leading collector every tap of the settings is consumed; without one, or in a vhost unseen, it is not well."""
    name, unseen = f"health.{tmp_path.name}", f"health.unseen.{tmp_path.name}"
    with system_of(broker, name) as system, system_of(broker, unseen):
        settings = {
            "STORE": f"sqlite:///{tmp_path}/store",
            "AMQP_URL": broker.amqp_url,
            "MANAGEMENT_URL": broker.management_url,
            "VHOSTS": quote(name, safe=""),
        }
        before = health("collect", **settings)
        with system.collector(tmp_path / "store").leading():
            leading = health("collect", **settings)
            elsewhere = health("collect", **{**settings, "VHOSTS": quote(unseen, safe="")})

    assert (before[0], "leads" in before[1]) == (NOT_WELL, True)
    assert leading[0] == WELL, leading[1]
    assert (elsewhere[0], unseen in elsewhere[1]) == (NOT_WELL, True)


async def _append(roles: Granted) -> None:
    async with ElasticEventLog(roles.elastic(WRITER)) as log:
        key = await log.fingerprint_key()
        for block in chain(3, after=start(key), key=key, epoch=1):
            await log.append(block)


def test_the_rights_of_each_role_suffice(secure_elastic: ElasticServer) -> None:
    """On a secured Elasticsearch each role's user can ask for its own health; a wrong password is not well."""
    with granted(secure_elastic, *DAEMONS) as roles:

        def asked(what: str, role: str, **settings: str) -> int:
            ours = {"STORE": roles.url(role), "STORE_PREFIX": roles.prefix}
            return health(what, STORE_CA_FILE=str(secure_elastic.ca_file), **(ours | settings))[0]

        assert [asked("log", role) for role in DAEMONS] == [WELL] * len(DAEMONS)
        assert asked("project", INDEXER) == WELL
        asyncio.run(_append(roles))

        assert [asked("log", role) for role in DAEMONS] == [WELL] * len(DAEMONS)
        assert asked("project", INDEXER) == NOT_WELL
        wrong = roles.url(READER).replace(roles.password, "wrong")
        assert asked("log", READER, STORE=wrong) == UNAVAILABLE
