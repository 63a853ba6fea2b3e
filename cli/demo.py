"""Show hoptrail at work: a broker, a system that uses it, and hoptrail watching both.

Everything is started here and stopped here, by process id, and keeps its files
below the current directory: the log under ``data`` unless the settings say
otherwise, the broker and what the parts print under ``.run``.
A broker that the caller names is used as it is and left running.
"""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from cli.exits import Exit
from cli.settings import Settings
from examples.local_broker import Broker, BrokerUnavailable, open_broker

HTTP: Final[str] = Settings.model_fields["http"].default
STORE: Final[str] = Settings.model_fields["store"].default
READY_S_MAX: Final = 60.0
STOP_S_MAX: Final = 20.0
POLL_S: Final = 0.2
LOG_TAIL_LINES: Final = 15
CLUSTER_NAME: Final = "hoptrail-demo"
"""Named here, so that the log still belongs to the broker when that was made anew."""


class DemoFailed(Exception):
    """A part did not start or ended by itself; the text says which, and how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Where the demo runs. *environment* is what its processes inherit.

    *amqp_url* and *management_url* name the caller's broker: both or none.
    *rate* is in images per second.
    """

    environment: Mapping[str, str]
    amqp_url: str | None = None
    management_url: str | None = None
    http: str = HTTP
    store: str = STORE
    run: Path = Path(".run")
    rate: float = 2.0
    seed: int | None = None

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str]) -> Self:
        """Return the options that *settings* ask for: with no broker named, one is started."""
        named = settings.model_fields_set & {"amqp_url", "management_url"}
        return cls(
            environment=environment,
            amqp_url=settings.amqp_url if "amqp_url" in named else None,
            management_url=settings.management if named else None,
            http=settings.http,
            store=settings.store,
        )


@dataclass(slots=True)
class Part:
    """A process of the demo, in a process group of its own so that Ctrl-C reaches only us."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def require_running(self) -> None:
        """Raise `DemoFailed` when it has ended."""
        code = self.process.poll()
        if code is not None:
            raise DemoFailed(
                f"{self.name} ended with exit code {code}; the end of {self.log}:\n{tail(self.log)}"
            )

    def stop(self) -> None:
        """Stop it as Ctrl-C would; kill it and what it started when that takes too long."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_demo(options: DemoOptions) -> Exit:
    """Run until Ctrl-C or SIGTERM, and return how it ended: OK, FAILED or UNAVAILABLE (no broker)."""
    with _interruptible():
        try:
            with ExitStack() as started:
                _run(options, started)
        except KeyboardInterrupt:
            say("everything is stopped")
            return Exit.OK
        except BrokerUnavailable as refused:
            say(str(refused))
            return Exit.UNAVAILABLE
        except DemoFailed as failed:
            say(str(failed))
            return Exit.FAILED
    return Exit.OK


def _run(options: DemoOptions, started: ExitStack) -> None:
    _require_free(options.http)
    broker = _start_broker(options, started)
    say(f"broker: {_without_credentials(broker.amqp_url)} ({broker.kind})")
    hoptrail = _start(
        started,
        "hoptrail",
        [str(Path(sys.executable).with_name("hoptrail")), "run"],
        options.run,
        environment_of_hoptrail(options, broker.amqp_url, broker.management_url),
    )
    _wait_until_ready(options.http, hoptrail)
    seed = options.seed if options.seed is not None else int(time.time()) % 100_000
    pipeline = _start(
        started,
        "image-pipeline",
        [
            *(sys.executable, "-m", "examples.image_pipeline", "--url", broker.amqp_url),
            *("--images", "0", "--prefetch", "5", "--modelers", "2"),
            *("--rate", str(options.rate), "--seed", str(seed)),
        ],
        options.run,
        dict(options.environment),
    )
    print(welcome(options, program=_program()), flush=True)
    while True:
        hoptrail.require_running()
        pipeline.require_running()
        time.sleep(POLL_S)


def welcome(options: DemoOptions, *, program: str) -> str:
    """Return what a person should do now: one address and three commands to copy."""
    settings = "".join(
        f"{name}={value} "
        for name, value, default in (
            ("HOPTRAIL_HTTP", options.http, HTTP),
            ("HOPTRAIL_STORE", options.store, STORE),
        )
        if value != default
    )
    commands = ("tail", "search 'state:dead-lettered'", "topology")
    return "\n".join(
        [
            "",
            f"hoptrail is watching. Open http://{options.http}/ or, in another terminal, try:",
            "",
            *(f"  {settings}{program} {command}" for command in commands),
            "",
            f"One image in ten fails: the first dead letter comes within {10 / options.rate:.0f} s.",
            "Ctrl-C stops everything.",
        ]
    )


def environment_of_hoptrail(
    options: DemoOptions, amqp_url: str, management_url: str
) -> dict[str, str]:
    """Return the environment of ``hoptrail run``: only the demo's own vhost is watched.

    Settings that are about another broker do not reach one that was started here.
    """
    about_a_broker = () if options.amqp_url else ("HOPTRAIL_ADMIN_URL", "HOPTRAIL_VHOSTS")
    inherited = {k: v for k, v in options.environment.items() if k not in about_a_broker}
    vhost = unquote(urlsplit(amqp_url).path.removeprefix("/")) or "/"
    return {
        "HOPTRAIL_VHOSTS": quote(vhost, safe=""),
        **inherited,
        "HOPTRAIL_AMQP_URL": amqp_url,
        "HOPTRAIL_MANAGEMENT_URL": management_url,
        "HOPTRAIL_HTTP": options.http,
        "HOPTRAIL_STORE": options.store,
    }


def _start_broker(options: DemoOptions, started: ExitStack) -> Broker:
    broker = open_broker(
        options.run / "broker",
        amqp_url=options.amqp_url,
        management_url=options.management_url,
        config=f"cluster_name = {CLUSTER_NAME}",
        report=say,
    )
    started.callback(broker.close)
    return broker


def _start(
    started: ExitStack, name: str, command: list[str], run: Path, environment: dict[str, str]
) -> Part:
    log = run / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
    part = Part(name, process, log)
    started.callback(part.stop)
    return part


def _wait_until_ready(http: str, hoptrail: Part) -> None:
    deadline = time.monotonic() + READY_S_MAX
    while not _answers(f"http://{http}/readyz"):
        hoptrail.require_running()
        if time.monotonic() > deadline:
            raise DemoFailed(
                f"hoptrail was not ready within {READY_S_MAX:.0f} s; the end of {hoptrail.log}:\n"
                + tail(hoptrail.log)
            )
        time.sleep(POLL_S)


def _require_free(http: str) -> None:
    host, _, port = http.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=2):
            pass
    except OSError:
        return
    raise DemoFailed(
        f"something listens on {http} already, perhaps another hoptrail: stop it, "
        "or set HOPTRAIL_HTTP to another address"
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except urllib.error.HTTPError as refused:
        refused.close()
        return False
    except OSError:
        return False


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into a KeyboardInterrupt; later ones wait for the stop."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        say("stopping")
        for number in former:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in former:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _program() -> str:
    """Return how to call hoptrail from here, as short as it can be said."""
    program = Path(sys.executable).with_name("hoptrail")
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def tail(log: Path) -> str:
    """Return the last lines of *log*."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])


def say(line: str) -> None:
    """Tell the person, on stderr."""
    print(line, file=sys.stderr, flush=True)
