"""Systems to capture: a broker with two vhosts under load, and the chance that picks instants."""

import random
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from examples.local_broker import Broker, BrokerUnavailable
from tests.support import parts
from tests.support.brokers import open_test_broker
from tests.support.collecting import System, system_of

SEED = "HOPTRAIL_TEST_SEED"


@pytest.fixture
def seed() -> int:
    """What all chance in the test comes from; printed, and set by ``HOPTRAIL_TEST_SEED`` to repeat a run."""
    chosen = int(parts.given(SEED) or time.time_ns() % 2**32)
    print(f"{SEED}={chosen}")
    return chosen


@pytest.fixture
def chance(seed: int) -> random.Random:
    """Chance that is the same for the same seed."""
    return random.Random(seed)


@pytest.fixture
def system(broker: Broker, request: pytest.FixtureRequest) -> Iterator[System]:
    """The shared broker with two vhosts for the test."""
    with _two_vhosts(broker, request) as opened:
        yield opened


@pytest.fixture
def controlled_system(
    controlled_broker: Broker, request: pytest.FixtureRequest
) -> Iterator[System]:
    """Two vhosts for the test on a broker that answers ``rabbitmqctl``."""
    with _two_vhosts(controlled_broker, request) as opened:
        yield opened


@pytest.fixture
def mortal_system(mortal_broker: Broker, request: pytest.FixtureRequest) -> Iterator[System]:
    """Two vhosts for the test on a broker that it may kill and restart; it must leave it running."""
    with _two_vhosts(mortal_broker, request) as opened:
        mortal_broker.sync()
        yield opened


@pytest.fixture(scope="module")
def controlled_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """The shared broker where it is ours, else one of our own; its internals can be asked."""
    if parts.given("HOPTRAIL_AMQP_URL") is None:
        yield request.getfixturevalue("broker")
    else:
        yield from _own(tmp_path_factory)


@pytest.fixture(scope="module")
def mortal_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of the module's own."""
    yield from _own(tmp_path_factory)


def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    parts.require("own-broker")
    try:
        opened = open_test_broker(tmp_path_factory.mktemp("own-broker"))
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)
    try:
        yield opened
    finally:
        if opened.pid is not None:
            opened.kill()  # an orderly stop takes six seconds
        opened.close()


def _two_vhosts(broker: Broker, request: pytest.FixtureRequest) -> AbstractContextManager[System]:
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")[:40]
    return system_of(broker, f"{name}.one", f"{name}.two")
