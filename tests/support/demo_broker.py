"""The broker of the compose file, started here: its configuration, its vhost, its users with the passwords of the tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from examples.local_broker import Broker, BrokerUnavailable
from tests.support import compose, parts
from tests.support.brokers import open_test_broker
from tests.support.management import Management

FILES: Final = compose.ROOT / "docker" / "rabbitmq"
VHOST: Final = "images"
TAP, PIPELINE = "obs-tap", "image-pipeline"
PASSWORDS: Final = compose.secrets() | {
    "RABBITMQ_ADMIN_USER": "guest",
    "RABBITMQ_ADMIN_PASSWORD": "guest",
}
RUN_S_MAX: Final = 90


@dataclass(frozen=True)
class Demo:
    """The broker with the demo's vhost and users."""

    broker: Broker
    management: Management

    @property
    def management_url(self) -> str:
        """The management API, without credentials."""
        return f"http://127.0.0.1:{urlsplit(self.broker.management_url).port}"

    def url(self, user: str, vhost: str = "") -> str:
        """Return the AMQP URL of *user*, as the compose file writes it."""
        variable = "RABBITMQ_TAP_PASSWORD" if user == TAP else "RABBITMQ_PIPELINE_PASSWORD"
        return f"amqp://{user}:{PASSWORDS[variable]}@127.0.0.1:{self.broker.port}/{vhost}"

    def configure(self, **passwords: str) -> subprocess.CompletedProcess[str]:
        """Do what the service `rabbitmq-settings` does, with other *passwords* where given."""
        definitions = str(FILES / "definitions.json")
        given = PASSWORDS | passwords
        return run("examples.demo_broker", "--url", self.management_url, definitions, **given)


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of our modules to its end with nothing of ours in its environment but *environment*."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        env=without_ours() | environment,
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
        cwd=compose.ROOT,
    )


def without_ours() -> dict[str, str]:
    """Return the environment without any setting of hoptrail's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")}


@contextmanager
def demo_broker(config: pytest.Config, directory: Path) -> Iterator[Demo]:
    """Yield a broker that read the compose file's configuration when it started, then got its users."""
    parts.require("own-broker")
    (directory / "advanced.config").write_text((FILES / "advanced.config").read_text())
    try:
        broker = open_test_broker(directory, config=(FILES / "hoptrail.conf").read_text())
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)
    try:
        parts.note(config, f"observed RabbitMQ {broker.version}, {broker.kind}")
        with Management(broker.management_url) as management:
            demo = Demo(broker, management)
            done = demo.configure()
            assert done.returncode == 0, done.stderr
            yield demo
    finally:
        if broker.pid is not None:
            broker.kill()
        broker.close()
