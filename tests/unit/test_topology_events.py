"""Events of the broker, whatever they hold: a fact, nothing, or one of two errors; never a word of the tap itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.amqp import decode_properties
from collector.taps.plan import EVENT_EXCHANGE, OWN_QUEUES, TRACE_EXCHANGE
from collector.topology.events import OWN_CONNECTIONS, arguments_of, facts_of
from collector.topology.state import TopologyState
from events.facts import (
    BindingCreated,
    ChannelClosed,
    ChannelOpened,
    ConnectionClosed,
    ConnectionOpened,
    ConsumerStarted,
    Envelope,
    ExchangeDeclared,
    Fact,
    QueueDeclared,
    QueueDeleted,
)
from events.upcast import decode, encode
from events.values import Text
from tests.support.topologies import NAMES, TABLES, VALUES

RECORDED = Path(__file__).parents[1] / "golden" / "event_exchange"
LAWS = settings(max_examples=150, deadline=None)
KEYS = [
    f"{thing}.{end}"
    for thing in ("queue", "exchange", "binding", "connection", "channel", "consumer")
    for end in ("created", "closed", "deleted")
]
KEYS += ["vhost.created", "vhost.deleted", "policy.cleared", "alarm.set", "alarm.cleared"]
KEYS += ["node.added", "node.deleted"]
FIELDS = [
    "vhost", "name", "type", "durable", "auto_delete", "exclusive", "internal", "arguments", "source_name",
    "destination_name", "destination_kind", "routing_key", "pid", "connection", "channel", "number", "queue",
    "consumer_tag", "ack_required", "prefetch_count", "user", "user_provided_name", "client_properties", "protocol",
    "peer_host", "peer_port", "connected_at", "node", "source",
]  # fmt: skip
TERMS = st.lists(
    st.sampled_from(['{<<"x-max-length">>,long,5}', '{<<"n">>,long,' + "9" * 30 + "}", "{<<", ""]) | VALUES,
    max_size=3,
)  # fmt: skip
HOSTILE: st.SearchStrategy[dict[Any, Any]] = st.dictionaries(
    st.sampled_from(FIELDS), NAMES | VALUES | TERMS | TABLES, max_size=len(FIELDS)
)
CONNECTION: dict[Text, Any] = {
    "pid": "<c.1>", "name": "10.0.0.1:1 -> b:5672", "user_provided_name": "resizer", "user": "guest", "vhost": "/",
    "client_properties": ['{<<"product">>,longstr,<<"aio-pika">>}'], "protocol": "{0,9,1}",
    "peer_host": "{10,0,0,1}", "peer_port": 1, "connected_at": 1_700_000_000_000, "node": "rabbit@b",
}  # fmt: skip
QUEUE: dict[Text, Any] = {
    "vhost": "/", "name": "q", "durable": True, "auto_delete": False, "exclusive": False, "type": "rabbit_quorum_queue",
    "arguments": ['{<<"x-dead-letter-exchange">>,longstr,<<"dlx">>}'],
}  # fmt: skip


def fact_of(key: str, told: dict[Text, Any], state: TopologyState | None = None) -> Fact | None:
    """Return what the event tells."""
    return facts_of(key, told, state or TopologyState())


@LAWS
@given(st.sampled_from(KEYS), HOSTILE)
def test_any_event_becomes_a_fact_that_can_be_kept(key: str, told: dict[Any, Any]) -> None:
    """An event with any fields of any types is a fact that the log and the state take, nothing, or a typed error."""
    state = TopologyState()
    try:
        fact = fact_of(key, told, state)
    except (KeyError, TypeError):
        return
    if fact is None:
        return
    news = state.is_news(fact)
    state.apply(fact)
    (envelope,) = decode(encode([Envelope(0, 0, 0, fact)]))

    assert envelope.fact == fact
    assert not (news and state.is_news(fact))


@pytest.mark.parametrize("key", [b"\xff", "", "queue", "queue.stats", "user.created"])
def test_other_events_are_passed_over(key: Text) -> None:
    """An event of no interest, or one with a key that is no text, tells nothing."""
    assert facts_of(key, {}, TopologyState()) is None


def test_a_client_is_named_through_the_chain_of_process_ids() -> None:
    """A consumer's channel, and a channel's connection, are named by the process ids that were told before."""
    state = TopologyState()
    connection = fact_of("connection.created", CONNECTION, state)
    assert isinstance(connection, ConnectionOpened)
    assert (connection.client_name, connection.product) == ("resizer", "aio-pika")
    assert (connection.protocol, connection.peer_host) == ("AMQP 0-9-1", "10.0.0.1")
    state.apply(connection)
    told: dict[Text, Any] = {
        "pid": "<h.1>",
        "connection": "<c.1>",
        "number": 3,
        "vhost": "/",
        "user": "guest",
    }
    channel = fact_of("channel.created", told, state)
    assert channel == ChannelOpened(connection.name, 3, "/", "guest", "<h.1>", "event")
    assert channel is not None
    state.apply(channel)
    consumer = fact_of(
        "consumer.created",
        {"channel": "<h.1>", "queue": "q", "vhost": "/", "consumer_tag": "t", "ack_required": True,
         "exclusive": False, "prefetch_count": 5},
        state,
    )  # fmt: skip

    assert consumer == ConsumerStarted("/", "q", "t", connection.name, 3, True, False, 5, "event")
    closed = fact_of("channel.closed", {"pid": "<h.1>"}, state)
    assert closed == ChannelClosed(connection.name, 3, "<h.1>", "event")
    ended = fact_of("connection.closed", {"pid": "<c.1>", "name": connection.name}, state)
    assert ended == ConnectionClosed(connection.name, "<c.1>", "event")


@pytest.mark.parametrize("user", ["guest", "obs-tap"])
def test_own_connections_are_known_by_their_name_not_by_their_user(user: str) -> None:
    """The collector's own connections and channels are no part of the system; another with the same user is."""
    state = TopologyState()
    own = CONNECTION | {"user_provided_name": f"{OWN_CONNECTIONS}host-1 /", "user": user}

    assert fact_of("connection.created", own) is None
    assert (
        fact_of("channel.created", {"pid": "<h>", "connection": "<c.1>", "number": 1}, state)
        is None
    )
    assert isinstance(fact_of("connection.created", CONNECTION | {"user": user}), ConnectionOpened)


@pytest.mark.parametrize("name", OWN_QUEUES)
def test_queues_of_the_tap_are_passed_over(name: str) -> None:
    """Queues, bindings and consumers of the tap itself tell nothing."""
    bound = {
        "vhost": "/",
        "source_name": "dlx",
        "destination_name": name,
        "destination_kind": "queue",
        "routing_key": "#",
    }
    consumed = {
        "queue": name,
        "vhost": "/",
        "consumer_tag": "t",
        "channel": "",
        "ack_required": True,
        "exclusive": False,
    }

    assert fact_of("queue.created", QUEUE | {"name": name}) is None
    assert fact_of("queue.deleted", QUEUE | {"name": name}) is None
    assert fact_of("binding.created", {**bound}) is None
    assert fact_of("consumer.created", {**consumed}) is None


@pytest.mark.parametrize("name", [TRACE_EXCHANGE, EVENT_EXCHANGE])
def test_exchanges_of_the_tap_are_passed_over(name: str) -> None:
    """The exchanges that the tap reads are no part of the topology, as in a snapshot."""
    told: dict[Text, Any] = {
        "vhost": "new",
        "name": name,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": True,
    }

    assert fact_of("exchange.created", told) is None
    assert isinstance(fact_of("exchange.created", told | {"name": "mine"}), ExchangeDeclared)


def test_objects_are_told_with_what_parses_of_their_arguments() -> None:
    """A queue comes with its type and plain arguments, a binding with both its ends."""
    declared = fact_of("queue.created", QUEUE)
    bound = fact_of("binding.created", {
        "vhost": "/", "source_name": "e", "destination_name": b"\xff", "destination_kind": "exchange", "routing_key": "k",
    })  # fmt: skip

    assert declared == QueueDeclared(
        "/", "q", "quorum", True, False, False, {"x-dead-letter-exchange": "dlx"}, {}, "event"
    )
    assert bound == BindingCreated("/", "e", b"\xff", "exchange", "k", {}, "event")
    assert fact_of("queue.deleted", QUEUE) == QueueDeleted("/", "q", "event")


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ('{<<"a">>,longstr,<<"b">>}', {"a": "b"}),
        ('{<<"a">>,long,-5}', {"a": -5}),
        ('{<<"a">>,bool,true}', {"a": True}),
        ('{<<"a">>,bool,false}', {"a": False}),
        ('{<<"a">>,table,[{<<"b">>,long,1}]}', {}),
        ('{<<"a\\"b">>,long,1}', {}),
        ('{<<"a">>,long,' + "9" * 5_000 + "}", {}),
        ("", {}),
        (5, {}),
    ],
)
def test_only_plain_terms_are_read(term: object, told: dict[str, object]) -> None:
    """Strings, whole numbers of 64 bits and truth values are read; the rest is left to the next snapshot."""
    assert arguments_of([term]) == told


def told_by(protocol: str) -> list[Fact]:
    """Return what a session of a client on RabbitMQ 4.3 tells, recorded in *protocol* of the event exchange."""
    recorded: list[tuple[str, str]] = json.loads((RECORDED / f"{protocol}.json").read_text())
    state, found = TopologyState(), list[Fact]()
    for key, header in recorded:
        fields = decode_properties(bytes.fromhex(header)).get("headers") or {}
        fact = facts_of(key, fields, state)
        if fact is not None and state.is_news(fact):
            state.apply(fact)
            found.append(fact)
    assert not state.of("connection")
    return found


def kind_and_name(fact: Fact) -> tuple[str, Text]:
    """Return what *fact* is about, without what differs from session to session."""
    return type(fact).__name__, getattr(fact, "name", "") if "Connection" not in str(
        type(fact)
    ) else ""


def test_both_protocols_of_the_event_exchange_tell_the_same() -> None:
    """Recorded as headers and as annotations, a session gives the same facts with the same names and arguments."""
    headers, annotations = told_by("amqp_0_9_1"), told_by("amqp_1_0")

    assert [kind_and_name(it) for it in headers] == [kind_and_name(it) for it in annotations]
    assert [type(it) for it in annotations][:6] == [
        ConnectionOpened, ChannelOpened, ExchangeDeclared, QueueDeclared, BindingCreated, ConsumerStarted,
    ]  # fmt: skip
    for found in (headers, annotations):
        connection, channel, exchange, queue, binding, consumer = found[:6]
        assert isinstance(connection, ConnectionOpened)
        assert (connection.client_name, connection.product) == ("resizer", "raw")
        assert (connection.protocol, connection.peer_host) == ("AMQP 0-9-1", "127.0.0.1")
        assert isinstance(channel, ChannelOpened)
        assert channel.connection == connection.name
        assert isinstance(exchange, ExchangeDeclared)
        assert exchange.arguments["alternate-exchange"] == "amq.fanout"
        assert isinstance(queue, QueueDeclared)
        assert (queue.type, queue.arguments["x-max-length"]) == ("classic", 5)
        assert isinstance(binding, BindingCreated)
        assert (binding.origin, binding.binding_key, binding.arguments) == ("e1", "a.*", {"k": "v"})
        assert isinstance(consumer, ConsumerStarted)
        assert (consumer.connection, consumer.channel) == (connection.name, 1)
    # Annotations carry arguments as they are, headers as far as their terms parse.
    assert isinstance(annotations[2], ExchangeDeclared)
    assert annotations[2].arguments["l"] == [1, "a"]


ANNOTATIONS = HOSTILE.map(
    lambda told: {f"x-opt-{name}".replace("_", "-"): value for name, value in told.items()}
)


@LAWS
@given(st.sampled_from(KEYS), ANNOTATIONS)
def test_annotations_are_read_as_their_headers_are(key: str, told: dict[Any, Any]) -> None:
    """Any fields as annotations tell what they tell as headers, or fail as they do."""
    plain = {name.removeprefix("x-opt-").replace("-", "_"): value for name, value in told.items()}
    results: list[object] = []
    for headers in (told, plain):
        try:
            results.append(fact_of(key, headers))
        except (KeyError, TypeError) as error:
            results.append(type(error))

    assert results[0] == results[1]
