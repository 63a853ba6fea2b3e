"""``hoptrail collect`` under test: processes that are started, killed and waited for, and the taps they read."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import httpx2
from pamqp import commands

from bench.raw import RawConnection
from examples.local_broker import Broker
from store.ports import EventLog
from tests.conftest import url_in
from tests.support.captured import Meter
from tests.support.load import declare
from tests.support.management import Management
from tests.support.wait import wait_until

EXECUTABLE: Final = Path(sys.executable).with_name("hoptrail")
TAP: Final = "obs.tap.firehose"
LEADER: Final = "obs.tap.leader"
LEAD_S_MAX: Final = 90
END_S_MAX: Final = 60
FILL_S_MAX: Final = 60
DRAIN_S_MAX: Final = 60
STOPPED: Final = (0, 130)
"""Exit codes of a collector that was asked to stop."""


class Collector:
    """One ``hoptrail collect`` on the store in *directory*; a context manager that ends what it started.

    *urls* maps each vhost to tap to its AMQP URL; *settings* are further settings without their prefix. *name* tells
    several of one test apart, *told_in* is where their stderr is kept. *log* opens the log of another store.
    """

    def __init__(
        self,
        directory: Path,
        urls: Mapping[str, str],
        *,
        amqp_url: str,
        management_url: str,
        settings: Mapping[str, object] | None = None,
        name: str = "collector",
        told_in: Path | None = None,
        log: Callable[[], EventLog] | None = None,
    ) -> None:
        self.directory = directory
        self.stderr_file = (told_in or directory.parent) / f"{name}.stderr"
        self.meter = Meter(log or directory)
        self.program: Sequence[str | Path] = (EXECUTABLE,)
        """What is run; the arguments of ``hoptrail`` follow."""
        self._urls = urls
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = {
            "AMQP_URL": amqp_url,
            "MANAGEMENT_URL": management_url,
            "STORE": f"sqlite:///{directory}",
            "VHOSTS": ",".join(quote(vhost, safe="") for vhost in urls),
            **(settings or {}),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(END_S_MAX)
            self._process = None

    @property
    def pid(self) -> int:
        """Process id of the collector that runs now."""
        assert self._process is not None
        return self._process.pid

    @property
    def stderr(self) -> str:
        """What was told on stderr by all its processes."""
        return self.stderr_file.read_text(errors="replace")

    def start(self, *options: str, **settings: object) -> None:
        """Start a process with *options*; *settings* hold for this and all later ones."""
        assert self._process is None
        self._settings |= settings
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HOPTRAIL_")}
        environment |= {f"HOPTRAIL_{name}": str(value) for name, value in self._settings.items()}
        with self.stderr_file.open("ab") as told:
            self._process = subprocess.Popen(
                [*self.program, "collect", *options], env=environment, stdout=told, stderr=told
            )

    @contextmanager
    def leading(self) -> Iterator[Self]:
        """Lead while the context lasts, from before it is entered."""
        with self:
            self.start_leading()
            yield self

    def start_leading(self, *options: str, **settings: object) -> None:
        """Start a process and wait until it leads and consumes every tap."""
        started = self.meter.counts()["CaptureStarted"]
        self.start(*options, **settings)
        self.wait_leading(after=started)

    def wait_leading(self, *, after: int, timeout_s: float = LEAD_S_MAX) -> None:
        """Wait until more than *after* captures started in the log and every tap is consumed."""

        def leads() -> bool:
            self.check_running()
            return self.meter.counts()["CaptureStarted"] > after and self.is_consuming()

        wait_until(leads, timeout_s=timeout_s)

    def is_consuming(self) -> bool:
        """Say whether the firehose tap of every vhost has a consumer, as the broker knows it."""
        return all(
            depth is not None and depth[1] > 0 for depth in map(tap_depth, self._urls.values())
        )

    def check_running(self) -> None:
        """Fail when the process has ended."""
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"hoptrail collect ended with {code}:\n{self.stderr[-3000:]}"

    def kill(self, *, after_s: float = 0) -> None:
        """Send SIGKILL, *after_s* seconds from now, and return when the process is gone."""
        assert self._process is not None
        self.check_running()
        timer = threading.Timer(after_s, self._process.kill)
        timer.start()
        try:
            code = self._process.wait(after_s + END_S_MAX)
        finally:
            timer.cancel()
        assert code == -signal.SIGKILL, (
            f"it ended with {code} before the kill:\n{self.stderr[-3000:]}"
        )
        self._process = None

    def stop(self) -> None:
        """Stop it as Ctrl-C would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        code = self.wait_ended()
        assert code in STOPPED, f"hoptrail collect ended with {code}:\n{self.stderr[-3000:]}"

    def wait_ended(self, *, timeout_s: float = END_S_MAX) -> int:
        """Wait until the process ends by itself and return its exit code."""
        assert self._process is not None
        code = self._process.wait(timeout_s)
        self._process = None
        return code

    def run(self, *options: str) -> int:
        """Run ``hoptrail collect`` with *options* to its end and return its exit code."""
        self.start(*options)
        return self.wait_ended()

    def drain_and_stop(self, *, events: int) -> None:
        """Wait until the log holds *events* publishes and deliveries, or no more come, and stop.

        Raises:
            AssertionError: the taps are not empty afterwards, so something was captured without being acknowledged, or
                left behind.
        """

        def is_drained() -> bool:
            self.check_running()
            return self.meter.traffic() >= events or self._taps_are_empty()

        wait_until(is_drained, timeout_s=DRAIN_S_MAX)
        wait_until(self._taps_are_empty, timeout_s=DRAIN_S_MAX)
        self.stop()
        # What a consumer did not acknowledge is back in a quorum queue when the consumer is gone from it.
        wait_until(lambda: all(depth[1] == 0 for depth in self._depths()), timeout_s=END_S_MAX)
        left = self._depths()
        assert all(ready == 0 for ready, _ in left), f"left on the taps: {left}"

    def _taps_are_empty(self) -> bool:
        return all(ready == 0 for ready, _ in self._depths())

    def _depths(self) -> list[tuple[int, int]]:
        """Return (ready, consumers) of every tap, -1 where it cannot be asked."""
        return [tap_depth(url) or (-1, -1) for url in self._urls.values()]


def tap_depth(url: str, queue: str = TAP) -> tuple[int, int] | None:
    """Return (ready, consumers) of a tap as its queue tells at this moment; None when it cannot be asked."""
    try:
        with RawConnection(url, name="tests ask for the depth", timeout_s=5) as connection:
            found = connection.call(
                commands.Queue.Declare(queue=queue, passive=True), commands.Queue.DeclareOk
            )
    except OSError:
        return None
    return found.message_count, found.consumer_count


def wait_taps_full(broker: Broker, vhosts: Sequence[str], prefetch: int) -> list[int]:
    """Wait until exactly *prefetch* events of each tap are unacknowledged, and return the broker's own counts.

    Asked of the queues themselves, because the management API's counts are up to five seconds old.
    """
    names = ",".join(f'<<"{vhost}"/utf8>>' for vhost in vhosts)
    asked = f"""
        Unacked = fun(Vhost) ->
            {{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(Vhost, queue, <<"{TAP}">>)),
            Count = fun rabbit_fifo:query_messages_checked_out/1,
            {{ok, {{_, Unacked}}, _}} = ra:local_query(amqqueue:get_pid(Queue), Count),
            Unacked
        end,
        Wait = fun F(Tries) ->
            Counts = [Unacked(Vhost) || Vhost <- [{names}]],
            case Tries == 0 orelse lists:all(fun(Count) -> Count >= {prefetch} end, Counts) of
                true -> {{unacked, [integer_to_binary(Count) || Count <- Counts]}};
                false -> timer:sleep(20), F(Tries - 1)
            end
        end,
        Wait({FILL_S_MAX * 50})."""
    told = broker.rabbitmqctl("eval", " ".join(asked.split()))
    counts = [int(part) for part in told.split('"')[1::2]]
    assert counts == [prefetch] * len(vhosts), f"unacknowledged on the taps: {told}"
    return counts


@dataclass(frozen=True)
class System:
    """A broker with vhosts to tap, each with the exchange and the queues of the load."""

    broker: Broker
    management: Management
    urls: Mapping[str, str]

    def collector(
        self,
        directory: Path,
        *,
        amqp_url: str | None = None,
        name: str = "collector",
        told_in: Path | None = None,
        log: Callable[[], EventLog] | None = None,
        **settings: object,
    ) -> Collector:
        """Return a collector of all the vhosts, not started yet."""
        return Collector(
            directory,
            self.urls,
            amqp_url=amqp_url or self.broker.amqp_url,
            management_url=self.broker.management_url,
            settings=settings,
            name=name,
            told_in=told_in,
            log=log,
        )

    def is_traced(self) -> bool:
        """Say whether the firehose is on in every vhost; False while the broker cannot be asked."""
        try:
            return all(self.management.get("vhosts", vhost)["tracing"] for vhost in self.urls)
        except httpx2.HTTPError:
            return False


@contextmanager
def system_of(broker: Broker, *vhosts: str) -> Iterator[System]:
    """Yield the broker with fresh *vhosts*, which are gone afterwards, and so is every tap."""
    with Management(broker.management_url) as management:
        urls = {vhost: url_in(broker, vhost) for vhost in vhosts}
        for vhost, url in urls.items():
            management.create_vhost(vhost, broker.user)
            declare(url)
        try:
            yield System(broker, management, urls)
        finally:
            _forget(management, vhosts)


def _forget(management: Management, vhosts: Sequence[str]) -> None:
    try:
        for vhost in vhosts:
            management.delete("vhosts", vhost)
        management.delete_taps()
    except httpx2.TransportError:
        return  # a test that failed left the broker killed


@contextmanager
def writing_blocked(directory: Path) -> Iterator[None]:
    """Keep every other process from appending to the log in *directory*, as a backup of its file would."""
    newest = max((directory / "log").glob("segment-*.db"))
    connection = sqlite3.connect(newest, timeout=END_S_MAX, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()
