"""A hoptrail to start, and a vhost for a module's tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples.local_broker import free_ports
from tests.support.hoptrail import Hoptrail


@pytest.fixture(scope="session")
def start_hoptrail(broker: Any) -> Callable[..., Hoptrail]:
    """Return a function that makes a hoptrail on a directory, watching the vhosts named, on a port of its own."""

    def start(directory: Path, *, vhosts: str, settings: dict[str, str] | None = None) -> Hoptrail:
        return Hoptrail(
            directory,
            port=free_ports(1)[0],
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            vhosts=vhosts,
            settings=settings,
        )

    return start
