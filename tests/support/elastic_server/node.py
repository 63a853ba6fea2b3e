"""A private Elasticsearch node: one process with ports, directories and a user of its own.

Elasticsearch refuses to run as root; started by root it runs as ``nobody``, in a directory that
``nobody`` can reach. It ends when the process that started it ends, however that happens, and
its directory is removed then.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from examples.local_broker import free_ports
from examples.local_broker.root import inside
from tests.support.elastic_server.distribution import Distribution
from tests.support.elastic_server.options import Options, Setting
from tests.support.elastic_server.security import ADMIN, Security, Users
from tests.support.elastic_server.server import (
    ElasticServer,
    ElasticUnavailable,
    call,
    tls_context,
    url_of,
    wait_until_ready,
)

NOBODY: Final = 65_534
"""User and group id of ``nobody`` on Debian, Ubuntu, Fedora and Alpine."""

STOP_TIMEOUT_S: Final = 60.0
START_ATTEMPTS_MAX: Final = 3
LOG_TAIL_LINES: Final = 25

JVM_OPTIONS: Final = (
    "-XX:-UseG1GC",
    "-XX:+UseSerialGC",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
)

GUARD: Final = """
read -r word && exit
kill -KILL "-$1"
while kill -0 "-$1" 2>/dev/null; do sleep 0.1; done
rm -rf -- "$2"
"""
"""Ends the server when the pipe closes without a word, thus when we were killed."""


class ElasticNode(ElasticServer):
    """One node of an unpacked distribution; nothing happens before ``start``.

    Args:
        directory: where its output goes, and everything else unless root starts it.
    """

    kind = "private node"

    def __init__(
        self,
        directory: Path,
        distribution: Distribution,
        options: Options,
    ) -> None:
        self.directory = directory.absolute()
        self._distribution = distribution
        self._options = options
        self._security: Security | None = None
        self._place: Path | None = None
        self._ports: tuple[int, int] | None = None
        self._launcher: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server, which is a child of the launcher we started."""
        if self._launcher is None or self._launcher.poll() is not None:
            return None
        written = self.place / "pid"
        return int(written.read_text()) if written.exists() else None

    @property
    def place(self) -> Path:
        """Where its configuration, data and logs are; made when first asked for."""
        if self._place is None:
            self._place = self._make_place()
        return self._place

    @property
    def data(self) -> Path:
        """Where its data lie."""
        return self.place / "data"

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
        """Start the node and wait until it is ready.

        Ports chosen by us are chosen again if somebody takes them in between.
        """
        if self._launcher is not None and self._launcher.poll() is None:
            return
        attempts = 1 if self._ports else START_ATTEMPTS_MAX
        for attempt in range(1, attempts + 1):
            http, transport = self._ports or free_ports(2)
            try:
                self._start_on(http, transport)
            except ElasticUnavailable:
                self.kill()
                if attempt == attempts:
                    raise
            else:
                self._ports = (http, transport)
                return

    def stop(self) -> None:
        """Stop the node in good order by SIGTERM; SIGKILL if it does not end in time."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL the server."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Stop the server's process by SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on by SIGCONT."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill it and remove its directories."""
        self.kill()
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._place = None

    def _signal(self, how: signal.Signals) -> None:
        pid = self.pid
        if pid is None:
            raise RuntimeError("the node does not run")
        os.kill(pid, how)

    def _start_on(self, http: int, transport: int) -> None:
        self._write_files(http, transport)
        self.url = self._url(http)
        (self.place / "pid").unlink(missing_ok=True)
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "output.log").open("ab") as output:
            self._launcher = subprocess.Popen(
                self._command(),
                env=self._environment(), cwd="/", stdin=subprocess.DEVNULL,
                stdout=output.fileno(), stderr=output.fileno(),
                # A session of its own: Ctrl-C in the terminal must reach us and not the server.
                start_new_session=True,
            )  # fmt: skip
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "sh", str(self._launcher.pid), str(self.place)],
            stdin=subprocess.PIPE, start_new_session=True, cwd="/",
        )  # fmt: skip
        wait_until_ready(self.url, context=tls_context(self.ca_file), gave_up=self._ended_early)

    def _command(self) -> list[str]:
        program = str(self._distribution.home / "bin" / "elasticsearch")
        command = [program, "-p", str(self.place / "pid")]
        if os.geteuid() != 0:
            return command
        identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = ["setpriv", *identity, "--", *command]
        root = self._distribution.root
        if root is None:
            return command
        return inside(root, command, shared=[self._distribution.home, self.place])

    def _environment(self) -> dict[str, str]:
        place = self.place
        return {
            "PATH": os.defpath,
            "HOME": str(place),
            "LANG": "C.UTF-8",
            "ES_PATH_CONF": str(place / "config"),
            "ES_TMPDIR": str(place / "tmp"),
            "ES_JAVA_HOME": str(self._distribution.java_home),
            # For the launcher, a Java program that starts the server and waits for its end.
            "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx64m",
        }

    def _make_place(self) -> Path:
        if os.geteuid() != 0:
            place = self.directory / "node"
            place.mkdir(parents=True, exist_ok=True)
            return place
        # Folders that pytest makes are closed to everybody but root.
        place = Path(tempfile.mkdtemp(prefix="hoptrail-elastic-", dir="/var/tmp"))
        os.chown(place, NOBODY, NOBODY)
        return place

    def _write_files(self, http: int, transport: int) -> None:
        place, config = self.place, self.place / "config"
        if not config.exists():
            shutil.copytree(self._distribution.home / "config", config)
            for name in ("data", "logs", "tmp", "config/jvm.options.d"):
                (place / name).mkdir(exist_ok=True)
            if self._options.security:
                self._security = Security(config, tls=self._options.tls)
                self.ca_file = self._security.ca_file
                self.fingerprint = self._security.fingerprint
        lines = self._settings(http, transport) | self._security_settings()
        lines |= self._options.config
        (config / "elasticsearch.yml").write_text(
            "".join(f"{name}: {json.dumps(value)}\n" for name, value in lines.items())
        )
        (config / "jvm.options.d" / "hoptrail.options").write_text(
            "\n".join([*JVM_OPTIONS, *self._options.java_options(), ""])
        )
        if os.geteuid() == 0:
            for path in [place, *place.rglob("*")]:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)

    def _settings(self, http: int, transport: int) -> dict[str, Setting]:
        place = self.place
        return {
            "cluster.name": "hoptrail-tests",
            "node.name": "hoptrail",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": http,
            "transport.port": transport,
            "path.data": str(place / "data"),
            "path.logs": str(place / "logs"),
            # A developer's disk is often nearly full.
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }

    def _security_settings(self) -> dict[str, Setting]:
        if self._security is None:
            return {"xpack.security.enabled": False}
        return self._security.settings()

    def _url(self, port: int) -> str:
        if self._security is None:
            return f"http://127.0.0.1:{port}"
        scheme = "https" if self._options.tls else "http"
        return f"{scheme}://{ADMIN}:{self._security.admin_password}@127.0.0.1:{port}"

    def _ask(self, user: str, password: str, path: str) -> Any:
        return call(
            url_of(self.url, user, password), "GET", path, context=tls_context(self.ca_file)
        )

    def _ended_early(self) -> str | None:
        if self._launcher is None or self._launcher.poll() is None:
            return None
        lines = (self.directory / "output.log").read_text(errors="replace").splitlines()
        tail = "\n".join(lines[-LOG_TAIL_LINES:])
        return f"private node: it ended while starting with {self._launcher.returncode}:\n{tail}"

    def _end(self, how: signal.Signals) -> None:
        if self._launcher is not None:
            self._end_processes(self._launcher, how)
        if self._guard is not None:
            # The guard must hear the word only when both processes are gone.
            self._guard.communicate(b"done\n")
        self._launcher = self._guard = None

    def _end_processes(self, launcher: subprocess.Popen[bytes], how: signal.Signals) -> None:
        # The launcher ends when its child, the server, has ended.
        pid = self.pid
        if pid is not None:
            os.kill(pid, how)
            os.kill(pid, signal.SIGCONT)
        elif launcher.poll() is None:
            os.killpg(launcher.pid, signal.SIGKILL)
        try:
            launcher.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(launcher.pid, signal.SIGKILL)
            launcher.wait()
