"""Turn events of the broker's event exchange into topology facts. Pure.

The event exchange names channels and connections by the broker's process ids and writes arguments as Erlang terms; the
state gives the names, and arguments that do not parse are left to the next snapshot, which sees them as they are.
"""

import re
from typing import Any, cast

from collector.decode import is_tap_queue
from collector.topology_state import TopologyState
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
from events.values import Text

OWN_CONNECTIONS = "hoptrail-tap-"
"""How the collector's own connections begin their client-provided names; they are no part of the observed system."""

SNAPSHOT_WANTED = ("policy.", "operator.policy.", "queue.policy.", "parameter.", "vhost.created")
"""Routing keys of events whose consequences only a snapshot shows."""

_term = re.compile(
    r'\{<<"([^"\\]*)">>,([a-z]+),(?:<<"([^"\\]*)">>|(-?\d+)|(true|false))\}', re.DOTALL
)
_protocol = re.compile(r"\{(\d+),(\d+),(\d+)\}")
_address = re.compile(r"\{([\d,]+)\}")


def facts_of(routing_key: Text, told: dict[Text, Any], state: TopologyState) -> Fact | None:
    """Return the fact an event tells, None when it is of no interest or about the tap itself.

    Raises:
        KeyError: a field that every broker sends is missing.
    """
    key = routing_key if isinstance(routing_key, str) else ""
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
            return ConnectionClosed(_text(told["name"]), _text(told["pid"]), "event")
        case "channel.created" | "channel.closed":
            return _channel(key, told, state)
        case "consumer.created" | "consumer.deleted":
            return _consumer(key, told, state)
        case _:
            return _broker_wide(key, told)


def _broker_wide(key: str, told: dict[Text, Any]) -> Fact | None:
    match key:
        case "vhost.created":
            return VhostDeclared(told["name"], "event")
        case "vhost.deleted":
            return VhostDeleted(told["name"], "event")
        case "policy.cleared":
            return PolicyCleared(told["vhost"], told["name"], "event")
        case "alarm.set":
            return AlarmRaised(_text(told.get("node", "")), _text(told.get("source", "")), "event")
        case "alarm.cleared":
            return AlarmCleared(_text(told.get("node", "")), _text(told.get("source", "")), "event")
        case "node.added":
            return NodeStarted(_text(told.get("node", "")), "", "event")
        case "node.deleted":
            return NodeStopped(_text(told.get("node", "")), "event")
        case _:
            return None


def _object(routing_key: str, told: dict[Text, Any]) -> Fact | None:
    vhost, name = told["vhost"], told["name"]
    if routing_key.startswith("queue"):
        if is_tap_queue(name):
            return None
        if routing_key == "queue.deleted":
            return QueueDeleted(vhost, name, "event")
        arguments = arguments_of(told.get("arguments"))
        kind = _text(told.get("type") or arguments.get("x-queue-type") or "classic")
        return QueueDeclared(
            vhost,
            name,
            _queue_type(kind),
            bool(told["durable"]),
            bool(told["auto_delete"]),
            bool(told.get("exclusive")),
            arguments,
            {},
            "event",
        )
    if routing_key == "exchange.deleted":
        return ExchangeDeleted(vhost, name, "event")
    return ExchangeDeclared(
        vhost,
        name,
        told["type"],
        bool(told["durable"]),
        bool(told["auto_delete"]),
        bool(told["internal"]),
        arguments_of(told.get("arguments")),
        {},
        "event",
    )


def _queue_type(kind: Text) -> Text:
    text = kind if isinstance(kind, str) else ""
    return text.removeprefix("rabbit_").removesuffix("_queue") or "classic"


def _binding(
    kind: type[BindingCreated] | type[BindingDeleted], told: dict[Text, Any]
) -> Fact | None:
    if is_tap_queue(told["destination_name"]):
        return None
    return kind(
        told["vhost"],
        told["source_name"],
        told["destination_name"],
        str(told["destination_kind"]),
        told["routing_key"],
        arguments_of(told.get("arguments")),
        "event",
    )


def _connection(told: dict[Text, Any]) -> Fact | None:
    name = told.get("user_provided_name")
    client_name = name if isinstance(name, str | bytes) and name not in ("", "undefined") else None
    if is_own(client_name):
        return None
    client = arguments_of(told.get("client_properties"))
    return ConnectionOpened(
        node=_text(told.get("node", "")),
        name=_text(told["name"]),
        vhost=_text(told.get("vhost", "")),
        user=_text(told.get("user", "")),
        client_name=client_name,
        product=_text(client.get("product", "")),
        platform=_text(client.get("platform", "")),
        version=_text(client.get("version", "")),
        protocol=protocol_of(told.get("protocol", "")),
        peer_host=_host_of(told.get("peer_host", "")),
        peer_port=_number(told.get("peer_port")),
        connected_at=_number(told.get("connected_at")),
        pid=_text(told["pid"]),
        source="event",
    )


def is_own(client_name: Text | None) -> bool:
    """Return whether a connection calls itself as the collector's own do."""
    return isinstance(client_name, str) and client_name.startswith(OWN_CONNECTIONS)


def _channel(routing_key: str, told: dict[Text, Any], state: TopologyState) -> Fact | None:
    pid = _text(told["pid"])
    if routing_key == "channel.closed":
        known = state.channel(pid)
        return ChannelClosed(known.connection, known.number, pid, "event") if known else None
    connection = state.connection(_text(told["connection"]))
    if connection is None:
        return None
    number = _number(told.get("number"))
    vhost, user = _text(told.get("vhost", "")), _text(told.get("user", ""))
    return ChannelOpened(connection.name, number, vhost, user, pid, "event")


def _consumer(routing_key: str, told: dict[Text, Any], state: TopologyState) -> Fact | None:
    if is_tap_queue(told["queue"]):
        return None
    channel = state.channel(_text(told.get("channel", "")))
    at = (channel.connection, channel.number) if channel else ("", 0)
    if routing_key == "consumer.deleted":
        return ConsumerStopped(told["vhost"], told["queue"], told["consumer_tag"], *at, "event")
    return ConsumerStarted(
        told["vhost"],
        told["queue"],
        told["consumer_tag"],
        *at,
        bool(told["ack_required"]),
        bool(told["exclusive"]),
        _number(told.get("prefetch_count")),
        "event",
    )


def arguments_of(terms: Any) -> dict[Text, Any]:
    """Return those of the Erlang *terms* that are plain: strings, whole numbers, truth values."""
    found: dict[Text, Any] = {}
    for term in cast("list[Any]", terms) if isinstance(terms, list) else []:
        match = _term.fullmatch(term) if isinstance(term, str) else None
        if match:
            name, _, text, number, truth = match.groups()
            if text is not None:
                found[name] = text
            elif number is not None:
                found[name] = int(number)
            else:
                found[name] = truth == "true"
    return found


def protocol_of(told: Any) -> str:
    """Return a protocol's name as the management API writes it, such as ``AMQP 0-9-1``."""
    match = _protocol.fullmatch(told) if isinstance(told, str) else None
    return "AMQP " + "-".join(match.groups()) if match else str(_text(told))


def _host_of(told: Any) -> Text:
    match = _address.fullmatch(told) if isinstance(told, str) else None
    return match[1].replace(",", ".") if match and match[1].count(",") == 3 else _text(told)


def _text(value: Any) -> Text:
    return value if isinstance(value, str | bytes) else ""


def _number(value: Any) -> int:
    return value if type(value) is int else 0
