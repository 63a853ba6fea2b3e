"""All that a linker knows, and its saved form.

Pure. The saved form is canonical: it depends on the folded events alone, so its hash is the digest. Indexes are not
saved but made again from the copies.
"""

from hashlib import sha256
from typing import Any

import msgspec

from events.facts import Envelope, MessageDeadLettered, MessageDelivered
from events.values import decode_extension, encode_extension
from projector.linker import records, settle
from projector.linker.causality import Causality
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.held import Held
from projector.linker.ledger import Ledger
from projector.linker.limits import Limits
from projector.linker.memory import Memory
from projector.linker.model import LiveMessage
from projector.linker.recent import Recent

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
            "users": [[user, list(names)] for user, names in memory.users.items()],
            "topology": memory.topology.save(),
            "threads": threads,
            "requests": causality.requests.rows(),
            "identities": causality.identities.rows(),
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
    memory.users = {user: dict.fromkeys(names) for user, names in data["users"]}
    _restore_threads(causality.traces, data["threads"][0], ends)
    _restore_threads(causality.conversations, data["threads"][1], ends)
    numbered = list(
        {id(thread): thread for thread in (*causality.traces, *causality.conversations)}.values()
    )
    records.restore_messages(memory, data["messages"], data["lines"], ends, numbered)
    records.restore_died(memory, data["died"])
    records.restore_carried(memory, data["carried"])
    memory.passed.extend((position, version) for position, version in data["passed"])
    settle.restore_hands(memory, data["hands"])
    _restore_recent(
        causality.requests, [[[tuple(key), at] for key, at in part] for part in data["requests"]]
    )
    _restore_recent(causality.identities, data["identities"])
    for envelope in _unpack_held(data["held"]):
        fact = envelope.fact
        if isinstance(fact, MessageDelivered | MessageDeadLettered):
            state.held.hold(envelope, fact.fingerprint)
    state.ledger.restore(data["ledger"])
    return state


def _thread_rows(threads: Recent[Any, Any], ends: dict[int, LinkedEndpoint]) -> list[Any]:
    rows: list[Any] = []
    for part in threads.rows():
        told: list[Any] = []
        for key, thread in part:
            steps: list[Any] = []
            for endpoint, position, queue in thread:
                ends[endpoint.number] = endpoint
                steps.append([endpoint.number, position, queue])
            told.append([key, steps])
        rows.append(told)
    return rows


def _restore_threads(
    threads: Recent[Any, Any], saved: list[Any], ends: dict[int, LinkedEndpoint]
) -> None:
    _restore_recent(
        threads,
        [
            [
                [key, [(ends[number], position, queue) for number, position, queue in steps]]
                for key, steps in part
            ]
            for part in saved
        ],
    )
    # A conversation in both generations is one list, as it was when it was saved.
    for key, thread in threads.old.items():
        threads.old[key] = threads.young.get(key, thread)


def _restore_recent(table: Recent[Any, Any], saved: list[Any]) -> None:
    table.young, table.old = (dict(map(tuple, part)) for part in saved)
