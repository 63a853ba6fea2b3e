"""What the broker's own counters of a vhost leave out, which coverage is compared with."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import url_in
from tests.support.amqp091 import Client
from tests.support.amqp10 import DATA, Amqp10
from tests.support.amqp10_types import Described
from tests.support.management import Management
from tests.support.mqtt import Mqtt
from tests.support.visible import Scene
from tests.support.wait import wait_until

Told = frozenset[str]
COUNTED_S_MAX = 60
MARK = 3
"""Publishes by AMQP 0-9-1 after the one in question, whose count shows that the counters are up to date."""


@contextmanager
def published_by(scene: Scene, protocol: str, vhost: str, queue: str) -> Iterator[None]:
    """Publish one message to *queue*, which ``amq.topic`` routes to, by another protocol.

    The connection stays for the context: the broker now and then clears away the counters of those that ended, read or not.
    """
    port = scene.port(protocol)
    if protocol == "mqtt":
        with Mqtt(port, vhost=vhost, client_id="counted") as client:
            client.publish(queue, b"body", qos=1)
            yield
        return
    address = f"/queues/{queue}" if scene.is_at_least(4, 0) else f"/amq/queue/{queue}"
    with Amqp10(port, vhost=vhost, container_id="counted") as client:
        client.send(address, Described(DATA, b"body"))
        yield


@pytest.mark.parametrize("protocol", ["amqp10", "mqtt"])
def test_counters_of_other_protocols(scene: Scene, told: Told, name: str, protocol: str) -> None:
    """Since MQTT has no channels, and AMQP 1.0 is in the core, the counters of a vhost leave out what they publish."""
    with Management(scene.broker.management_url) as management:
        management.create_vhost(name, scene.broker.user)

        def counted() -> int:
            return management.get("vhosts", name).get("message_stats", {}).get("publish", 0)

        with Client(url_in(scene.broker, name)) as client:
            client.queue("q")
            client.bind("q", "amq.topic", "q")
            expected = MARK + ("publish" in told)
            with published_by(scene, protocol, name, "q"):
                wait_until(lambda: client.depth("q") == 1, timeout_s=COUNTED_S_MAX)
                for _ in range(MARK):
                    client.publish("", "q", b"mark")
                wait_until(lambda: counted() >= expected, timeout_s=COUNTED_S_MAX)
        total = counted()
        management.delete("vhosts", name)

    assert total == expected
