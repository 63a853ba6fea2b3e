"""How spans of RabbitMQ are named, after OpenTelemetry's messaging conventions, version 1.44.0.

Pure.
"""

import re

from events.values import Text

DEFAULT_EXCHANGE = "amq.default"
DIRECT_REPLY = "amq.rabbitmq.reply-to"
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
ANONYMOUS = re.compile(
    rf"(?:amq\.gen-|spring\.gen-|amq\.rabbitmq\.reply-to).*|.*\.anonymous\.[\w-]{{22}}|{UUID}"
)
ADDRESS = re.compile(r"-> (.+):(\d{1,5})$")


def shown(text: Text) -> str:
    """Return broker text as a string; bytes that are no UTF-8 are replaced."""
    return text if isinstance(text, str) else text.decode(errors="replace")


def sent_to(exchange: Text, routing_key: Text) -> str:
    """Return ``messaging.destination.name`` of a publish."""
    return (
        ":".join(part for part in (shown(exchange), shown(routing_key)) if part) or DEFAULT_EXCHANGE
    )


def taken_from(exchange: Text, routing_key: Text, queue: Text) -> str:
    """Return ``messaging.destination.name`` of a delivery: a routing key that is the queue's name is told once."""
    parts = [shown(exchange), shown(routing_key), shown(queue)]
    if parts[1] == parts[2]:
        del parts[1]
    return ":".join(part for part in parts if part)


def is_anonymous(name: Text) -> bool:
    """Return whether a queue's (or reply's) name was made up by broker or client for one use."""
    return ANONYMOUS.fullmatch(shown(name)) is not None


def span_name(operation: str, destination: str, *, anonymous: bool) -> str:
    """Return the name of a span; made-up names are left out, since there would be no end of them."""
    return operation if anonymous else f"{operation} {destination}"


def server_of(connection: Text) -> tuple[str, int] | None:
    """Return address and port of the broker's end, where the connection's name ``client -> server`` tells them."""
    found = ADDRESS.search(shown(connection))
    return None if found is None else (found[1].strip("[]"), int(found[2]))
