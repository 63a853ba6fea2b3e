"""What a connection of any protocol says of itself, from the broker's events and its management API alike. Pure.

Source: `connection.created` of the event exchange and `/api/connections`, as RabbitMQ 3.10 to 4.3 tell them. AMQP 0-9-1
and streams have a connection name, AMQP 1.0 has a container id (told since 4.1), MQTT a client id; STOMP has nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

from events.values import Text

_client_id = re.compile(r'<<"client_id">> => <<"([^"\\]*)">>')
_assigned = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9_-])[A-Za-z0-9_-]{21}[AQgw]")
"""16 random bytes, which the broker takes for the id of an MQTT client that gives none."""

_protocol = re.compile(
    r"""\{?(?:'?([A-Za-z]\w*)'?[ ,])?["{]?(\d+(?:[,.-]\d+)+)["}]?\}?"""  # {'MQTT',"3.1.1"}, {0,9,1}, AMQP 1-0
)


def client_name(told: Mapping[Any, Any], properties: Mapping[Any, Any]) -> Text | None:
    """Return what a client called itself, None where it did not: *told* of its connection, with its client *properties*."""
    found = (
        told.get("user_provided_name"),
        properties.get("connection_name"),
        told.get("container_id"),
        _chosen(properties.get("client_id")),
        _chosen(_in_variables(told.get("variable_map"))),
    )
    return next((name for name in found if _is_name(name)), None)


def protocol_name(told: Any) -> str:
    """Return the name of a protocol with its version, such as ``AMQP 0-9-1``, ``AMQP 1.0`` or ``MQTT 3.1.1``.

    What no version is found in stays as it is.
    """
    if not isinstance(told, str):
        return ""
    match = _protocol.fullmatch(told)
    if match is None:
        return told
    numbers = re.findall(r"\d+", match[2])
    mark = "-" if numbers == ["0", "9", "1"] else "."
    return f"{match[1] or 'AMQP'} {mark.join(numbers)}"


def queue_type(told: object) -> str:
    """Return the type of a queue without the words of its module: ``quorum`` for ``rabbit_quorum_queue``."""
    text = told if isinstance(told, str) else ""
    return text.removeprefix("rabbit_").removesuffix("_queue") or "classic"


def _is_name(value: object) -> bool:
    return isinstance(value, str | bytes) and value not in ("", b"", "undefined")


def _chosen(client_id: Any) -> Any:
    """Return an MQTT client id unless the broker assigned it."""
    is_assigned = isinstance(client_id, str) and _assigned.fullmatch(client_id)
    return None if is_assigned else client_id


def _in_variables(told: object) -> str | None:
    """Return the MQTT client id as events of 3.10 tell it, in a map written as an Erlang term."""
    match = _client_id.search(told) if isinstance(told, str) else None
    return match[1] if match else None
