"""What operators did: keys, notes, archives and retries as they stand, and the trail of who did what when.

Pure. The state is that of ``events/operations.py``; the trail keeps the newest entries, and of what a log no longer holds
those that its segments restate.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from events import upcast
from events.facts import (
    OPERATOR,
    AccessDenied,
    BrokerBound,
    CommandRefused,
    Envelope,
    Fact,
    GroupArchived,
    KeyCreated,
    KeyRevoked,
    MessagesArchived,
    MessagesExported,
    NoteSet,
    OperatorRestated,
    RetryCancelled,
    RetryFinished,
    RetryPaused,
    RetryPublished,
    RetryRequested,
    RetryResumed,
    SegmentStarted,
    kind_of,
)
from events.operations import OperatorState
from events.values import shown
from projector.answers import Deed
from projector.linker.model import FactHandler
from projector.views.state import StateView

TRAIL_MAX = 5_000


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One line of the trail; fields as in :class:`projector.answers.Deed`."""

    position: int
    at: int
    by: str
    command: str
    kind: str
    about: str
    told: str


class OperationsState(msgspec.Struct, array_like=True):
    """The newest entry of the trail stands at its end.

    `began` is where the log begins as long as its first segment is folded: what that restates is not told elsewhere. It is
    -1 before that, and 0 when a further segment began.
    """

    operators: OperatorState = msgspec.field(default_factory=OperatorState)
    trail: list[Entry] = []
    began: int = -1


class OperationsView(StateView[OperationsState]):
    """The view `operations`."""

    name = "operations"
    edition = 3

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, OperationsState)

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        began = dict.fromkeys((BrokerBound, SegmentStarted), self._began)
        return dict.fromkeys(OPERATOR, self._did) | began

    def trail(self) -> Sequence[Deed]:
        """Return who did what when, the newest first."""
        newest = self.state.trail[: -TRAIL_MAX - 1 : -1]
        return [Deed(*msgspec.structs.astuple(entry)) for entry in newest]

    def _began(self, envelope: Envelope, _: Fact) -> None:
        self.state.began = envelope.position if self.state.began < 0 else 0

    def _did(self, envelope: Envelope, fact: Any) -> None:
        state = self.state
        if isinstance(fact, OperatorRestated):
            for earlier in upcast.decode(fact.envelopes):
                if earlier.position < state.began:
                    self._note(earlier)
        else:
            self._note(envelope)
        state.operators.apply(envelope)
        if len(state.trail) >= 2 * TRAIL_MAX:
            del state.trail[:-TRAIL_MAX]

    def _note(self, envelope: Envelope) -> None:
        fact = envelope.fact
        about_and_told = said_of(fact)
        if about_and_told is not None:
            by, command = getattr(fact, "by", ""), getattr(fact, "command", "")
            at = (envelope.position, envelope.observed_at)
            self.state.trail.append(Entry(*at, by, command, kind_of(fact), *about_and_told))


def said_of(fact: Fact) -> tuple[str, str] | None:
    """Return what an operator fact is about (the id of a key, group, retry, or "") and says; None for what is no deed."""
    match fact:
        case KeyCreated():
            return fact.key, f"created the key {fact.name!r} with {', '.join(fact.scopes)}"
        case KeyRevoked():
            return fact.key, "revoked the key"
        case NoteSet():
            return fact.group, f"wrote the note {fact.text!r}" if fact.text else "removed the note"
        case GroupArchived():
            return fact.group, _archived("the group", archived=fact.archived)
        case MessagesArchived():
            return "", _archived(_messages(len(fact.positions)), archived=fact.archived)
        case MessagesExported():
            payloads = "with bodies" if fact.payloads else "without bodies"
            return "", f"exported {fact.rows:,} {fact.kind} {payloads}: {fact.query or 'all'}"
        case AccessDenied():
            times = "" if fact.count == 1 else f" {fact.count:,} times"
            return "", f"was denied {fact.operation} for want of the scope {fact.scope}{times}"
        case CommandRefused():
            return "", f"was refused: {fact.why}"
        case _:
            return _said_of_retry(fact)


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"


def _said_of_retry(fact: Fact) -> tuple[str, str] | None:
    match fact:
        case RetryRequested():
            where = f"{_messages(fact.items)} of {shown(fact.vhost)} to {fact.target}"
            return fact.retry, f"asked for a {fact.action} of {where}: {fact.selection}"
        case RetryPublished():
            return fact.retry, f"came to an outcome for {_messages(len(fact.outcomes))}"
        case RetryPaused():
            return fact.retry, f"paused: {fact.why}" if fact.why else "paused"
        case RetryResumed():
            return fact.retry, "resumed"
        case RetryCancelled():
            return fact.retry, "cancelled"
        case RetryFinished():
            counts = f"{fact.published:,} published, {fact.failed:,} failed"
            return fact.retry, f"finished ({fact.why}): {counts}"
        case _:
            return None


def _archived(what: str, *, archived: bool) -> str:
    return f"archived {what}" if archived else f"took {what} out of the archive"
