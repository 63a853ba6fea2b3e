"""The compose file's services as processes: its command lines and environments, each role with its own least rights.

What containers would reach by name is put in the place of the names; nothing else of the file is changed.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from examples.local_broker import free_ports
from store.elastic.roles import DAEMONS, INDEXER, READER, RETENTION, WRITER
from tests.support import compose
from tests.support.demo_broker import Demo, demo_broker, run, without_ours
from tests.support.elastic_server import ElasticServer
from tests.support.granted import Granted, granted
from tests.support.wait import wait_until

IMAGES = 40
WELL_S_MAX = 90
END_S_MAX = 60
ANSWER_S_MAX = 60
MESSAGES_PER_IMAGE_MIN = 4
ROLES = {"collect": WRITER, "project": INDEXER, "serve": READER, "retention": RETENTION}


class Stack:
    """The services of ours at a broker and a store that are not in containers."""

    def __init__(self, directory: Path, demo: Demo, roles: Granted) -> None:
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self._directory, self._demo, self._roles = directory, demo, roles
        self._services: dict[str, Any] = compose.resolved(directory)["services"]
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, service: str) -> dict[str, str]:
        """Return a service's environment, with addresses of this machine."""
        given = compose.environment_of(self._services[service])
        places = {
            "rabbitmq:5672": f"127.0.0.1:{self._demo.broker.port}",
            "http://rabbitmq:15672": self._demo.management_url,
            "0.0.0.0:8652": "0.0.0.0:" + self.url.rpartition(":")[2],
        }
        for inside, here in places.items():
            given = {name: value.replace(inside, here) for name, value in given.items()}
        if (role := ROLES.get(service)) is not None:
            assert f"//hoptrail_{role}:" in given["HOPTRAIL_STORE"]
            store = self._roles.environment(role)
            given |= {name: value for name, value in store.items() if "_STORE" in name}
        return given

    def start(self, service: str) -> None:
        """Start a service of ours as its container would."""
        told = (self._directory / f"{service}.stderr").open("wb")
        with told:
            self._running[service] = subprocess.Popen(
                [sys.executable, "-m", "cli", *self.command(service)],
                env=without_ours() | self.environment(service),
                cwd=compose.ROOT,
                stdout=told,
                stderr=told,
            )

    def command(self, service: str) -> list[str]:
        """Return the words after the entry point."""
        return compose.words(self._services[service]["command"])

    def is_well(self, service: str) -> bool:
        """Ask a service's own health check; a process that has ended fails the test."""
        if (process := self._running.get(service)) is not None:
            told = (self._directory / f"{service}.stderr").read_text()
            assert process.poll() is None, f"{service} ended:\n{told[-3000:]}"
        mode, program, *words = compose.words(self._services[service]["healthcheck"]["test"])
        assert (mode, program) == ("CMD", "hoptrail")
        return run("cli", *words, **self.environment(service)).returncode == 0

    def stop(self) -> dict[str, int]:
        """Stop all as an engine would, and return how they ended."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(END_S_MAX) for name, process in self._running.items()}

    def close(self) -> None:
        """End what still runs."""
        for process in self._running.values():
            process.kill()
            process.wait(END_S_MAX)


@pytest.fixture
def demo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Demo]:
    """The compose file's broker."""
    (tmp_path / "broker").mkdir()
    with demo_broker(request.config, tmp_path / "broker") as opened:
        yield opened


@pytest.fixture
def stack(demo: Demo, secure_elastic: ElasticServer, tmp_path: Path) -> Iterator[Stack]:
    """The services, none of them started yet."""
    with granted(secure_elastic, *DAEMONS) as roles:
        opened = Stack(tmp_path, demo, roles)
        try:
            yield opened
        finally:
            opened.close()


def test_the_services_work_together_with_the_rights_of_the_file(stack: Stack) -> None:
    """Each health check turns green, the pipeline's messages are found through the API with the key, and all end with 0."""
    for service in ("collect", "project", "serve"):
        stack.start(service)
        wait_until(lambda name=service: stack.is_well(name), timeout_s=WELL_S_MAX)
    done = run(
        *("examples.image_pipeline", "--images", str(IMAGES), "--rate", "0"),
        **stack.environment("image-pipeline"),
    )
    key = {"Authorization": f"Bearer {compose.secrets()['HOPTRAIL_API_KEY']}"}

    def found() -> int:
        answer = httpx2.get(
            f"{stack.url}/api/v1/messages",
            params={"exact_total": True},
            headers=key,
            timeout=ANSWER_S_MAX,
        )
        return answer.json()["total"] if answer.status_code == httpx2.codes.OK else 0

    assert done.returncode == 0, done.stderr
    wait_until(lambda: found() >= MESSAGES_PER_IMAGE_MIN * IMAGES, timeout_s=WELL_S_MAX)
    without_key = httpx2.get(f"{stack.url}/api/v1/messages", timeout=ANSWER_S_MAX)
    assert without_key.status_code == httpx2.codes.UNAUTHORIZED
    assert all(stack.is_well(service) for service in ROLES)
    assert stack.stop() == {"collect": 0, "project": 0, "serve": 0}
