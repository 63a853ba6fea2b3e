"""Turn events of the broker's event exchange into topology facts. Pure.

The event exchange names channels and connections by the broker's process ids; the state gives the names. It speaks one of
two protocols. By default the fields are headers, and arguments are written as Erlang terms: those that do not parse are
left to the next snapshot, which sees them as they are. With ``event_exchange.protocol = amqp_1_0`` (RabbitMQ 4.1 and
later) the fields are annotations, which a client of AMQP 0-9-1 gets as headers ``x-opt-…``, and arguments are tables.
"""

import re
from typing import Any, cast

from collector.decoding.firehose import is_tap_queue
from collector.topology.clients import client_name, protocol_name, queue_type
from collector.topology.state import EVENT, TopologyState
from collector.topology.told import OWN_EXCHANGES
from events.facts import (
    AlarmCleared,
    AlarmRaised,
    BindingCreated,
    BindingDeleted,
    ChannelClosed,
    ChannelOpened,
    ConnectionClosed,
    ConnectionOpened,
    ConsumerStarted,
    ConsumerStopped,
    ExchangeDeclared,
    ExchangeDeleted,
    Fact,
    NodeStarted,
    NodeStopped,
    PolicyCleared,
    QueueDeclared,
    QueueDeleted,
    VhostDeclared,
    VhostDeleted,
)
from events.values import Text, shown

OWN_CONNECTIONS = "hoptrail-tap-"
"""How the collector's own connections begin their client-provided names; they are no part of the observed system."""

SNAPSHOT_WANTED = ("policy.", "operator.policy.", "queue.policy.", "parameter.", "vhost.created")
"""Routing keys of events whose consequences only a snapshot shows."""

ANNOTATION = "x-opt-"

_term = re.compile(
    r'\{(?:<<"([^"\\]*)">>|([a-z_]+)),([a-z]+),(?:<<"([^"\\]*)">>|(-?\d{1,18})|(true|false))\}',
    re.DOTALL,
)
_address = re.compile(r"\{([\d,]+)\}")


def fields_of(headers: dict[Text, Any]) -> dict[Text, Any]:
    """Return the fields of an event by their names in the first protocol, such as ``auto_delete``, from its *headers*.

    Source of the annotations' names: `rabbit_exchange_type_event`, which puts ``x-opt-`` before a field and ``-`` for ``_``.
    """
    if not any(isinstance(name, str) and name.startswith(ANNOTATION) for name in headers):
        return headers
    return {
        name.removeprefix(ANNOTATION).replace("-", "_") if isinstance(name, str) else name: value
        for name, value in headers.items()
    }


def facts_of(routing_key: Text, headers: dict[Text, Any], state: TopologyState) -> Fact | None:
    """Return the fact that an event with *headers* tells, None when it is of no interest or about the tap itself.

    Raises:
        KeyError: a field that every broker sends is missing.
        TypeError: a name is no text.
    """
    key = routing_key if isinstance(routing_key, str) else ""
    told = fields_of(headers)
    match key:
        case "queue.created" | "queue.deleted" | "exchange.created" | "exchange.deleted":
            return _object(key, told)
        case "binding.created" | "binding.deleted":
            return _binding(
                BindingCreated if routing_key == "binding.created" else BindingDeleted, told
            )
        case "connection.created":
            return _connection(told)
        case "connection.closed":
            return ConnectionClosed(_text(told["name"]), _text(told["pid"]), EVENT)
        case "channel.created" | "channel.closed":
            return _channel(key, told, state)
        case "consumer.created" | "consumer.deleted":
            return _consumer(key, told, state)
        case _:
            return _broker_wide(key, told)


def _broker_wide(key: str, told: dict[Text, Any]) -> Fact | None:
    match key:
        case "vhost.created":
            return VhostDeclared(_name(told, "name"), EVENT)
        case "vhost.deleted":
            return VhostDeleted(_name(told, "name"), EVENT)
        case "policy.cleared":
            return PolicyCleared(_name(told, "vhost"), _name(told, "name"), EVENT)
        case "alarm.set":
            return AlarmRaised(_text(told.get("node", "")), _text(told.get("source", "")), EVENT)
        case "alarm.cleared":
            return AlarmCleared(_text(told.get("node", "")), _text(told.get("source", "")), EVENT)
        case "node.added":
            return NodeStarted(_text(told.get("node", "")), "", EVENT)
        case "node.deleted":
            return NodeStopped(_text(told.get("node", "")), EVENT)
        case _:
            return None


def _object(routing_key: str, told: dict[Text, Any]) -> Fact | None:
    vhost, name = _name(told, "vhost"), _name(told, "name")
    if routing_key.startswith("queue"):
        if is_tap_queue(name):
            return None
        if routing_key == "queue.deleted":
            return QueueDeleted(vhost, name, EVENT)
        arguments = arguments_of(told.get("arguments"))
        kind = _text(told.get("type") or arguments.get("x-queue-type") or "classic")
        return QueueDeclared(
            vhost,
            name,
            queue_type(kind),
            bool(told["durable"]),
            bool(told["auto_delete"]),
            bool(told.get("exclusive")),
            arguments,
            {},
            EVENT,
        )
    if name in OWN_EXCHANGES or is_tap_queue(name):
        return None
    if routing_key == "exchange.deleted":
        return ExchangeDeleted(vhost, name, EVENT)
    return ExchangeDeclared(
        vhost,
        name,
        _name(told, "type"),
        bool(told["durable"]),
        bool(told["auto_delete"]),
        bool(told["internal"]),
        arguments_of(told.get("arguments")),
        {},
        EVENT,
    )


def _binding(
    kind: type[BindingCreated] | type[BindingDeleted], told: dict[Text, Any]
) -> Fact | None:
    destination = _name(told, "destination_name")
    if is_tap_queue(destination):
        return None
    return kind(
        _name(told, "vhost"),
        _name(told, "source_name"),
        destination,
        shown(_name(told, "destination_kind")),
        _name(told, "routing_key"),
        arguments_of(told.get("arguments")),
        EVENT,
    )


def _connection(told: dict[Text, Any]) -> Fact | None:
    client = arguments_of(told.get("client_properties"))
    name = client_name(told, client)
    if is_own(name):
        return None
    return ConnectionOpened(
        node=_text(told.get("node", "")),
        name=_text(told["name"]),
        vhost=_text(told.get("vhost", "")),
        user=_text(told.get("user", "")),
        client_name=name,
        product=_text(client.get("product", "")),
        platform=_text(client.get("platform", "")),
        version=_text(client.get("version", "")),
        protocol=protocol_name(told.get("protocol")),
        peer_host=_host_of(told.get("peer_host", "")),
        peer_port=_number(told.get("peer_port")),
        connected_at=_number(told.get("connected_at")),
        pid=_text(told["pid"]),
        source=EVENT,
    )


def is_own(client_name: Text | None) -> bool:
    """Return whether a connection calls itself as the collector's own do."""
    return isinstance(client_name, str) and client_name.startswith(OWN_CONNECTIONS)


def _channel(routing_key: str, told: dict[Text, Any], state: TopologyState) -> Fact | None:
    pid = _text(told["pid"])
    if routing_key == "channel.closed":
        known = state.channel(pid)
        return ChannelClosed(known.connection, known.number, pid, EVENT) if known else None
    connection = state.connection(_text(told["connection"]))
    if connection is None:
        return None
    number = _number(told.get("number"))
    vhost, user = _text(told.get("vhost", "")), _text(told.get("user", ""))
    return ChannelOpened(connection.name, number, vhost, user, pid, EVENT)


def _consumer(routing_key: str, told: dict[Text, Any], state: TopologyState) -> Fact | None:
    vhost, queue, tag = (_name(told, name) for name in ("vhost", "queue", "consumer_tag"))
    if is_tap_queue(queue):
        return None
    channel = state.channel(_text(told.get("channel", "")))
    at = (channel.connection, channel.number) if channel else (_of_no_channel(told, state), 0)
    if routing_key == "consumer.deleted":
        return ConsumerStopped(vhost, queue, tag, *at, EVENT)
    return ConsumerStarted(
        vhost,
        queue,
        tag,
        *at,
        bool(told["ack_required"]),
        bool(told["exclusive"]),
        _number(told.get("prefetch_count")),
        EVENT,
    )


def _of_no_channel(told: dict[Text, Any], state: TopologyState) -> Text:
    """Return the connection that consumes without a channel, as those of MQTT do; "" where it is not known."""
    connection = state.connection(_text(told.get("channel", "")))
    return connection.name if connection else ""


def arguments_of(terms: Any) -> dict[Text, Any]:
    """Return a table of arguments as it is, or those of Erlang *terms* that are plain: strings, whole numbers, truth."""
    if isinstance(terms, dict):
        return cast("dict[Text, Any]", terms)
    found: dict[Text, Any] = {}
    for term in cast("list[Any]", terms) if isinstance(terms, list) else []:
        match = _term.fullmatch(term) if isinstance(term, str) else None
        if match:
            quoted, atom, _, text, number, truth = match.groups()
            name = atom if quoted is None else quoted
            if text is not None:
                found[name] = text
            elif number is not None:
                found[name] = int(number)
            else:
                found[name] = truth == "true"
    return found


def _host_of(told: Any) -> Text:
    match = _address.fullmatch(told) if isinstance(told, str) else None
    return match[1].replace(",", ".") if match and match[1].count(",") == 3 else _text(told)


def _name(told: dict[Text, Any], field: str) -> Text:
    name = told[field]
    if not isinstance(name, str | bytes):
        raise TypeError(f"its {field} is no text")
    return name


def _text(value: Any) -> Text:
    return value if isinstance(value, str | bytes) else ""


def _number(value: Any) -> int:
    return value if type(value) is int else 0
