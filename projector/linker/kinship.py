"""Name a nameless connection after the named one that shares its work: what the one is given leads to what the other sends.

Pure. Only ids count for that, never timing alone, and only between connections of one user on one host, except that who
answers a request is who was given it. Two services that a connection seems to work for are none; a name borrowed for what
is sent is never so sure that it would keep another service's ids from saying so.
"""

from collections.abc import Sequence

from events.identity import position_of
from projector.linker import services
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.memory import Memory
from projector.linker.model import Change, LiveMessage
from projector.linker.neighbours import environment
from projector.linker.rules import Rule
from projector.linker.services import ANSWERS, CAUSED, CLIENT_NAME

SURE = 0.8
LOOKED_AT_MAX = 256
REPLY = "rpc-reply"
SENDS = "it sends what that service's deliveries lead to, on the same host"
IS_GIVEN = "it is given what leads to that service's publishes, on the same host"


def related(
    memory: Memory, rules: Sequence[Rule], message: LiveMessage, sender: LinkedEndpoint
) -> list[Change]:
    """Take what the parent of *message*, just published by *sender*, says of names."""
    parent = message.parent
    if parent is None or parent.confidence < SURE or sender.looked_at >= LOOKED_AT_MAX:
        return []
    sender.looked_at += 1
    position = position_of(parent.uid, memory.stream)
    earlier = None if position is None else memory.messages.get(position)
    if earlier is None:
        return []
    given = {
        attempt.endpoint.number: memory.endpoints.current.get(attempt.endpoint.connection)
        for copy in earlier.copies
        for attempt in copy.attempts
    }
    receivers = [end for number, end in given.items() if end is not None and end.number == number]
    if not receivers or len(receivers) < len(given):
        return []
    if sender.rank > CLIENT_NAME:
        return _name_sender(memory, rules, sender, receivers, answers=parent.evidence == REPLY)
    (receiver, *more) = receivers
    if more or receiver.rank <= CLIENT_NAME or not _is_near(sender, receiver):
        return []
    return _hint(memory, rules, receiver, sender, IS_GIVEN)


def _name_sender(
    memory: Memory,
    rules: Sequence[Rule],
    sender: LinkedEndpoint,
    receivers: Sequence[LinkedEndpoint],
    *,
    answers: bool,
) -> list[Change]:
    first = receivers[0]
    if any(end.rank > CLIENT_NAME or end.party.service != first.party.service for end in receivers):
        return []
    if answers:
        return _hint(memory, rules, sender, first, ANSWERS)
    if not any(_is_near(sender, end) for end in receivers):
        return []
    return _hint(memory, rules, sender, first, SENDS)


def _hint(
    memory: Memory,
    rules: Sequence[Rule],
    nameless: LinkedEndpoint,
    named: LinkedEndpoint,
    evidence: str,
) -> list[Change]:
    service = named.party.service
    if service is None or nameless is named:
        return []
    return services.hint(memory, rules, nameless, CAUSED, service, evidence)


def _is_near(one: LinkedEndpoint, other: LinkedEndpoint) -> bool:
    """Return whether two connections have user and host in common."""
    mine, others = environment(one), environment(other)
    return mine is not None and others is not None and mine[:2] == others[:2]
