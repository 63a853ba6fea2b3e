"""What the log holds of publishes by AMQP 0-9-1: routed in every way there is, returned, refused, rolled back."""

import pytest
from pamqp import commands

from events.facts import MessagePublished
from tests.support.amqp091 import Client
from tests.support.visible import Scene

Told = frozenset[str]
TO_SETTLE_MAX = 50


def test_publish_to_the_default_exchange(
    scene: Scene, told: Told, name: str, queue_type: str
) -> None:
    """A publish is in the log with its queue, its connection, its channel and the service that sent it."""
    with scene.client("Orders-3") as client:
        client.queue(name, queue_type)
        with scene.window() as seen:
            client.publish("", name, b"body", message_id="m1", headers={"tenant": "acme"})

    assert seen.words() == told
    assert (seen.published.exchange, seen.published.routing_keys) == ("", (name,))
    assert seen.published.routed_queues == (name,)
    assert seen.published.channel == 1
    assert seen.published.properties.message_id == "m1"
    assert seen.published.properties.headers == {"tenant": "acme"}
    assert scene.body(seen.published.body) == b"body"
    evidence = "client-provided name without instance suffix"
    assert scene.wait_publisher(seen.published, evidence).service == "Orders"


@pytest.mark.parametrize("kind", ["direct", "topic", "fanout", "headers"])
def test_publish_to_an_exchange(
    scene: Scene, told: Told, name: str, queue_type: str, kind: str
) -> None:
    """A publish is in the log with the queues that its exchange routed it to, whatever the exchange's type."""
    with scene.client() as client:
        client.exchange(name, kind)
        client.queue(f"{name}.q", queue_type)
        arguments = {"x-match": "all", "tenant": "acme"} if kind == "headers" else {}
        client.bind(f"{name}.q", name, "key", **arguments)
        with scene.window() as seen:
            client.publish(name, "key", b"body", headers={"tenant": "acme"})

    assert seen.words() == told
    assert (seen.published.exchange, seen.published.routing_keys) == (name, ("key",))
    assert seen.published.routed_queues == (f"{name}.q",)


def test_publish_through_bound_exchanges(
    scene: Scene, told: Told, name: str, queue_type: str
) -> None:
    """A publish that goes on to another exchange is in the log once, with the first exchange and the last queues."""
    with scene.client() as client:
        client.exchange(name, "topic")
        client.exchange(f"{name}.inner", "fanout", internal=True)
        bind = commands.Exchange.Bind(destination=f"{name}.inner", source=name, routing_key="#")
        client.call(bind, commands.Exchange.BindOk)
        client.queue(f"{name}.q", queue_type)
        client.bind(f"{name}.q", f"{name}.inner")
        with scene.window() as seen:
            client.publish(name, "any", b"body")

    assert seen.words() == told
    assert seen.published.exchange == name
    assert seen.published.routed_queues == (f"{name}.q",)


def test_publish_to_an_alternate_exchange(
    scene: Scene, told: Told, name: str, queue_type: str
) -> None:
    """A publish that only the alternate exchange routes names the exchange it was sent to, and the queues it reached."""
    with scene.client() as client:
        client.exchange(f"{name}.else", "fanout")
        client.exchange(name, "direct", arguments={"alternate-exchange": f"{name}.else"})
        client.queue(f"{name}.q", queue_type)
        client.bind(f"{name}.q", f"{name}.else")
        with scene.window() as seen:
            client.publish(name, "nowhere", b"body")

    assert seen.words() == told
    assert seen.published.exchange == name
    assert seen.published.routed_queues == (f"{name}.q",)


def test_publish_with_copies(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """The keys of CC and BCC are in the log with the routing key, those of BCC too, which no receiver sees."""
    keys = (f"{name}.to", f"{name}.cc", f"{name}.bcc")
    with scene.client() as client:
        for key in keys:
            client.queue(key, queue_type)
        with scene.window() as seen:
            client.publish("", keys[0], b"body", headers={"CC": [keys[1]], "BCC": [keys[2]]})

    assert seen.words() == told
    assert seen.published.routing_keys == keys
    assert set(seen.published.routed_queues) == set(keys)


@pytest.mark.parametrize("mandatory", [False, True])
def test_publish_that_is_unroutable(
    scene: Scene, told: Told, name: str, *, mandatory: bool
) -> None:
    """An unroutable publish is in the log with no queue; that it was mandatory, and returned, is not."""
    with scene.client() as client:
        client.exchange(name, "topic")
        with scene.window() as seen:
            client.publish(name, "nowhere", b"body", mandatory=mandatory)

    assert seen.words() == told
    assert seen.published.routed_queues == ()
    assert scene.document(seen.published).state == "unroutable"


def test_publish_to_a_queue_that_is_not_there(scene: Scene, told: Told, name: str) -> None:
    """The broker names the queue it was sent to through the default exchange, though there is none."""
    with scene.client() as client, scene.window() as seen:
        client.publish("", name, b"body")

    assert seen.words() == told
    assert seen.published.routed_queues == (name,)


def refuse(client: Client, scene: Scene, name: str, why: str) -> None:
    """Publish what the broker refuses with the code *why*."""
    match why:
        case "404":
            client.publish(f"{name}.missing", "key", b"body")
        case "403":
            client.publish(name, "key", b"body")
        case _:
            client.publish("", name, b"body", user_id="somebody-else")


@pytest.mark.parametrize("why", ["403", "404", "406"])
def test_publish_that_is_refused(scene: Scene, told: Told, name: str, why: str) -> None:
    """A publish to an internal or a missing exchange, or in another user's name, is not in the log."""
    with scene.client() as client:
        client.exchange(name, "topic", internal=True)
        with scene.window() as seen, pytest.raises(ConnectionError, match=why):
            refuse(client, scene, name, why)

    assert seen.words() == told


def test_publish_that_a_full_queue_rejects(
    scene: Scene, told: Told, name: str, queue_type: str
) -> None:
    """A publish that the publisher is told was not taken is in the log as routed: routed is not arrived."""
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    with scene.client() as client:
        client.queue(name, queue_type, arguments=limits)
        client.confirm()
        accepted: list[bool] = []
        with scene.window() as seen:
            while all(accepted) and len(accepted) < TO_SETTLE_MAX:
                client.publish_unconfirmed("", name, str(len(accepted)).encode())
                accepted.append(client.outcome())

    assert not accepted[-1]
    assert seen.words() == told
    assert [scene.body(fact.body) for fact in seen.of(MessagePublished)] == [
        str(number).encode() for number in range(len(accepted))
    ]
    assert {fact.routed_queues for fact in seen.of(MessagePublished)} == {(name,)}


def test_publish_confirmed(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A publisher's confirm adds nothing: the publish is in the log once, confirmed or not."""
    with scene.client() as client:
        client.queue(name, queue_type)
        client.confirm()
        with scene.window():
            client.publish_unconfirmed("", name, b"body")
        with scene.window() as seen:
            assert client.outcome()

    assert seen.words() == told


def in_transaction(client: Client, queue: str) -> None:
    """Publish in a transaction that is not ended yet."""
    client.call(commands.Tx.Select(), commands.Tx.SelectOk)
    client.publish_unconfirmed("", queue, b"body")


def test_publish_in_a_transaction(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A publish that is committed is in the log once."""
    with scene.client() as client:
        client.queue(name, queue_type)
        with scene.window() as seen:
            in_transaction(client, name)
            client.call(commands.Tx.Commit(), commands.Tx.CommitOk)

    assert seen.words() == told
    assert seen.published.routed_queues == (name,)


def test_publish_that_is_rolled_back(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A publish that is rolled back is in the log as if it were committed, though its queue stays empty."""
    with scene.client() as client:
        client.queue(name, queue_type)
        with scene.window() as seen:
            in_transaction(client, name)
            client.call(commands.Tx.Rollback(), commands.Tx.RollbackOk)
        depth = client.depth(name)

    assert seen.words() == told
    assert seen.published.routed_queues == (name,)
    assert depth == 0


@pytest.mark.parametrize("named", ["", "name"])
def test_exclusive_queue(scene: Scene, told: Told, name: str, named: str) -> None:
    """What goes through an exclusive queue, named by its owner or by the broker, is in the log."""
    with scene.client() as client:
        queue = client.queue(named and f"{name}.q", durable=False, exclusive=True)
        with scene.window() as seen:
            client.publish("", queue, b"body")
            client.get(queue)

    assert seen.words() == told
    assert seen.delivered.queue == queue
