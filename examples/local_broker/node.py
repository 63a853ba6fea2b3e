"""A private RabbitMQ node from the distribution's package.

It has its own name, ports, directories, cookie and epmd, listens on 127.0.0.1 only and runs
as the calling user. Management, event exchange and Prometheus metrics are enabled before it first starts.
Everything it writes is below the directory given by the caller.
It ends when the process that started it ends, however that happens.
"""

import os
import secrets
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from examples.local_broker.broker import Broker, BrokerUnavailable, wait_until_ready
from examples.local_broker.package import PROGRAMS
from examples.local_broker.ports import free_ports
from examples.local_broker.protocols import enabled_plugins, listeners, listening
from examples.local_broker.root import inside

NODE_NAME: Final = "hoptrail@localhost"
"""One name suffices for nodes that have an epmd of their own: names are per epmd."""

START_ATTEMPTS_MAX: Final = 3
STOP_TIMEOUT_S: Final = 60.0
CONTROL_TIMEOUT_S: Final = 90.0
LOG_TAIL_LINES: Final = 15

ERLANG_ARGUMENTS: Final = (
    # Small and quiet: two schedulers, no spinning while idle, a port table of 64 Ki.
    "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none +Q 65536 "
    "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} "
    # The counters of connections that ended are cleared away once a day, not every two minutes: that happens whether they
    # were read or not, and a short connection would now and then not be counted.
    "-rabbit core_metrics_gc_interval 86400000"
)
GUARD: Final = 'read -r word || kill -TERM "$@"'
"""Ends the processes when the pipe closes without a word, thus when we were killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What the nodes of one cluster share: an epmd that somebody else runs on *epmd_port*, and the cookie."""

    name: str
    epmd_port: int
    cookie: str


class PrivateNode(Broker):
    """One node of the installed package; nothing happens before ``start``.

    Args:
        directory: where it keeps everything; a second start there finds the first's objects.
        port, management_port: fixed ports, or free ones are chosen.
        config: further lines for ``rabbitmq.conf``.
        root: the file system whose package it is, when that is not this one; see ``root.py``.
        protocols: what it speaks beside AMQP 0-9-1; names as in ``protocols.py``.
        member: how it meets the other nodes of a cluster; without it, it is alone and has its own epmd.
    """

    kind = "private node"

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        management_port: int | None = None,
        config: str = "",
        root: Path | None = None,
        protocols: Sequence[str] = (),
        member: Membership | None = None,
    ) -> None:
        self._member = member
        self._name = NODE_NAME if member is None else member.name
        self.directory = directory.absolute()
        self._wanted = (port, management_port)
        self._config = config
        self._root = root
        self._protocols = tuple(protocols)
        self.listeners: dict[str, int] = {}
        self._ports: tuple[int, int, int, int, int] | None = None
        self._beam: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the Erlang machine, None when it does not run."""
        return self._beam.pid if self._beam is not None and self._beam.poll() is None else None

    def start(self) -> None:
        """Start the node and wait until it is ready.

        Ports chosen by us are chosen again if somebody takes them in between.
        """
        if self.pid is not None:
            return
        attempts = 1 if self._ports else START_ATTEMPTS_MAX
        for attempt in range(1, attempts + 1):
            ports = self._ports or self._choose_ports()
            try:
                self._start_on(ports)
            except BrokerUnavailable:
                self.kill()
                if attempt == attempts:
                    raise
            else:
                self._ports = ports
                return

    def stop(self) -> None:
        """Stop the node in good order by SIGTERM; SIGKILL if it does not end in time."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL the Erlang machine."""
        self._end(signal.SIGKILL)

    def rabbitmqctl(self, *args: str) -> str:
        """Run the package's ``rabbitmqctl`` against this node and return its stdout."""
        if self._ports is None:
            raise RuntimeError("the node was never started")
        done = subprocess.run(
            self._command(str(PROGRAMS / "rabbitmqctl"), "-n", self._name, *args),
            env=self._environment(self._ports),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CONTROL_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(args)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _choose_ports(self) -> tuple[int, int, int, int, int]:
        names = listening(self._protocols)
        amqp, management, distribution, epmd, metrics, *others = free_ports(5 + len(names))
        self.listeners = dict(zip(names, others, strict=True))
        return (self._wanted[0] or amqp, self._wanted[1] or management, distribution, epmd, metrics)

    def _start_on(self, ports: tuple[int, int, int, int, int]) -> None:
        amqp, management, _, epmd, metrics = ports
        self.amqp_url = f"amqp://guest:guest@127.0.0.1:{amqp}/"
        self.management_url = f"http://guest:guest@127.0.0.1:{management}"
        self._write_files(amqp, management, metrics)
        environment = self._environment(ports)
        with (self.directory / "output.log").open("ab") as output:
            if self._member is None:
                self._epmd = _spawn(
                    self._command("epmd", "-port", str(epmd), "-address", "127.0.0.1"),
                    environment, self.directory, output.fileno(),
                )  # fmt: skip
            self._beam = _spawn(
                self._command(str(PROGRAMS / "rabbitmq-server")),
                environment, self.directory, output.fileno(),
            )  # fmt: skip
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "sh", *self._pids()],
            stdin=subprocess.PIPE, start_new_session=True, cwd="/",
        )  # fmt: skip
        wait_until_ready(self.amqp_url, self.management_url, gave_up=self._ended_early)

    def _command(self, *command: str) -> list[str]:
        if self._root is None:
            return list(command)
        return inside(self._root, command, shared=[self.directory])

    def _pids(self) -> list[str]:
        return [str(process.pid) for process in (self._beam, self._epmd) if process is not None]

    def _ended_early(self) -> str | None:
        for name, process in (("RabbitMQ", self._beam), ("epmd", self._epmd)):
            if process is None and name == "epmd" and self._member is not None:
                continue
            if process is None or process.poll() is not None:
                return f"{name} ended while starting in {self.directory}:\n{self._log_tail()}"
        return None

    def _log_tail(self) -> str:
        logs = [self.directory / "output.log", *sorted((self.directory / "log").glob("*.log"))]
        lines = [
            line
            for log in logs
            if log.exists()
            for line in log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        ]
        return "\n".join(lines)

    def _end(self, how: signal.Signals) -> None:
        if self._beam is not None:
            _end_process(self._beam, how)
        if self._epmd is not None:
            _end_process(self._epmd, signal.SIGTERM)
        if self._guard is not None:
            # The guard must hear the word only when both are gone.
            self._guard.communicate(b"done\n")
        self._beam = self._epmd = self._guard = None

    def _write_files(self, amqp: int, management: int, metrics: int) -> None:
        for name in ("home", "log", "mnesia", "generated"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        cookie = self.directory / "home" / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(
                secrets.token_hex(16) if self._member is None else self._member.cookie
            )
            cookie.chmod(0o400)
        (self.directory / "enabled_plugins").write_text(enabled_plugins(self._protocols))
        (self.directory / "rabbitmq-env.conf").write_text("")
        (self.directory / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{amqp}\n"
            "management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {management}\n"
            "prometheus.tcp.ip = 127.0.0.1\n"
            f"prometheus.tcp.port = {metrics}\n"
            f"{listeners(self.listeners, address='127.0.0.1')}"
            f"{self._config}\n"
        )

    def _environment(self, ports: tuple[int, int, int, int, int]) -> dict[str, str]:
        here = self.directory
        return {
            "PATH": os.defpath + ":/usr/sbin:/sbin",
            "HOME": str(here / "home"),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._member.epmd_port if self._member else ports[3]),
            "ERL_CRASH_DUMP": str(here / "log" / "erl_crash.dump"),
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_DIST_PORT": str(ports[2]),
            "RABBITMQ_MNESIA_BASE": str(here / "mnesia"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(here / "rabbitmq-env.conf"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(here / "generated"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_ARGUMENTS,
            # Makes the script become the Erlang machine, so that its pid is the node's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }


def _spawn(
    command: list[str], environment: dict[str, str], directory: Path, output: int
) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C in the terminal must reach us and not the broker.
    return subprocess.Popen(
        command, env=environment, cwd=directory, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=output, stderr=output,
    )  # fmt: skip


def _end_process(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
