"""Whatever protocol a connection speaks, its name and its protocol are found where the broker tells them."""

from typing import Any

import pytest

from collector.topology import told
from collector.topology.clients import client_name, protocol_name, queue_type
from collector.topology.events import facts_of
from collector.topology.state import TopologyState
from events.facts import ConnectionOpened, ConsumerStarted, QueueDeclared

EVENT: dict[Any, Any] = {
    "pid": "<c.1>", "name": "10.0.0.1:1 -> b:1883", "user": "guest", "vhost": "/", "peer_host": "{10,0,0,1}",
    "peer_port": 1, "connected_at": 1_700_000_000_000, "node": "rabbit@b", "client_properties": [],
}  # fmt: skip
ROW: dict[str, Any] = {"name": "10.0.0.1:1 -> b:1883", "user": "guest", "client_properties": {}}
EVENTS: list[tuple[dict[Any, Any], str | None, str]] = [
    # MQTT on 3.10, on 4.x; STOMP; AMQP 1.0 by the plugin, on 4.0, on 4.3; a stream
    (
        {"variable_map": '#{<<"client_id">> => <<"sensor">>}', "protocol": "{'MQTT',\"3.1.1\"}"},
        "sensor",
        "MQTT 3.1.1",
    ),
    (
        {
            "client_properties": ['{client_id,longstr,<<"sensor">>}'],
            "protocol": "{'MQTT',{5,0}}",
        },
        "sensor",
        "MQTT 5.0",
    ),
    ({"protocol": "{'STOMP',\"1.2\"}"}, None, "STOMP 1.2"),
    ({"protocol": "{'AMQP',\"1.0\"}"}, None, "AMQP 1.0"),
    ({"protocol": "{1,0}"}, None, "AMQP 1.0"),
    ({"protocol": "{1,0}", "container_id": "orders"}, "orders", "AMQP 1.0"),
    ({"protocol": "stream", "user_provided_name": "reader"}, "reader", "stream"),
]
ROWS: list[tuple[dict[str, Any], str | None, str]] = [
    (
        {"client_properties": {"client_id": "sensor"}, "type": "direct", "protocol": "MQTT 3.1.1"},
        "sensor",
        "MQTT 3.1.1",
    ),
    (
        {"client_properties": {"client_id": "sensor"}, "protocol": "MQTT 3-1-1"},
        "sensor",
        "MQTT 3.1.1",
    ),
    ({"type": "direct", "protocol": "STOMP 1.2"}, None, "STOMP 1.2"),
    ({"protocol": "AMQP 1-0", "container_id": "orders"}, "orders", "AMQP 1.0"),
    ({"protocol": "stream", "user_provided_name": "reader"}, "reader", "stream"),
]


@pytest.mark.parametrize(("fields", "name", "protocol"), EVENTS)
def test_an_event_tells_what_a_client_called_itself(
    fields: dict[Any, Any], name: str | None, protocol: str
) -> None:
    """The fact of a connection holds its client id, container id or connection name, and its protocol."""
    fact = facts_of("connection.created", EVENT | fields, TopologyState())

    assert isinstance(fact, ConnectionOpened)
    assert (fact.client_name, fact.protocol) == (name, protocol)


@pytest.mark.parametrize(("fields", "name", "protocol"), ROWS)
def test_a_snapshot_tells_what_a_client_called_itself(
    fields: dict[str, Any], name: str | None, protocol: str
) -> None:
    """Connections of every protocol stand in a snapshot, those that the broker calls direct too, by the same names."""
    (fact,) = told.connections([ROW | fields])

    assert isinstance(fact, ConnectionOpened)
    assert (fact.client_name, fact.protocol) == (name, protocol)


def test_the_name_that_was_given_comes_first() -> None:
    """A connection name goes before an id of the protocol, and an empty one counts as none."""
    assert client_name({"user_provided_name": "a", "container_id": "b"}, {}) == "a"
    assert client_name({"user_provided_name": "undefined"}, {"connection_name": ""}) is None


@pytest.mark.parametrize(
    ("client_id", "name"),
    [
        ("FkAzYe39m_BnhgsTWlC4pg", None),
        ("W9ElN4spjV-2pCiiBPSu-g", None),
        ("thermometer-kitchen-01", "thermometer-kitchen-01"),
        ("", None),
    ],
)
def test_an_id_that_the_broker_assigned_is_no_name(client_id: str, name: str | None) -> None:
    """An MQTT client that gives no id gets a random one from the broker, which is not what it called itself."""
    in_event = {"variable_map": f'#{{<<"client_id">> => <<"{client_id}">>}}'}

    assert client_name({}, {"client_id": client_id}) == name
    assert client_name(in_event, {}) == name


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("{0,9,1}", "AMQP 0-9-1"),
        ("AMQP 0-9-1", "AMQP 0-9-1"),
        ("{'Direct',{0,9,1}}", "Direct 0-9-1"),
        ("{'MQTT',1}", "{'MQTT',1}"),
        (5, ""),
    ],
)
def test_a_protocol_has_one_name(said: object, shown: str) -> None:
    """Events and the management API write protocols differently; what cannot be read stays as it is."""
    assert protocol_name(said) == shown


def test_a_consumer_on_no_channel_is_that_of_its_connection() -> None:
    """MQTT has no channels from 3.12 on: the event names the connection's process, and the fact channel 0."""
    state = TopologyState()
    opened = facts_of("connection.created", EVENT, state)
    assert opened is not None
    state.apply(opened)
    fields: dict[Any, Any] = {
        "channel": "<c.1>", "queue": "q", "vhost": "/", "consumer_tag": "mqtt", "ack_required": True, "exclusive": False,
    }  # fmt: skip
    fact = facts_of("consumer.created", fields, state)

    assert isinstance(fact, ConsumerStarted)
    assert (fact.connection, fact.channel) == (EVENT["name"], 0)


def test_a_queue_has_the_same_type_in_events_and_snapshots() -> None:
    """The queue of an MQTT subscription with QoS 0 is named by its module in both, and told alike."""
    queue: dict[str, Any] = {
        "vhost": "/", "name": "q", "durable": True, "auto_delete": False, "type": "rabbit_mqtt_qos0_queue",
    }  # fmt: skip
    (row,) = told.queues([queue])
    event = facts_of("queue.created", {**queue}, TopologyState())

    assert isinstance(row, QueueDeclared)
    assert isinstance(event, QueueDeclared)
    assert row.type == event.type == queue_type("rabbit_mqtt_qos0_queue") == "mqtt_qos0"
