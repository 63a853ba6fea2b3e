"""What became of dead letters: retried and how that went, archived, resolved by itself, or still open.

Pure. A fate belongs to a message, whatever groups it died in. That a copy is the retry of a message is believed only where a
plan in the log says so, not because a header does. The sums of each group are kept as fates change, so that telling them
costs the same however many messages a group has.
"""

from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from events import upcast
from events.facts import (
    Envelope,
    MessagesArchived,
    OperatorRestated,
    RetryFinished,
    RetryPlanned,
    RetryPublished,
)
from events.operations import PUBLISHED
from events.republish import mark_in
from projector.linker.document import state_of
from projector.linker.model import (
    DEAD_LETTERED,
    DELIVERED,
    REDELIVERED,
    SETTLED,
    UNROUTABLE,
    LiveMessage,
)

OPEN, RETRYING, ARCHIVED, RESOLVED = "open", "retrying", "archived", "resolved-by-itself"
RETRIED_WELL, RETRIED_BADLY = "retried-and-delivered", "retried-and-dead-again"
FATES = (OPEN, RETRYING, RETRIED_WELL, RETRIED_BADLY, ARCHIVED, RESOLVED)
FATES_MAX = 200_000
PLANNED_MAX = 100_000
COPIES_MAX = 100_000
_arrived = frozenset({DELIVERED, REDELIVERED, SETTLED})


class Fate(msgspec.Struct, array_like=True):
    """What became of one message. Positions are of facts in the log.

    `groups` are the numbers of those it died in, the last time at `died`; `is_back` says that it was delivered since then,
    in a queue it came back to. `retry` is the retry it went into last (from `retried_at` on), `copy` the position of the
    message published for it, `outcome` one of `FATES`; `is_sent` says that the broker took the copy. `archived_at` is when
    the message itself was archived, -1 where it is not.
    """

    groups: tuple[int, ...]
    died: int
    is_back: bool = False
    retry: str = ""
    retried_at: int = -1
    outcome: str = OPEN
    copy: int = -1
    is_sent: bool = False
    archived_at: int = -1

    @property
    def last(self) -> int:
        """When it died or was retried last; what was archived after that is put away."""
        return max(self.died, self.retried_at)

    def state(self, group_at: int = -1) -> str:
        """Return one of `FATES`; *group_at* is when its group was archived, -1 where it is not."""
        if max(self.archived_at, group_at) > self.last:
            return ARCHIVED
        if self.retried_at > self.died and self.outcome != OPEN:
            return self.outcome
        return RESOLVED if self.is_back else OPEN


class Tally(msgspec.Struct, array_like=True):
    """How many messages of a group are in each state, in the order of `FATES`.

    What the group was archived with, at `archived_at` (-1: it is not), is in `before`, in the states it had: so archiving
    and taking out again cost the same however many they are. `since` are all others.
    """

    archived_at: int = -1
    before: list[int] = msgspec.field(default_factory=lambda: [0] * len(FATES))
    since: list[int] = msgspec.field(default_factory=lambda: [0] * len(FATES))

    def count(self, fate: Fate, by: int) -> None:
        """Add *by* messages with that fate; the same fate takes out what it brought in."""
        counts = self.before if self.archived_at > fate.last else self.since
        counts[FATES.index(fate.state())] += by

    def archive(self, at: int) -> None:
        """Put all away that are counted now; -1 takes all out again."""
        self.archived_at = at
        both = [one + other for one, other in zip(self.before, self.since, strict=True)]
        none = [0] * len(FATES)
        self.before, self.since = (none, both) if at < 0 else (both, none)

    def states(self) -> dict[str, int]:
        """Return how many messages are in each state, those in none left out, in a fixed order."""
        counts = dict(zip(FATES, self.since, strict=True))
        counts[ARCHIVED] += sum(self.before)
        return {state: count for state, count in counts.items() if count}


class FatesState(msgspec.Struct, array_like=True):
    """`fates` by message, `planned` the messages of late retries by number, `copies` the retried message by its copy.

    `tallies` are by the number of a group. A message that died too long ago to be among `fates` is in none of them.
    """

    fates: dict[int, Fate] = {}
    planned: dict[str, dict[int, int]] = {}
    copies: dict[int, int] = {}
    tallies: dict[int, Tally] = {}


class Fates:
    """The fates in *state*, and the sums of each group."""

    def __init__(self, state: FatesState) -> None:
        self.state = state

    def died(self, position: int, group: int, at: int) -> None:
        """Note that a message died in the group of that number, as the fact at *at* told."""
        fates, tallies = self.state.fates, self.state.tallies
        fate = fates.pop(position, None)
        if fate is None:
            fate = Fate((), at)
        self._count(fate, -1)
        fate.groups = (*(each for each in fate.groups if each in tallies and each != group), group)
        fate.died, fate.is_back = at, False
        self._count(fate, 1)
        fates[position] = fate
        if len(fates) > FATES_MAX:
            self._count(fates.pop(next(iter(fates))), -1)

    def met(self, message: LiveMessage) -> None:
        """Take in a message that is seen for the first time: it may be the copy of a retry."""
        headers = message.properties.headers
        mark = mark_in(headers) if headers else None
        if mark is None or self.state.planned.get(mark.retry, {}).get(mark.item) != mark.position:
            return
        fate = self.state.fates.get(mark.position)
        if fate is not None and fate.retry == mark.retry:
            fate.copy = message.position
            copies = self.state.copies
            copies[message.position] = mark.position
            if len(copies) > COPIES_MAX:
                del copies[next(iter(copies))]
            self.moved(message)

    def moved(self, message: LiveMessage) -> None:
        """Take in that the state of a message may have changed."""
        own = self.state.fates.get(message.position)
        origin = self.state.copies.get(message.position)
        if own is not None:
            state = state_of(message)
            is_back = state in _arrived or (own.is_back and state != DEAD_LETTERED)
            if is_back != own.is_back:
                with self._changing(own):
                    own.is_back = is_back
        if origin is not None and (fate := self.state.fates.get(origin)) is not None:
            with self._changing(fate):
                _copy_moved(fate, state_of(message))

    def archived(self, fact: MessagesArchived, at: int) -> None:
        """Take in that messages were archived at *at*, or taken out of the archive."""
        for position in fact.positions:
            fate = self.state.fates.get(position)
            if fate is not None:
                with self._changing(fate):
                    fate.archived_at = at if fact.archived else -1

    @contextmanager
    def _changing(self, fate: Fate) -> Generator[None]:
        """Keep the sums of its groups right while *fate* is changed."""
        self._count(fate, -1)
        yield
        self._count(fate, 1)

    def _count(self, fate: Fate, by: int) -> None:
        for group in fate.groups:
            tally = self.state.tallies.get(group)
            if tally is not None:
                tally.count(fate, by)

    def told(self, envelope: Envelope) -> None:
        """Take in a fact of a retry."""
        match envelope.fact:
            case OperatorRestated(envelopes=packed):
                for earlier in upcast.decode(packed):
                    self.told(earlier)
            case RetryPlanned():
                self._planned(envelope.fact, envelope.position)
            case RetryPublished(retry=retry, outcomes=outcomes):
                for outcome in outcomes:
                    fate = self._fate_in(retry, outcome.item)
                    if fate is not None:
                        fate.is_sent = outcome.outcome in PUBLISHED
            case RetryFinished(retry=retry):
                for item in self.state.planned.get(retry, ()):
                    self._finished(retry, item)
            case _:
                pass

    def _planned(self, fact: RetryPlanned, at: int) -> None:
        planned = self.state.planned
        known = planned.setdefault(fact.retry, {})
        for number, item in enumerate(fact.items, fact.first):
            if number in known:
                continue
            known[number] = item.position
            fate = self.state.fates.get(item.position)
            if fate is not None:
                with self._changing(fate):
                    fate.retry, fate.retried_at, fate.outcome = fact.retry, at, RETRYING
                    fate.copy, fate.is_sent = -1, False
        while len(planned) > 1 and sum(map(len, planned.values())) > PLANNED_MAX:
            del planned[next(iter(planned))]

    def _finished(self, retry: str, item: int) -> None:
        """Let a message be open again whose copy was never sent; one that was may be on its way through the tap."""
        fate = self._fate_in(retry, item)
        if fate is not None and fate.copy < 0 and not fate.is_sent:
            with self._changing(fate):
                fate.outcome = OPEN

    def _fate_in(self, retry: str, item: int) -> Fate | None:
        position = self.state.planned.get(retry, {}).get(item)
        fate = None if position is None else self.state.fates.get(position)
        return fate if fate is not None and fate.retry == retry else None


def _copy_moved(fate: Fate, state: str) -> None:
    """Take in the *state* of the copy that a retry published."""
    if state in _arrived:
        fate.outcome = RETRIED_WELL
    elif state in (DEAD_LETTERED, UNROUTABLE):
        fate.outcome = RETRIED_BADLY
    elif fate.outcome == OPEN:
        fate.outcome = RETRYING
