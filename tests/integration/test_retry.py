"""Retries on a real broker: every message arrives once, whatever is killed, gone or in the way."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from examples.local_broker import Broker
from projector.operations.plan import Edit
from tests.support.collecting import TAP, system_of
from tests.support.retrying import Stage, Target, Wanted, expected
from tests.support.wait import wait_until

KINDS = ("classic", "quorum")
COUNT = 500
DRAINED, UNSURE = 60, 60
KILLED_AT = 12
RESTS_S_MAX, ASKED_S_MAX = 60, 60


@pytest.fixture(scope="module")
def stage(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A vhost that a collector captures."""
    store = tmp_path_factory.mktemp("retry") / "store"
    with (
        system_of(broker, "retries.one", "retries.two") as system,
        system.collector(store, LINGER_MS=50).leading() as collector,
    ):
        yield Stage(system, store, collector)


def test_a_target_that_is_gone_is_told_of_each_message(stage: Stage) -> None:
    """Where the queue vanished after the plan, every message is told to be unroutable and stays where it is."""
    stage.dead_letters("gone", 3)
    made = stage.plan("gone", Wanted())
    stage.system.management.delete("queues", stage.vhost, "gone.work")
    retry = stage.start(made, Wanted())
    ended = stage.wait_ended(retry)

    assert (ended.why, ended.published, ended.failed) == ("done", 0, 3)
    assert stage.outcomes(retry) == {"unroutable": 3}
    assert stage.depth("gone.dead") == 3


def test_an_exchange_that_is_gone_refuses_all(stage: Stage) -> None:
    """Where the exchange vanished, nothing is in doubt: each message is refused with the broker's words."""
    stage.dead_letters("lost", 3)
    wanted = Wanted(target=Target(kind="chosen", exchange="lost.dlx", routing_key="x"))
    made = stage.plan("lost", wanted)
    stage.system.management.delete("exchanges", stage.vhost, "lost.dlx")
    retry = stage.start(made, wanted)
    ended = stage.wait_ended(retry)

    found = stage.retry(retry)
    assert (ended.published, ended.failed) == (0, 3)
    assert found is not None
    assert all("no exchange" in each.why for each in found.outcomes.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_drain_moves_its_own_and_leaves_the_others_in_order(stage: Stage, kind: str) -> None:
    """Each message is taken off after its copy is confirmed; what is not selected lies as before."""
    name, wanted = f"drained-{kind}", Wanted(remove="drain")
    stage.dead_letters(name, 12, dead=kind, told=stage.endless(kind))
    made = stage.plan(name, wanted, leave_out=5)
    with stage.client() as session:
        for body in (b"other", b"last"):
            session.publish("", f"{name}.dead", body)
    retry = stage.start(made, wanted)
    ended = stage.wait_ended(retry)
    left = f"{name} 5".encode()

    assert (ended.why, ended.published) == ("done", 11)
    assert stage.bodies(f"{name}.work") == expected(name, 12) - Counter({left: 1})
    stage.wait_depth(f"{name}.dead", 3)
    assert list(stage.bodies(f"{name}.dead").elements()) == [left, b"other", b"last"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_head_is_taken_as_far_as_it_is_selected(stage: Stage, kind: str) -> None:
    """Taking from the head stops at the first message that is not selected; the rest is told as refused."""
    name, wanted = f"headed-{kind}", Wanted(remove="head")
    stage.dead_letters(name, 4, dead=kind, told=stage.endless(kind))
    made = stage.plan(name, wanted, leave_out=2)
    retry = stage.start(made, wanted)
    ended = stage.wait_ended(retry)

    assert (ended.published, ended.failed) == (2, 1)
    assert stage.outcomes(retry) == {"published": 2, "refused": 1}
    assert stage.bodies(f"{name}.work") == expected(name, 2)
    stage.wait_depth(f"{name}.dead", 2)
    assert list(stage.bodies(f"{name}.dead")) == [f"{name} {each}".encode() for each in (2, 3)]


def test_a_queue_that_drops_what_is_returned_is_drained_as_a_whole(stage: Stage) -> None:
    """A quorum queue with a delivery limit, which RabbitMQ 4 gives each, is emptied; with another message in it, left."""
    wanted = Wanted(remove="drain")
    for name in ("whole", "shared"):
        stage.dead_letters(name, 4, dead="quorum", told=stage.limited("quorum"))
    with stage.client() as session:
        session.publish("", "shared.dead", b"other")
    whole = stage.start(stage.plan("whole", wanted), wanted)
    shared = stage.start(stage.plan("shared", wanted), wanted)
    ended = [stage.wait_ended(each) for each in (whole, shared)]
    found = stage.retry(shared)

    assert [(each.published, each.failed) for each in ended] == [(4, 0), (0, 4)]
    stage.wait_depth("whole.dead", 0)
    stage.wait_depth("shared.dead", 5)
    assert found is not None
    assert all("drops messages after 20 returns" in each.why for each in found.outcomes.values())


def test_edited_messages_carry_what_was_changed(stage: Stage) -> None:
    """An edited message is published with its new body, and all that was not changed."""
    stage.dead_letters("edited", 1, content_type="text/plain")
    edit = Edit(body=b"better")
    made = stage.plan("edited", Wanted(action="edit", edit=edit))
    retry = stage.start(made, Wanted(action="edit", edit=edit))
    stage.wait_ended(retry)

    assert stage.bodies("edited.work") == {b"better": 1} == stage.wait_copies(retry, 1)


def test_a_paused_retry_rests_and_a_cancelled_one_ends(stage: Stage) -> None:
    """What is paused publishes nothing until it is resumed; what is cancelled keeps what is published and ends."""
    stage.dead_letters("rests", 60)
    made = stage.plan("rests", Wanted())
    retry = stage.start(made, Wanted(), batch=5, rate_per_s=5)
    stage.wait_published(retry, 5)
    stage.pause(retry)
    wait_until(lambda: stage.state(retry) == "paused", timeout_s=RESTS_S_MAX)
    resting = stage.settled_count(retry)
    stage.resume(retry)
    stage.wait_published(retry, resting + 5)
    stage.cancel(retry)
    ended = stage.wait_ended(retry)

    assert ended.why == "cancelled"
    assert 0 < ended.published < 60
    assert sum(stage.bodies("rests.work").values()) == ended.published


def test_a_killed_collector_loses_and_doubles_nothing(stage: Stage) -> None:
    """After a kill the next leader looks into the log and publishes, or takes away, just what is missing.

    Where the log is not whole, it asks instead, and does what the operator decides.
    """
    other, drain = replace(stage, number=1), Wanted(remove="drain")
    stage.dead_letters("killed", COUNT)
    for kind in KINDS:
        stage.dead_letters(f"drawn-{kind}", DRAINED, dead=kind, told=stage.limited(kind))
    other.dead_letters("unsure", UNSURE)
    plans = [stage.plan("killed", Wanted()), other.plan("unsure", Wanted())]
    plans += [stage.plan(f"drawn-{kind}", drain) for kind in KINDS]
    batches = stage.batches()
    drained = [stage.start(each, drain, batch=5, rate_per_s=5) for each in plans[2:]]
    unsure = other.start(plans[1], Wanted(), batch=2, rate_per_s=5)
    retry = stage.start(plans[0], Wanted(), batch=20, rate_per_s=80)
    wait_until(lambda: stage.published(retry) > 0, timeout_s=ASKED_S_MAX)
    wait_until(lambda: batches() >= KILLED_AT, timeout_s=ASKED_S_MAX)
    stage.collector.kill()
    stage.system.management.delete("queues", other.vhost, TAP)
    published = [stage.published(each) for each in (retry, unsure, *drained)]
    stage.collector.start_leading()
    wait_until(lambda: stage.state(unsure) == "paused", timeout_s=ASKED_S_MAX)
    asked, there = stage.retry(unsure), other.depth("unsure.work")
    stage.resume(unsure, unsure_published=True)
    ended = [stage.wait_ended(each) for each in (retry, unsure, *drained)]

    assert 0 < published[0] < COUNT
    assert max(published[2:]) < DRAINED
    assert [(each.why, each.failed) for each in ended] == [("done", 0)] * 4
    assert stage.bodies("killed.work") == expected("killed", COUNT)
    assert stage.wait_copies(retry, COUNT) == expected("killed", COUNT)
    for name, each in zip((f"drawn-{kind}" for kind in KINDS), drained, strict=True):
        assert stage.bodies(f"{name}.work") == expected(name, DRAINED)
        assert stage.wait_copies(each, DRAINED) == expected(name, DRAINED)
        stage.wait_depth(f"{name}.dead", 0)
    assert asked is not None
    assert "not everything was captured" in asked.paused_why
    assert published[1] <= there < UNSURE
    assert other.bodies("unsure.work") <= expected("unsure", UNSURE)
