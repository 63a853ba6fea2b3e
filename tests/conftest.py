"""Brokers, vhosts and proxies for the tests, and an environment without settings of ours.

Elasticsearch servers come from ``tests/support/elastic_fixtures.py``.

Each worker process starts one broker of its own, when a test first asks for it, unless the
caller gave one by ``HOPTRAIL_AMQP_URL`` and ``HOPTRAIL_MANAGEMENT_URL``.
"""

import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from hypothesis import settings

from examples.local_broker import Broker, BrokerUnavailable
from tests.support import parts
from tests.support.brokers import open_test_broker
from tests.support.management import Management
from tests.support.proxy import Proxy

parts.strip_environment()

# No law promises a time: on a busy machine any example may take longer than the 200 ms that would be allowed.
settings.register_profile("hoptrail", deadline=None)
settings.load_profile("hoptrail")

pytest_plugins = [
    "tests.support.elastic_fixtures",
    "tests.support.preparing",
    "tests.support.visible_fixtures",
    "tests.support.lives",
]

VHOST_NAME_LENGTH_MAX = 60
LONG = ("test_capture_cluster", "test_capture_", "test_lives_", "test_retry", "test_commands")
"""How the modules that wait longest are called: they begin first, so that none is left running alone at the end."""
BROWSED = "web"
"""The tests in a browser, which take as long."""


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an unknown part or version at the start rather than at the end."""
    parts.left_out()
    for name in parts.CHOICES:
        parts.choice(name)
    config.stash[parts.USED] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the modules that take longest first; the order within a module stays."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.path.parent.name == BROWSED:
        return 1
    name = item.path.stem
    return next((turn for turn, start in enumerate(LONG) if name.startswith(start)), len(LONG))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the controlling process which servers this worker used."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["used"] = sorted(session.config.stash[parts.USED])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Collect what a worker told."""
    used = getattr(node, "workeroutput", {}).get("used", [])
    config: pytest.Config = getattr(node, "config")  # noqa: B009 - the node has no public type
    config.stash[parts.USED].update(used)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which servers were used and what was left out."""
    for used in sorted(config.stash[parts.USED]):
        terminalreporter.write_line(used)
    for part in sorted(parts.left_out()):
        terminalreporter.write_line(f"WITHOUT {part} ({parts.KNOWN[part]}), as the caller asked")


@pytest.fixture(scope="session")
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """The broker that the tests of this worker share; they must leave it running."""
    parts.require("broker")
    try:
        opened = open_test_broker(
            tmp_path_factory.mktemp("broker"),
            amqp_url=parts.given("HOPTRAIL_AMQP_URL"),
            management_url=parts.given("HOPTRAIL_MANAGEMENT_URL"),
        )
    except BrokerUnavailable as refused:
        parts.missing("broker", refused)
    with ExitStack() as stack:
        stack.callback(_discard, opened)
        parts.note(request.config, f"observed RabbitMQ {opened.version}, {opened.kind}")
        yield opened


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Callable[[], Broker]]:
    """Return a function that starts a broker which the test may stop, kill and restart."""
    parts.require("own-broker")
    with ExitStack() as stack:

        def start() -> Broker:
            directory = tmp_path / f"broker-{len(started)}"
            try:
                opened = open_test_broker(directory)
            except BrokerUnavailable as refused:
                parts.missing("own-broker", refused)
            started.append(opened)
            stack.callback(_discard, opened)
            return opened

        started: list[Broker] = []
        yield start


@pytest.fixture(scope="session")
def management(broker: Broker) -> Iterator[Management]:
    """The management API of the shared broker."""
    with Management(broker.management_url) as client:
        yield client


@pytest.fixture
def vhost(request: pytest.FixtureRequest, broker: Broker, management: Management) -> Iterator[str]:
    """A fresh vhost named for the test, gone afterwards."""
    yield from _fresh_vhost(request.node.nodeid, broker, management)


@pytest.fixture(scope="module")
def module_vhost(
    request: pytest.FixtureRequest, broker: Broker, management: Management
) -> Iterator[str]:
    """A fresh vhost that the tests of a module share, gone afterwards."""
    yield from _fresh_vhost(request.node.nodeid, broker, management)


@pytest.fixture
def vhost_url(broker: Broker, vhost: str) -> str:
    """AMQP URL of the test's fresh vhost."""
    return url_in(broker, vhost)


@pytest.fixture
def proxy(broker: Broker) -> Iterator[Proxy]:
    """A proxy in front of the shared broker's AMQP port."""
    with Proxy(broker.amqp_url) as opened:
        yield opened


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Return a function that mounts an empty file system of so many bytes."""
    parts.require("small-disk")
    if shutil.which("mount") is None:
        parts.missing(
            "small-disk", "there is no mount; on Debian and Ubuntu: apt-get install mount"
        )
    with ExitStack() as stack:

        def mount(size_bytes: int) -> Path:
            directory = tmp_path / "small-disk"
            directory.mkdir()
            options = f"size={size_bytes},uid={os.getuid()},mode=0700"
            done = _as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory))
            if done.returncode != 0:
                parts.missing("small-disk", f"as root or with sudo, mount says: {done.stderr}")
            stack.callback(_as_root, "umount", "--lazy", str(directory))
            return directory

        yield mount


def url_in(broker: Broker, vhost: str) -> str:
    """Return the broker's AMQP URL with *vhost* in it."""
    return urlunsplit(urlsplit(broker.amqp_url)._replace(path="/" + quote(vhost, safe="")))


def _as_root(*command: str) -> subprocess.CompletedProcess[str]:
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    return subprocess.run([*sudo, *command], capture_output=True, text=True, check=False)


def _discard(broker: Broker) -> None:
    # An orderly stop takes six seconds, and nobody needs the data any more.
    if broker.pid is not None:
        broker.kill()
    broker.close()


def _fresh_vhost(nodeid: str, broker: Broker, management: Management) -> Iterator[str]:
    words = re.sub(r"[^a-zA-Z0-9]+", "-", nodeid.rpartition("/")[2]).strip("-")
    name = f"{words[-VHOST_NAME_LENGTH_MAX:].strip('-')}.{zlib.crc32(nodeid.encode()):08x}"
    management.create_vhost(name, broker.user)
    yield name
    management.delete("vhosts", name)
