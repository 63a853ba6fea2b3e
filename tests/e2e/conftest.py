"""A hoptrail to start, and a vhost for a module's tests."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.local_broker import free_ports
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer
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


@pytest.fixture(scope="module")
def elastic_store(elastic: ElasticServer) -> Iterator[dict[str, str]]:
    """Settings of a hoptrail that stores in Elasticsearch, under a prefix of its own; its indices go afterwards."""
    prefix = f"t{secrets.token_hex(6)}"
    yield {"HOPTRAIL_STORE": elastic.url, "HOPTRAIL_STORE_PREFIX": prefix}
    forget(elastic, prefix)
