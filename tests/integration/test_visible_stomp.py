"""What the log holds of STOMP: frames sent to every kind of destination, subscriptions, transactions; and by what name."""

import pytest

from tests.support.stomp import Stomp
from tests.support.visible import Scene
from tests.support.wire import Refused

Told = frozenset[str]


def connect(scene: Scene) -> Stomp:
    """Return a STOMP connection to the scene's vhost."""
    return Stomp(scene.port("stomp"), vhost=scene.vhost)


@pytest.mark.parametrize("destination", ["/amq/queue/{0}", "/exchange/amq.topic/{0}", "/topic/{0}"])
def test_stomp_send(scene: Scene, told: Told, name: str, queue_type: str, destination: str) -> None:
    """A frame is in the log with where its destination leads; standard headers are properties, the others headers."""
    queue = name.replace("/", "-")
    with scene.client() as client:
        client.queue(queue, queue_type)
        client.bind(queue, "amq.topic", queue)
    with scene.window() as seen, connect(scene) as client:
        standard = {"content_type": "text/x", "correlation_id": "c1", "app_id": "Billing"}
        client.call(
            "SEND", b"body", destination=destination.format(queue), tenant="acme", **standard
        )

    assert seen.words() == told
    fact = seen.published
    assert fact.exchange == ("" if "/amq/" in destination else "amq.topic")
    assert (fact.routing_keys, fact.routed_queues, fact.channel) == ((queue,), (queue,), 1)
    assert (fact.properties.content_type, fact.properties.correlation_id) == ("text/x", "c1")
    assert (fact.properties.headers or {})["tenant"] == "acme"
    assert scene.body(fact.body) == b"body"
    assert scene.wait_publisher(fact, "app_id").service == "Billing"


def test_stomp_send_without_a_name(scene: Scene, told: Told, name: str) -> None:
    """STOMP gives a connection no name: without an app id a service is known by product and host."""
    with scene.window() as seen, connect(scene) as client:
        client.call("SEND", b"body", destination=f"/topic/{name}")

    assert seen.words() == told
    assert "@" in (scene.wait_publisher(seen.published, "product and host").service or "")


def test_stomp_send_refused(scene: Scene, told: Told, name: str) -> None:
    """A frame for an exchange that is not there is not in the log."""
    with scene.window() as seen, connect(scene) as client, pytest.raises(Refused):
        client.call("SEND", b"body", destination=f"/exchange/{name}/key")

    assert seen.words() == told


def test_stomp_subscription(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A message that a subscription gets is in the log as delivered; its acknowledgement is not."""
    with scene.client() as client:
        client.queue(name, queue_type)
        client.publish("", name, b"body")
    with scene.window() as seen, connect(scene) as client:
        client.call("SUBSCRIBE", destination=f"/amq/queue/{name}", id="1", ack="client-individual")
        client.call("ACK", id=client.receive().headers["ack"])

    assert seen.words() == told
    assert (seen.delivered.queue, seen.delivered.redelivered) == (name, False)


@pytest.mark.parametrize("end", ["COMMIT", "ABORT"])
def test_stomp_transaction(scene: Scene, told: Told, name: str, queue_type: str, end: str) -> None:
    """A frame in a transaction is in the log when that is committed, unlike in AMQP 0-9-1; aborted, it never was."""
    with scene.client() as client:
        client.queue(name, queue_type)
    with connect(scene) as client:
        with scene.window() as seen:
            client.call("BEGIN", transaction="t")
            client.tell("SEND", b"body", destination=f"/amq/queue/{name}", transaction="t")
        with scene.window() as ended:
            client.call(end, transaction="t")

    assert seen.words() == told
    assert ended.words() == (frozenset({"publish"}) if end == "COMMIT" else frozenset())
