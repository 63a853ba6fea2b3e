"""Since when the firehose may have been off, on which node, and why."""

import pytest

from collector.management.tracing import NodeSeen, TracingFound, TracingMemory, trace_on_command

S = 1_000_000_000


def seen(**started_at: int | None) -> list[NodeSeen]:
    """Return running nodes by name, with when they started in s."""
    return [
        NodeSeen(name=name, started_at=None if at is None else at * S)
        for name, at in started_at.items()
    ]


def test_off_since_it_was_last_known_to_be_on() -> None:
    """What is found off was off since some moment after it was last found on."""
    memory = TracingMemory()
    assert memory.nodes(seen(a=1), 10 * S) == [""]
    assert memory.on("", "/", 10 * S) == TracingFound(vhost="/", since=10 * S, on_at=10 * S)
    assert memory.on("", "/", 15 * S) is None
    found = memory.off("", "/", 20 * S, 21 * S)

    assert (found.since, found.on_at, found.why, found.node) == (15 * S, 21 * S, "tracing-off", "")
    assert memory.on("", "/", 25 * S) is None


def test_off_from_the_first_look_on() -> None:
    """Nothing is known of the time before the first look; what is not switched on stays off, and is told when it is on."""
    memory = TracingMemory()
    memory.nodes(seen(a=1), 10 * S)

    assert memory.off("", "/", 10 * S, None).since == 10 * S
    assert memory.off("", "/", 20 * S, None).since == 20 * S
    found = memory.on("", "/", 30 * S)
    assert found is not None
    assert found.on_at == 30 * S


def test_a_node_that_joins_traces_nothing_until_it_is_told_to() -> None:
    """A new node's gap begins when it came, by its own start or by the last look without it."""
    memory = TracingMemory()
    assert memory.nodes(seen(a=1), 10 * S) == [""]
    memory.on("", "/", 10 * S)
    assert memory.nodes(seen(a=1, b=3), 20 * S) == ["a", "b"]
    assert memory.on("a", "/", 20 * S) is not None
    late = memory.off("b", "/", 20 * S, 21 * S)
    assert memory.nodes(seen(a=1, b=3, c=28), 30 * S) == ["a", "b", "c"]
    young = memory.off("c", "/", 30 * S, 31 * S)

    assert (late.why, late.node, late.since) == ("node-added", "b", 10 * S)
    assert (young.why, young.since) == ("node-added", 28 * S)


def test_a_node_that_restarts_has_lost_the_switch() -> None:
    """Whether its absence was seen or not, the gap is that of a restart and begins with the node's start."""
    memory = TracingMemory()
    memory.nodes(seen(a=1, b=1), 10 * S)
    memory.on("b", "/", 10 * S)
    memory.nodes(seen(a=1), 20 * S)
    memory.nodes(seen(a=1, b=25), 30 * S)
    absent = memory.off("b", "/", 30 * S, 31 * S)
    memory.nodes(seen(a=36, b=25), 40 * S)
    unseen = memory.off("a", "/", 40 * S, 41 * S)

    assert (absent.why, absent.since, absent.started_at) == ("broker-restart", 25 * S, 25 * S)
    assert (unseen.why, unseen.since) == ("broker-restart", 36 * S)


def test_off_again_after_a_restart_is_no_restart() -> None:
    """Once a node was found on after its start, what is off later was switched off."""
    memory = TracingMemory()
    memory.nodes(seen(a=1, b=1), 10 * S)
    memory.nodes(seen(a=1, b=15), 20 * S)
    assert memory.off("b", "/", 20 * S, 21 * S).why == "broker-restart"
    found = memory.off("b", "/", 30 * S, 31 * S)

    assert (found.why, found.since) == ("tracing-off", 21 * S)


def test_a_node_that_cannot_be_asked_is_told_once() -> None:
    """What nobody knows of a node is a gap of each vhost, from when it was last known, until it answers."""
    memory = TracingMemory()
    memory.nodes(seen(a=1, b=1), 10 * S)
    memory.on("b", "/", 10 * S)
    told = memory.unknown("b", ["/", "shop"], 20 * S)
    assert [(found.vhost, found.since, found.on_at, found.why) for found in told] == [
        ("/", 10 * S, None, "tracing-unknown"),
        ("shop", 20 * S, None, "tracing-unknown"),
    ]
    assert memory.unknown("b", ["/", "shop"], 30 * S) == []
    memory.known("b")

    assert memory.on("b", "/", 40 * S) is not None
    assert len(memory.unknown("b", ["/"], 50 * S)) == 1


def test_a_node_that_starts_is_off_until_it_can_be_asked() -> None:
    """A node that runs again before its management answers has one gap: that of its start."""
    memory = TracingMemory()
    memory.nodes(seen(a=1, b=1), 10 * S)
    memory.on("b", "/", 10 * S)
    memory.nodes(seen(a=1, b=15), 20 * S)
    (told,) = memory.unknown("b", ["/"], 20 * S)
    found = memory.off("b", "/", 30 * S, 31 * S)

    assert (told.why, told.since, told.on_at) == ("broker-restart", 15 * S, None)
    assert (found.why, found.since) == (told.why, told.since)


def test_through_a_node_that_is_gone_nothing_is_missed() -> None:
    """What was open about a node ends when the node stops; a broker that once had several is asked node by node."""
    memory = TracingMemory()
    memory.nodes(seen(a=1, b=1), 10 * S)
    assert memory.nodes(seen(a=1), 20 * S) == ["a"]

    assert memory.gone(["/"], 20 * S) == [
        TracingFound(vhost="/", since=20 * S, on_at=20 * S, node="b")
    ]
    assert memory.gone(["/"], 30 * S) == []


def test_jitter_of_a_nodes_age_is_no_restart() -> None:
    """A node's start is worked out from its age, so it moves a little; some tell none."""
    memory = TracingMemory()
    memory.nodes(seen(a=1, b=None), 10 * S)
    memory.on("a", "/", 10 * S)
    memory.nodes([NodeSeen(name="a", started_at=2 * S), *seen(b=None)], 20 * S)

    assert memory.off("a", "/", 20 * S, 21 * S).why == "tracing-off"


@pytest.mark.parametrize(
    ("node", "command"),
    [("", "rabbitmqctl trace_on -p shop"), ("b@h", "rabbitmqctl -n b@h trace_on -p shop")],
)
def test_the_command_for_an_administrator(node: str, command: str) -> None:
    """The command names the node where there are several."""
    assert trace_on_command("shop", node) == command
