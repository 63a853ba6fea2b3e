"""``hoptrail otlp`` as a process: killed at any instant, told where to begin, over TLS."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from store.sqlite.log import SqliteEventLog
from tests.support.certificates import Certificates
from tests.support.logs import fill
from tests.support.otlp_receiver import Inbox, Served, ids_in, receiving
from tests.support.recorded_pipeline import untraced
from tests.support.spans import spans_in
from tests.support.wait import wait_until

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
EXPECTED = Counter(span.at.span_id for span in spans_in(untraced()))
DONE_S_MAX = 60
BLOCK_EVENTS = 20
KILLED = -signal.SIGKILL


@dataclass
class Command:
    """``hoptrail otlp`` on the store in *directory*; what it started is ended by process id."""

    directory: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")
        }
        told = {f"HOPTRAIL_{name}": value for name, value in self.settings.items()}
        return {**kept, "HOPTRAIL_STORE": f"sqlite:///{self.directory}", **told}

    def to(self, served: Served, **settings: str) -> None:
        """Send to *served* from now on."""
        self.settings = {
            "OTLP_ENDPOINT": served.endpoint,
            "OTLP_PROTOCOL": served.protocol,
            "OTLP_DELAY_S": "0",
            **settings,
        }

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            [EXECUTABLE, "otlp", *options],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DONE_S_MAX,
            check=False,
        )

    def start(self, *options: str) -> None:
        """Start the command, to be killed or stopped."""
        self.process = subprocess.Popen(
            [EXECUTABLE, "otlp", *options],
            env=self.environment,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code; another process may be started meanwhile by who waits too."""
        process = self.process
        assert process is not None
        process.send_signal(number)
        return process.wait(DONE_S_MAX)

    def wait(self) -> int:
        """Return the exit code once it has ended."""
        assert self.process is not None
        return self.process.wait(DONE_S_MAX)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    directory = tmp_path / "data"

    async def make() -> None:
        async with SqliteEventLog(directory) as log:
            await fill(log, untraced(), sizes=(BLOCK_EVENTS,))

    asyncio.run(make())
    made = Command(directory)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(DONE_S_MAX)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_killed_in_the_middle_of_a_request_it_loses_nothing(
    protocol: str, command: Command
) -> None:
    """After each kill -9 it sends again the one request whose answer it never had, and nothing else twice."""
    unanswered: Counter[bytes] = Counter()
    kill_after = [2, 5]
    inbox = Inbox()

    def kill(request: ExportTraceServiceRequest) -> None:
        """Kill the exporter that waits for the answer to *request*, once so many before it were answered."""
        if kill_after and len(inbox.requests) == kill_after[0]:
            kill_after.pop(0)
            unanswered.update(ids_in(request))
            command.end(signal.SIGKILL)

    inbox.answering = kill
    with receiving(protocol, inbox) as served:
        command.to(served)
        command.start("--since", "0")
        for _ in range(2):
            assert command.wait() == KILLED
            command.start()
        wait_until(lambda: set(inbox.ids()) == set(EXPECTED), timeout_s=DONE_S_MAX)

        assert command.end(signal.SIGTERM) == 0
        assert unanswered
        assert Counter(inbox.ids()) == EXPECTED + unanswered


def test_it_tells_how_far_it_has_come(command: Command) -> None:
    """Before it begins, after it sent everything, and when nothing is new."""
    with receiving("grpc") as served:
        command.to(served)
        before = command.run("--status")
        assert command.run("--once", "--since", "0").returncode == 0
        after = json.loads(command.run("--status", "--json").stdout)
        assert command.run("--once").returncode == 0

        assert "has not begun" in before.stdout
        assert after == {
            "began": True,
            "begin": "0",
            "position": str(len(untraced())),
            "head_position": str(len(untraced())),
            "spans_sent": len(EXPECTED),
            "spans_rejected": 0,
        }
        assert Counter(served.inbox.ids()) == EXPECTED


def test_it_sends_again_only_when_asked(command: Command) -> None:
    """A place to begin is refused once the export has begun, unless it is to send again."""
    with receiving("http/protobuf") as served:
        command.to(served)
        assert command.run("--once", "--since", "0").returncode == 0
        refused = command.run("--once", "--since", "2027-01-01")
        again = command.run("--once", "--again", "--since", "now-520w")

        assert refused.returncode == 2
        assert "--again" in refused.stderr
        assert again.returncode == 0
        assert Counter(served.inbox.ids()) == EXPECTED + EXPECTED


@pytest.mark.parametrize(
    ("settings", "options", "told"),
    [
        ({}, (), "HOPTRAIL_OTLP_ENDPOINT"),
        ({"OTLP_ENDPOINT": "http://127.0.0.1:1"}, ("--since", "yesterday"), "--since"),
        ({"OTLP_ENDPOINT": "https://host:1", "OTLP_CA_FILE": "/nowhere"}, (), "/nowhere"),
    ],
)
def test_wrong_usage_is_told(
    settings: dict[str, str], options: tuple[str, ...], told: str, command: Command
) -> None:
    """What cannot work ends with exit code 2 and says what to write."""
    command.settings = settings
    done = command.run(*options)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_it_speaks_tls_and_sends_its_headers(
    protocol: str, command: Command, tmp_path: Path
) -> None:
    """A certificate is believed by the authority that was set; headers travel as they were written."""
    made = Certificates(tmp_path / "certificates")
    tls = (Path(made.server).read_bytes(), Path(made.server_key).read_bytes())
    with receiving(protocol, tls=tls) as served:
        command.to(served, OTLP_CA_FILE=made.ca, OTLP_HEADERS="x-token=a%20b,x-other=c")
        done = command.run("--once", "--since", "0")

        assert done.returncode == 0, done.stderr
        assert Counter(served.inbox.ids()) == EXPECTED
        assert {each["x-token"] for each in served.inbox.headers} == {"a b"}


def test_a_certificate_that_is_not_trusted_sends_nothing(command: Command, tmp_path: Path) -> None:
    """Without the authority it goes on trying, and says why."""
    made = Certificates(tmp_path / "certificates")
    tls = (Path(made.server).read_bytes(), Path(made.server_key).read_bytes())
    inbox = Inbox()
    with receiving("http/protobuf", inbox, tls=tls) as served:
        command.to(served)
        process = subprocess.Popen(
            [EXECUTABLE, "otlp", "--since", "0"],
            env=command.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        told = process.stderr.readline()
        process.terminate()
        process.communicate(timeout=DONE_S_MAX)

        assert "certificate" in told.lower()
        assert inbox.ids() == []
