"""All that a linker knows, and its saved form.

Pure. The saved form is canonical: it depends on the folded events alone, so its hash is the digest. Indexes are not
saved but made again from the copies.
"""

from hashlib import sha256
from typing import Any

import msgspec

from events.facts import Envelope, MessageDeadLettered, MessageDelivered
from events.values import decode_extension, encode_extension
from projector.linker import neighbours, records, settle
from projector.linker.causality import Causality
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.held import Held
from projector.linker.ledger import Ledger
from projector.linker.limits import Limits
from projector.linker.memory import Memory
from projector.linker.model import LiveMessage
from projector.linker.recent import Recent
from projector.linker.threads import Thread, thread_of

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode
_unpack = msgspec.msgpack.Decoder(ext_hook=decode_extension).decode
_unpack_held = msgspec.msgpack.Decoder(list[Envelope], ext_hook=decode_extension).decode


class State:
    """What one linker knows."""

    def __init__(self, stream: str, limits: Limits) -> None:
        self.memory = Memory(stream, limits)
        self.position = -1
        self.causality = Causality(self.memory)
        self.held = Held()
        self.ledger = Ledger()

    def explain(
        self,
        message: LiveMessage,
        fact: MessageDelivered | MessageDeadLettered,
        *,
        stream: bool = False,
        forgotten: bool = False,
    ) -> None:
        """Say why the publish of *message*, first met by *fact*, was likely not observed, and what it is part of."""
        self.causality.met(message)
        message.not_observed = self.ledger.reason(
            fact.vhost, fact.properties.headers, stream=stream, forgotten=forgotten
        )


def save(state: State) -> bytes:
    """Return *state* in its canonical form."""
    memory, causality = state.memory, state.causality
    ends: dict[int, LinkedEndpoint] = {
        endpoint.number: endpoint for endpoint in memory.endpoints.current.values()
    }
    ends.update((endpoint.number, endpoint) for endpoint in memory.endpoints.gone)
    numbers: dict[int, int] = {}
    for thread in (*causality.traces, *causality.conversations):
        numbers.setdefault(id(thread), len(numbers))
    let_go = _let_go(memory, numbers)
    messages = [records.message_row(message, ends, numbers) for message in memory.messages.values()]
    threads = [_thread_rows(causality.traces, ends), _thread_rows(causality.conversations, ends)]
    return _pack(
        {
            "at": [state.position, memory.waiting, memory.forgotten, memory.revived],
            "messages": messages,
            "lines": [records.line_row(line) for line in memory.lines.values()],
            "passed": list(memory.passed),
            "died": records.died_rows(memory),
            "carried": records.carried_rows(memory),
            "names": [[name, list(apps)] for name, apps in memory.names.items()],
            "environments": neighbours.rows(memory),
            "users": [[user, list(names)] for user, names in memory.users.items()],
            "topology": memory.topology.save(),
            "unwatched": list(memory.unwatched),
            "begun": memory.begun.rows(),
            "restarted_at": memory.restarted_at,
            "undeclared": [list(place) for place in memory.undeclared],
            "threads": threads,
            "let_go": [thread.row(ends) for thread in let_go],
            "named": causality.named.rows(),
            "runs": causality.runs.rows(),
            "habits": causality.habits.rows(),
            "retries": causality.retries.rows(),
            "moves": causality.moves.rows(),
            "hands": settle.saved_hands(memory),
            "held": _pack(state.held.envelopes()),
            "ledger": state.ledger.save(),
            "endpoints": [records.endpoint_row(ends[number]) for number in sorted(ends)],
            "current": [
                [name, endpoint.number] for name, endpoint in memory.endpoints.current.items()
            ],
            "gone": [endpoint.number for endpoint in memory.endpoints.gone],
            "next_number": memory.endpoints.next_number,
            "nodes": list(memory.endpoints.nodes),
        }
    )


def digest(state: State) -> bytes:
    """Return SHA-256 over the canonical form."""
    return sha256(save(state)).digest()


def restore(saved: bytes, stream: str, limits: Limits) -> State:
    """Invert :func:`save`.

    Raises:
        msgspec.DecodeError: *saved* is not what :func:`save` returns.
    """
    data: dict[str, Any] = _unpack(saved)
    state = State(stream, limits)
    memory, causality = state.memory, state.causality
    state.position, memory.waiting, memory.forgotten, memory.revived = data["at"]
    ends = {row[0]: records.endpoint(row) for row in data["endpoints"]}
    endpoints = memory.endpoints
    endpoints.next_number, endpoints.nodes = data["next_number"], dict.fromkeys(data["nodes"])
    endpoints.current = {name: ends[number] for name, number in data["current"]}
    endpoints.gone.extend(ends[number] for number in data["gone"])
    memory.topology.restore(data["topology"])
    memory.unwatched = dict.fromkeys(data["unwatched"])
    memory.restarted_at = data["restarted_at"]
    memory.begun.young, memory.begun.old = (dict(map(tuple, part)) for part in data["begun"])
    memory.undeclared = dict.fromkeys((vhost, queue) for vhost, queue in data["undeclared"])
    memory.names = {name: dict.fromkeys(apps) for name, apps in data["names"]}
    neighbours.restore(memory, data["environments"])
    memory.users = {user: dict.fromkeys(names) for user, names in data["users"]}
    _restore_threads(causality.traces, data["threads"][0], ends)
    _restore_threads(causality.conversations, data["threads"][1], ends)
    numbered = list(
        {id(thread): thread for thread in (*causality.traces, *causality.conversations)}.values()
    )
    numbered += [thread_of(row, ends) for row in data["let_go"]]
    records.restore_messages(memory, data["messages"], data["lines"], ends, numbered)
    records.restore_died(memory, data["died"])
    records.restore_carried(memory, data["carried"])
    memory.passed.extend((position, version) for position, version in data["passed"])
    settle.restore_hands(memory, data["hands"])
    causality.named.restore(data["named"])
    causality.runs.restore(data["runs"])
    causality.habits.restore(data["habits"])
    causality.retries.restore(data["retries"])
    causality.moves.restore(data["moves"])
    for envelope in _unpack_held(data["held"]):
        fact = envelope.fact
        if isinstance(fact, MessageDelivered | MessageDeadLettered):
            state.held.hold(envelope, fact.fingerprint)
    state.ledger.restore(data["ledger"])
    return state


def _let_go(memory: Memory, numbers: dict[int, int]) -> list[Thread]:
    """Number the threads that only messages still refer to, and return them."""
    found: list[Thread] = []
    for message in memory.messages.values():
        for thread in message.threads:
            if id(thread) not in numbers:
                numbers[id(thread)] = len(numbers)
                found.append(thread)
    return found


def _thread_rows(threads: Recent[Any, Thread], ends: dict[int, LinkedEndpoint]) -> list[Any]:
    return [[[key, thread.row(ends)] for key, thread in part] for part in threads.rows()]


def _restore_threads(
    threads: Recent[Any, Thread], saved: list[Any], ends: dict[int, LinkedEndpoint]
) -> None:
    threads.young, threads.old = (
        {key: thread_of(row, ends) for key, row in part} for part in saved
    )
    # A conversation in both generations is one, as it was when it was saved.
    for key, thread in threads.old.items():
        threads.old[key] = threads.young.get(key, thread)
