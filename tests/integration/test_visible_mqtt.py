"""What the log holds of MQTT: publishes with QoS 0 and 1, subscriptions, retained messages, wills; and by what name."""

import pytest

from events.facts import MessageDelivered, QueueDeclared
from tests.support.mqtt import Mqtt, properties_of
from tests.support.visible import Scene
from tests.support.wait import wait_until
from tests.support.wire import Refused

Told = frozenset[str]
NAMED = "client-provided name"
CHANNELS_GONE = (3, 12)
"""MQTT runs without channels from here on."""
MQTT_5 = (3, 13)
WILL_S_MAX = 30
DECLARED_S_MAX = 60


def connect(scene: Scene, client_id: str, **options: object) -> Mqtt:
    """Return an MQTT connection to the scene's vhost."""
    return Mqtt(scene.port("mqtt"), vhost=scene.vhost, client_id=client_id, **options)  # type: ignore[arg-type]


def bind(scene: Scene, queue: str, queue_type: str) -> None:
    """Declare *queue* and bind it to what MQTT clients publish to the topic *queue*/t."""
    with scene.client() as client:
        client.queue(queue, queue_type)
        client.bind(queue, "amq.topic", f"{queue}.t")


@pytest.mark.parametrize("qos", [0, 1])
def test_mqtt_publish(scene: Scene, told: Told, name: str, queue_type: str, qos: int) -> None:
    """A publish is in the log with the topic as routing key, by the client id; without a channel from 3.12 on."""
    bind(scene, name, queue_type)
    with scene.window() as seen, connect(scene, "thermometer") as client:
        client.publish(f"{name}/t", b"body", qos=qos)

    assert seen.words() == told
    fact = seen.published
    assert (fact.exchange, fact.routing_keys) == ("amq.topic", (f"{name}.t",))
    assert fact.routed_queues == (name,)
    assert (fact.channel == 0) == scene.is_at_least(*CHANNELS_GONE)
    assert fact.properties.delivery_mode == (2 if qos else 1)
    assert scene.body(fact.body) == b"body"
    assert scene.wait_publisher(fact, NAMED).service == "thermometer"


def test_mqtt_5_publish(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """The user properties of MQTT 5 are headers, its correlation data and content type are those of AMQP."""
    bind(scene, name, queue_type)
    said = properties_of(
        {"traceparent": "00-1-2-01"},
        correlation=b"c1",
        response_topic="re/ply",
        content_type="text/x",
    )
    if not scene.is_at_least(*MQTT_5):
        with scene.window() as seen, pytest.raises(Refused):
            connect(scene, "thermometer", version=5)
        assert told == {"refused"}
        assert seen.words() == frozenset()
        return
    with scene.window() as seen, connect(scene, "thermometer", version=5) as client:
        client.publish(f"{name}/t", b"body", qos=1, properties=said)

    assert seen.words() == told
    properties = seen.published.properties
    assert properties.headers == {"traceparent": "00-1-2-01", "x-reply-to-topic": "re.ply"}
    assert (properties.correlation_id, properties.content_type) == ("c1", "text/x")
    assert scene.wait_publisher(seen.published, NAMED).service == "thermometer"


@pytest.mark.parametrize("qos", [0, 1])
def test_mqtt_subscription(scene: Scene, told: Told, name: str, qos: int) -> None:
    """What a subscriber is handed is in the log as delivered from the queue of its subscription."""
    client_id = f"{name}.display"
    with connect(scene, client_id) as client:
        client.subscribe(f"{name}/t", qos=qos)
        with scene.window() as seen:
            client.publish(f"{name}/t", b"body", qos=qos)
            client.receive()

    assert seen.words(MessageDelivered) == told
    assert seen.delivered.queue == f"mqtt-subscription-{client_id}qos{qos}"
    assert seen.published.routed_queues == (seen.delivered.queue,)
    assert scene.wait_consumer(seen.delivered, NAMED).service == client_id


def test_mqtt_session(scene: Scene, told: Told, name: str) -> None:
    """What waited in the quorum queue of a session is in the log when the client comes back for it."""
    topic = f"{name}/t"
    with connect(scene, name, clean=False) as first:
        first.subscribe(topic, qos=1)
    with connect(scene, "thermometer") as publisher:
        publisher.publish(topic, b"body", qos=1)
    with scene.window() as seen, connect(scene, name, clean=False) as again:
        again.receive()

    assert seen.words() == told
    wait_until(
        lambda: (
            [it.type for it in scene.facts(QueueDeclared) if it.name == seen.delivered.queue]
            == ["quorum"]
        ),
        timeout_s=DECLARED_S_MAX,
    )


def test_mqtt_retained(scene: Scene, told: Told, name: str) -> None:
    """A retained message comes out of a store of the broker's own: its publish was seen, that it is handed over is not."""
    with connect(scene, "thermometer") as publisher, scene.window() as before:
        publisher.publish(f"{name}/t", b"retained", qos=1, retain=True)
    with scene.window() as seen, connect(scene, name) as subscriber:
        subscriber.subscribe(f"{name}/t", qos=1)
        received = subscriber.receive()

    assert received.retained
    assert scene.body(before.published.body) == b"retained"
    assert seen.words() == told


def test_mqtt_will(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """What the broker publishes for a client that went without a word is in the log as published by that client."""
    bind(scene, name, queue_type)
    with scene.client() as watching, scene.window() as seen:
        client = connect(scene, "thermometer", will=(f"{name}/t", b"will"))
        client.ping()  # a connection that is gone at once, 4.3 does not always tell of
        client.break_off()
        wait_until(lambda: watching.depth(name) == 1, timeout_s=WILL_S_MAX)

    assert seen.words() == told
    assert seen.published.routed_queues == (name,)
    assert scene.wait_publisher(seen.published, NAMED).service == "thermometer"
