"""Messages, copies and endpoints as rows of builtins, and back.

Pure. A row is the object's fields in order, with references to other objects replaced by numbers.
"""

from typing import Any

import msgspec

from events.facts import BodyRef, Properties
from events.values import encode_extension
from projector.linker.dialects.reading import Described
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.history import History
from projector.linker.match import Bucket, Entry, Line, Sampled, index_entry, key_of
from projector.linker.memory import Memory
from projector.linker.model import WAITING, LiveAttempt, LiveCopy, LiveMessage
from store.documents import DeadLetter, ParentChange, ParentLink, Party

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode
_astuple = msgspec.structs.astuple
_convert = msgspec.convert


def _places(kind: type[msgspec.Struct], *names: str) -> list[int]:
    return [kind.__struct_fields__.index(name) for name in names]


_PUBLISHER, _COPIES, _DEATHS, _PROPERTIES = _places(
    LiveMessage, "publisher", "copies", "deaths", "properties"
)
_BODY, _PARENT, _OTHERS = _places(LiveMessage, "body", "parent", "other_parents")
_ROUTING_KEYS, _ROUTED, _THREADS = _places(LiveMessage, "routing_keys", "routed_queues", "threads")
_CHANGES, _DESCRIBED = _places(LiveMessage, "parent_changes", "described")
_ATTEMPTS, _HISTORY, _DEAD_LETTER = _places(LiveCopy, "attempts", "history", "dead_letter")
(_ENDPOINT,) = _places(LiveAttempt, "endpoint")
_PARTY, _TOLD = _places(LinkedEndpoint, "party", "told")


def message_row(
    message: LiveMessage, ends: dict[int, LinkedEndpoint], threads: dict[int, int]
) -> list[Any]:
    """Return *message* as a row, and add the endpoints it refers to to *ends*; *threads* numbers threads by identity."""
    row = list(_astuple(message))
    row[_PUBLISHER] = _end_number(message.publisher, ends)
    row[_COPIES] = [_copy_row(copy, ends) for copy in message.copies]
    row[_THREADS] = [threads[id(thread)] for thread in message.threads]
    row[_DESCRIBED] = None if message.described is None else _astuple(message.described)
    row[_DEATHS] = (
        None if message.deaths is None else [[*key, count] for key, count in message.deaths.items()]
    )
    return row


def _copy_row(copy: LiveCopy, ends: dict[int, LinkedEndpoint]) -> list[Any]:
    row = list(_astuple(copy))
    attempts: list[list[Any]] = []
    for attempt in copy.attempts:
        told = list(_astuple(attempt))
        told[_ENDPOINT] = _end_number(attempt.endpoint, ends)
        attempts.append(told)
    row[_ATTEMPTS] = attempts
    row[_HISTORY] = history_row(copy.history)
    return row


def _end_number(endpoint: Any, ends: dict[int, LinkedEndpoint]) -> int | None:
    if endpoint is None:
        return None
    ends[endpoint.number] = endpoint
    return endpoint.number


def history_row(history: History | None) -> list[Any] | None:
    """Return *history* in an order of its own."""
    return None if history is None else sorted(history, key=_pack)


def history(row: list[Any] | None) -> History | None:
    """Invert :func:`history_row`."""
    return (
        None if row is None else frozenset((queue, reason, count) for queue, reason, count in row)
    )


def endpoint_row(endpoint: LinkedEndpoint) -> list[Any]:
    """Return *endpoint* as a row; the first field is its number."""
    return list(_astuple(endpoint))


def endpoint(row: list[Any]) -> LinkedEndpoint:
    """Invert :func:`endpoint_row`."""
    row[_PARTY] = _convert(row[_PARTY], Party)
    row[_TOLD] = {rank: (service, evidence) for rank, (service, evidence) in row[_TOLD].items()}
    return LinkedEndpoint(*row)


def line_row(line: Line) -> list[Any]:
    """Return *line* as a row; of its index only the order of copies that cannot be told apart."""
    handed = [
        [[entry[0].position, _number(entry)] for entry in held.handed.values()]
        for held in line.index.values()
        if isinstance(held, Bucket) and len(held.handed) > 1
    ]
    return [
        line.vhost, line.queue, line.passed, line.seq, line.waiting, line.deliveries, line.overflow,
        line.excess, line.supported, line.in_hand, line.deaths, line.repeats, line.cut, line.doubt, sorted(handed),
        None if line.sample is None else list(_astuple(line.sample)), line.lacking, line.unseen,
    ]  # fmt: skip


def _number(entry: Entry) -> int:
    return next(number for number, copy in enumerate(entry[0].copies) if copy is entry[1])


def copy_at(memory: Memory, position: int, number: int) -> Entry:
    """Return copy *number* of the remembered message at *position*."""
    message = memory.messages[position]
    return message, message.copies[number]


def restore_messages(
    memory: Memory,
    messages: list[Any],
    lines: list[Any],
    ends: dict[int, LinkedEndpoint],
    threads: list[Any],
) -> None:
    """Take back messages and lines, and file every copy again; *threads* are those that messages refer to by number."""
    for row in messages:
        row[_THREADS] = tuple(threads[number] for number in row[_THREADS])
        message = _message(row, ends)
        memory.messages[message.position] = message
    handed: set[int] = set()
    for row in lines:
        line = memory.line(row[0], row[1])
        line.passed, line.seq, line.waiting, line.deliveries, line.overflow = row[2:7]
        line.excess, line.supported = row[7:9]
        line.in_hand, line.deaths, line.repeats, line.cut, line.doubt = row[9:14]
        line.sample = None if row[15] is None else Sampled(*row[15])
        line.lacking, line.unseen = row[16:18]
        for bucket in row[14]:
            for position, number in bucket:
                entry = copy_at(memory, position, number)
                handed.add(id(entry[1]))
                index_entry(line, key_of(entry[0].fingerprint, entry[1].history), entry)
    rest: list[Entry] = [
        (message, copy)
        for message in memory.messages.values()
        for copy in message.copies
        if id(copy) not in handed
    ]
    rest.sort(key=lambda entry: entry[1].seq)
    for message, copy in rest:
        line = memory.line(message.vhost, copy.queue)
        index_entry(line, key_of(message.fingerprint, copy.history), (message, copy))
        if copy.state == WAITING:
            line.order.append((message, copy))
    for message in memory.messages.values():
        for copy in message.copies:
            if copy.offset is not None:
                memory.line(message.vhost, copy.queue).offsets[copy.offset] = (message, copy)
            if copy.attempts and copy.attempts[-1].returned:
                memory.line(message.vhost, copy.queue).gave_back = True


def _message(row: list[Any], ends: dict[int, LinkedEndpoint]) -> LiveMessage:
    row[_PUBLISHER] = None if row[_PUBLISHER] is None else ends[row[_PUBLISHER]]
    row[_COPIES] = [_copy(copy, ends) for copy in row[_COPIES]]
    deaths = row[_DEATHS]
    row[_DEATHS] = (
        None if deaths is None else {(queue, reason): count for queue, reason, count in deaths}
    )
    row[_PROPERTIES] = _convert(row[_PROPERTIES], Properties)
    row[_BODY] = _convert(row[_BODY], BodyRef | None)
    row[_PARENT] = _convert(row[_PARENT], ParentLink | None)
    row[_OTHERS] = _convert(row[_OTHERS], tuple[ParentLink, ...])
    row[_CHANGES] = _convert(row[_CHANGES], tuple[ParentChange, ...])
    row[_DESCRIBED] = None if row[_DESCRIBED] is None else Described(*row[_DESCRIBED])
    row[_ROUTING_KEYS], row[_ROUTED] = tuple(row[_ROUTING_KEYS]), tuple(row[_ROUTED])
    return LiveMessage(*row)


def _copy(row: list[Any], ends: dict[int, LinkedEndpoint]) -> LiveCopy:
    attempts: list[LiveAttempt] = []
    for told in row[_ATTEMPTS]:
        told[_ENDPOINT] = ends[told[_ENDPOINT]]
        attempts.append(LiveAttempt(*told))
    row[_ATTEMPTS] = attempts
    row[_DEAD_LETTER] = _convert(row[_DEAD_LETTER], DeadLetter | None)
    row[_HISTORY] = history(row[_HISTORY])
    return LiveCopy(*row)


def died_rows(memory: Memory) -> list[Any]:
    """Return which copies died into which history, in the order in which they did."""
    return [
        [
            vhost,
            fingerprint,
            history_row(told),
            [[entry[0].position, _number(entry)] for entry in entries],
        ]
        for (vhost, fingerprint, told), entries in memory.died.items()
    ]


def restore_died(memory: Memory, rows: list[Any]) -> None:
    """Invert :func:`died_rows`; the messages must have been restored before."""
    for vhost, fingerprint, told, entries in rows:
        key = (vhost, fingerprint, history(told) or frozenset())
        memory.died[key] = [copy_at(memory, position, number) for position, number in entries]


def carried_rows(memory: Memory) -> list[Any]:
    """Return the publishes that carried deaths."""
    return [
        [
            [vhost, exchange, fingerprint, history_row(told), count]
            for (vhost, exchange, fingerprint, told), count in memory.carried.items()
        ],
        [
            [vhost, fingerprint, [history_row(told) for told in carried]]
            for (vhost, fingerprint), carried in memory.carriers.items()
        ],
    ]


def restore_carried(memory: Memory, rows: list[Any]) -> None:
    """Invert :func:`carried_rows`."""
    for vhost, exchange, fingerprint, told, count in rows[0]:
        memory.carried[(vhost, exchange, fingerprint, history(told) or frozenset())] = count
    for vhost, fingerprint, carried in rows[1]:
        memory.carriers[(vhost, fingerprint)] = dict.fromkeys(
            history(told) or frozenset() for told in carried
        )
