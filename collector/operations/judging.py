"""Whether the leader does what a command asks: its age, its form, and what stands already. Pure."""

import math
import re
from collections.abc import Callable
from typing import Any

from collector.operations.command import ID_HEX_DIGITS, Command
from events.facts import (
    AccessDenied,
    Fact,
    GroupArchived,
    KeyCreated,
    KeyRevoked,
    MessagesArchived,
    MessagesExported,
    NoteSet,
    RetryCancelled,
    RetryPaused,
    RetryPlanned,
    RetryRequested,
    RetryResumed,
)
from events.operations import (
    KEYS_MAX,
    PLANNING,
    RETRIES_UNFINISHED_MAX,
    RETRY_ITEMS_MAX,
    SCOPES,
    OperatorState,
)

AGE_NS_MAX = 600_000_000_000
"""A command may wait for so long, while no collector leads."""
AHEAD_NS_MAX = 60_000_000_000
"""So far may the clock of who sends be ahead of the leader's."""
FACTS_MAX = 16
NOTE_CHARS_MAX = 4_000
NAME_CHARS_MAX = 100
POSITIONS_MAX = 1_000
RETRY_BATCH_MAX = 1_000
RETRY_RATE_PER_S_MAX = 100_000.0
ACTIONS = ("retry", "edit", "move")
REMOVALS = ("none", "head", "drain")
_hex16 = re.compile("[0-9a-f]{16}")
_id = re.compile(f"[0-9a-f]{{{ID_HEX_DIGITS}}}")


def refusal(command: Command, state: OperatorState, now_ns: int) -> str:
    """Return why the leader does not do what *command* asks, "" when it does. One that *state* knows is not asked about."""
    why = _ill_formed(command) or _untimely(command, state, now_ns)
    if why:
        return why
    requested = {fact.retry: fact for fact in command.facts if isinstance(fact, RetryRequested)}
    for fact in command.facts:
        if isinstance(fact, RetryPlanned):
            why = _planned(fact, state, requested.get(fact.retry))
        else:
            why = ASKED[type(fact)](fact, state)
        if why:
            return why
    return ""


def by_of(command: Command) -> str:
    """Return the key that asked."""
    return getattr(command.facts[0], "by", "") if command.facts else ""


def _ill_formed(command: Command) -> str:
    if not _id.fullmatch(command.id):
        return "its id is none"
    if not 1 <= len(command.facts) <= FACTS_MAX:
        return f"it holds {len(command.facts)} facts; 1 to {FACTS_MAX} are taken"
    for fact in command.facts:
        if not isinstance(fact, RetryPlanned) and type(fact) not in ASKED:
            return f"nobody may ask for {type(fact).__name__}"
        if getattr(fact, "command", "") != command.id:
            return "a fact in it belongs to another command"
        if getattr(fact, "by", "") != by_of(command):
            return "its facts come from several keys"
    return ""


def _untimely(command: Command, state: OperatorState, now_ns: int) -> str:
    if command.issued_at < now_ns - AGE_NS_MAX:
        return f"it is older than {AGE_NS_MAX // 60_000_000_000} minutes"
    if command.issued_at > now_ns + AHEAD_NS_MAX:
        return "the clock of who sent it is far ahead"
    if state.forgotten and command.issued_at <= state.forgotten + AHEAD_NS_MAX:
        return "so many commands came that nobody knows whether it was taken in before"
    return ""


def _note(fact: NoteSet, _: OperatorState) -> str:
    if len(fact.text) > NOTE_CHARS_MAX:
        return f"the note has {len(fact.text):,} characters, and {NOTE_CHARS_MAX:,} is the most"
    return _group(fact.group)


def _group_archived(fact: GroupArchived, _: OperatorState) -> str:
    return _group(fact.group)


def _group(name: str) -> str:
    return "" if _hex16.fullmatch(name) else "that is no id of a group"


def _messages_archived(fact: MessagesArchived, _: OperatorState) -> str:
    if not 1 <= len(fact.positions) <= POSITIONS_MAX or min(fact.positions) < 0:
        return f"1 to {POSITIONS_MAX:,} messages can be archived at once"
    return ""


def _exported(fact: MessagesExported, _: OperatorState) -> str:
    return "" if fact.rows >= 0 else "the number of rows is negative"


def _denied(fact: AccessDenied, _: OperatorState) -> str:
    return "" if fact.count >= 1 else "nothing was denied"


def _key_created(fact: KeyCreated, state: OperatorState) -> str:
    if fact.key in state.keys:
        return "there is a key with that id"
    if not 1 <= len(fact.name) <= NAME_CHARS_MAX:
        return f"the name of a key has 1 to {NAME_CHARS_MAX} characters"
    if not fact.scopes or not set(fact.scopes) <= set(SCOPES):
        return f"the scopes of a key are of: {', '.join(SCOPES)}"
    if len(fact.hashed) != 32 or not _hex16.fullmatch(fact.key):
        return "the key is none"
    if sum(key.revoked is None for key in state.keys.values()) >= KEYS_MAX:
        return f"there are {KEYS_MAX:,} keys; revoke some"
    return ""


def _key_revoked(fact: KeyRevoked, state: OperatorState) -> str:
    known = state.keys.get(fact.key)
    if known is None:
        return f"there is no key {fact.key}"
    return "" if known.revoked is None else f"the key {fact.key} is revoked already"


def _requested(fact: RetryRequested, state: OperatorState) -> str:
    if fact.retry in state.retries or not _hex16.fullmatch(fact.retry):
        return "the id of the retry is none, or there is one with that id"
    if not 1 <= fact.items <= RETRY_ITEMS_MAX:
        return f"a retry has 1 to {RETRY_ITEMS_MAX:,} messages"
    if fact.action not in ACTIONS or fact.remove not in REMOVALS:
        return "the action or the removal is not known"
    if not 1 <= fact.batch <= RETRY_BATCH_MAX:
        return f"a batch has 1 to {RETRY_BATCH_MAX:,} messages"
    if not (math.isfinite(fact.rate_per_s) and 0 < fact.rate_per_s <= RETRY_RATE_PER_S_MAX):
        return f"the rate is above 0 and at most {RETRY_RATE_PER_S_MAX:,.0f} per second"
    if len(state.unfinished()) >= RETRIES_UNFINISHED_MAX:
        return f"{RETRIES_UNFINISHED_MAX} retries are unfinished; wait, or cancel one"
    return ""


def _planned(fact: RetryPlanned, state: OperatorState, requested: RetryRequested | None) -> str:
    known = state.retries.get(fact.retry)
    if known is not None and known.state == PLANNING:
        requested = known.requested
    if requested is None:
        return f"there is no retry {fact.retry} that is being planned"
    if fact.first < 0 or not fact.items or fact.first + len(fact.items) > requested.items:
        return "the items are not among those of the retry"
    return ""


def _paused(fact: RetryPaused, state: OperatorState) -> str:
    return _unfinished(fact.retry, state, rests=False)


def _resumed(fact: RetryResumed, state: OperatorState) -> str:
    return _unfinished(fact.retry, state, rests=True)


def _cancelled(fact: RetryCancelled, state: OperatorState) -> str:
    return _unfinished(fact.retry, state)


def _unfinished(name: str, state: OperatorState, *, rests: bool | None = None) -> str:
    known = state.retries.get(name)
    if known is None:
        return f"there is no retry {name}"
    if known.finished is not None or known.cancelled is not None:
        return f"the retry {name} has ended ({known.state})"
    if rests is not None and rests is (known.paused is None):
        return f"the retry {name} is {'not paused' if rests else 'paused already'}"
    return ""


ASKED: dict[type[Fact], Callable[[Any, OperatorState], str]] = {
    NoteSet: _note,
    GroupArchived: _group_archived,
    MessagesArchived: _messages_archived,
    MessagesExported: _exported,
    AccessDenied: _denied,
    KeyCreated: _key_created,
    KeyRevoked: _key_revoked,
    RetryRequested: _requested,
    RetryPaused: _paused,
    RetryResumed: _resumed,
    RetryCancelled: _cancelled,
}
