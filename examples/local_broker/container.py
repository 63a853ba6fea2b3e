"""A RabbitMQ in a container, where a Docker engine really runs.

Each container has its own name, made from its AMQP port, and is removed on ``close``.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from examples.local_broker.broker import Broker, BrokerUnavailable, wait_until_ready
from examples.local_broker.ports import free_ports
from examples.local_broker.protocols import enabled_plugins, listeners, listening

IMAGE: Final = "rabbitmq:4.0-management"
ENGINE_TIMEOUT_S: Final = 20.0
PULL_TIMEOUT_S: Final = 600.0
COMMAND_TIMEOUT_S: Final = 90.0


def require_engine() -> None:
    """Return if a Docker engine answers.

    Raises:
        BrokerUnavailable: there is no client, or no engine behind it.
    """
    remedy = "to use Docker, start its engine (and join its group), then run this again"
    if shutil.which("docker") is None:
        raise BrokerUnavailable(f"Docker: no docker command here; {remedy}")
    _docker("version", "--format", "{{.Server.Version}}", timeout_s=ENGINE_TIMEOUT_S)


class ContainerBroker(Broker):
    """One container of the official image, published on 127.0.0.1; created on first start."""

    kind = "container"

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        management_port: int | None = None,
        config: str = "",
        report: Callable[[str], None] = lambda _: None,
        protocols: Sequence[str] = (),
    ) -> None:
        self.directory = directory.absolute()
        self._wanted = (port, management_port)
        self._config = config
        self._report = report
        self._protocols = tuple(protocols)
        self.listeners: dict[str, int] = {}
        self._name: str | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the container's first process in the engine's machine."""
        if self._name is None:
            return None
        pid = int(_docker("inspect", "--format", "{{.State.Pid}}", self._name))
        return pid or None

    def start(self) -> None:
        """Create or start the container and wait until it is ready."""
        if self._name is None:
            self._create()
        assert self._name is not None
        _docker("start", self._name)
        try:
            wait_until_ready(self.amqp_url, self.management_url, gave_up=self._ended_early)
        except BrokerUnavailable:
            self.close()
            raise

    def stop(self) -> None:
        """Stop the container in good order."""
        if self._name is not None:
            _docker("stop", "-t", "30", self._name)

    def kill(self) -> None:
        """SIGKILL the container's processes."""
        if self._name is not None and self.pid is not None:
            _docker("kill", "--signal", "KILL", self._name)
            _docker("wait", self._name)

    def close(self) -> None:
        """Remove the container with its data."""
        if self._name is not None:
            _docker("rm", "--force", "--volumes", self._name)
            self._name = None

    def rabbitmqctl(self, *args: str) -> str:
        """Run ``rabbitmqctl`` inside the container and return its stdout."""
        if self._name is None:
            raise RuntimeError("the container was never started")
        command = ["docker", "exec", self._name, "rabbitmqctl", *args]
        done = _run(command, COMMAND_TIMEOUT_S)
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(args)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _create(self) -> None:
        names = listening(self._protocols)
        amqp, management, metrics, *others = free_ports(3 + len(names))
        self.listeners = dict(zip(names, others, strict=True))
        amqp, management = self._wanted[0] or amqp, self._wanted[1] or management
        plugins, config = self._write_files(metrics)
        if _run(["docker", "image", "inspect", IMAGE], COMMAND_TIMEOUT_S).returncode != 0:
            self._report(f"pulling the image {IMAGE}")
            _docker("pull", IMAGE, timeout_s=PULL_TIMEOUT_S)
        name = f"hoptrail-broker-{amqp}"
        _docker(
            "create", "--name", name, "--hostname", "hoptrail",
            "--publish", f"127.0.0.1:{amqp}:5672",
            "--publish", f"127.0.0.1:{management}:15672",
            "--publish", f"127.0.0.1:{metrics}:{metrics}",
            *(part for port in others for part in ("--publish", f"127.0.0.1:{port}:{port}")),
            "--volume", f"{plugins}:/etc/rabbitmq/enabled_plugins:ro",
            "--volume", f"{config}:/etc/rabbitmq/conf.d/90-hoptrail.conf:ro",
            *self._advanced(),
            IMAGE,
        )  # fmt: skip
        self._name = name
        self.amqp_url = f"amqp://guest:guest@127.0.0.1:{amqp}/"
        self.management_url = f"http://guest:guest@127.0.0.1:{management}"

    def _advanced(self) -> list[str]:
        """Return the options that give it the caller's ``advanced.config``, where there is one."""
        advanced = self.directory / "advanced.config"
        inside = "/etc/rabbitmq/advanced.config"
        return ["--volume", f"{advanced}:{inside}:ro"] if advanced.exists() else []

    def _write_files(self, metrics: int) -> tuple[Path, Path]:
        plugins, config = self.directory / "enabled_plugins", self.directory / "rabbitmq.conf"
        self.directory.mkdir(parents=True, exist_ok=True)
        plugins.write_text(enabled_plugins(self._protocols))
        # Connections reach a container from the engine's bridge, not from its loopback. The port of the metrics is the
        # same inside and outside, because the broker names it to those who ask.
        config.write_text(
            f"loopback_users = none\nprometheus.tcp.port = {metrics}\n"
            f"{listeners(self.listeners, address='0.0.0.0')}{self._config}\n"
        )
        return plugins, config

    def _ended_early(self) -> str | None:
        assert self._name is not None
        state = json.loads(_docker("inspect", "--format", "{{json .State}}", self._name))
        if state["Running"]:
            return None
        log = _run(["docker", "logs", "--tail", "15", self._name], COMMAND_TIMEOUT_S)
        return f"the container ended while starting:\n{log.stdout}{log.stderr}"


def _run(command: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip


def _docker(*args: str, timeout_s: float = COMMAND_TIMEOUT_S) -> str:
    try:
        done = _run(["docker", *args], timeout_s)
    except subprocess.TimeoutExpired as error:
        raise BrokerUnavailable(
            f"Docker: `docker {args[0]}` did not answer in {timeout_s:.0f} s; restart its engine"
        ) from error
    if done.returncode != 0:
        raise BrokerUnavailable(
            f"Docker: `docker {args[0]}` failed: {done.stderr.strip()}; start the engine or "
            "make it reachable for this user, then run this again"
        )
    return done.stdout.strip()
