"""Save, restore and digest what a linker remembers.

Pure. The saved form is canonical: it depends on the folded events alone, so its hash is the digest. Indexes are not
saved but made again from the copies.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec

from events.facts import BodyRef, Properties
from events.values import decode_extension, encode_extension
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.limits import Limits
from projector.linker.match import Line, index_entry, key_of
from projector.linker.memory import Memory
from projector.linker.model import WAITING, LiveAttempt, LiveCopy, LiveMessage
from store.documents import DeadLetter, ParentLink, Party

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension, order="deterministic").encode
_unpack = msgspec.msgpack.Decoder(ext_hook=decode_extension).decode
_astuple = msgspec.structs.astuple


def save(memory: Memory) -> bytes:
    """Return the state of *memory* in its canonical form."""
    endpoints: dict[int, LinkedEndpoint] = {}
    for endpoint in memory.endpoints.current.values():
        endpoints[endpoint.number] = endpoint
    messages = [_message(message, endpoints) for message in memory.messages.values()]
    return _pack(
        {
            "position": memory.position,
            "clock": memory.clock,
            "waiting": memory.waiting,
            "forgotten": memory.forgotten,
            "endpoints": [_astuple(endpoints[number]) for number in sorted(endpoints)],
            "current": [endpoint.number for endpoint in memory.endpoints.current.values()],
            "next_number": memory.endpoints.next_number,
            "nodes": list(memory.endpoints.nodes),
            "messages": messages,
            "lines": [_line(line) for line in memory.lines.values()],
            "passed": [
                (message.position, version)
                for message, version in memory.passed
                if memory.messages.get(message.position) is message
            ],
        }
    )


def digest(memory: Memory) -> bytes:
    """Return SHA-256 over the canonical form."""
    return sha256(save(memory)).digest()


def restore(saved: bytes, stream: str, limits: Limits) -> Memory:
    """Invert :func:`save`.

    Raises:
        msgspec.DecodeError: *saved* is not what :func:`save` returns.
    """
    data: dict[str, Any] = _unpack(saved)
    memory = Memory(stream, limits)
    memory.position, memory.clock = data["position"], data["clock"]
    memory.waiting, memory.forgotten = data["waiting"], data["forgotten"]
    ends = {row[0]: _endpoint(row) for row in data["endpoints"]}
    memory.endpoints.next_number = data["next_number"]
    memory.endpoints.nodes = dict.fromkeys(data["nodes"])
    for number in data["current"]:
        memory.endpoints.current[ends[number].connection] = ends[number]
    for row in data["lines"]:
        line = _restored_line(row)
        memory.lines[(line.vhost, line.queue)] = line
    for row in data["messages"]:
        message = _restored_message(row, ends)
        memory.messages[message.position] = message
    _index(memory)
    for position, version in data["passed"]:
        memory.passed.append((memory.messages[position], version))
    return memory


def _message(message: LiveMessage, endpoints: dict[int, LinkedEndpoint]) -> list[Any]:
    row = list(_astuple(message))
    publisher = message.publisher
    if publisher is not None:
        endpoints[publisher.number] = publisher  # type: ignore[assignment]
    row[_PUBLISHER] = None if publisher is None else publisher.number
    row[_COPIES] = [_copy(copy, endpoints) for copy in message.copies]
    row[_DEATHS] = None if message.deaths is None else [[*key, count] for key, count in message.deaths.items()]
    return row


def _copy(copy: LiveCopy, endpoints: dict[int, LinkedEndpoint]) -> list[Any]:
    row = list(_astuple(copy))
    attempts: list[list[Any]] = []
    for attempt in copy.attempts:
        told = list(_astuple(attempt))
        endpoints[attempt.endpoint.number] = attempt.endpoint  # type: ignore[assignment]
        told[_ENDPOINT] = attempt.endpoint.number
        attempts.append(told)
    row[_ATTEMPTS] = attempts
    row[_HISTORY] = None if copy.history is None else sorted(copy.history, key=_pack)
    return row


def _line(line: Line) -> list[Any]:
    return [line.vhost, line.queue, line.passed, line.seq, line.waiting, line.deliveries, line.overflow, line.empty_samples]


def _restored_line(row: list[Any]) -> Line:
    line = Line(row[0], row[1])
    line.passed, line.seq, line.waiting, line.deliveries, line.overflow, line.empty_samples = row[2:]
    return line


def _endpoint(row: list[Any]) -> LinkedEndpoint:
    row[_PARTY] = msgspec.convert(row[_PARTY], Party)
    return LinkedEndpoint(*row)


def _restored_message(row: list[Any], ends: dict[int, LinkedEndpoint]) -> LiveMessage:
    row[_PUBLISHER] = None if row[_PUBLISHER] is None else ends[row[_PUBLISHER]]
    row[_COPIES] = [_restored_copy(copy, ends) for copy in row[_COPIES]]
    row[_DEATHS] = None if row[_DEATHS] is None else {(queue, reason): n for queue, reason, n in row[_DEATHS]}
    row[_PROPERTIES] = msgspec.convert(row[_PROPERTIES], Properties)
    row[_BODY] = msgspec.convert(row[_BODY], BodyRef | None)
    row[_PARENT] = msgspec.convert(row[_PARENT], ParentLink | None)
    row[_OTHERS] = msgspec.convert(row[_OTHERS], tuple[ParentLink, ...])
    row[_ROUTING_KEYS], row[_ROUTED] = tuple(row[_ROUTING_KEYS]), tuple(row[_ROUTED])
    return LiveMessage(*row)


def _restored_copy(row: list[Any], ends: dict[int, LinkedEndpoint]) -> LiveCopy:
    attempts: list[LiveAttempt] = []
    for told in row[_ATTEMPTS]:
        told[_ENDPOINT] = ends[told[_ENDPOINT]]
        attempts.append(LiveAttempt(*told))
    row[_ATTEMPTS] = attempts
    row[_DEAD_LETTER] = msgspec.convert(row[_DEAD_LETTER], DeadLetter | None)
    if row[_HISTORY] is not None:
        row[_HISTORY] = frozenset(tuple(death) for death in row[_HISTORY])
    return LiveCopy(*row)


def _index(memory: Memory) -> None:
    """File every copy again: the waiting ones in their queue's order, the others in the order they were given out."""
    entries = [(message, copy) for message in memory.messages.values() for copy in message.copies]
    entries.sort(key=_handed_at)
    for message, copy in entries:
        line = memory.lines[(message.vhost, copy.queue)]
        index_entry(line, key_of(message.fingerprint, copy.history), (message, copy))
        if copy.state == WAITING:
            line.order.append((message, copy))
        if copy.offset is not None:
            line.offsets[copy.offset] = (message, copy)


def _handed_at(entry: tuple[LiveMessage, LiveCopy]) -> tuple[int, int]:
    copy = entry[1]
    if copy.state == WAITING:
        return (0, copy.seq)
    return (1, copy.attempts[0].position if copy.attempts else copy.position)


def _places(kind: type[msgspec.Struct], names: Iterable[str]) -> list[int]:
    return [kind.__struct_fields__.index(name) for name in names]


_PUBLISHER, _COPIES, _DEATHS, _PROPERTIES, _BODY, _PARENT, _OTHERS, _ROUTING_KEYS, _ROUTED = _places(
    LiveMessage,
    ("publisher", "copies", "deaths", "properties", "body", "parent", "other_parents", "routing_keys", "routed_queues"),
)
_ATTEMPTS, _HISTORY, _DEAD_LETTER = _places(LiveCopy, ("attempts", "history", "dead_letter"))
_ENDPOINT = LiveAttempt.__struct_fields__.index("endpoint")
_PARTY = LinkedEndpoint.__struct_fields__.index("party")
