"""A cluster of two private RabbitMQ nodes on this machine; each can be stopped, killed and started by itself."""

import os
import secrets
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from examples.local_broker import Broker, Membership, PrivateNode, free_ports
from examples.local_broker.package import require
from tests.support.brokers import CONFIG

NAMES: Final = ("first@localhost", "second@localhost")
END_S_MAX: Final = 10


class Cluster:
    """Two nodes that have joined, as a context manager; `nodes` are they."""

    def __init__(self, directory: Path) -> None:
        [port] = free_ports(1)
        cookie = secrets.token_hex(16)
        self._directory = directory
        self._port = port
        self._epmd: subprocess.Popen[bytes] | None = None
        self.nodes = tuple(
            PrivateNode(
                directory / name.partition("@")[0],
                config=CONFIG,
                member=Membership(name=name, epmd_port=port, cookie=cookie),
            )
            for name in NAMES
        )

    def __enter__(self) -> Self:
        """Start both nodes and let the second join the first.

        Raises:
            BrokerUnavailable: the package is not here and cannot be installed, or a node does not start.
        """
        require()
        self._directory.mkdir(parents=True, exist_ok=True)
        self._epmd = subprocess.Popen(
            ["epmd", "-port", str(self._port), "-address", "127.0.0.1"],
            env={"PATH": os.defpath}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            for node in self.nodes:
                node.start()
            for command in (("stop_app",), ("reset",), ("join_cluster", NAMES[0]), ("start_app",)):
                self.nodes[1].rabbitmqctl(*command)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything at once."""
        for node in self.nodes:
            node.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait(END_S_MAX)

    def url(self, *nodes: Broker, vhost: str = "%2F") -> str:
        """Return one AMQP URL with the addresses of *nodes*, in this order."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        first = urlsplit(nodes[0].amqp_url)
        return f"amqp://{first.username}:{first.password}@{hosts}/{vhost}"
