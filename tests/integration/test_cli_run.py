"""``hoptrail run`` as a process: it serves, ends with all its children, and leaves none behind when killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from examples.local_broker import free_ports
from tests.support.wait import wait_until

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
WAIT_S_MAX = 40.0
ROLES = {"collect", "project", "serve"}


class Running:
    """A `hoptrail run` without a broker, on a store of its own."""

    def __init__(self, directory: Path) -> None:
        http, amqp = free_ports(2)
        self.url = f"http://127.0.0.1:{http}"
        kept = {name: value for name, value in os.environ.items() if "HOPTRAIL" not in name}
        self.environment = kept | {
            "HOPTRAIL_AMQP_URL": f"amqp://guest:guest@127.0.0.1:{amqp}/",
            "HOPTRAIL_STORE": f"sqlite:///{directory}/store",
            "HOPTRAIL_HTTP": f"127.0.0.1:{http}",
        }
        self.log_file = directory / "stderr"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [EXECUTABLE, "run"], env=self.environment, stdout=log, stderr=log, cwd=directory
            )

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.url}{path}", timeout=WAIT_S_MAX, trust_env=False)

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log_file.read_text()
        try:
            return self.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def children(self) -> dict[str, psutil.Process]:
        """Return the children by role."""
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # it ended meanwhile
                if line := child.cmdline():  # none while it waits to be noticed
                    found[line[-1]] = child
        return found


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    try:
        wait_until(running.answers, timeout_s=WAIT_S_MAX)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait(WAIT_S_MAX)


def gone(processes: dict[str, psutil.Process]) -> bool:
    return not any(
        each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes.values()
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_serves_without_a_broker_and_ends_together(
    running: Running, number: signal.Signals, code: int
) -> None:
    """The API answers while the broker is away; Ctrl-C or SIGTERM ends the three roles and the run."""
    children = running.children()
    capture = running.get("/api/v1/capture").json()

    assert set(children) == ROLES
    assert capture["running"] is False
    running.process.send_signal(number)
    assert running.process.wait(WAIT_S_MAX) == code
    assert gone(children)


def test_a_killed_role_is_started_again(running: Running) -> None:
    """A role that is killed comes back, the others stay."""
    before = running.children()
    before["serve"].kill()
    wait_until(
        lambda: (
            running.children().get("serve") not in (None, before["serve"]) and running.answers()
        ),
        timeout_s=WAIT_S_MAX,
    )

    assert running.children()["project"] == before["project"]


def test_a_killed_run_leaves_nobody_behind(running: Running) -> None:
    """When the supervisor itself is killed with SIGKILL, its children end."""
    children = running.children()
    running.process.kill()
    running.process.wait(WAIT_S_MAX)

    wait_until(lambda: gone(children), timeout_s=WAIT_S_MAX)


def test_a_wrong_setting_ends_the_run(tmp_path: Path) -> None:
    """A setting that is not valid ends the run with 2 before anything starts."""
    done = subprocess.run(
        [EXECUTABLE, "run"],
        env={**os.environ, "HOPTRAIL_STORE": "nowhere"},
        capture_output=True,
        text=True,
        timeout=WAIT_S_MAX,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 2
    assert "HOPTRAIL_STORE" in done.stderr
