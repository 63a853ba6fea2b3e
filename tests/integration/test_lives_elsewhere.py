"""How messages live where the broker tells least: streams, shovels, federation; and what never arrives or goes unseen."""

from typing import Any

from pamqp import commands

from tests.support.lives import SAMPLED_S_MAX, Lived, Play, Steps, Truth, act
from tests.support.lives_checks import check
from tests.support.management import Management
from tests.support.streams import Stream
from tests.support.wait import wait_until

FIRST = {"x-stream-offset": "first"}
SHORT_MS = 200
NOT_FOUND = "404"
WITH_SAMPLES = True


def test_lives(lived: dict[str, Lived]) -> None:
    """Each life is concluded as the page says, and nothing is concluded that the services know to be otherwise."""
    check(lived)


@act
def purged(play: Play) -> Steps:
    """Purged from its queue."""
    play.queue("work")
    yield
    play.send("work")
    with play.client() as client:
        client.call(commands.Queue.Purge(queue=play.named("work")), commands.Queue.PurgeOk)
    yield from play.sampled("work")
    return Truth(body=play.body, rests={"work": 0})


@act
def deleted(play: Play) -> Steps:
    """Deleted with its queue."""
    play.queue("work")
    yield
    play.send("work")
    with play.client() as client:
        client.call(commands.Queue.Delete(queue=play.named("work")), commands.Queue.DeleteOk)
    yield
    return Truth(body=play.body)


@act
def expired_for_good(play: Play) -> Steps:
    """Expired in a queue without a dead-letter exchange."""
    play.queue("work", x_message_ttl=SHORT_MS)
    yield
    play.send("work")
    yield from play.sampled("work")
    return Truth(body=play.body, rests={"work": 0})


@act
def pushed_out(play: Play) -> Steps:
    """Gave way to a newer one in a full queue without a dead-letter exchange."""
    play.queue("work", x_max_length=1)
    yield
    play.send("work")
    play.send("work", body=b"newer than " + play.body)
    yield from play.sampled("work")
    return (
        Truth(body=play.body),
        Truth(body=b"newer than " + play.body, row=" by a newer one", rests={"work": 1}),
    )


@act
def refused(play: Play) -> Steps:
    """Refused by a full queue (overflow reject-publish)."""
    play.queue("work", x_max_length=1, x_overflow="reject-publish")
    yield
    accepted: list[bool] = []
    with play.client("sender") as client:
        client.confirm()
        while all(accepted):
            client.publish_unconfirmed(
                "", play.named("work"), b"%d in %s" % (len(accepted), play.body)
            )
            accepted.append(client.outcome())
    yield from play.sampled("work")
    return (
        Truth(body=b"%d in %s" % (len(accepted) - 1, play.body)),
        Truth(
            body=b"0 in " + play.body,
            row=" for want of room",
            rests={"work": 1},
            hidden=frozenset({"rests"}),
        ),
    )


@act
def rolled_back(play: Play) -> Steps:
    """Published in a transaction that is rolled back."""
    play.queue("work")
    yield
    client = play.client("sender")
    client.call(commands.Tx.Select(), commands.Tx.SelectOk)
    client.publish_unconfirmed("", play.named("work"), play.body)
    client.call(commands.Tx.Rollback(), commands.Tx.RollbackOk)
    play.send("work", body=b"after " + play.body)
    play.take("work")
    yield from play.sampled("work")
    return Truth(body=play.body, rests={"work": 0})


@act
def sent_to_nobody(play: Play) -> Steps:
    """Published by the default exchange to a queue that is not there."""
    yield
    play.send("nobody")
    yield from play.sampled(None)
    return Truth(body=play.body)


@act
def answered_too_late(play: Play) -> Steps:
    """A reply to a reply queue that is gone with its owner."""
    client = play.client("asker")
    replies = client.queue("", durable=False, exclusive=True)
    yield
    client.close()
    wait_until(lambda: gone(play, replies), timeout_s=SAMPLED_S_MAX)
    yield
    with play.client("answerer") as worker:
        worker.publish("", replies, play.body)
    yield from play.sampled(None)
    return Truth(body=play.body)


def gone(play: Play, queue: str) -> bool:
    """Say whether there is no such queue; one that is still exclusive to its owner is refused with another code."""
    with play.client() as client:
        try:
            client.depth(queue)
        except ConnectionError as error:
            return str(error).startswith(NOT_FOUND)
    return False


@act
def waiting(play: Play) -> Steps:
    """Waits in its queue for a time."""
    play.queue("work")
    yield
    play.send("work")
    yield from play.sampled("work")
    return Truth(body=play.body, rests={"work": 1})


@act
def streamed(play: Play) -> Steps:
    """Published to a stream by AMQP 0-9-1 and read by two."""
    play.queue("log", kind="stream")
    yield
    play.send("log")
    for reader in ("one", "two"):
        with play.client(reader) as client:
            client.consume(play.named("log"), arguments=FIRST)
            client.delivery()
    return Truth(body=play.body, given={"log": 2})


@act
def streamed_unseen(play: Play) -> Steps:
    """Published by the stream protocol and read by AMQP 0-9-1."""
    play.queue("log", kind="stream")
    yield
    with Stream(play.scene.port("stream"), vhost=play.scene.vhost, name="recorder") as stream:
        stream.publish(play.named("log"), play.body)
    with play.client("reader") as client:
        client.consume(play.named("log"), arguments=FIRST)
        client.delivery()
    return Truth(body=play.body, given={"log": 1})


def consumed(play: Play, role: str) -> bool:
    """Say whether the queue in *role* has a consumer."""
    with play.client() as client:
        passive = commands.Queue.Declare(queue=play.named(role), passive=True)
        return client.call(passive, commands.Queue.DeclareOk).consumer_count > 0


@act
def shovelled(play: Play) -> Steps:
    """Moved by a shovel from one queue to another, and read there."""
    value: dict[str, Any] = {}
    for end, role in (("src", "from"), ("dest", "to")):
        play.queue(role)
        value |= {f"{end}-uri": play.scene.url, f"{end}-queue": play.named(role)}
        value[f"{end}-protocol"] = "amqp091"
    path = ("parameters", "shovel", play.scene.vhost, play.name)
    with Management(play.scene.broker.management_url) as management:
        management.put(*path, body={"value": value})
        wait_until(lambda: consumed(play, "from"), timeout_s=SAMPLED_S_MAX)
        yield
        play.send("from")
        play.wait_depth("to", 1)
        yield  # only then does the shovel acknowledge
        management.delete(*path)
    play.take("to")
    return (
        Truth(body=play.body, given={"from": 1}),
        Truth(body=play.body, which=1, row=" to its target", given={"to": 1}),
    )


@act
def federated(play: Play) -> Steps:
    """Published to an exchange that another one federates, and read behind that."""
    play.queue("work")
    with play.client() as client:
        for role in ("upstream", "downstream"):
            client.exchange(play.named(role), "fanout")
        client.bind(play.named("work"), play.named("downstream"))
    with Management(play.scene.broker.management_url) as management:
        upstream = {"uri": play.scene.url, "exchange": play.named("upstream")}
        at = (play.scene.vhost, play.name)
        management.put("parameters", "federation-upstream", *at, body={"value": upstream})
        policy = {
            "pattern": f"^{play.named('downstream')}$",
            "definition": {"federation-upstream": play.name},
            "apply-to": "exchanges",
        }
        management.put("policies", *at, body=policy)
        wait_until(lambda: bound(management, play), timeout_s=SAMPLED_S_MAX)
        yield
        with play.client("sender") as client:
            client.publish(play.named("upstream"), "key", play.body)
        play.take("work")
        yield  # the link acknowledges a little later
        management.delete("policies", *at)
        management.delete("parameters", "federation-upstream", *at)
    return (
        Truth(body=play.body, given={"link": 1}),
        Truth(body=play.body, which=1, row=" to the other side", given={"work": 1}),
    )


def bound(management: Management, play: Play) -> bool:
    """Say whether the link of the federation takes what is published upstream."""
    told = management.get(
        "exchanges", play.scene.vhost, play.named("upstream"), "bindings", "source"
    )
    return bool(told)
