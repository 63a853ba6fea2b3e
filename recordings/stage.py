"""What a scenario has to work with: a broker, a folder of its own, processes that end with it, the truth they tell."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.support.management import Management
from tests.support.wait import wait_until

APPLICATIONS: Final = Path(__file__).parent / "applications"
INSTALL_S_MAX: Final = 900
RUN_S_MAX: Final = 180
END_S_MAX: Final = 20


class ScenarioFailed(Exception):
    """A process of the scenario ended badly; the text holds the end of its log."""


class Stage:
    """One run of a scenario; a context manager that ends the processes it started.

    *scripts* is the folder of the recording, *folder* one below ``.run`` that is kept from run to run, so that a framework
    is installed once. Processes find the broker in ``AMQP_URL``, ``AMQP_HOST`` and ``AMQP_PORT``, and tell the truth into
    the file ``RECORDING_TRUTH``; Python ones with the module ``truth``. What took part belongs into `versions`, what else
    processes are to find in their environment into `extra`.
    """

    def __init__(
        self, scripts: Path, folder: Path, run: Path, *, amqp_url: str, management_url: str
    ) -> None:
        self.scripts, self.folder, self.run_folder = scripts, folder, run
        self.amqp_url, self.management_url = amqp_url, management_url
        self.truth_file = run / "truth.jsonl"
        self.versions: dict[str, str] = {}
        self.extra: dict[str, str] = {}
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._management = Management(management_url)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run_folder.mkdir(parents=True, exist_ok=True)
        self.truth_file.touch()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        self._management.__exit__(kind, error, trace)

    @property
    def environment(self) -> dict[str, str]:
        """What processes are started with; settings of hoptrail are left out."""
        parts = urlsplit(self.amqp_url)
        kept = {name: value for name, value in os.environ.items() if "HOPTRAIL" not in name}
        return {
            **kept,
            "AMQP_URL": self.amqp_url,
            "AMQP_HOST": parts.hostname or "127.0.0.1",
            "AMQP_PORT": str(parts.port or 5672),
            "MANAGEMENT_URL": self.management_url,
            "RECORDING_TRUTH": str(self.truth_file),
            "PYTHONPATH": str(APPLICATIONS),
            "PYTHONUNBUFFERED": "1",
            **self.extra,
        }

    def python(self, *requirements: str, interpreter: str | Path = sys.executable) -> Path:
        """Return the Python of an environment with *requirements*; their versions become part of `versions`.

        Raises:
            ScenarioFailed: they could not be installed.
        """
        wanted = "\n".join((str(interpreter), *requirements))
        home = self.folder / f"python-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
        python = home / "bin" / "python"
        if not (home / "installed").exists():
            self.install([str(interpreter), "-m", "venv", "--clear", str(home)])
            self.install([str(python), "-m", "pip", "install", "--quiet", *requirements])
            (home / "installed").touch()
        listed = subprocess.run(
            [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
            check=True,
            capture_output=True,
            env=self.environment,
        )
        there = {each["name"].lower(): each["version"] for each in json.loads(listed.stdout)}
        for requirement in requirements:
            name = requirement.partition("=")[0].partition("<")[0].partition("[")[0].lower()
            self.versions[name] = there[name]
        return python

    def install(self, command: Sequence[str], *, cwd: Path | None = None) -> None:
        """Run a step that fetches or builds; its output is shown.

        Raises:
            ScenarioFailed: it exited with an error.
        """
        done = subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=self.environment,
            timeout=INSTALL_S_MAX,
            check=False,
            stdout=sys.stderr,
        )
        if done.returncode:
            raise ScenarioFailed(f"{' '.join(command)} exited with {done.returncode}")

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start a process that runs until the scenario ends; what it tells goes to ``NAME.log`` of the run."""
        with self.log_of(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=cwd or self.scripts,
                env={**self.environment, **(environment or {})},
                stdout=log,
                stderr=log,
            )
        self._processes.append((name, process))
        return process

    def run(
        self,
        name: str,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = RUN_S_MAX,
    ) -> str:
        """Run a process to its end, and return what it told.

        Raises:
            ScenarioFailed: it exited with an error.
        """
        process = self.start(name, command, environment, cwd)
        self._processes.pop()
        try:
            code = process.wait(timeout_s)
        finally:
            process.kill()
        told = self.log_of(name).read_text(errors="replace")
        if code:
            raise ScenarioFailed(f"{name} exited with {code}:\n{told[-3000:]}")
        return told

    def log_of(self, name: str) -> Path:
        """Return where the process *name* tells what it does."""
        return self.run_folder / f"{name}.log"

    def truth(self) -> list[dict[str, Any]]:
        """Return what the applications told so far."""
        lines = self.truth_file.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def wait_told(self, count: int, *, timeout_s: float = RUN_S_MAX) -> None:
        """Wait until the applications told of *count* messages."""
        self.wait(lambda: len(self.truth()) >= count, timeout_s=timeout_s)

    def wait_queue(self, queue: str, *, consumers: int = 1, timeout_s: float = 60) -> None:
        """Wait until *queue* of the vhost ``/`` has that many consumers."""

        def consumed() -> bool:
            found = self._management.get("queues", "/")
            return any(q["name"] == queue and q.get("consumers", 0) >= consumers for q in found)

        self.wait(consumed, timeout_s=timeout_s)

    def depth(self, queue: str) -> int:
        """Return how many messages *queue* of the vhost ``/`` holds, by a count that is up to a second old."""
        found = self._management.get("queues", "/")
        return sum(q.get("messages", 0) for q in found if q["name"] == queue)

    def wait_handled(self, *, timeout_s: float = 60) -> None:
        """Wait until every queue of the vhost ``/`` but the collector's is empty, by counts that are up to a second old."""

        def empty() -> bool:
            found = self._management.get("queues", "/")
            return not any(
                q.get("messages", 0) for q in found if not q["name"].startswith("obs.tap.")
            )

        self.wait(empty, timeout_s=timeout_s)

    def wait(self, condition: Callable[[], object], *, timeout_s: float = RUN_S_MAX) -> None:
        """Wait for *condition*, and fail at once when a process of the scenario ended with an error.

        Raises:
            ScenarioFailed: one did.
            AssertionError: the condition still does not hold after *timeout_s* seconds.
        """

        def holds() -> object:
            for name, process in self._processes:
                if process.poll():
                    raise ScenarioFailed(
                        f"{name} ended:\n{self.log_of(name).read_text(errors='replace')[-3000:]}"
                    )
            return condition()

        wait_until(holds, timeout_s=timeout_s)

    def end(self) -> None:
        """End every process, the last started first."""
        for _, process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(END_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(END_S_MAX)
        self._processes.clear()
