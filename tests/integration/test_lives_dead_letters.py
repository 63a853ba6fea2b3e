"""How messages die on a real broker, go on, come back, and what hoptrail makes of it."""

from pamqp import commands

from tests.support.lives import Lived, Play, Steps, Truth, act
from tests.support.lives_checks import check
from tests.support.visible_fixtures import GRAVES

SHORT_MS = 200
ROUNDS_MANY = 80
LIMIT = 2
COPIES_KEPT = 63


def test_lives(lived: dict[str, Lived]) -> None:
    """Each life is concluded as the page says, and nothing is concluded that the services know to be otherwise."""
    check(lived)


@act
def rejected(play: Play) -> Steps:
    """A consumer rejects; the dead letter waits where nobody reads."""
    play.queue("work", dies_to="failed")
    play.queue("failed")
    play.bury("failed")
    yield
    play.send("work")
    play.reject("work")
    play.wait_depth("failed", 1)
    return Truth(
        body=play.body, given={"work": 1}, deaths={("work", "rejected"): 1}, rests={"failed": 1}
    )


@act
def rejected_unseen(play: Play) -> Steps:
    """A consumer rejects; the dead letter goes by the default exchange, which no tap can see, and nobody reads it."""
    play.queue("work", dies_to="failed", tapped=False)
    play.queue("failed")
    yield
    play.send("work")
    play.reject("work")
    play.wait_depth("failed", 1)
    return Truth(
        body=play.body,
        given={"work": 1},
        deaths={("work", "rejected"): 1},
        rests={"failed": 1},
        hidden=frozenset({"deaths", "rests"}),
    )


@act
def rejected_and_read(play: Play) -> Steps:
    """The same, and somebody reads the dead letter."""
    play.queue("work", dies_to="failed", tapped=False)
    play.queue("failed")
    yield
    play.send("work")
    play.reject("work")
    play.take("failed")
    return Truth(body=play.body, given={"work": 1, "failed": 1}, deaths={("work", "rejected"): 1})


@act
def expired_in_queue(play: Play) -> Steps:
    """A message outlives its queue's time to live; its dead letter waits where nobody reads."""
    play.queue("work", dies_to="failed", x_message_ttl=SHORT_MS)
    play.queue("failed")
    play.bury("failed")
    yield
    play.send("work")
    play.wait_depth("failed", 1)
    return Truth(body=play.body, deaths={("work", "expired"): 1}, rests={"failed": 1})


@act
def expired_by_itself(play: Play) -> Steps:
    """A message outlives its own time to live."""
    play.queue("work", dies_to="failed")
    play.queue("failed")
    play.bury("failed")
    yield
    play.send("work", expiration=str(SHORT_MS))
    play.wait_depth("failed", 1)
    return Truth(body=play.body, deaths={("work", "expired"): 1}, rests={"failed": 1})


@act
def overflowed(play: Play) -> Steps:
    """A message gives way to a newer one in a full queue."""
    play.queue("work", dies_to="failed", x_max_length=1)
    play.queue("failed")
    play.bury("failed")
    yield
    play.send("work")
    play.send("work", body=b"newer than " + play.body)
    play.wait_depth("failed", 1)
    return (
        Truth(body=play.body, deaths={("work", "maxlen"): 1}, rests={"failed": 1}),
        Truth(body=b"newer than " + play.body, row=" newer", rests={"work": 1}),
    )


@act
def refused_to_death(play: Play) -> Steps:
    """A full queue refuses a message, which dies by that (overflow reject-publish-dlx)."""
    play.queue("work", dies_to="failed", x_max_length=1, x_overflow="reject-publish-dlx")
    play.queue("failed")
    play.bury("failed")
    yield
    play.send("work", body=b"older than " + play.body)
    with play.client("sender") as client:
        client.confirm()
        client.publish_unconfirmed("", play.named("work"), play.body)
        assert not client.outcome()
    play.wait_depth("failed", 1)
    return Truth(body=play.body, deaths={("work", "maxlen"): 1}, rests={"failed": 1})


@act
def limited(play: Play) -> Steps:
    """Consumers are lost with the message in hand, more often than the queue allows."""
    play.queue("work", dies_to="failed", x_delivery_limit=LIMIT)
    play.queue("failed")
    play.bury("failed")
    yield
    play.send("work")
    for _ in range(LIMIT + 1):
        with play.client("worker") as client:
            client.consume(play.named("work"))
            client.delivery()
    play.wait_depth("failed", 1)
    return Truth(
        body=play.body,
        given={"work": LIMIT + 1},
        deaths={("work", "delivery_limit"): 1},
        rests={"failed": 1},
    )


@act
def several_hops(play: Play) -> Steps:
    """A dead letter dies again where it went, and once more, before somebody reads it."""
    play.queue("work", dies_to="failed")
    play.queue("failed", dies_to="old", x_message_ttl=SHORT_MS)
    play.queue("old", dies_to="archive", tapped=False)
    play.queue("archive")
    play.bury("failed")
    play.bury("old")
    yield
    play.send("work")
    play.reject("work")
    play.wait_depth("old", 1)
    play.reject("old")
    play.take("archive")
    return Truth(
        body=play.body,
        given={"work": 1, "old": 1, "archive": 1},
        deaths={("work", "rejected"): 1, ("failed", "expired"): 1, ("old", "rejected"): 1},
    )


@act
def fanned_out(play: Play) -> Steps:
    """A dead letter goes to two queues at once."""
    play.queue("work", dies_to="failed")
    for role in ("failed", "audit"):
        play.queue(role)
    play.bury("failed")
    with play.client() as client:
        client.bind(play.named("audit"), GRAVES, play.named("failed"))
    yield
    play.send("work")
    play.reject("work")
    play.wait_depth("audit", 1)
    play.take("audit")
    return Truth(
        body=play.body,
        given={"work": 1, "audit": 1},
        deaths={("work", "rejected"): 1},
        rests={"failed": 1},
    )


def loop(play: Play, rounds: int, *, tapped: bool, ends_well: bool) -> Steps:
    """A message is rejected and waits in a queue that nobody reads before it comes back, *rounds* times."""
    play.queue("work", dies_to="retry", tapped=tapped)
    play.queue("retry", dies_to="work", tapped=False, x_message_ttl=SHORT_MS if rounds < 10 else 1)
    if tapped:
        play.bury("retry")
    yield
    play.send("work")
    with play.client("worker") as client:
        client.consume(play.named("work"))
        for _ in range(rounds):
            tag = client.delivery().delivery_tag or 0
            client.send(commands.Basic.Nack(tag, requeue=False))
        tag = client.delivery().delivery_tag or 0
        if ends_well:
            client.send(commands.Basic.Ack(tag))
        client.settle()
        yield
    return Truth(
        body=play.body,
        given={"work": rounds + 1},
        hidden=frozenset({"given"} if rounds > COPIES_KEPT else ()),
        deaths={("work", "rejected"): rounds, ("retry", "expired"): rounds},
        rounds=rounds,
    )


@act
def retried(play: Play) -> Steps:
    """Rejected twice, each time back after a delay, then done."""
    return (yield from loop(play, 2, tapped=True, ends_well=True))


@act
def retried_unseen(play: Play) -> Steps:
    """The same, by the default exchange both ways: no dead letter passes a tap."""
    return (yield from loop(play, 2, tapped=False, ends_well=True))


@act
def retried_very_often(play: Play) -> Steps:
    """A loop that went round far more often than copies of one message are kept."""
    return (yield from loop(play, ROUNDS_MANY, tapped=True, ends_well=True))


@act
def delayed(play: Play) -> Steps:
    """Published to a queue that nobody reads, to come to its consumer after a time."""
    play.queue("delay", dies_to="work", tapped=False, x_message_ttl=SHORT_MS)
    play.queue("work")
    yield
    play.send("delay")
    play.take("work")
    return Truth(body=play.body, given={"work": 1}, deaths={("delay", "expired"): 1})


@act
def delayed_by_levels(play: Play) -> Steps:
    """A delay of several levels, as Celery's: each with half the time to live of the one before."""
    play.queue("work")
    levels = ("level4", "level3", "level2", "level1")
    for level, following in reversed([*zip(levels, (*levels[1:], "work"), strict=True)]):
        play.queue(level, dies_to=following, x_message_ttl=20 * int(level[-1]))
        play.bury(following)
    yield
    play.send("level4")
    play.take("work")
    return Truth(
        body=play.body,
        given={"work": 1},
        deaths={(level, "expired"): 1 for level in levels},
    )


@act
def parked(play: Play) -> Steps:
    """After a round of retrying the consumer publishes to a parking queue, deaths and all, and acknowledges."""
    play.queue("work", dies_to="retry")
    play.queue("retry", dies_to="work", tapped=False, x_message_ttl=SHORT_MS)
    play.queue("parked")
    play.bury("retry")
    yield
    play.send("work")
    with play.client("worker") as client:
        client.consume(play.named("work"))
        client.send(commands.Basic.Nack(client.delivery().delivery_tag or 0, requeue=False))
        tag = client.delivery().delivery_tag or 0
        client.publish("", play.named("parked"), play.body, headers={"x-death": deaths(play)})
        client.send(commands.Basic.Ack(tag))
        client.settle()
    return (
        Truth(
            body=play.body,
            given={"work": 2},
            deaths={("work", "rejected"): 1, ("retry", "expired"): 1},
            rounds=1,
        ),
        Truth(body=play.body, which=1, row=" in the parking queue", rests={"parked": 1}),
    )


def deaths(play: Play) -> list[dict[str, object]]:
    """Return an `x-death` as after one round of the loop between work and retry."""
    return [
        {
            "queue": play.named(role),
            "reason": reason,
            "count": 1,
            "exchange": "",
            "routing-keys": [""],
        }
        for role, reason in (("retry", "expired"), ("work", "rejected"))
    ]


@act
def forged(play: Play) -> Steps:
    """A publish that carries deaths that never were, and a real one after it."""
    play.queue("work", dies_to="failed")
    play.queue("failed")
    play.queue("retry")
    play.bury("failed")
    yield
    play.send("work", headers={"x-death": deaths(play)})
    play.reject("work")
    play.take("failed")
    return Truth(body=play.body, given={"work": 1, "failed": 1}, deaths={("work", "rejected"): 1})


@act
def carried_past_the_tap(play: Play) -> Steps:
    """A service publishes to the tapped dead-letter exchange itself, with deaths that never were."""
    play.queue("work")
    play.queue("failed")
    play.bury("failed")
    yield
    with play.client("sender") as client:
        client.publish(GRAVES, play.named("failed"), play.body, headers={"x-death": deaths(play)})
    return Truth(body=play.body, rests={"failed": 1})


@act
def cycled(play: Play) -> Steps:
    """A message expires into its own queue, which the broker does not let happen: it is lost."""
    play.queue("work", dies_to="work", x_message_ttl=SHORT_MS)
    play.bury("work")
    yield
    play.send("work")
    play.wait_depth("work", 0)
    yield
    return Truth(body=play.body, deaths={("work", "expired"): 1}, rests={"work": 0})
