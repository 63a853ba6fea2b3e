"""What the log holds of what AMQP 0-9-1 consumers do, and of messages that go without being consumed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pamqp import commands

from events.facts import ConsumerStopped, MessageDelivered, MessagePublished
from tests.support.amqp091 import Client
from tests.support.visible import Scene
from tests.support.visible_fixtures import GRAVES
from tests.support.wait import wait_until

Told = frozenset[str]
GONE_S_MAX = 30
STOPPED_S_MAX = 60


@contextmanager
def consuming(scene: Scene, queue: str) -> Iterator[tuple[Client, int]]:
    """Yield a connection that was handed the only message of *queue*, and its delivery tag."""
    with scene.client("reader") as client:
        client.consume(queue)
        yield client, client.delivery().delivery_tag or 0


def fill(scene: Scene, queue: str, queue_type: str, **arguments: object) -> None:
    """Declare *queue* with one message in it."""
    with scene.client("writer") as client:
        client.queue(queue, queue_type, arguments=arguments)
        client.publish("", queue, b"body")


@pytest.mark.parametrize("no_ack", [False, True])
def test_consume(scene: Scene, told: Told, name: str, queue_type: str, *, no_ack: bool) -> None:
    """A delivery is in the log with its queue, its connection, its channel and the service that was handed it."""
    fill(scene, name, queue_type)
    with scene.client("reader") as client, scene.window() as seen:
        client.consume(name, no_ack=no_ack)
        client.delivery()

    assert seen.words() == told
    fact = seen.delivered
    assert (fact.queue, fact.channel, fact.redelivered) == (name, 1, False)
    assert scene.wait_consumer(fact, "client-provided name").service == "reader"


def test_get(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A message that is got is in the log as delivered, like one that is pushed."""
    fill(scene, name, queue_type)
    with scene.client() as client, scene.window() as seen:
        client.get(name)

    assert seen.words() == told
    assert seen.delivered.queue == name


def test_get_from_an_empty_queue(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """Asking an empty queue leaves nothing in the log."""
    with scene.client() as client:
        client.queue(name, queue_type)
        with scene.window() as seen:
            client.call(commands.Basic.Get(queue=name), commands.Basic.GetEmpty)

    assert seen.words() == told


@pytest.mark.parametrize("how", ["ack", "nack", "reject"])
def test_settle(scene: Scene, told: Told, name: str, queue_type: str, how: str) -> None:
    """That a delivery was acknowledged or rejected, without a dead-letter exchange, is not in the log."""
    methods = {
        "ack": commands.Basic.Ack,
        "nack": lambda tag: commands.Basic.Nack(tag, requeue=False),
        "reject": lambda tag: commands.Basic.Reject(tag, requeue=False),
    }
    fill(scene, name, queue_type)
    with consuming(scene, name) as (client, tag), scene.window() as seen:
        client.send(methods[how](tag))
        client.settle()

    assert seen.words() == told


def test_requeue(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """What is put back is seen when it is delivered again, and that delivery says so."""
    fill(scene, name, queue_type)
    with consuming(scene, name) as (client, tag), scene.window() as seen:
        client.send(commands.Basic.Nack(tag, requeue=True))
        client.delivery()

    assert seen.words() == told
    assert seen.delivered.redelivered


def test_redelivery_after_a_lost_connection(
    scene: Scene, told: Told, name: str, queue_type: str
) -> None:
    """What a lost connection left unacknowledged is in the log as delivered again."""
    fill(scene, name, queue_type)
    with consuming(scene, name) as (client, _), scene.window() as seen:
        client.close()
        with scene.client("heir") as heir:
            heir.consume(name)
            heir.delivery()

    assert seen.words() == told
    assert seen.delivered.redelivered


def test_cancel(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A consumer that is cancelled leaves no trace in traffic; the event exchange tells that it stopped."""
    with scene.client() as client:
        client.queue(name, queue_type)
        client.consume(name)
        with scene.window() as seen:
            client.call(commands.Basic.Cancel(consumer_tag="c"), commands.Basic.CancelOk)

    assert seen.words() == told
    wait_until(
        lambda: any(fact.queue == name for fact in scene.facts(ConsumerStopped)),
        timeout_s=STOPPED_S_MAX,
    )


def end(client: Client, queue: str, how: str) -> None:
    """Let the message in *queue* go without anybody getting it."""
    match how:
        case "purge":
            client.call(commands.Queue.Purge(queue=queue), commands.Queue.PurgeOk)
        case "delete":
            client.call(commands.Queue.Delete(queue=queue), commands.Queue.DeleteOk)
        case _:
            wait_until(lambda: client.depth(queue) == 0, timeout_s=GONE_S_MAX)


@pytest.mark.parametrize("how", ["purge", "delete", "expire"])
def test_message_that_goes(scene: Scene, told: Told, name: str, queue_type: str, how: str) -> None:
    """A message that is purged, deleted with its queue or expires without a dead-letter exchange goes unseen."""
    lifetime = {"x-message-ttl": 1_000} if how == "expire" else {}
    fill(scene, name, queue_type, **lifetime)
    with scene.client() as client, scene.window() as seen:
        end(client, name, how)

    assert seen.words() == told


def test_message_that_overflows(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A message that gives way to another one under a length limit goes unseen; only the other's publish is seen."""
    fill(scene, name, queue_type, **{"x-max-length": 1})
    with scene.client() as client, scene.window() as seen:
        client.publish("", name, b"newer")
        wait_until(lambda: client.depth(name) == 1, timeout_s=GONE_S_MAX)

    assert seen.words() == told
    assert scene.body(seen.published.body) == b"newer"


@pytest.mark.parametrize("reason", ["rejected", "expired", "maxlen"])
def test_dead_letter(scene: Scene, told: Told, name: str, queue_type: str, reason: str) -> None:
    """A dead letter is in the log when it passes an exchange that is tapped, whether anybody reads it or not."""
    limits = {"expired": {"x-message-ttl": 1_000}, "maxlen": {"x-max-length": 1}}.get(reason, {})
    with scene.client() as client, scene.window(dead_letters=1) as seen:
        fill(scene, name, queue_type, **limits, **{"x-dead-letter-exchange": GRAVES})
        if reason == "rejected":
            tag = client.get(name, no_ack=False)
            client.send(commands.Basic.Reject(tag, requeue=False))
        elif reason == "maxlen":
            client.publish("", name, b"newer")

    assert seen.words(type(seen.dead_letter)) == told
    headers = seen.dead_letter.properties.headers
    assert headers is not None
    assert (headers["x-death"][0]["queue"], headers["x-death"][0]["reason"]) == (name, reason)
    assert seen.dead_letter.exchange == GRAVES


def test_dead_letter_through_the_default_exchange(
    scene: Scene, told: Told, name: str, queue_type: str
) -> None:
    """A dead letter that goes through the default exchange is unseen; when it is consumed, its deaths come with it."""
    grave = f"{name}.grave"
    where = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave}
    fill(scene, name, queue_type, **where)
    with scene.client() as client:
        client.queue(grave, queue_type)
        with consuming(scene, name) as (reader, tag), scene.window() as seen:
            reader.send(commands.Basic.Reject(tag, requeue=False))
            wait_until(lambda: client.depth(grave) == 1, timeout_s=GONE_S_MAX)
        with scene.window() as read:
            client.get(grave)

    assert seen.words() == told
    headers = read.delivered.properties.headers
    assert headers is not None
    assert headers["x-death"][0]["reason"] == "rejected"


def test_reply_by_direct_reply_to(scene: Scene, told: Told, name: str) -> None:
    """A direct reply is in the log as published; as delivered only from 4.2 on, and before nothing is claimed of it."""
    pseudo_queue = "amq.rabbitmq.reply-to"
    with scene.client("asker") as asker, scene.client("answerer") as answerer:
        answerer.queue(name)
        asker.consume(pseudo_queue, no_ack=True)
        asker.publish_unconfirmed("", name, b"question", reply_to=pseudo_queue)
        answerer.consume(name)
        address = answerer.reply_address()
        with scene.window() as seen:
            answerer.publish("", address, b"answer")
            asker.delivery()

    assert seen.words(MessagePublished, MessageDelivered) == told
    assert scene.body(seen.published.body) == b"answer"
    state = scene.document(seen.published).state
    assert state == ("delivered" if scene.is_at_least(4, 2) else "unknown")
