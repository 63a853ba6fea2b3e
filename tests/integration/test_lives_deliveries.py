"""How messages are routed and handed out on a real broker, come again or do not, and what hoptrail makes of it."""

from typing import Any

from pamqp import commands

from tests.support.amqp091 import Client
from tests.support.lives import Lived, Play, Steps, Truth, act
from tests.support.lives_checks import check

HIGH, LOW = 5, 1


def test_lives(lived: dict[str, Lived]) -> None:
    """Each life is concluded as the page says, and nothing is concluded that the services know to be otherwise."""
    check(lived)


def ack(client: Client) -> None:
    """Acknowledge the next delivery."""
    client.send(commands.Basic.Ack(client.delivery().delivery_tag or 0))


@act
def consumed(play: Play) -> Steps:
    """Consumed and acknowledged."""
    play.queue("work")
    yield
    play.send("work")
    play.take("work")
    return Truth(body=play.body, given={"work": 1})


@act
def consumed_without_acks(play: Play) -> Steps:
    """Consumed by a consumer that never acknowledges."""
    play.queue("work")
    yield
    play.send("work")
    client = play.client("worker")
    client.consume(play.named("work"), no_ack=True)
    client.delivery()
    yield
    return Truth(body=play.body, given={"work": 1})


@act
def consumed_one_by_one(play: Play) -> Steps:
    """Consumed with a prefetch of one; the next delivery comes only after the acknowledgement."""
    play.queue("work")
    client = play.client("worker")
    client.consume(play.named("work"), prefetch=1)
    yield
    play.send("work")
    play.send("work", body=b"after " + play.body)
    ack(client)
    client.delivery()
    return Truth(body=play.body, given={"work": 1})


@act
def got(play: Play) -> Steps:
    """Fetched by basic.get."""
    play.queue("work")
    yield
    play.send("work")
    play.client("worker").get(play.named("work"))
    return Truth(body=play.body, given={"work": 1})


@act
def got_and_put_back(play: Play) -> Steps:
    """Fetched by basic.get and put back, as one does to look at it; it waits on."""
    play.queue("work")
    yield
    play.send("work")
    client = play.client("worker")
    client.send(commands.Basic.Nack(client.get(play.named("work"), no_ack=False), requeue=True))
    client.settle()
    play.wait_depth("work", 1)
    return Truth(body=play.body, given={"work": 1}, rests={"work": 1}, hidden=frozenset({"rests"}))


@act
def put_back(play: Play) -> Steps:
    """Put back by its consumer, given to it again and acknowledged."""
    play.queue("work")
    client = play.client("worker")
    client.consume(play.named("work"))
    yield
    play.send("work")
    client.send(commands.Basic.Nack(client.delivery().delivery_tag or 0, requeue=True))
    ack(client)
    return Truth(body=play.body, given={"work": 2})


@act
def recovered(play: Play) -> Steps:
    """Given out again by basic.recover."""
    play.queue("work")
    client = play.client("worker")
    client.consume(play.named("work"))
    yield
    play.send("work")
    client.delivery()
    client.call(commands.Basic.Recover(requeue=True), commands.Basic.RecoverOk)
    ack(client)
    return Truth(body=play.body, given={"work": 2})


@act
def channel_lost(play: Play) -> Steps:
    """Its channel closes before the acknowledgement; another consumer gets it again."""
    play.queue("work")
    client = play.client("worker")
    client.consume(play.named("work"))
    yield
    play.send("work")
    client.delivery()
    close = commands.Channel.Close(reply_code=200, reply_text="", class_id=0, method_id=0)
    client.call(close, commands.Channel.CloseOk)
    yield
    play.take("work")
    return Truth(body=play.body, given={"work": 2})


@act
def connection_lost(play: Play) -> Steps:
    """Its connection breaks before the acknowledgement; another consumer gets it again."""
    play.queue("work")
    client = play.client("worker")
    client.consume(play.named("work"))
    yield
    play.send("work")
    client.delivery()
    client.close()
    play.wait_depth("work", 1)
    play.take("work")
    return Truth(body=play.body, given={"work": 2})


@act
def cancelled(play: Play) -> Steps:
    """Its consumer is cancelled with the message in hand; it is given again when the channel closes."""
    play.queue("work")
    client = play.client("worker")
    client.consume(play.named("work"))
    yield
    play.send("work")
    client.delivery()
    client.call(commands.Basic.Cancel(consumer_tag="c"), commands.Basic.CancelOk)
    yield
    client.close()
    play.wait_depth("work", 1)
    play.take("work")
    return Truth(body=play.body, given={"work": 2})


@act
def twins(play: Play) -> Steps:
    """Two messages alike in all; one is put back and given again, and which is nobody's to tell."""
    play.queue("work")
    client = play.client("worker")
    client.consume(play.named("work"))
    yield
    for _ in range(2):
        play.send("work")
    client.delivery()
    client.send(commands.Basic.Nack(client.delivery().delivery_tag or 0, requeue=True))
    client.delivery()
    return (
        Truth(body=play.body, row=" first", given={"work": 1}),
        Truth(body=play.body, which=1, row=" second", given={"work": 2}),
    )


@act
def overtaken(play: Play) -> Steps:
    """In a priority queue a later message is given out first; the earlier waits on."""
    play.queue("work", x_max_priority=HIGH)
    yield
    play.send("work", priority=LOW)
    play.send("work", body=b"urgent " + play.body, priority=HIGH)
    play.client("worker").get(play.named("work"))
    return (
        Truth(body=play.body, rests={"work": 1}),
        Truth(body=b"urgent " + play.body, row=" by an urgent one", given={"work": 1}),
    )


@act
def through_bound_exchanges(play: Play) -> Steps:
    """Passed on from one exchange to another and from there to two queues."""
    for role in ("one", "two"):
        play.queue(role)
    with play.client() as client:
        outer, inner = (client.exchange(play.named(role), "topic") for role in ("outer", "inner"))
        bind = commands.Exchange.Bind(destination=inner, source=outer, routing_key="#")
        client.call(bind, commands.Exchange.BindOk)
        for role in ("one", "two"):
            client.bind(play.named(role), inner, "#")
    yield
    with play.client() as client:
        client.publish(play.named("outer"), "any", play.body)
    play.take("one")
    return Truth(body=play.body, given={"one": 1}, rests={"two": 1})


@act
def by_the_alternate(play: Play) -> Steps:
    """Not routed by its exchange, but by the alternate exchange."""
    play.queue("work")
    with play.client() as client:
        client.exchange(play.named("else"), "fanout")
        alternate = {"alternate-exchange": play.named("else")}
        client.exchange(play.named("first"), "direct", arguments=alternate)
        client.bind(play.named("work"), play.named("else"))
    yield
    with play.client() as client:
        client.publish(play.named("first"), "nowhere", play.body)
    play.take("work")
    return Truth(body=play.body, given={"work": 1})


@act
def copied(play: Play) -> Steps:
    """Sent to three queues with CC and BCC; one copy is consumed."""
    for role in ("to", "cc", "bcc"):
        play.queue(role)
    yield
    with play.client() as client:
        headers: dict[str, Any] = {"CC": [play.named("cc")], "BCC": [play.named("bcc")]}
        client.publish("", play.named("to"), play.body, headers=headers)
    play.take("cc")
    return Truth(body=play.body, given={"cc": 1}, rests={"to": 1, "bcc": 1})


def nowhere(play: Play, *, mandatory: bool) -> Steps:
    """Publish what no binding takes."""
    with play.client() as client:
        client.exchange(play.named("empty"), "topic")
    yield
    with play.client() as client:
        client.publish(play.named("empty"), "key", play.body, mandatory=mandatory)
    return Truth(body=play.body)


@act
def unroutable(play: Play) -> Steps:
    """Routed nowhere."""
    return (yield from nowhere(play, mandatory=False))


@act
def unroutable_and_mandatory(play: Play) -> Steps:
    """Routed nowhere, mandatory, and so returned to its publisher."""
    return (yield from nowhere(play, mandatory=True))


@act
def committed(play: Play) -> Steps:
    """Published in a transaction that is committed."""
    play.queue("work")
    yield
    client = play.client("sender")
    client.call(commands.Tx.Select(), commands.Tx.SelectOk)
    client.publish_unconfirmed("", play.named("work"), play.body)
    client.call(commands.Tx.Commit(), commands.Tx.CommitOk)
    play.take("work")
    return Truth(body=play.body, given={"work": 1})


@act
def answered(play: Play) -> Steps:
    """A request with a reply queue of its own, and its reply."""
    play.queue("work")
    client = play.client("asker")
    replies = client.queue("", durable=False, exclusive=True)
    client.consume(replies, no_ack=True)
    worker = play.client("answerer")
    worker.consume(play.named("work"))
    yield
    client.publish_unconfirmed(
        "", play.named("work"), play.body, reply_to=replies, correlation_id=play.name
    )
    tag = worker.delivery().delivery_tag or 0
    worker.publish("", replies, b"reply to " + play.body, correlation_id=play.name)
    worker.send(commands.Basic.Ack(tag))
    client.delivery()
    return (
        Truth(body=play.body, given={"work": 1}),
        Truth(body=b"reply to " + play.body, row=" and its reply", given={replies: 1}),
    )


@act
def answered_directly(play: Play) -> Steps:
    """A request by direct reply-to, and its reply."""
    play.queue("work")
    client = play.client("asker")
    client.consume("amq.rabbitmq.reply-to", no_ack=True)
    worker = play.client("answerer")
    worker.consume(play.named("work"))
    yield
    client.publish_unconfirmed("", play.named("work"), play.body, reply_to="amq.rabbitmq.reply-to")
    address = worker.reply_address()
    worker.publish("", address, b"reply to " + play.body)
    client.delivery()
    return (
        Truth(body=play.body, given={"work": 1}),
        Truth(
            body=b"reply to " + play.body,
            row=" and its reply",
            given={address: 1},
            hidden=frozenset({"given"}),
        ),
    )
