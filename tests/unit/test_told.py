"""What the management API tells, as facts: nothing of the tap itself, and neutral values for what a version lacks."""

from typing import Any

import pytest

from collector import told
from collector.plan import OWN_QUEUES
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


@pytest.mark.parametrize("name", told.OWN_EXCHANGES)
def test_exchanges_of_the_tap_are_passed_over(name: str) -> None:
    """The exchanges that the tap reads are no part of the topology."""
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


def test_only_client_connections_are_told() -> None:
    """Connections of the broker itself, and those still being made, are passed over."""
    client: dict[str, Any] = {
        "name": "c",
        "user": "guest",
        "client_properties": {"connection_name": "resizer"},
    }
    (found,) = told.connections(
        [client, client | {"type": "direct"}, {"name": "half"}, {"user": "u"}]
    )

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
