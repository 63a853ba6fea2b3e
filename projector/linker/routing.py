"""Where the broker routes a message, as the declared topology has it.

Pure. None means not known: the exchange or its type is not. Binding keys and routing keys are compared as bytes.
"""

from collections.abc import Sequence
from typing import Any

from events.facts import Table
from events.values import Text
from projector.linker.topology import Binding, Topology

EXCHANGES_MAX = 256


def route(
    topology: Topology,
    vhost: Text,
    exchange: Text,
    routing_keys: Sequence[Text],
    headers: Table | None,
) -> tuple[Text, ...] | None:
    """Return the queues a message published to *exchange* reaches, or None where that is not known."""
    if exchange == "":
        return tuple(key for key in routing_keys if (vhost, key) in topology.queues)
    keys = [_raw(key) for key in routing_keys]
    found: dict[Text, None] = {}
    seen: dict[Text, None] = {exchange: None}
    todo = [exchange]
    while todo and len(seen) <= EXCHANGES_MAX:
        name = todo.pop(0)
        declared = topology.exchanges.get((vhost, name))
        if declared is None or declared.type not in MATCHES:
            return None
        matches = MATCHES[str(declared.type)]
        hits = 0
        for binding in topology.bindings.get((vhost, name), {}).values():
            if not matches(binding, keys, headers):
                continue
            hits += 1
            if binding.to_queue:
                found[binding.destination] = None
            elif binding.destination not in seen:
                seen[binding.destination] = None
                todo.append(binding.destination)
        if not hits and declared.alternate is not None and declared.alternate not in seen:
            seen[declared.alternate] = None
            todo.append(declared.alternate)
    return tuple(found)


def topic_matches(pattern: bytes, key: bytes) -> bool:
    """Return whether the routing key *key* matches *pattern*: ``*`` is one word, ``#`` any number of them."""
    words = key.split(b".") if key else []
    reached = [True] + [False] * len(words)
    for part in pattern.split(b".") if pattern else []:
        if part == b"#":
            for place in range(1, len(reached)):
                reached[place] = reached[place] or reached[place - 1]
            continue
        after = [False] * len(reached)
        for place, word in enumerate(words):
            after[place + 1] = reached[place] and part in (b"*", word)
        reached = after
    return reached[-1]


def headers_match(arguments: Table, headers: Table | None) -> bool:
    """Return whether *headers* satisfy the *arguments* of a binding to a headers exchange."""
    how = arguments.get("x-match", "all")
    with_x = isinstance(how, str) and how.endswith("-with-x")
    asked = {
        name: value
        for name, value in arguments.items()
        if name != "x-match" and (with_x or not _raw(name).startswith(b"x-"))
    }
    told = headers or {}
    hits = [
        name in told and (value is None or told[name] == value) for name, value in asked.items()
    ]
    return any(hits) if how in ("any", "any-with-x") else all(hits)


def _fanout(_binding: Binding, _keys: list[bytes], _headers: Table | None) -> bool:
    return True


def _direct(binding: Binding, keys: list[bytes], _headers: Table | None) -> bool:
    return _raw(binding.key) in keys


def _topic(binding: Binding, keys: list[bytes], _headers: Table | None) -> bool:
    pattern = _raw(binding.key)
    return any(topic_matches(pattern, key) for key in keys)


def _headers(binding: Binding, _keys: list[bytes], headers: Table | None) -> bool:
    return headers_match(binding.arguments, headers)


MATCHES = {"fanout": _fanout, "direct": _direct, "topic": _topic, "headers": _headers}


def _raw(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode()
