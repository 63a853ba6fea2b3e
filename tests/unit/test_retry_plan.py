"""Planning a retry: what goes where, what is refused and why, and that the plan is a function of what it was made from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.facts import BodyRef, MessagePublished, Properties
from events.values import Text
from projector.operations.plan import (
    DRAIN,
    HEAD,
    MOVE,
    Around,
    Candidate,
    Edit,
    Found,
    Lies,
    Plan,
    Target,
    Wanted,
    plan,
)
from tests.unit.linker_log import START, VHOST, Log, death

BODY = BodyRef(b"d" * 16, 4, 0, 0)
WORK, DEAD = Lies(type="classic", consumers=1), Lies(type="classic", ready=1)


def around(dead: Lies | None = DEAD, **more: Any) -> Around:
    """What is known beside the messages of a `World`, whose dead-letter queue is *dead* (None: deleted)."""
    queues: dict[tuple[Text, Text], Lies] = {(VHOST, "work"): WORK}
    if dead is not None:
        queues[VHOST, "dead"] = dead
    return Around(queues=queues, exchanges={(VHOST, "orders")}, user="guest", **more)


class World:
    """Messages of a log as candidates of a retry."""

    def __init__(self) -> None:
        self.log = Log()
        self.log.exchange("dlx")
        self.log.queue("work", x_dead_letter_exchange="dlx")
        self.log.queue("dead")
        self.log.bind("dlx", "dead")

    def dead(self, body: bytes = b"body", **properties: Any) -> int:
        """A message that its consumer rejected, and that lies in the queue of dead letters."""
        position = self.delivered(body, **properties)
        self.log.dead_letter([death("work")], body=body, **properties)
        return position

    def delivered(self, body: bytes = b"body", **properties: Any) -> int:
        """A message that was delivered, and nothing more."""
        position = self.log.publish("work", body=body, **properties)
        self.log.deliver("work", body=body, **properties)
        return position

    def candidate(
        self, position: int, *, body: BodyRef | None = BODY, kept: bool = True
    ) -> Candidate:
        """The message at *position*, with its publish as its source."""
        envelope = self.log.envelopes[position]
        assert isinstance(envelope.fact, MessagePublished)
        source = Found(
            position=position,
            observed_at=envelope.observed_at,
            fact=replace(envelope.fact, body=body),
            body_kept=kept,
        )
        return Candidate(document=self.log.document(position), source=source)


def one(world: World, position: int, known: Around | None = None, **wanted: Any) -> Plan:
    """The plan for the message at *position*."""
    return plan([world.candidate(position)], Wanted(**wanted), known or around())


def why(found: Plan) -> str:
    """Why the only candidate of *found* was refused."""
    assert found.items == ()
    (refusal,) = found.refusals
    return refusal.why


def test_a_dead_letter_goes_back_to_the_queue_it_died_in() -> None:
    """By default a message goes through the default exchange to the queue of its newest death."""
    world = World()
    found = one(world, world.dead())

    (item,) = found.items
    assert (item.queue, item.exchange, item.routing_key) == ("dead", "", "work")
    assert "rejected" in found.routes[0].why
    assert found.refusals == ()


def test_to_the_exchange_means_as_first_published() -> None:
    """With the exchange as its target a message goes to where it was first published, with its routing key."""
    world = World()
    (item,) = one(world, world.dead(), target=Target(kind="exchange")).items

    assert (item.exchange, item.routing_key) == ("orders", "new")


def test_a_chosen_target_takes_what_is_no_dead_letter() -> None:
    """What did not die is refused, unless a target is given."""
    world = World()
    position = world.delivered()
    chosen = Target(kind="chosen", routing_key="work")

    assert "no dead letter" in why(one(world, position))
    assert one(world, position, target=chosen).items[0].routing_key == "work"


def test_an_unroutable_message_goes_where_it_was_published() -> None:
    """A message that reached no queue is published again to its exchange."""
    world = World()
    (item,) = one(world, world.log.publish()).items

    assert (item.queue, item.exchange, item.routing_key) == ("", "orders", "new")


@pytest.mark.parametrize(
    ("body", "kept", "told"),
    [
        (replace(BODY, truncated=True, size=9_000_000), True, "only the begin"),
        (BODY, False, "retention has removed its body"),
    ],
)
def test_the_log_gives_back_whole_bodies_only(body: BodyRef, kept: bool, told: str) -> None:
    """A body that was cut or has left is not published; as the live message it may be, and so may an edited one."""
    world = World()
    candidate = world.candidate(world.dead(), body=body, kept=kept)

    assert told in why(plan([candidate], Wanted(), around()))
    assert len(plan([candidate], Wanted(remove=DRAIN), around()).items) == 1
    assert len(plan([candidate], Wanted(edit=Edit(body=b"new")), around()).items) == 1


def test_a_redacted_header_is_not_published() -> None:
    """A message of which a header never entered the log is refused from the log."""
    world = World()

    assert "kept out of the log" in why(one(world, world.dead(headers={"card": "***"})))


def test_what_is_gone_is_refused() -> None:
    """A target queue, a target exchange and a source that are not there any more are reasons."""
    world = World()
    position = world.dead()
    lost = Candidate(document=world.log.document(position), source=None)
    nowhere = Target(kind="chosen", exchange="gone", routing_key="x")

    assert "there is no queue work" in why(one(world, position, Around()))
    assert "there is no exchange gone" in why(one(world, position, target=nowhere))
    assert "retention" in why(plan([lost], Wanted(), around()))


def test_a_message_is_retried_once() -> None:
    """What another retry holds is refused, unless it is wanted again."""
    world = World()
    position = world.dead()
    known = around(busy={position: "f" * 16})

    assert "f" * 16 in why(one(world, position, known))
    assert one(world, position, known, again=True).items


def test_one_vhost_at_a_time() -> None:
    """Messages of another vhost than the first are refused."""
    world = World()

    assert "vhost /" in why(one(world, world.dead(), vhost="shop"))


def test_what_cannot_be_restored_is_told() -> None:
    """User, a timestamp that was cut, and copies to other keys are named and counted."""
    world = World()
    position = world.dead(user_id="shop", timestamp=-7, headers={"CC": ["a"], "kept": 1})
    found = one(world, position)

    assert found.items[0].unrestored == ("CC", "user_id", "timestamp")
    assert found.unrestored == {"CC": 1, "timestamp": 1, "user_id": 1}
    exact = world.dead(user_id="guest", timestamp=START // 10**9)
    assert one(world, exact).items[0].unrestored == ()


@pytest.mark.parametrize(
    ("dead", "remove", "told"),
    [
        (None, HEAD, "is not there"),
        (Lies(type="stream"), HEAD, "stream"),
        (Lies(type="classic", consumers=1), DRAIN, "consumer"),
        (Lies(type="quorum", limit=20), HEAD, "drops messages after 20 returns"),
        (Lies(type="quorum", limit=20, ready=2), DRAIN, "holds 2 messages of which 1"),
        (Lies(type="quorum", limit=1, ready=1), DRAIN, "a broken connection"),
        (Lies(type="quorum", limit=20, ready=1), DRAIN, None),
        (Lies(type="quorum"), HEAD, None),
        (DEAD, HEAD, None),
    ],
)
def test_removal_never_risks_other_messages(
    dead: Lies | None, remove: str, told: str | None
) -> None:
    """Nothing is taken off a stream, beside a consumer, or where returned messages could be dropped."""
    world = World()
    found = one(world, world.dead(), around(dead), remove=remove)

    if told is None:
        assert len(found.items) == 1
    else:
        assert told in why(found)


def test_nothing_is_moved_to_where_it_lies() -> None:
    """A move to the queue that a message lies in is refused."""
    world = World()
    there = Target(kind="chosen", routing_key="dead")

    assert "lies there already" in why(one(world, world.dead(), target=there, remove=DRAIN))


def test_a_fanned_out_message_goes_back_to_each_queue_it_died_in() -> None:
    """A message that died in two queues makes two items; of a group only the one in its queue."""
    world = World()
    world.log.queue("audit", x_dead_letter_exchange="dlx")
    position = world.log.publish("work", "audit")
    for queue in ("work", "audit"):
        world.log.deliver(queue, to=queue)
        world.log.dead_letter([death(queue)])
    known = Around(queues={**around().queues, (VHOST, "audit"): WORK})

    both = plan([world.candidate(position)], Wanted(), known)
    assert {item.routing_key for item in both.items} == {"work", "audit"}
    one_of = plan([world.candidate(position)], Wanted(died_in="audit"), known)
    assert [item.routing_key for item in one_of.items] == ["audit"]


KINDS = st.sampled_from(["dead", "delivered", "unroutable", "cut", "redacted", "lost"])


def _of_kind(world: World, number: int, kind: str) -> Candidate:
    body = f"body {number}".encode()
    match kind:
        case "delivered":
            return world.candidate(world.delivered(body))
        case "unroutable":
            return world.candidate(world.log.publish(body=body))
        case "cut":
            return world.candidate(world.dead(body), body=replace(BODY, truncated=True))
        case "redacted":
            return world.candidate(world.dead(body, headers={"h": "***"}))
        case "lost":
            return Candidate(document=world.log.document(world.dead(body)), source=None)
        case _:
            return world.candidate(world.dead(body))


@given(
    st.lists(KINDS, max_size=8),
    st.sampled_from([Target(), Target(kind="exchange"), Target(kind="chosen", routing_key="work")]),
    st.sampled_from(["none", HEAD, DRAIN]),
    st.sampled_from([None, DEAD, Lies(type="quorum", limit=20, ready=3), Lies(type="stream")]),
)
def test_every_candidate_is_planned_or_refused(
    kinds: list[str], target: Target, remove: str, dead: Lies | None
) -> None:
    """Each candidate is in the items or among the refusals and not in both, once, with a target that exists."""
    world = World()
    candidates = [_of_kind(world, number, kind) for number, kind in enumerate(kinds)]
    known = around(dead)
    wanted = Wanted(target=target, remove=remove)
    found = plan(candidates, wanted, known)

    told = [*found.uids, *(refusal.uid for refusal in found.refusals)]
    assert sorted(told) == sorted(candidate.document.uid for candidate in candidates)
    assert sum(route.messages for route in found.routes) == len(found.items)
    for item in found.items:
        there = known.queues if item.exchange == "" else known.exchanges
        assert (VHOST, item.routing_key if item.exchange == "" else item.exchange) in there
        assert remove == "none" or item.queue == "dead"
    assert found == plan(candidates, wanted, known)
    assert (found.digest == plan(candidates, Wanted(action=MOVE), known).digest) is False


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_the_digest_tells_one_selection_from_another(kept: list[bool]) -> None:
    """Leaving any message out of a selection changes the plan's digest."""
    world = World()
    candidates = [_of_kind(world, number, "dead") for number in range(len(kept))]
    some = [each for each, keep in zip(candidates, kept, strict=True) if keep]

    same = plan(some, Wanted(), around()).digest == plan(candidates, Wanted(), around()).digest
    assert same is all(kept)


def test_edited_properties_replace_all() -> None:
    """An edit carries its properties and body in the item, and nothing of it is unrestored."""
    world = World()
    edited = Properties(content_type="text/plain")
    position = world.dead(user_id="shop")
    (item,) = one(world, position, edit=Edit(properties=edited, body=b"new")).items

    assert (item.edited, item.edited_body, item.unrestored) == (edited, b"new", ())
