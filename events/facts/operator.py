"""What operators did: retries, notes, archives, keys, exports, denials. The audit trail, in the same log.

`command` is the id under which a request was sent (32 hex digits), "" for what the leader did by itself. `by` is the id
of the API key that asked, "root" for the key of the settings, "local" where none is needed.
"""

import msgspec

from events.facts.fact import Fact
from events.facts.traffic import Properties
from events.values import Text


class RetryItem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message to publish again.

    `position` is that of the message (its uid without the stream), `source` that of the fact whose properties and body are
    taken from the log. `queue` is the dead-letter queue it lies in now, "" where none is known. It goes to `exchange` with
    `routing_key`. `unrestored` names properties that cannot be as they were. `edited` and `edited_body` replace its
    properties and body.
    """

    position: int
    source: int
    queue: Text
    exchange: Text
    routing_key: Text
    fingerprint: bytes
    unrestored: tuple[str, ...] = ()
    edited: Properties | None = None
    edited_body: bytes | None = None


class RetryOutcome(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of the item with number `item`.

    `outcome`: published (confirmed by the broker and routed), refused, unroutable, missing (neither in its queue nor in the
    log), or found (a publish of this retry was already in the log). `source`: queue or log. `removed`: the dead letter was
    taken off its queue after that.
    """

    item: int
    outcome: str
    source: str = "log"
    removed: bool = False
    why: str = ""


class RetryFailure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The message at `position` was not published; `outcome` and `why` as in :class:`RetryOutcome`."""

    position: int
    outcome: str
    why: str = ""


class RetryRequested(Fact, frozen=True, array_like=True, gc=False, tag="RetryRequested.1"):
    """Somebody asked to publish messages again. `action`: retry, edit or move; `selection` says in words which messages.

    `retry` is the id (16 hex digits), `items` how many there are, `planned_at` the position the plan was made at. `target`
    says in words where they go. `remove`: none, head or drain. `batch` messages at a time, `rate_per_s` at most.
    """

    command: str
    by: str
    retry: str
    action: str
    selection: str
    planned_at: int
    vhost: Text
    items: int
    target: str
    remove: str
    batch: int
    rate_per_s: float


class RetryPlanned(Fact, frozen=True, array_like=True, gc=False, tag="RetryPlanned.1"):
    """Items `first`, `first` + 1, … of a retry."""

    command: str
    by: str
    retry: str
    first: int
    items: tuple[RetryItem, ...]


class RetryPublished(Fact, frozen=True, array_like=True, gc=False, tag="RetryPublished.1"):
    """A batch was published again."""

    retry: str
    outcomes: tuple[RetryOutcome, ...]


class RetryPaused(Fact, frozen=True, array_like=True, gc=False, tag="RetryPaused.1"):
    """A retry rests until it is resumed. `why` is "" where somebody asked for it, else what an operator has to decide."""

    command: str
    by: str
    retry: str
    why: str = ""


class RetryResumed(Fact, frozen=True, array_like=True, gc=False, tag="RetryResumed.1"):
    """A paused retry goes on.

    `unsure`: the operator accepts that what cannot be known to be published is published (perhaps again).
    `unsure_published`: the operator takes it as published.
    """

    command: str
    by: str
    retry: str
    unsure: bool = False
    unsure_published: bool = False


class RetryCancelled(Fact, frozen=True, array_like=True, gc=False, tag="RetryCancelled.1"):
    """Nothing more of a retry is published."""

    command: str
    by: str
    retry: str


class RetryFinished(Fact, frozen=True, array_like=True, gc=False, tag="RetryFinished.1"):
    """A retry ended; `why`: done, cancelled or failed (with the reason behind a colon).

    Where a segment restates it, `failures` are the first of what failed; before that the outcomes tell them.
    """

    retry: str
    why: str
    published: int
    failed: int
    failures: tuple[RetryFailure, ...] = ()


class NoteSet(Fact, frozen=True, array_like=True, gc=False, tag="NoteSet.1"):
    """The note of a dead-letter group; "" takes it away."""

    command: str
    by: str
    group: str
    text: str


class GroupArchived(Fact, frozen=True, array_like=True, gc=False, tag="GroupArchived.1"):
    """A dead-letter group was archived, or taken out of the archive."""

    command: str
    by: str
    group: str
    archived: bool = True


class MessagesArchived(Fact, frozen=True, array_like=True, gc=False, tag="MessagesArchived.1"):
    """Dead letters, by the positions of their messages, were archived, or taken out of the archive."""

    command: str
    by: str
    positions: tuple[int, ...]
    archived: bool = True


class MessagesExported(Fact, frozen=True, array_like=True, gc=False, tag="MessagesExported.1"):
    """Rows left through an export of `kind`; `payloads`: bodies were among them."""

    command: str
    by: str
    kind: str
    query: str
    rows: int
    payloads: bool


class KeyCreated(Fact, frozen=True, array_like=True, gc=False, tag="KeyCreated.1"):
    """An API key was made. `hashed` is SHA-256 of the key, which is long and random; the key itself is kept nowhere."""

    command: str
    by: str
    key: str
    name: str
    scopes: tuple[str, ...]
    hashed: bytes


class KeyRevoked(Fact, frozen=True, array_like=True, gc=False, tag="KeyRevoked.1"):
    """An API key no longer opens anything."""

    command: str
    by: str
    key: str


class AccessDenied(Fact, frozen=True, array_like=True, gc=False, tag="AccessDenied.1"):
    """Requests were refused: `count` of them since `since` (ns), for want of `scope`. `operation` names what was asked.

    `by` is "" where no key that is known was shown.
    """

    command: str
    by: str
    scope: str
    operation: str
    count: int
    since: int


class CommandRefused(Fact, frozen=True, array_like=True, gc=False, tag="CommandRefused.1"):
    """The leader did not do what a command asked, and why."""

    command: str
    by: str
    why: str


class OperatorRestated(Fact, frozen=True, array_like=True, gc=False, tag="OperatorRestated.1"):
    """What earlier segments say of operators, told again where a segment begins.

    `envelopes` are those that still matter, with their own positions and times, encoded as in a block. `commands` are ids
    of late commands, each with the time (ns) when it was taken in and, where it was refused, why; what came before
    `forgotten` (ns) is not among them. `left` such facts follow before all is told.
    """

    envelopes: bytes
    commands: tuple[tuple[str, int, str], ...] = ()
    forgotten: int = 0
    left: int = 0


OPERATOR: tuple[type[Fact], ...] = (
    RetryRequested,
    RetryPlanned,
    RetryPublished,
    RetryPaused,
    RetryResumed,
    RetryCancelled,
    RetryFinished,
    NoteSet,
    GroupArchived,
    MessagesArchived,
    MessagesExported,
    KeyCreated,
    KeyRevoked,
    AccessDenied,
    CommandRefused,
    OperatorRestated,
)
