"""What the log holds of streams: all that AMQP 0-9-1 does with them, and nothing of what the stream protocol does."""

from events.facts import MessageDelivered
from tests.support.streams import Stream
from tests.support.visible import Scene

Told = frozenset[str]
FIRST = {"x-stream-offset": "first"}


def declare(scene: Scene, stream: str, *bodies: bytes) -> None:
    """Declare *stream*, and publish *bodies* to it by AMQP 0-9-1."""
    with scene.client("writer") as client:
        client.queue(stream, "stream")
        for body in bodies:
            client.publish("", stream, body)


def connect(scene: Scene) -> Stream:
    """Return a connection of the stream protocol to the scene's vhost."""
    return Stream(scene.port("stream"), vhost=scene.vhost, name="recorder")


def test_publish_to_a_stream(scene: Scene, told: Told, name: str) -> None:
    """A publish by AMQP 0-9-1 is in the log, nested headers and all, before the stream makes them poorer."""
    declare(scene, name)
    nested = {"tags": ["a", "b"], "where": {"city": "Bonn"}}
    with scene.client() as client, scene.window() as seen:
        client.publish("", name, b"body", headers=nested)

    assert seen.words() == told
    assert seen.published.routed_queues == (name,)
    assert seen.published.properties.headers == nested


def test_consume_from_a_stream(scene: Scene, told: Told, name: str) -> None:
    """Each delivery by AMQP 0-9-1 is in the log with its offset: one message, as many deliveries as there are readers."""
    declare(scene, name, b"body")
    with scene.window() as seen:
        for reader in ("first", "second"):
            with scene.client(reader) as client:
                client.consume(name, arguments=FIRST)
                client.delivery()

    assert seen.words() == told
    deliveries = seen.of(MessageDelivered)
    assert [(fact.properties.headers or {})["x-stream-offset"] for fact in deliveries] == [0, 0]
    assert len({scene.document(fact).uid for fact in deliveries}) == 1


def test_stream_protocol_publish(scene: Scene, told: Told, name: str) -> None:
    """What the stream protocol publishes is confirmed to its publisher and is not in the log."""
    declare(scene, name)
    with scene.window() as seen, connect(scene) as client:
        client.publish(name, b"one", b"two")

    assert seen.words() == told


def test_stream_protocol_consume(scene: Scene, told: Told, name: str) -> None:
    """What the stream protocol reads is not in the log, though the publish by AMQP 0-9-1 was."""
    declare(scene, name)
    with scene.client() as client, scene.window() as published:
        client.publish("", name, b"body")
    with scene.window() as seen, connect(scene) as client:
        assert client.read(name, 1) == [b"body"]

    assert published.words() == {"publish"}
    assert seen.words() == told


def test_consume_what_the_stream_protocol_published(scene: Scene, told: Told, name: str) -> None:
    """Such a message is known from its first delivery by AMQP 0-9-1, and it is said why its publish is not."""
    declare(scene, name)
    with connect(scene) as client:
        client.publish(name, b"body")
    with scene.window() as seen, scene.client() as client:
        client.consume(name, arguments=FIRST)
        client.delivery()

    assert seen.words() == told
    assert scene.document(seen.delivered).not_observed == "stream protocol"
