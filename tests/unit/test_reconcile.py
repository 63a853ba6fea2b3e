"""A snapshot against the log: the differences, and nothing else, turn what the log says into what the broker says."""

from collections.abc import Collection

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.topology.reconcile import SETTLE_NS, SOURCE, comparable, reconcile
from collector.topology.state import CLIENTS, EVENT, Key, TopologyState, opened, with_source
from collector.topology.told import KINDS
from events.facts import (
    ChannelClosed,
    ConnectionClosed,
    Fact,
    PolicyCleared,
    PolicySet,
    QueueDeclared,
    QueueDeleted,
    TapsPlanned,
)
from tests.support.topologies import VHOSTS, channel_of, connection_of, topologies

LAWS = settings(max_examples=60, deadline=None)
ALL = KINDS | CLIENTS
NOW = 100 * SETTLE_NS
QUEUE = QueueDeclared("/", "orders", "classic", True, False, False, {}, {}, EVENT)
PLANNED = TapsPlanned("/", (), (), True, "firehose, quorum")


def state_of(facts: list[Fact], *, at: int = 0) -> TopologyState:
    """Return what *facts* tell."""
    state = TopologyState()
    for fact in facts:
        state.apply(fact, at)
    return state


def differences(
    state: TopologyState,
    snapshot: list[Fact],
    *,
    kinds: Collection[str] = ALL,
    vhosts: Collection[object] | None = None,
    has_events: bool = False,
) -> list[Fact]:
    """Return what the snapshot adds, and let it change the state."""
    found = reconcile(
        state, snapshot, kinds=kinds, vhosts=vhosts, now_ns=NOW, has_events=has_events
    )
    for fact in found:
        state.apply(fact, NOW)
    return found


def standing(state: TopologyState) -> dict[Key, Fact]:
    """Return what stands, by key, as far as both sources can tell it."""
    return {key: comparable(fact) for key, fact in state.things.items()}


def told(snapshot: list[Fact]) -> dict[Key, Fact]:
    """Return what *snapshot* says to stand."""
    return {key: comparable(fact) for fact in snapshot if (key := opened(fact)) is not None}


@LAWS
@given(topologies(), topologies())
def test_the_log_says_what_the_broker_says(before: list[Fact], after: list[Fact]) -> None:
    """Whatever the log said, with the differences it says what the snapshot does, and a second look adds nothing."""
    state = state_of(before)
    found = differences(state, after)

    assert standing(state) == told(after)
    assert differences(state, after) == []
    assert all(getattr(fact, "source", None) == SOURCE for fact in found)


@LAWS
@given(topologies())
def test_what_is_known_is_no_difference(facts: list[Fact]) -> None:
    """A snapshot of what the log says already adds nothing, in any order."""
    state = state_of(facts)

    assert differences(state, facts[::-1]) == []


@LAWS
@given(topologies(), topologies())
def test_objects_and_clients_are_told_apart(before: list[Fact], after: list[Fact]) -> None:
    """Objects and clients come in two snapshots; each changes its own kinds, and both together everything."""
    state = state_of(before)
    for kinds in (KINDS, CLIENTS):
        found = differences(
            state, [fact for fact in after if (opened(fact) or [""])[0] in kinds], kinds=kinds
        )
        assert all((opened(fact) or [kinds])[0] in [*kinds, kinds] for fact in found)

    assert standing(state) == told(after)


@LAWS
@given(topologies(), topologies(), st.sampled_from(VHOSTS))
def test_other_vhosts_stay(before: list[Fact], after: list[Fact], vhost: str) -> None:
    """A snapshot of one vhost says nothing of what stands in the others."""

    def others(facts: dict[Key, Fact]) -> dict[Key, Fact]:
        return {key: it for key, it in facts.items() if getattr(it, "vhost", vhost) != vhost}

    state = state_of([*before, PLANNED])
    elsewhere = others(standing(state))
    seen = [fact for fact in after if getattr(fact, "vhost", vhost) == vhost]
    differences(state, seen, vhosts={vhost})

    assert others(standing(state)) == elsewhere


@LAWS
@given(topologies())
def test_what_a_thing_takes_with_it_is_told_once(facts: list[Fact]) -> None:
    """When everything goes, each thing is ended once, and what hangs on another before that."""
    state = state_of(facts)
    seen = dict(state.things)
    found = reconcile(state, [], kinds=ALL, vhosts=None, now_ns=NOW, has_events=False)

    assert len(found) == len(seen)
    for fact in found:
        before = len(state.things)
        state.apply(fact)
        assert len(state.things) == before - 1


@pytest.mark.parametrize("age", [0, SETTLE_NS - 1, SETTLE_NS])
def test_a_late_snapshot_takes_no_client_away(age: int) -> None:
    """Where events tell of clients, what they told lately is believed before a snapshot that does not show it yet."""
    state = state_of([connection_of(1, pid="p1"), channel_of(1, 1, pid="p2")], at=NOW - age)
    found = differences(state, [], kinds=CLIENTS, has_events=True)

    assert [type(fact) for fact in found] == (
        [] if age < SETTLE_NS else [ChannelClosed, ConnectionClosed]
    )


@pytest.mark.parametrize("age", [-1, 0, SETTLE_NS - 1, SETTLE_NS])
def test_a_late_snapshot_deletes_nothing_that_was_just_declared(age: int) -> None:
    """A queue whose event came after the snapshot was asked for, or a little before, is not told to be deleted."""
    state = state_of([QUEUE], at=NOW - age)
    found = differences(state, [], has_events=True)

    assert found == ([] if age < SETTLE_NS else [QueueDeleted("/", "orders", SOURCE)])


@pytest.mark.parametrize("age", [-1, 0, SETTLE_NS - 1, SETTLE_NS])
def test_a_late_snapshot_brings_nothing_back(age: int) -> None:
    """A queue that an event just told to be deleted is not declared again because the snapshot has it still."""
    state = state_of([QUEUE])
    state.apply(QueueDeleted("/", "orders", EVENT), NOW - age)
    found = differences(state, [QUEUE], has_events=True)

    assert found == ([] if age < SETTLE_NS else [with_source(QUEUE, SOURCE)])


def test_what_is_declared_again_is_there() -> None:
    """A queue that was deleted and declared again may change, as the next snapshot tells it."""
    state = state_of([QUEUE])
    state.apply(QueueDeleted("/", "orders", EVENT), NOW)
    state.apply(QUEUE, NOW)
    changed = msgspec.structs.replace(QUEUE, policy="p")

    assert differences(state, [changed], has_events=True) == [with_source(changed, SOURCE)]


def test_a_policy_that_was_cleared_and_set_again_is_told() -> None:
    """Events tell of a policy only that it was cleared, so a snapshot that has it is believed at once."""
    policy = PolicySet("/", "p", ".*", "queues", 0, {}, SOURCE)
    state = state_of([policy])
    state.apply(PolicyCleared("/", "p", EVENT), NOW)

    assert differences(state, [policy], has_events=True) == [with_source(policy, SOURCE)]


def test_the_process_ids_stay() -> None:
    """A snapshot does not know process ids; a connection that changed keeps the one that events told."""
    state = state_of([connection_of(1, pid="p1"), channel_of(1, 1, pid="p2")])
    changed = [connection_of(1, vhost="ü"), channel_of(1, 1, vhost="ü")]
    found = differences(state, list(changed), kinds=CLIENTS)

    assert [getattr(fact, "pid", None) for fact in found] == ["p1", "p2"]
    assert state.channel("p2") == found[1]


def test_closings_carry_what_tells_the_thing() -> None:
    """A closing fact names its thing as the opening one did."""
    queue = QueueDeclared("/", b"\xff", "classic", True, False, False, {}, {}, "event")
    state = state_of([queue])

    assert differences(state, []) == [QueueDeleted("/", b"\xff", SOURCE)]
