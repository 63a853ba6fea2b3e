"""What the log holds of AMQP 1.0, of the plugin of 3.10 and of the core of 4.x: sent, received, refused; by what name."""

import pytest

from events.values import Text
from tests.support.amqp10 import (
    APPLICATION_PROPERTIES,
    DATA,
    PROPERTIES,
    VALUE,
    Amqp10,
)
from tests.support.amqp10_types import Described, sections
from tests.support.visible import Scene
from tests.support.wire import Refused

Told = frozenset[str]
CORE = (4, 0)
"""AMQP 1.0 is no plugin any more, and translates headers."""
NAMES_CONTAINERS = (4, 1)
BODY = Described(DATA, b"body")


def connect(scene: Scene, container_id: str = "Invoices-1") -> Amqp10:
    """Return an AMQP 1.0 connection to the scene's vhost."""
    return Amqp10(scene.port("amqp10"), vhost=scene.vhost, container_id=container_id)


def to_queue(scene: Scene, queue: str) -> str:
    """Return the address of a queue that is there, as this broker writes it."""
    return f"/queues/{queue}" if scene.is_at_least(*CORE) else f"/amq/queue/{queue}"


def to_exchange(scene: Scene, exchange: str, key: str) -> str:
    """Return the address of an exchange with a routing key, as this broker writes it."""
    return f"/exchange{'s' if scene.is_at_least(*CORE) else ''}/{exchange}/{key}"


def declare(scene: Scene, queue: str, queue_type: str) -> None:
    """Declare *queue*, bound to ``amq.direct`` by its name."""
    with scene.client() as client:
        client.queue(queue, queue_type)
        client.bind(queue, "amq.direct", queue)


def test_amqp10_send_to_a_queue(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A message sent to a queue is in the log as a publish through the default exchange; channels count from 0 on 4.x."""
    declare(scene, name, queue_type)
    with scene.window() as seen, connect(scene) as client:
        assert client.send(to_queue(scene, name), BODY) == "accepted"

    assert seen.words() == told
    assert (seen.published.exchange, seen.published.routing_keys) == ("", (name,))
    assert seen.published.routed_queues == (name,)
    assert seen.published.channel == (0 if scene.is_at_least(*CORE) else 1)
    assert scene.body(seen.published.body) == b"body"


def test_amqp10_send_to_an_exchange(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A message sent to an exchange is in the log with the key of its address and the queues it was routed to."""
    declare(scene, name, queue_type)
    with scene.window() as seen, connect(scene) as client:
        client.send(to_exchange(scene, "amq.direct", name), BODY)

    assert seen.words() == told
    assert (seen.published.exchange, seen.published.routing_keys) == ("amq.direct", (name,))
    assert seen.published.routed_queues == (name,)


def test_amqp10_properties(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """Application properties are headers on 4.x; on 3.10 one header holds them all, encoded as AMQP 1.0 writes them."""
    declare(scene, name, queue_type)
    said = {"traceparent": "00-1-2-01", "attempt": 5}
    parts = [Described(PROPERTIES, ["m1"]), Described(APPLICATION_PROPERTIES, said), BODY]
    with scene.window() as seen, connect(scene) as client:
        client.send(to_queue(scene, name), *parts)

    assert seen.words() == told
    headers: dict[Text, object] = dict(seen.published.properties.headers or {})
    assert seen.published.properties.message_id == "m1"
    if scene.is_at_least(*CORE):
        assert headers == said
    else:
        encoded = headers["x-amqp-1.0-app-properties"]
        assert isinstance(encoded, bytes)
        assert sections(encoded) == [Described(APPLICATION_PROPERTIES, said)]


def test_amqp10_value(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A body that is a value and no data is in the log as AMQP 1.0 encodes it, under the type amqp-1.0."""
    declare(scene, name, queue_type)
    with scene.window() as seen, connect(scene) as client:
        client.send(to_queue(scene, name), Described(VALUE, {"total": 12}))

    assert seen.words() == told
    assert seen.published.properties.type == "amqp-1.0"
    assert sections(scene.body(seen.published.body)) == [Described(VALUE, {"total": 12})]


def test_amqp10_unroutable(scene: Scene, told: Told, name: str) -> None:
    """A message that no queue takes is in the log with no queue, whatever its sender is told."""
    with scene.window() as seen, connect(scene) as client:
        outcome = client.send(to_exchange(scene, "amq.direct", name), BODY)

    assert outcome == ("released" if scene.is_at_least(*CORE) else "accepted")
    assert seen.words() == told
    assert seen.published.routed_queues == ()


def test_amqp10_refused(scene: Scene, told: Told, name: str) -> None:
    """A link to an exchange that is not there is refused, and nothing is in the log."""
    with scene.window() as seen, pytest.raises(Refused), connect(scene) as client:
        client.send(to_exchange(scene, name, "key"), BODY)

    assert seen.words() == told


def test_amqp10_receive(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A message that a link receives is in the log as delivered; its outcome is not."""
    declare(scene, name, queue_type)
    with scene.client() as client:
        client.publish("", name, b"body")
    with scene.window() as seen, connect(scene) as client:
        received = client.receive(to_queue(scene, name))

    assert BODY in received
    assert seen.words() == told
    assert (seen.delivered.queue, seen.delivered.redelivered) == (name, False)


def test_amqp10_name(scene: Scene, told: Told, name: str) -> None:
    """The container id names the service where the broker tells it, from 4.1 on; before, product and host do."""
    with scene.window() as seen, connect(scene) as client:
        client.send(to_exchange(scene, "amq.direct", name), BODY)

    assert seen.words() == told
    if scene.is_at_least(*NAMES_CONTAINERS):
        evidence = "client-provided name without instance suffix"
        assert scene.wait_publisher(seen.published, evidence).service == "Invoices"
    else:
        service = scene.wait_publisher(seen.published, "product and host").service
        assert (service or "").startswith("connection@")
