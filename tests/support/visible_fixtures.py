"""Fixtures of the tests of what is visible: a broker that speaks every protocol, a captured vhost, and the page's word."""

import re
from collections.abc import Iterator

import pytest

from examples.local_broker import BrokerUnavailable, PrivateNode
from examples.local_broker.container import ContainerBroker
from tests.conftest import url_in
from tests.support import parts
from tests.support.brokers import CONFIG, open_speaking_broker
from tests.support.collecting import Collector
from tests.support.management import Management
from tests.support.visible import Scene
from tests.support.visible_page import row_of
from tests.support.wait import wait_until

PROTOCOLS = ("amqp10", "mqtt", "stomp", "stream", "shovel", "federation")
CONFIG_OF_SESSIONS = f"{CONFIG}\nmqtt.durable_queue_type = quorum"
GRAVES = "graves"
LINGER_MS = 50
LEADING_S_MAX = 90
TAPPED_S_MAX = 60


@pytest.fixture(scope="session")
def speaking_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrivateNode | ContainerBroker]:
    """A broker that speaks MQTT, STOMP, streams and AMQP 1.0 too; MQTT sessions are quorum queues."""
    parts.require("own-broker")
    try:
        opened = open_speaking_broker(
            tmp_path_factory.mktemp("speaking-broker"), PROTOCOLS, config=CONFIG_OF_SESSIONS
        )
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)
    try:
        parts.note(request.config, f"spoke other protocols with RabbitMQ {opened.version}")
        yield opened
    finally:
        if opened.pid is not None:
            opened.kill()  # an orderly stop takes six seconds
        opened.close()


@pytest.fixture(scope="session")
def scene(
    speaking_broker: PrivateNode | ContainerBroker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """A vhost that is captured while the tests of this worker run, with a dead-letter exchange that is tapped."""
    vhost, directory = "visible.to-all", tmp_path_factory.mktemp("store")
    url = url_in(speaking_broker, vhost)
    with Management(speaking_broker.management_url) as management:
        management.create_vhost(vhost, speaking_broker.user)
        opened = Scene(speaking_broker, url, vhost, directory)
        with opened.client() as client:
            client.exchange(GRAVES, "topic")
            client.queue("dying", arguments={"x-dead-letter-exchange": GRAVES})
        settings = {"LINGER_MS": LINGER_MS, "LINGER_BUSY_MS": LINGER_MS, "SAMPLE_S": 1}
        with Collector(
            directory,
            {vhost: url},
            amqp_url=speaking_broker.amqp_url,
            management_url=speaking_broker.management_url,
            settings=settings,
            told_in=directory,
        ) as collector:
            collector.start()
            collector.wait_leading(after=0, timeout_s=LEADING_S_MAX)
            wait_until(lambda: _is_tapped(management, vhost), timeout_s=TAPPED_S_MAX)
            yield opened
        opened.close()


@pytest.fixture(params=["classic", "quorum"])
def queue_type(request: pytest.FixtureRequest) -> str:
    """The type of the service's queue."""
    return request.param


@pytest.fixture
def told(request: pytest.FixtureRequest, scene: Scene) -> frozenset[str]:
    """What the page says that the log holds after what this test lets happen, with this version."""
    return row_of(request.function.__name__).on(scene.version)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name for what the test declares, which no other test has."""
    return re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")


def _is_tapped(management: Management, vhost: str) -> bool:
    bound = management.get("exchanges", vhost, GRAVES, "bindings", "source")
    return any(binding["destination"].startswith("obs.tap.") for binding in bound)
