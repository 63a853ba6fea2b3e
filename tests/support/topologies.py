"""Topologies as a broker could have them, with hostile names, as hypothesis strategies.

A topology is a consistent set of opening facts: what hangs on something stands only where that stands.
"""

from typing import Any

from hypothesis import strategies as st

from events.facts import (
    AlarmRaised,
    BindingCreated,
    ChannelOpened,
    ConnectionOpened,
    ConsumerStarted,
    ExchangeDeclared,
    Fact,
    NodeStarted,
    PolicySet,
    QueueDeclared,
    VhostDeclared,
)
from events.values import AmqpDecimal, AmqpTimestamp

VHOSTS = ["/", "a/b%", "ü"]
NAMES = st.sampled_from(["q", "q/%.#*", "ü\u0000", "", b"\xff\x00", b"\xfe", "x" * 255])
VALUES = st.sampled_from(
    [0, -1, 2**63 - 1, 1.5, True, None, "t", b"\xff", AmqpTimestamp(2**64 - 1), AmqpDecimal(2, -5)]
)  # fmt: skip
TABLES: st.SearchStrategy[dict[Any, Any]] = st.dictionaries(
    NAMES, VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(NAMES, VALUES, max_size=2), max_size=2
)  # fmt: skip
SOURCE = "reconciliation"


def connection_of(number: int, *, vhost: str = "/", pid: str = "") -> ConnectionOpened:
    """Return one of a few connections."""
    return ConnectionOpened(
        "n", f"10.0.0.{number}:1 -> b:5672", vhost, "guest", None, "", "", "", "", "", 0, 0, pid, SOURCE
    )  # fmt: skip


def channel_of(number: int, channel: int, *, vhost: str = "/", pid: str = "") -> ChannelOpened:
    """Return a channel of such a connection."""
    return ChannelOpened(f"10.0.0.{number}:1 -> b:5672", channel, vhost, "guest", pid, SOURCE)


@st.composite
def objects(draw: st.DrawFn, vhost: str) -> list[Fact]:
    """Draw the vhost with exchanges, queues, bindings between them, and policies."""
    facts: list[Fact] = [VhostDeclared(vhost, SOURCE, draw(st.sampled_from(["", "d"])))]
    some = st.lists(NAMES, max_size=3, unique=True)
    exchanges, queues, flag = draw(some), draw(some), st.booleans()
    facts += [
        ExchangeDeclared(vhost, name, draw(NAMES), draw(flag), False, False, draw(TABLES), {}, SOURCE)
        for name in exchanges
    ]  # fmt: skip
    facts += [
        QueueDeclared(vhost, name, "quorum", draw(flag), False, False, draw(TABLES), draw(TABLES), SOURCE)
        for name in queues
    ]  # fmt: skip
    ends = [(name, "queue") for name in queues] + [(name, "exchange") for name in exchanges]
    if exchanges:
        for _ in range(draw(st.integers(0, 4))):
            origin, end = draw(st.sampled_from(exchanges)), draw(st.sampled_from(ends))
            facts.append(BindingCreated(vhost, origin, *end, draw(NAMES), draw(TABLES), SOURCE))
    facts += [
        PolicySet(vhost, name, ".*", "all", draw(st.integers(0, 1)), draw(TABLES), SOURCE)
        for name in draw(some)
    ]
    return facts


@st.composite
def clients(draw: st.DrawFn, vhost: str, queues: list[Any]) -> list[Fact]:
    """Draw connections with channels, and consumers on them of *queues*."""
    facts: list[Fact] = []
    base = 10 * VHOSTS.index(vhost)
    for number in draw(st.lists(st.integers(base, base + 2), max_size=3, unique=True)):
        facts.append(connection_of(number, vhost=vhost))
        for channel in draw(st.lists(st.integers(0, 2), max_size=2, unique=True)):
            opened = channel_of(number, channel, vhost=vhost)
            facts.append(opened)
            for tag in draw(st.lists(NAMES, max_size=2, unique=True)) if queues else []:
                at, prefetch = (opened.connection, channel), draw(st.integers(0, 1))
                queue = draw(st.sampled_from(queues))
                facts.append(ConsumerStarted(vhost, queue, tag, *at, True, False, prefetch, SOURCE))
    return facts


@st.composite
def topologies(draw: st.DrawFn) -> list[Fact]:
    """Draw everything a broker has."""
    facts: list[Fact] = [
        NodeStarted(node, draw(st.sampled_from(["3", "4"])), SOURCE)
        for node in draw(st.lists(st.sampled_from(["n1", "n2"]), max_size=2, unique=True))
    ]
    facts += [AlarmRaised("n1", kind, SOURCE) for kind in draw(st.sets(NAMES, max_size=2))]
    for vhost in draw(st.lists(st.sampled_from(VHOSTS), max_size=2, unique=True)):
        found = draw(objects(vhost))
        queues = [it.name for it in found if isinstance(it, QueueDeclared)]
        facts += found + draw(clients(vhost, queues))
    return facts
