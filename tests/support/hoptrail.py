"""A hoptrail under test: ``hoptrail run`` in processes of its own, asked through its API and its command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2

from cli import wiring
from cli.settings import load
from store.ports import EventLog
from tests.support.wait import wait_until

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
READY_S_MAX = 60
STOP_S_MAX = 60


class Hoptrail:
    """One hoptrail on the store in *directory*; a context manager that stops what it started, by process id."""

    def __init__(
        self,
        directory: Path,
        *,
        port: int,
        amqp_url: str,
        management_url: str,
        vhosts: str,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")
            },
            "HOPTRAIL_AMQP_URL": amqp_url,
            "HOPTRAIL_MANAGEMENT_URL": management_url,
            "HOPTRAIL_STORE": f"sqlite:///{directory}",
            "HOPTRAIL_HTTP": f"127.0.0.1:{port}",
            "HOPTRAIL_VHOSTS": vhosts,
            **(settings or {}),
        }
        self.log_file = directory.parent / f"{directory.name}.stderr"
        self._process: subprocess.Popen[bytes] | None = None
        key = self.environment.get("HOPTRAIL_API_KEY")
        self._client = httpx2.Client(
            base_url=self.url,
            timeout=30,
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
        )

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._client.close()

    def start(self, role: str = "run") -> None:
        """Start `hoptrail run` and wait until it is ready and capturing."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [EXECUTABLE, role], env=self.environment, stdout=log, stderr=log
            )
        wait_until(self.is_capturing, timeout_s=READY_S_MAX)

    def stop(self) -> int:
        """Stop it as Ctrl-C would, and return its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._process = None

    def is_capturing(self) -> bool:
        """Say whether it answers and its collector leads; fail at once when it ended."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"hoptrail ended:\n{self.log_file.read_text()[-3000:]}")
        try:
            return (
                self._client.get("/readyz").status_code == 200 and self.get("/capture")["running"]
            )
        except httpx2.TransportError:
            return False

    def get(self, path: str, **parameters: object) -> Any:
        """Return the JSON of ``/api/v1`` + *path*; any other status than 200 fails."""
        answer = self._client.get(
            f"/api/v1{path}", params={k: str(v) for k, v in parameters.items()}
        )
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def log(self) -> EventLog:
        """Return its log, to be opened for reading."""
        return wiring.event_log(load(self.environment), read_only=True)

    def raw(self, path: str) -> httpx2.Response:
        """Return the answer to a request for *path* under ``/api/v1`` as it is."""
        return self._client.get(f"/api/v1{path}")

    def items(self, path: str, **parameters: object) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.get(path, **parameters, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def messages(self, query: str = "") -> list[dict[str, Any]]:
        """Return every message that *query* finds."""
        return list(self.items("/messages", q=query, limit=200))

    def message(self, uid: str) -> dict[str, Any]:
        """Return one message."""
        return self.get(f"/messages/{quote(uid, safe='')}")

    def wait_captured(self, *, published: int, delivered: int, timeout_s: float = 60) -> None:
        """Wait until that many events were captured and every projection has folded them."""

        def done() -> bool:
            capture = self.get("/capture")
            if capture["published"] < published or capture["delivered"] < delivered:
                return False
            projections = self.get("/projections")["items"]
            return capture["caught_up"] and all(each["caught_up"] for each in projections)

        wait_until(done, timeout_s=timeout_s)

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [EXECUTABLE, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """Run a reading command with ``--json`` and return what it printed."""
        done = self.cli(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
