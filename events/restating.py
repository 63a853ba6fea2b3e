"""Tell again, where a segment begins, what earlier segments say of operators. Pure.

Folding what :func:`restated` returns into an empty state gives an equal one, and into the state itself changes nothing.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from events import upcast
from events.facts import (
    Envelope,
    Fact,
    GroupArchived,
    KeyCreated,
    KeyRevoked,
    MessagesArchived,
    NoteSet,
    OperatorRestated,
    RetryCancelled,
    RetryItem,
    RetryPaused,
    RetryPlanned,
    RetryPublished,
)
from events.operations import Deed, OperatorState, Retry

ITEMS_MAX = 500
"""Items, positions or outcomes in one fact."""
BYTES_MAX = 256 << 10
"""Bytes of one fact, but where a single item is larger."""
COMMANDS_MAX = 2_000
"""Ids of commands in one fact."""


def restated(state: OperatorState) -> list[Fact]:
    """Return the facts that tell the whole of *state*; none for an empty one."""
    envelopes = sorted(_envelopes(state), key=lambda envelope: envelope.position)
    facts = [OperatorRestated(packed) for packed in _packed(envelopes)]
    commands = [(command, at, why) for command, (at, why) in state.commands.items()]
    for start in range(0, len(commands) or (state.forgotten > 0), COMMANDS_MAX):
        some = tuple(commands[start : start + COMMANDS_MAX])
        facts.append(OperatorRestated(_NOTHING, some, state.forgotten))
    return [replace(fact, left=len(facts) - at) for at, fact in enumerate(facts, start=1)]


def _envelopes(state: OperatorState) -> Iterator[Envelope]:
    for name, key in state.keys.items():
        made = key.created
        yield _at(made, KeyCreated(made.command, made.by, name, key.name, key.scopes, key.hashed))
        if key.revoked is not None:
            yield _at(key.revoked, KeyRevoked(key.revoked.command, key.revoked.by, name))
    for group, note in state.notes.items():
        yield _at(note.deed, NoteSet(note.deed.command, note.deed.by, group, note.text))
    for group, deed in state.groups.items():
        yield _at(deed, GroupArchived(deed.command, deed.by, group))
    yield from _archived(state)
    for retry in state.retries.values():
        yield from _of_retry(retry)


def _archived(state: OperatorState) -> Iterator[Envelope]:
    together: dict[Deed, list[int]] = {}
    for position, deed in state.messages.items():
        together.setdefault(deed, []).append(position)
    for deed, positions in together.items():
        for start in range(0, len(positions), ITEMS_MAX):
            some = tuple(positions[start : start + ITEMS_MAX])
            yield _at(deed, MessagesArchived(deed.command, deed.by, some))


def _of_retry(retry: Retry) -> Iterator[Envelope]:
    deed, name = retry.deed, retry.id
    yield _at(deed, retry.requested)
    if retry.finished is not None:
        yield _at(*retry.finished)
        return
    items = list(retry.items.items())
    for piece in _runs(items):
        told = tuple(item for _, item in piece)
        yield _at(deed, RetryPlanned(deed.command, deed.by, name, piece[0][0], told))
    outcomes = list(retry.outcomes.values())
    for start in range(0, len(outcomes), ITEMS_MAX):
        yield _at(deed, RetryPublished(name, tuple(outcomes[start : start + ITEMS_MAX])))
    if retry.resumed is not None:
        yield _at(*retry.resumed)
    if retry.paused is not None:
        paused = retry.paused
        yield _at(paused, RetryPaused(paused.command, paused.by, name, retry.paused_why))
    if retry.cancelled is not None:
        ended = retry.cancelled
        yield _at(ended, RetryCancelled(ended.command, ended.by, name))


def _runs(items: list[tuple[int, RetryItem]]) -> Iterator[list[tuple[int, RetryItem]]]:
    """Yield *items* in pieces whose numbers follow each other, none with too many items or bytes."""
    piece: list[tuple[int, RetryItem]] = []
    size = 0
    for number, item in items:
        bulk = _bulk(item)
        full = len(piece) >= ITEMS_MAX or size + bulk > BYTES_MAX
        if piece and (full or number != piece[-1][0] + 1):
            yield piece
            piece, size = [], 0
        piece.append((number, item))
        size += bulk
    if piece:
        yield piece


def _bulk(item: RetryItem) -> int:
    return 200 + len(item.edited_body or b"")


def _packed(envelopes: Iterable[Envelope]) -> Iterator[bytes]:
    some: list[Envelope] = []
    size = 0
    for envelope in envelopes:
        bulk = len(upcast.encode([envelope]))
        if some and size + bulk > BYTES_MAX:
            yield upcast.encode(some)
            some, size = [], 0
        some.append(envelope)
        size += bulk
    if some:
        yield upcast.encode(some)


def _at(deed: Deed, fact: Fact) -> Envelope:
    return Envelope(deed.position, deed.at, 0, fact)


_NOTHING = upcast.encode([])
