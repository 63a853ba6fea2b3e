"""The demo, as a person meets it: it starts everything, shows a dead letter, and leaves nothing."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from examples.local_broker import Broker, free_ports
from tests.support.wait import wait_until

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
WELCOME_S_MAX = 90
DEAD_LETTER_S_MAX = 60
STOP_S_MAX = 60
DRAWN_S_MAX = 60


class Demo:
    """A running ``hoptrail demo`` in *directory*, on the broker of the tests."""

    def __init__(self, directory: Path, broker: Broker, vhost_url: str) -> None:
        self.http = f"127.0.0.1:{free_ports(1)[0]}"
        self.environment = {
            **os.environ,
            "HOPTRAIL_AMQP_URL": vhost_url,
            "HOPTRAIL_MANAGEMENT_URL": broker.management_url,
            "HOPTRAIL_HTTP": self.http,
        }
        self.directory = directory
        self.output = directory / "output.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [EXECUTABLE, "demo"],
                cwd=directory,
                env=self.environment,
                stdout=output,
                stderr=output,
                process_group=0,
            )

    def said(self, pattern: str) -> bool:
        text = self.output.read_text()
        assert self.process.poll() is None, text
        return re.search(pattern, text) is not None

    def commands(self) -> list[str]:
        return [
            li.strip()
            for li in self.output.read_text().splitlines()
            if "hoptrail " in li[:200] and li.startswith("  ")
        ]

    def call(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run *command* as a shell in another terminal would."""
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def demo(tmp_path: Path, broker: Broker, vhost_url: str) -> Iterator[Demo]:
    running = Demo(tmp_path, broker, vhost_url)
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(STOP_S_MAX)


def drawn_with(done: subprocess.CompletedProcess[str], service: str) -> str:
    """Return what a command drew once that has *service*."""
    assert done.returncode == 0, done.stderr
    return done.stdout if service in done.stdout else ""


def test_the_demo_shows_a_dead_letter_and_stops_what_it_started(demo: Demo) -> None:
    """Its commands work as printed, the first failure is found, and Ctrl-C leaves no process."""
    wait_until(lambda: demo.said("Ctrl-C stops everything"), timeout_s=WELCOME_S_MAX)
    tail, search, topology = demo.commands()
    started = psutil.Process(demo.process.pid).children(recursive=True)

    def dead_letter_found() -> bool:
        found = demo.call(f"{search} --json")
        return found.returncode == 0 and len(json.loads(found.stdout)["items"]) > 0

    wait_until(dead_letter_found, timeout_s=DEAD_LETTER_S_MAX)
    drawn = wait_until(lambda: drawn_with(demo.call(topology), "Modeler"), timeout_s=DRAWN_S_MAX)
    demo.process.send_signal(signal.SIGINT)
    code = demo.process.wait(STOP_S_MAX)

    assert "Modeler" in drawn
    assert shlex.split(tail)[-1] == "tail"
    assert code == 0
    assert len(started) >= 2
    assert not any(process.is_running() for process in started)
