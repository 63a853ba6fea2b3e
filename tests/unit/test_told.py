"""What the management API tells, as facts: nothing of the tap itself, and neutral values for what a version lacks."""

from typing import Any

import pytest

from collector.taps.plan import OWN_QUEUES
from collector.topology import told
from collector.topology.told import rate_of
from events.facts import AlarmRaised, BindingCreated, ConnectionOpened, NodeStarted, VhostDeclared

QUEUE = {"vhost": "/", "name": "q", "durable": True, "auto_delete": False}
EXCHANGE = {**QUEUE, "name": "e", "type": "topic"}
BINDING = {
    "vhost": "/", "source": "e", "destination": "q", "destination_type": "queue", "routing_key": "k", "arguments": {},
}  # fmt: skip
CONSUMER = {"queue": {"vhost": "/", "name": "q"}, "consumer_tag": "t"}


@pytest.mark.parametrize("name", OWN_QUEUES)
def test_queues_of_the_tap_are_passed_over(name: str) -> None:
    """Neither the tap's queues nor their bindings, consumers and depths are told."""
    assert told.queues([QUEUE | {"name": name}]) == []
    assert told.bindings([BINDING | {"destination": name}]) == []
    assert told.consumers([CONSUMER | {"queue": {"vhost": "/", "name": name}}]) == []
    assert told.samples([QUEUE | {"name": name, "messages_ready": 1}]) == []


@pytest.mark.parametrize("name", [*told.OWN_EXCHANGES, "obs.tap.commands"])
def test_exchanges_of_the_tap_are_passed_over(name: str) -> None:
    """The exchanges that the tap reads, and its own, are no part of the topology."""
    assert told.exchanges([EXCHANGE | {"name": name}]) == []


def test_the_default_exchange_stands_and_its_bindings_go_without_saying() -> None:
    """The exchange with the empty name is told, its implicit bindings are not."""
    (default,) = told.exchanges([EXCHANGE | {"name": ""}])

    assert getattr(default, "name", None) == ""
    assert told.bindings([BINDING | {"source": ""}]) == []
    assert [type(it) for it in told.bindings([BINDING])] == [BindingCreated]


def test_a_node_that_is_down_tells_nothing() -> None:
    """Only a running node stands, with its version and its alarms."""
    running: dict[str, Any] = {
        "name": "n", "running": True, "mem_alarm": True, "disk_free_alarm": False,
        "applications": [{"name": "rabbit", "version": "3.10.8"}],
    }  # fmt: skip

    assert told.node({"name": "n", "running": False, "mem_alarm": True}) == []
    assert told.node({"name": "n"}) == []
    assert told.node(running) == [
        NodeStarted("n", "3.10.8", told.SOURCE), AlarmRaised("n", "memory", told.SOURCE),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ({"name": "v"}, {}),
        ({"name": "v", "description": "", "tags": []}, {}),
        (
            {"name": "v", "description": "d", "tags": ["a", "b"]},
            {"description": "d", "tags": "a,b"},
        ),
        ({"name": "v", "default_queue_type": "undefined"}, {}),
        ({"name": "v", "default_queue_type": "quorum"}, {"default_queue_type": "quorum"}),
    ],
)
def test_a_vhost_keeps_what_a_bare_write_would_wipe(
    answer: dict[str, Any], kept: dict[str, Any]
) -> None:
    """Description, tags and default queue type are written again, and nothing that was not there."""
    assert told.vhost_settings(answer) == kept
    assert isinstance(told.vhost(answer), VhostDeclared)


def test_only_whole_connections_are_told() -> None:
    """Connections that are still being made are passed over."""
    client: dict[str, Any] = {
        "name": "c",
        "user": "guest",
        "client_properties": {"connection_name": "resizer"},
    }
    (found,) = told.connections([client, {"name": "half"}, {"user": "u"}])

    assert isinstance(found, ConnectionOpened)
    assert (found.client_name, found.peer_port, found.pid) == ("resizer", 0, "")
    assert told.channels([{"number": 1}, {"connection_details": [], "number": 1}]) == []


def test_a_consumer_without_details_is_told_without_its_connection() -> None:
    """Where the broker does not say which channel consumes, the fact leaves it open."""
    (found,) = told.consumers([CONSUMER | {"channel_details": []}])

    assert (getattr(found, "connection", None), getattr(found, "channel", None)) == ("", 0)


def test_samples_wait_for_the_counters() -> None:
    """A queue whose depth is not known yet gives no sample; counters that are missing are none."""
    (found,) = told.samples([QUEUE, QUEUE | {"messages_ready": 3, "message_stats": {"publish": 5}}])

    assert (found.ready, found.published, found.delivered) == (3, 5, 0)


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        ({}, 0.0),
        ({"message_stats": []}, 0.0),
        ({"message_stats": {"publish_details": {"rate": 2.0}}}, 2.0),
        ({"message_stats": {"publish_details": {"rate": 2.0, "avg_rate": 5}}}, 5.0),
        ({"message_stats": {"publish_details": {"rate": -2.0}}}, 0.0),
        ({"message_stats": {"publish_details": {"rate": "x"}}}, 0.0),
    ],
)
def test_a_rate_is_the_mean_where_that_is_told(told: dict[str, Any], rate: float) -> None:
    """The mean of the time asked about counts more than the moment; what is not told is none."""
    assert rate_of(told, "publish") == rate


def test_dead_letters_are_counted_by_queue_type_strategy_and_reason() -> None:
    """The Prometheus counters of dead letters are read, and no other line."""
    name = "rabbitmq_global_messages_dead_lettered"
    quorum = 'queue_type="rabbit_quorum_queue",dead_letter_strategy'
    exposition = f"""# HELP {name}_rejected_total x
{name}_rejected_total{{{quorum}="at_most_once"}} 7
{name}_delivery_limit_total{{{quorum}="disabled"}} 1
rabbitmq_global_messages_routed_total{{protocol="amqp091"}} 9
"""

    assert told.dead_letter_totals(exposition) == {
        "quorum/at_most_once/rejected": 7,
        "quorum/disabled/delivery_limit": 1,
    }


def test_running_nodes_tell_when_they_started() -> None:
    """A node that does not run is none; the youngest is the one that started last."""
    told_of = [
        {"name": "a", "running": True, "uptime": 5_000},
        {"name": "b", "running": True},
        {"name": "c", "running": False, "uptime": 1},
    ]
    found = told.nodes(told_of, 10_000_000_000)

    assert [(node.name, node.started_at) for node in found] == [("a", 5_000_000_000), ("b", None)]
    assert told.youngest(found) == 5_000_000_000
    assert told.youngest(found[1:]) is None


@pytest.mark.parametrize(
    ("address", "host"),
    [("::", "here"), ("0.0.0.0", "here"), ("10.0.0.1", "10.0.0.1"), ("fe80::1", "[fe80::1]")],
)
def test_a_listener_is_where_its_node_says(address: str, host: str) -> None:
    """A listener on all addresses is reached by the name of its node's host."""
    assert told.host_of({"node": "rabbit@here", "ip_address": address}) == host


def test_where_a_nodes_own_api_may_answer() -> None:
    """Tried are what is known, the node's host, and the hosts of the settings, at the node's port and as they are."""
    listeners = [
        {"node": "rabbit@a", "protocol": "amqp", "ip_address": "::", "port": 5672},
        {"node": "rabbit@a", "protocol": "https", "ip_address": "::", "port": 15671},
        {"node": "rabbit@b", "protocol": "https", "ip_address": "::", "port": 15681},
    ]
    known = {"rabbit@a": "https://first:1/x"}

    assert told.management_bases(listeners, known, ["https://first:1/x", "https://[::1]:2/x"]) == {
        "rabbit@a": [
            "https://first:1/x",
            "https://a:15671/x",
            "https://first:15671/x",
            "https://[::1]:15671/x",
            "https://[::1]:2/x",
        ],
        "rabbit@b": [
            "https://b:15681/x",
            "https://first:15681/x",
            "https://[::1]:15681/x",
            "https://first:1/x",
            "https://[::1]:2/x",
        ],
    }


def test_counters_that_are_not_there_are_zero() -> None:
    """A vhost or a queue in which nothing happened yet has no counters."""
    stats = {"publish": 3, "deliver_get": 5, "deliver_get_details": {"rate": 0.0}}

    assert told.totals([{"name": "a"}, {"name": "b", "message_stats": stats}]) == {
        "a": (0, 0),
        "b": (3, 5),
    }
    assert (told.delivered({"message_stats": stats}), told.delivered({})) == (5, 0)
    assert told.delivered(None) == 0


def test_bytes_that_wait() -> None:
    """A queue that is not there, or that does not count yet, holds nothing that is known."""
    assert told.bytes_ready({"message_bytes_ready": 7, "message_bytes": 9}) == 7
    assert told.bytes_ready({}) == told.bytes_ready(None) == 0
