"""What a broker of our own can speak beside AMQP 0-9-1 with passwords: the plugins, and where they listen.

Pure. AMQP 1.0 has no port of its own; before RabbitMQ 4.0 it needs a plugin, since then it is always there.
"""

from collections.abc import Mapping, Sequence
from typing import Final

ALWAYS: Final = ("rabbitmq_event_exchange", "rabbitmq_management", "rabbitmq_prometheus")
PLUGINS: Final = {
    "amqp10": "rabbitmq_amqp1_0",
    "mqtt": "rabbitmq_mqtt",
    "stomp": "rabbitmq_stomp",
    "stream": "rabbitmq_stream",
    "shovel": "rabbitmq_shovel",
    "federation": "rabbitmq_federation",
    "external": "rabbitmq_auth_mechanism_ssl",
    "hash": "rabbitmq_consistent_hash_exchange",
}
WITHOUT: Final = {"no-events": "rabbitmq_event_exchange", "no-metrics": "rabbitmq_prometheus"}
"""What can be left out of those that are always there."""
LISTENING: Final = ("mqtt", "stomp", "stream")
"""Those with a port of their own."""


def listening(protocols: Sequence[str]) -> list[str]:
    """Return those of *protocols* that need a port.

    Raises:
        KeyError: one of them is none of ``PLUGINS`` nor ``WITHOUT``.
    """
    return [name for name in protocols if name in WITHOUT or PLUGINS[name] if name in LISTENING]


def enabled_plugins(protocols: Sequence[str]) -> str:
    """Return what stands in the file ``enabled_plugins``."""
    out = {WITHOUT[name] for name in protocols if name in WITHOUT}
    kept = [plugin for plugin in ALWAYS if plugin not in out]
    more = [PLUGINS[name] for name in protocols if name not in WITHOUT]
    return f"[{','.join((*kept, *more))}].\n"


def listeners(ports: Mapping[str, int], *, address: str) -> str:
    """Return the lines of ``rabbitmq.conf`` by which each protocol listens on *address* and its port only."""
    lines = [f"{name}.listeners.tcp.local = {address}:{port}\n" for name, port in ports.items()]
    if "stream" in ports:
        lines += [
            "stream.advertised_host = 127.0.0.1\n",
            f"stream.advertised_port = {ports['stream']}\n",
        ]
    return "".join(lines)
