"""What operators did, as the log tells it: keys, notes, archives, retries. A fold of operator facts. Pure.

Used by the leader (which commands were taken in already, which retries are unfinished, what to restate at the begin of a
segment) and by the view `operations`. Folding what a segment restates changes nothing that is known already, so a replay
from any segment boundary and one over the whole log agree. Everything is bounded by the limits named here.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from events import upcast
from events.facts import (
    OPERATOR,
    CommandRefused,
    Envelope,
    Fact,
    GroupArchived,
    KeyCreated,
    KeyRevoked,
    MessagesArchived,
    NoteSet,
    OperatorRestated,
    RetryCancelled,
    RetryFailure,
    RetryFinished,
    RetryItem,
    RetryOutcome,
    RetryPaused,
    RetryPlanned,
    RetryPublished,
    RetryRequested,
    RetryResumed,
)

METADATA, PAYLOAD, RETRY, EDIT, ADMIN = "metadata", "payload", "retry", "edit", "admin"
SCOPES = (METADATA, PAYLOAD, RETRY, EDIT, ADMIN)
"""What a key may open: reading all but bodies, bodies, acting on dead letters, editing them, keys."""

KEYS_MAX = 1_000
NOTES_MAX = 5_000
GROUPS_ARCHIVED_MAX = 5_000
MESSAGES_ARCHIVED_MAX = 100_000
RETRIES_MAX = 1_000
"""Retries that are kept; the finished ones without their items."""
RETRY_FAILURES_MAX = 100
"""Failures that are kept of a finished retry."""
RETRIES_UNFINISHED_MAX = 16
RETRY_ITEMS_MAX = 20_000
COMMANDS_MAX = 20_000
COMMANDS_KEPT_NS = 30 * 60 * 1_000_000_000
"""How long the id of a command is known: much longer than a command may take to arrive."""

OPERATOR_NAMES = frozenset(kind.__name__ for kind in OPERATOR)
PLANNING, RUNNING, PAUSED, CANCELLING = "planning", "running", "paused", "cancelling"
DONE, CANCELLED, FAILED = "done", "cancelled", "failed"
PUBLISHED = frozenset({"published", "found"})
"""Outcomes after which the copy is on its way."""


class Deed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Position and time (ns) of the fact that tells it, the key that asked and the id of its command."""

    position: int
    at: int
    by: str = ""
    command: str = ""


class Key(msgspec.Struct, frozen=True, array_like=True):
    """An API key; `hashed` is SHA-256 of it."""

    name: str
    scopes: tuple[str, ...]
    hashed: bytes
    created: Deed
    revoked: Deed | None = None


class Note(msgspec.Struct, frozen=True, array_like=True):
    """The note of a dead-letter group."""

    text: str
    deed: Deed


class Retry(msgspec.Struct, array_like=True):
    """A retry as far as it went. When it has `finished`, items and outcomes are let go, but for the first failures.

    `paused` says who or what made it rest (`paused_why` as in the fact), `resumed` is the last going on.
    """

    requested: RetryRequested
    deed: Deed
    items: dict[int, RetryItem] = {}
    outcomes: dict[int, RetryOutcome] = {}
    paused: Deed | None = None
    paused_why: str = ""
    resumed: tuple[Deed, RetryResumed] | None = None
    cancelled: Deed | None = None
    finished: tuple[Deed, RetryFinished] | None = None

    @property
    def id(self) -> str:
        return self.requested.retry

    @property
    def state(self) -> str:
        """Planning (items are missing), running, paused, cancelling; then done, cancelled or failed."""
        if self.finished is not None:
            why = self.finished[1].why.partition(":")[0]
            return why if why in (CANCELLED, FAILED) else DONE
        if self.cancelled is not None:
            return CANCELLING
        if self.paused is not None:
            return PAUSED
        return RUNNING if self.is_planned else PLANNING

    @property
    def is_planned(self) -> bool:
        """Whether all items are there."""
        return len(self.items) >= self.requested.items

    @property
    def published(self) -> int:
        """How many copies are on their way."""
        if self.finished is not None:
            return self.finished[1].published
        return sum(each.outcome in PUBLISHED for each in self.outcomes.values())

    @property
    def failed(self) -> int:
        """How many items came to nothing."""
        if self.finished is not None:
            return self.finished[1].failed
        return len(self.outcomes) - self.published

    @property
    def failures(self) -> tuple[RetryFailure, ...]:
        """Return the first `RETRY_FAILURES_MAX` items that came to nothing; fewer where no segment kept them."""
        if self.finished is not None:
            return self.finished[1].failures
        numbers = sorted(n for n, each in self.outcomes.items() if each.outcome not in PUBLISHED)
        told = [self.outcomes[number] for number in numbers[:RETRY_FAILURES_MAX]]
        return tuple(
            RetryFailure(self.items[each.item].position, each.outcome, each.why) for each in told
        )


class OperatorState(msgspec.Struct, array_like=True):
    """What stands: `keys` and `retries` by id, `notes` and archived `groups` by group, archived `messages` by position.

    `commands` maps the ids of late commands to when they were taken in (ns) and, where they were refused, why; not all
    that came until `forgotten` (ns) are among them.
    Keys and retries stand in the order in which they came, all else in the order in which it was last changed.
    """

    keys: dict[str, Key] = {}
    notes: dict[str, Note] = {}
    groups: dict[str, Deed] = {}
    messages: dict[int, Deed] = {}
    retries: dict[str, Retry] = {}
    commands: dict[str, tuple[int, str]] = {}
    forgotten: int = 0

    def apply(self, envelope: Envelope) -> None:
        """Fold one event; what is no operator fact changes nothing."""
        fact = envelope.fact
        if isinstance(fact, OperatorRestated):
            self._restate(fact)
            return
        self._fold(envelope)
        command = getattr(fact, "command", "")
        if command and type(fact) in _KINDS:
            why = fact.why if isinstance(fact, CommandRefused) else ""
            self._took(command, envelope.observed_at, why)

    def knows(self, command: str) -> bool:
        """Whether a command with that id was taken in, or refused, before."""
        return command in self.commands

    def unfinished(self) -> list[Retry]:
        """Return the retries that have not finished, the oldest first."""
        return [retry for retry in self.retries.values() if retry.finished is None]

    def _fold(self, envelope: Envelope) -> None:
        fold = _FOLDS.get(type(envelope.fact))
        if fold is not None:
            fold(self, envelope, envelope.fact)

    def _restate(self, fact: OperatorRestated) -> None:
        for envelope in upcast.decode(fact.envelopes):
            self._fold(envelope)
        for command, at, why in fact.commands:
            self.commands.setdefault(command, (at, why))
        self.forgotten = max(self.forgotten, fact.forgotten)

    def _took(self, command: str, at: int, why: str) -> None:
        kept = self.commands
        kept.setdefault(command, (at, why))
        overdue = at - COMMANDS_KEPT_NS
        while kept:
            oldest = next(iter(kept))
            if len(kept) <= COMMANDS_MAX and kept[oldest][0] >= overdue:
                break
            self.forgotten = max(self.forgotten, kept.pop(oldest)[0])


def _key_created(state: OperatorState, envelope: Envelope, fact: KeyCreated) -> None:
    if fact.key not in state.keys:
        state.keys[fact.key] = Key(fact.name, fact.scopes, fact.hashed, deed_of(envelope))
        revoked = (name for name, key in state.keys.items() if key.revoked is not None)
        _bound(state.keys, KEYS_MAX, revoked)


def _key_revoked(state: OperatorState, envelope: Envelope, fact: KeyRevoked) -> None:
    known = state.keys.get(fact.key)
    if known is not None and known.revoked is None:
        state.keys[fact.key] = msgspec.structs.replace(known, revoked=deed_of(envelope))


def _note_set(state: OperatorState, envelope: Envelope, fact: NoteSet) -> None:
    known = state.notes.get(fact.group)
    if known is not None and known.deed.position >= envelope.position:
        return
    state.notes.pop(fact.group, None)
    if fact.text:
        state.notes[fact.group] = Note(fact.text, deed_of(envelope))
        _bound(state.notes, NOTES_MAX)


def _group_archived(state: OperatorState, envelope: Envelope, fact: GroupArchived) -> None:
    _archive(state.groups, fact.group, envelope, archived=fact.archived)
    _bound(state.groups, GROUPS_ARCHIVED_MAX)


def _messages_archived(state: OperatorState, envelope: Envelope, fact: MessagesArchived) -> None:
    for position in fact.positions:
        _archive(state.messages, position, envelope, archived=fact.archived)
    _bound(state.messages, MESSAGES_ARCHIVED_MAX)


def _archive(kept: dict[Any, Deed], name: str | int, envelope: Envelope, *, archived: bool) -> None:
    known = kept.get(name)
    if known is not None and known.position >= envelope.position:
        return
    kept.pop(name, None)
    if archived:
        kept[name] = deed_of(envelope)


def _retry_requested(state: OperatorState, envelope: Envelope, fact: RetryRequested) -> None:
    if fact.retry not in state.retries:
        state.retries[fact.retry] = Retry(fact, deed_of(envelope))
        ended = (name for name, retry in state.retries.items() if retry.finished is not None)
        _bound(state.retries, RETRIES_MAX, ended)


def _retry_planned(state: OperatorState, _: Envelope, fact: RetryPlanned) -> None:
    retry = _open(state, fact.retry)
    if retry is not None:
        for number, item in enumerate(fact.items, fact.first):
            if 0 <= number < retry.requested.items:
                retry.items.setdefault(number, item)


def _retry_published(state: OperatorState, _: Envelope, fact: RetryPublished) -> None:
    retry = _open(state, fact.retry)
    if retry is not None:
        for outcome in fact.outcomes:
            if outcome.item in retry.items:
                retry.outcomes.setdefault(outcome.item, outcome)


def _retry_paused(state: OperatorState, envelope: Envelope, fact: RetryPaused) -> None:
    retry = _open(state, fact.retry)
    if retry is not None and _latest(retry) < envelope.position:
        retry.paused, retry.paused_why = deed_of(envelope), fact.why


def _retry_resumed(state: OperatorState, envelope: Envelope, fact: RetryResumed) -> None:
    retry = _open(state, fact.retry)
    if retry is not None and _latest(retry) < envelope.position:
        retry.paused, retry.paused_why = None, ""
        retry.resumed = (deed_of(envelope), fact)


def _retry_cancelled(state: OperatorState, envelope: Envelope, fact: RetryCancelled) -> None:
    retry = _open(state, fact.retry)
    if retry is not None and retry.cancelled is None:
        retry.cancelled = deed_of(envelope)


def _retry_finished(state: OperatorState, envelope: Envelope, fact: RetryFinished) -> None:
    retry = _open(state, fact.retry)
    if retry is not None:
        told = msgspec.structs.replace(fact, failures=fact.failures or retry.failures)
        state.retries[fact.retry] = Retry(
            retry.requested, retry.deed, finished=(deed_of(envelope), told)
        )


def _open(state: OperatorState, name: str) -> Retry | None:
    retry = state.retries.get(name)
    return None if retry is None or retry.finished is not None else retry


_KINDS = frozenset(OPERATOR)
_FOLDS: dict[type[Fact], Callable[[OperatorState, Envelope, Any], None]] = {
    KeyCreated: _key_created,
    KeyRevoked: _key_revoked,
    NoteSet: _note_set,
    GroupArchived: _group_archived,
    MessagesArchived: _messages_archived,
    RetryRequested: _retry_requested,
    RetryPlanned: _retry_planned,
    RetryPublished: _retry_published,
    RetryPaused: _retry_paused,
    RetryResumed: _retry_resumed,
    RetryCancelled: _retry_cancelled,
    RetryFinished: _retry_finished,
}


def deed_of(envelope: Envelope) -> Deed:
    """Return who did what *envelope* tells, and when."""
    fact = envelope.fact
    by, command = getattr(fact, "by", ""), getattr(fact, "command", "")
    return Deed(envelope.position, envelope.observed_at, by, command)


def _latest(retry: Retry) -> int:
    """Return the position of the newest pause or resumption of *retry*."""
    paused = -1 if retry.paused is None else retry.paused.position
    return max(paused, -1 if retry.resumed is None else retry.resumed[0].position)


def _bound(kept: dict[Any, Any], count_max: int, first: Any = ()) -> None:
    """Let go of what is oldest beyond *count_max*, of those named in *first* before any other."""
    if len(kept) <= count_max:
        return
    chosen = list(first)[: len(kept) - count_max]
    for name in chosen:
        del kept[name]
    while len(kept) > count_max:
        del kept[next(iter(kept))]
