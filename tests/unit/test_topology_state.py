"""The topology as a fold of facts: what stands, what goes with what, what is news, and what a new segment restates."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.topology.state import (
    CONFIRMED_NS,
    TopologyState,
    closed,
    closing,
    dead_letter_exchange,
    opened,
    with_source,
)
from events.facts import (
    BindingCreated,
    ChannelClosed,
    ConnectionClosed,
    ConsumerStarted,
    Envelope,
    ExchangeDeclared,
    Fact,
    GapClosed,
    GapOpened,
    QueueDeclared,
    QueueDeleted,
    TapsPlanned,
    VhostDeclared,
    VhostDeleted,
)
from events.upcast import decode, encode
from events.values import Text
from tests.support.topologies import NAMES, channel_of, connection_of, topologies

LAWS = settings(max_examples=60, deadline=None)


def state_of(*facts: Fact) -> TopologyState:
    """Return what *facts* tell."""
    state = TopologyState()
    for fact in facts:
        state.apply(fact)
    return state


def queue(name: Text, vhost: str = "/", **tables: dict[Text, object]) -> QueueDeclared:
    """Return a queue."""
    arguments, policy = tables.get("arguments", {}), tables.get("policy", {})
    return QueueDeclared(vhost, name, "classic", True, False, False, arguments, policy, "event")


@LAWS
@given(topologies())
def test_a_restatement_is_the_whole_state(facts: list[Fact]) -> None:
    """What opens a segment, written and read again, folds to the state it was taken from."""
    state = state_of(
        *facts, TapsPlanned("/", ("dlx",), (), True, "m"), GapOpened("g", "/", "", "poison", 1)
    )
    told = state.restated()
    written = decode(encode([Envelope(at, 0, 0, fact) for at, fact in enumerate(told)]))
    again = state_of(*[envelope.fact for envelope in written])

    assert [getattr(fact, "source", "restated") for fact in told] == ["restated"] * len(told)
    assert {key: with_source(fact, "") for key, fact in again.things.items()} == {
        key: with_source(fact, "") for key, fact in state.things.items()
    }
    assert again.restated() == told


@LAWS
@given(topologies(), st.randoms(use_true_random=False))
def test_every_thing_can_end(facts: list[Fact], chance: object) -> None:
    """The closing fact of a thing has its key, takes it away with all that hangs on it, and is news only before."""
    state = state_of(*facts)
    for key, fact in list(state.things.items()):
        end = closing(fact, "event")
        assert closed(end) == key == opened(fact)
        assert state.is_news(end) is (key in state.things)
        state.apply(end)
        assert key not in state.things
        assert not state.is_news(end)

    assert state.things == {}
    assert state.touched == {}


@LAWS
@given(topologies())
def test_events_that_come_again_are_no_news(facts: list[Fact]) -> None:
    """What stands is not told a second time."""
    state = state_of(*facts)

    assert [fact for fact in facts if state.is_news(fact)] == []


def test_a_connection_takes_channels_and_consumers_with_it() -> None:
    """The broker tells of no channel that goes with its connection."""
    connection, channel = connection_of(1, pid="p1"), channel_of(1, 1, pid="p2")
    consumer = ConsumerStarted("/", "q", "t", connection.name, 1, True, False, 0, "event")
    state = state_of(queue("q"), connection, channel, consumer)
    state.apply(ConnectionClosed(connection.name, "p1", "event"))

    assert list(state.things) == [("queue", "/", "q")]
    assert state.connection("p1") is state.channel("p2") is None


def test_a_vhost_takes_everything_in_it_with_it() -> None:
    """With a vhost go its queues, exchanges, bindings and their consumers, and nothing of another vhost."""
    facts = [fact for vhost in ("/", "shop") for fact in (
        ExchangeDeclared(vhost, "e", "topic", True, False, False, {}, {}, "event"), queue("q", vhost),
        BindingCreated(vhost, "e", "q", "queue", "k", {}, "event"),
        ConsumerStarted(vhost, "q", "t", "c", 1, True, False, 0, "event"),
    )]  # fmt: skip
    state = state_of(VhostDeclared("shop", "event"), *facts)
    state.apply(VhostDeleted("shop", "event"))

    assert {key[1] for key in state.things} == {"/"}
    assert len(state.things) == 4


def test_a_closing_of_an_earlier_namesake_ends_nothing() -> None:
    """A connection or channel with the same name but another process id goes on."""
    state = state_of(connection_of(1, pid="new"), channel_of(1, 1, pid="new-channel"))
    name = connection_of(1).name
    for late in (
        ConnectionClosed(name, "old", "event"),
        ChannelClosed(name, 1, "old-channel", "event"),
    ):
        assert not state.is_news(late)
        state.apply(late)

    assert len(state.things) == 2


def test_a_new_namesake_takes_the_place_of_the_old() -> None:
    """A name that comes again with another process id is news, and the old process id names nobody any more."""
    state = state_of(connection_of(1, pid="old"))
    again = connection_of(1, pid="new")

    assert state.is_news(again)
    state.apply(again)
    assert state.connection("new") == again
    assert state.connection("old") is None


def test_an_opening_after_its_closing_is_no_news() -> None:
    """Events of a connection that was closed already, delivered again, do not raise it from the dead."""
    state = state_of(
        connection_of(1, pid="p"), ConnectionClosed(connection_of(1).name, "p", "event")
    )

    assert not state.is_news(connection_of(1, pid="p"))


def test_an_open_gap_stands_until_it_is_closed() -> None:
    """The ledger's open gaps are restated like the topology."""
    gap = GapOpened("g", "/", "", "poison", 1)
    state = state_of(gap)
    assert state.restated() == [gap]
    state.apply(GapClosed("g", "/", "", "poison", 1, 2))

    assert state.restated() == []


@LAWS
@given(NAMES, NAMES)
def test_an_argument_goes_before_a_policy(argument: Text, policy: Text) -> None:
    """A queue's own argument decides where its dead letters go; what is no text counts for nothing."""
    told: dict[Text, object] = {"x-dead-letter-exchange": argument}
    policies: dict[Text, object] = {"dead-letter-exchange": policy}

    assert dead_letter_exchange(queue("q", arguments=told, policy=policies)) == argument
    assert (
        dead_letter_exchange(queue("q", arguments={"x-dead-letter-exchange": 5}, policy=policies))
        == policy
    )
    assert dead_letter_exchange(queue("q")) is None
    state = state_of(
        queue("q", arguments=told), queue("r"), queue("s"), QueueDeleted("/", "s", "event")
    )
    assert state.dead_letters_to() == {("/", "q"): argument}
    state.confirm([with_source(it, "reconciliation") for it in state.of("queue")], CONFIRMED_NS)
    assert state.dead_letters_to() == {("/", "q"): argument, ("/", "r"): None}


@pytest.mark.parametrize(
    ("at", "changes", "confirmed"),
    [
        (CONFIRMED_NS, {}, True),
        (CONFIRMED_NS - 1, {}, False),
        (CONFIRMED_NS, {"policy": {"max-length": 1}}, False),
    ],
)
def test_a_snapshot_confirms_what_events_told(
    at: int, changes: dict[str, Any], confirmed: bool
) -> None:
    """A queue that a snapshot tells alike a while later is confirmed; a young or a different one is not."""
    state = state_of(queue("q"))
    (known,) = state.of("queue")
    state.confirm([msgspec.structs.replace(known, source="reconciliation", **changes)], at)

    assert [it.source for it in state.of("queue")] == ["reconciliation" if confirmed else "event"]
