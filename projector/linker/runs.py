"""Runs of a handler, as Nameko names them: each of its publishes names the run, and the run before that called it.

Pure. A run was called with a message of the run before it that went to the run's method. Which of several is told by none
of them: those that were answered or led to another run are out, of the rest the oldest is the likeliest. A run that was
explained once stays explained so.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from events.values import shown
from projector.linker.memory import Memory
from projector.linker.model import RIVALS_NAMED_MAX, LiveMessage
from projector.linker.named import CAUSATION, Cause
from projector.linker.recent import Recent

MESSAGES_MAX = 32
"""Messages of one run that are remembered."""
GUESSED = 0.75
EVENT_HANDLER = "--"
"""What stands before the method in the name of a queue that brings it events."""


class Called(NamedTuple):
    """What a run was called with: the message's position, how sure, and how many others it could have been.

    `likeliest` are the positions of the likeliest of those.
    """

    position: int
    confidence: float
    rivals: int
    likeliest: tuple[int, ...] = ()


class Runs:
    """What each run published, and what it was called with."""

    def __init__(self, memory: Memory) -> None:
        limit = memory.limits.conversations_max
        self._memory = memory
        self.published: Recent[str, tuple[int, ...]] = Recent(limit)
        self.called: Recent[str, Called] = Recent(limit)
        self.led_to: Recent[int, str] = Recent(limit)

    def cause(self, message: LiveMessage, told: str, evidence: str, answered: Any) -> Cause | None:
        """Return what the run that published *message* was called with, and note that it published it.

        *told* is the run before and the run, divided by a space; *answered* says whether a request was answered.
        """
        before, _, run = told.partition(" ")
        known = self.called.get(run)
        if known is None and before:
            known = self._choose(before, run, answered)
        mine = self.published.get(run) or ()
        self.published.put(run, (*mine, message.position)[-MESSAGES_MAX:])
        if known is None:
            return None
        return Cause(
            known.position, evidence, known.confidence, known.rivals, likeliest=known.likeliest
        )

    def _choose(self, before: str, run: str, answered: Any) -> Called | None:
        method = run.rpartition(".")[0]
        candidates = [
            message
            for message in map(self._memory.messages.get, self.published.get(before) or ())
            if message is not None and calls(message, method)
        ]
        free = [
            each
            for each in candidates
            if self.led_to.get(each.position) is None and not answered(each)
        ]
        given = [each for each in free if any(copy.attempts for copy in each.copies)]
        pool = given or free or candidates[-1:]
        if not pool:
            return None
        position, *rivals = (each.position for each in pool)
        doubtful = bool(rivals) or any(map(self._was_guessed, candidates))
        confidence = GUESSED if doubtful else CAUSATION
        found = Called(position, confidence, len(rivals), tuple(rivals[:RIVALS_NAMED_MAX]))
        self.called.put(run, found)
        self.led_to.put(position, run)
        return found

    def _was_guessed(self, message: LiveMessage) -> bool:
        """Return whether *message* was taken for what called another run though it could have been a rival's."""
        run = self.led_to.get(message.position)
        called = None if run is None else self.called.get(run)
        return called is not None and called.confidence < CAUSATION

    def rows(self) -> list[Any]:
        """Return all tables as builtins."""
        return [self.published.rows(), self.called.rows(), self.led_to.rows()]

    def restore(self, rows: Sequence[Any]) -> None:
        """Take what :meth:`rows` returned."""
        for table, parts, kind in zip(
            (self.published, self.called, self.led_to), rows, (tuple, _called, str), strict=True
        ):
            young, old = ({key: kind(value) for key, value in part} for part in parts)
            table.young, table.old = young, old  # pyright: ignore[reportAttributeAccessIssue]


def _called(row: Sequence[Any]) -> Called:
    position, confidence, rivals, likeliest = row
    return Called(position, confidence, rivals, tuple(likeliest))


def calls(message: LiveMessage, method: str) -> bool:
    """Return whether *message* calls *method*: as its routing key, or from a queue that brings events to it."""
    if method in message.routing_keys:
        return True
    handler = EVENT_HANDLER + method
    return any(shown(queue).endswith(handler) for queue in message.routed_queues)
