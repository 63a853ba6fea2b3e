"""Elasticsearch in a container, where a Docker engine really runs.

Each container has its own name, made from its port, and is removed on ``close``.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from examples.local_broker import free_ports
from tests.support.elastic_server.distribution import VERSIONS
from tests.support.elastic_server.options import Options, Setting, Version
from tests.support.elastic_server.security import ADMIN, Security, Users
from tests.support.elastic_server.server import (
    ElasticNotOurs,
    ElasticServer,
    ElasticUnavailable,
    call,
    tls_context,
    url_of,
    wait_until_ready,
)

IMAGE: Final = "docker.elastic.co/elasticsearch/elasticsearch"
ENGINE_TIMEOUT_S: Final = 20.0
PULL_TIMEOUT_S: Final = 900.0
COMMAND_TIMEOUT_S: Final = 90.0
STOP_TIMEOUT_S: Final = 60
CONFIG: Final = "/usr/share/elasticsearch/config"

GUARD: Final = 'read -r word || docker rm --force --volumes "$1"'
"""Removes the container when the pipe closes without a word, thus when we were killed."""


def require_engine() -> None:
    """Return if a Docker engine answers.

    Raises:
        ElasticUnavailable: there is no client, or no engine behind it.
    """
    if shutil.which("docker") is None:
        raise ElasticUnavailable("Docker: no docker command here")
    _docker("version", "--format", "{{.Server.Version}}", timeout_s=ENGINE_TIMEOUT_S)


def pull(version: Version) -> str:
    """Return the name of the image, pulled if it was not here."""
    image = f"{IMAGE}:{VERSIONS[version]}"
    if _run(["docker", "image", "inspect", image], COMMAND_TIMEOUT_S).returncode != 0:
        _docker("pull", image, timeout_s=PULL_TIMEOUT_S)
    return image


class ElasticContainer(ElasticServer):
    """One container of the official image on 127.0.0.1; made on first start."""

    kind = "container"

    def __init__(
        self,
        directory: Path,
        options: Options,
    ) -> None:
        self.directory = directory.absolute()
        self._options = options
        self._security: Security | None = None
        self._name: str | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the container's first process in the engine's machine."""
        if self._name is None:
            return None
        return int(_docker("inspect", "--format", "{{.State.Pid}}", self._name)) or None

    @property
    def data(self) -> Path:
        """Refuse: the data lie inside."""
        raise ElasticNotOurs("the data of a container lie inside it")

    @property
    def users(self) -> Users:
        """Adds users and roles.

        Raises:
            ElasticNotOurs: security is off.
        """
        if self._security is None:
            return super().users
        return Users(self._security, self._ask, self.call)

    def start(self) -> None:
        """Create or start the container and wait until it is ready."""
        if self._name is None:
            self._create()
        assert self._name is not None
        _docker("start", self._name)
        try:
            wait_until_ready(self.url, context=tls_context(self.ca_file), gave_up=self._ended_early)
        except ElasticUnavailable:
            self.close()
            raise

    def stop(self) -> None:
        """Stop the container in good order."""
        if self._name is not None:
            _docker("stop", "-t", str(STOP_TIMEOUT_S), self._name)

    def kill(self) -> None:
        """SIGKILL the container's processes."""
        if self._name is not None and self.pid is not None:
            _docker("kill", "--signal", "KILL", self._name)
            _docker("wait", self._name)

    def pause(self) -> None:
        """Freeze the container's processes."""
        assert self._name is not None
        _docker("pause", self._name)

    def resume(self) -> None:
        """Let them run on."""
        assert self._name is not None
        _docker("unpause", self._name)

    def close(self) -> None:
        """Remove the container with its data."""
        if self._name is not None:
            _docker("rm", "--force", "--volumes", self._name)
            self._name = None
        if self._guard is not None:
            self._guard.communicate(b"done\n")
            self._guard = None

    def _create(self) -> None:
        (port,) = free_ports(1)
        image = pull(self._options.version)
        mounts = self._secure() if self._options.security else []
        given = [f"{name}={_plain(value)}" for name, value in self._settings().items()]
        given.append(f"ES_JAVA_OPTS={' '.join(self._options.java_options())}")
        name = f"hoptrail-elastic-{port}"
        _docker(
            "create", "--name", name, "--publish", f"127.0.0.1:{port}:9200",
            *[word for each in given for word in ("--env", each)],
            *[word for each in mounts for word in ("--volume", f"{each}:{CONFIG}/{each.name}:ro")],
            image,
        )  # fmt: skip
        self._name = name
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "sh", name],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True, cwd="/",
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{port}"
        if self._security is not None:
            scheme = "https" if self._options.tls else "http"
            bare = f"{scheme}://127.0.0.1:{port}"
            self.url = url_of(bare, ADMIN, self._security.admin_password)

    def _settings(self) -> dict[str, Setting]:
        settings: dict[str, Setting] = {
            "discovery.type": "single-node",
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }
        secured = {"xpack.security.enabled": False}
        return {
            **settings,
            **(secured if self._security is None else self._security.settings()),
            **self._options.config,
        }

    def _secure(self) -> list[Path]:
        """Write the files of security and return those that the container needs."""
        config = self.directory / "config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "roles.yml").touch()
        self._security = Security(config, tls=self._options.tls)
        self.ca_file = self._security.ca_file
        self.fingerprint = self._security.fingerprint
        files = sorted(config.iterdir())
        for file in files:
            # The container's user is none of ours.
            file.chmod(0o644)
        return files

    def _ask(self, user: str, password: str, path: str) -> Any:
        return call(
            url_of(self.url, user, password), "GET", path, context=tls_context(self.ca_file)
        )

    def _ended_early(self) -> str | None:
        assert self._name is not None
        state = json.loads(_docker("inspect", "--format", "{{json .State}}", self._name))
        if state["Running"]:
            return None
        log = _run(["docker", "logs", "--tail", "25", self._name], COMMAND_TIMEOUT_S)
        return f"the container ended while starting:\n{log.stdout}{log.stderr}"


def _plain(value: Setting) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _run(command: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip


def _docker(*args: str, timeout_s: float = COMMAND_TIMEOUT_S) -> str:
    try:
        done = _run(["docker", *args], timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ElasticUnavailable(
            f"Docker: `docker {args[0]}` did not answer in {timeout_s:.0f} s; restart its engine"
        ) from error
    if done.returncode != 0:
        raise ElasticUnavailable(
            f"Docker: `docker {args[0]}` failed: {done.stderr.strip()}; start the engine or "
            "make it reachable for this user, then run this again"
        )
    return done.stdout.strip()
