"""``hoptrail log retain`` on SQLite and on Elasticsearch: once, again and again, and where it may not."""

import asyncio
import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.log import ElasticEventLog
from store.elastic.roles import RETENTION, WRITER
from store.errors import LogUnavailable
from store.ports import EventLog
from store.sqlite.log import SqliteEventLog
from tests.contract.blocks import chain, start
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer
from tests.support.granted import KEPT_ENVIRONMENT, granted
from tests.support.wait import wait_until

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX = 60
BLOCKS = 6


class Store:
    """A store with a log of three segments, long past every limit."""

    def __init__(self, environment: dict[str, str], log: Callable[[], EventLog]) -> None:
        self.environment = KEPT_ENVIRONMENT | environment
        self._log = log

    def write(self) -> None:
        """Append three segments of two blocks."""

        async def work() -> None:
            async with self._log() as log:
                key = await log.fingerprint_key()
                for block in chain(BLOCKS, after=start(key), key=key, blocks_per_segment=2):
                    await log.append(block)

        asyncio.run(work())

    def segments(self) -> list[int]:
        """Return the numbers of the retained segments."""

        async def work() -> list[int]:
            async with self._log() as log:
                return [each.number for each in await log.segments()]

        return asyncio.run(work())

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [EXECUTABLE, *arguments], env=self.environment, capture_output=True, text=True,
            timeout=RUN_S_MAX, check=False,
        )  # fmt: skip


@pytest.fixture(params=["sqlite", "elastic"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A log of three old segments, in SQLite or in Elasticsearch."""
    if request.param == "sqlite":
        made = Store({"HOPTRAIL_STORE": f"sqlite:///{tmp_path}"}, lambda: SqliteEventLog(tmp_path))
        made.write()
        yield made
        return
    server: ElasticServer = request.getfixturevalue("elastic")
    prefix = f"t{secrets.token_hex(6)}"
    told = {"HOPTRAIL_STORE": server.url, "HOPTRAIL_STORE_PREFIX": prefix}
    settings = ElasticSettings.of_url(server.url, prefix=prefix)
    made = Store(told, lambda: ElasticEventLog(Elastic(settings)))
    made.write()
    yield made
    forget(server, prefix)


def test_what_is_too_old_goes_once(store: Store) -> None:
    """All segments but the one being written are dropped and told; the next run finds nothing to drop."""
    first = store.command("log", "retain", "--json")
    again = store.command("log", "retain")

    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == [
        {"segment": number, "bodies_only": False, "why": "age"} for number in (0, 1)
    ]
    assert (again.returncode, again.stdout) == (0, "nothing to drop\n")
    assert store.segments() == [2]
    assert store.command("log", "verify").returncode == 0


def test_it_goes_on_until_stopped(store: Store) -> None:
    """With --every it drops now, stays, and ends with 0 at SIGTERM."""

    def is_done() -> bool:
        try:
            return store.segments() == [2]
        except LogUnavailable:  # it was just being dropped
            return False

    process = subprocess.Popen(
        [EXECUTABLE, "log", "retain", "--every", "3600"],
        env=store.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            wait_until(is_done, timeout_s=RUN_S_MAX)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            told, _ = process.communicate(timeout=RUN_S_MAX)
        finally:
            process.kill()
    assert process.returncode == 0
    assert told.splitlines() == [f"dropped segment {n}: beyond the limit of age" for n in (0, 1)]


def test_within_the_limits_everything_stays(store: Store) -> None:
    """Limits that nothing exceeds drop nothing."""
    store.environment["HOPTRAIL_RETENTION_DAYS"] = "36500"

    done = store.command("log", "retain", "--json")

    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert store.segments() == [0, 1, 2]


def test_only_the_role_of_retention_may(secure_elastic: ElasticServer) -> None:
    """The writer is refused with 4 and drops nothing; the role of retention drops."""
    with granted(secure_elastic, WRITER, RETENTION) as roles:
        store = Store(roles.environment(WRITER), lambda: ElasticEventLog(roles.elastic(WRITER)))
        store.write()
        refused = store.command("log", "retain", "--every", "1")
        assert refused.returncode == 4
        assert "may not do this" in refused.stderr
        assert store.segments() == [0, 1, 2]
        done = roles.run(RETENTION, "log", "retain")
        assert done.returncode == 0, done.stderr
        assert store.segments() == [2]
