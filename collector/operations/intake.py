"""Commands as they come off the leader's queue, and the facts that the leader appends for each. Pure: the clock is passed.

Each fact of a command carries its id, so one that comes again, after a crash between append and acknowledgement or because
somebody sent it again, is known and changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from collector.operations.command import CommandInvalid, opened
from collector.operations.judging import by_of, refusal
from events.facts import CommandRefused, Fact
from events.operations import OperatorState

INVALID_TOLD_NS = 60_000_000_000
"""Commands that nobody signed are told at most this often, for anybody who may write to the queue can send them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it was sent; `acknowledge` lets the queue go of it, and must be called when its facts are durable."""

    sealed: bytes
    acknowledge: Callable[[], None]


class Intake:
    """Turns commands into facts for a leader whose log says `state`, with the *key* that commands are sealed with.

    The state grows by what is appended, which is for the caller to tell it.
    """

    def __init__(self, key: bytes, state: OperatorState) -> None:
        self.state = state
        self._key = key
        self._gathered: list[Asked] = []
        self._on_way: dict[int, list[Asked]] = {}
        self._invalid = 0
        self._told_at: int | None = None

    def take(self, asked: Asked, now_ns: int) -> tuple[Fact, ...]:
        """Return what to append for a command, all of it in the next block to be sealed; see :meth:`facts_of`."""
        facts = self.facts_of(asked.sealed, now_ns)
        if facts:
            self._gathered.append(asked)
        else:
            asked.acknowledge()
        return facts

    def sealed(self, block: int) -> None:
        """Note that what was taken since the last time stands in the block with that number."""
        if self._gathered:
            self._on_way[block], self._gathered = self._gathered, []

    def durable(self, block: int) -> None:
        """Acknowledge the commands whose facts stand in a block that is durable now."""
        for asked in self._on_way.pop(block, ()):
            asked.acknowledge()

    def facts_of(self, sealed: bytes, now_ns: int) -> tuple[Fact, ...]:
        """Return what to append for a command that came at *now_ns*: all in one block, none where it is known already.

        What is not done is told as `CommandRefused`.
        """
        try:
            command = opened(sealed, self._key)
        except CommandInvalid as error:
            return self._not_signed(str(error), now_ns)
        if self.state.knows(command.id):
            return ()
        why = refusal(command, self.state, now_ns)
        return (CommandRefused(command.id, by_of(command), why),) if why else command.facts

    def _not_signed(self, why: str, now_ns: int) -> tuple[Fact, ...]:
        self._invalid += 1
        if self._told_at is not None and 0 <= now_ns - self._told_at < INVALID_TOLD_NS:
            return ()
        self._told_at = now_ns
        count, self._invalid = self._invalid, 0
        return (CommandRefused("", "", why if count == 1 else f"{why} ({count} such commands)"),)
