"""Messages that the broker's own shovels and federation links pass on: what they were given, and the copy they publish.

Pure. Such a mover is handed a message on one connection and publishes it unchanged on another of the same name, so the copy
has the fingerprint of what it was given. Messages alike in all are paired in the order in which they came.
"""

from typing import Any

from events.values import Text
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.model import RIVALS_NAMED_MAX
from projector.linker.named import Cause
from projector.linker.recent import Recent

MOVED, ONE_OF_SEVERAL = 0.97, 0.9
ALIKE_MAX = 64

Moved = tuple[Text, bytes]


class Moves:
    """What movers were given and have not passed on yet, by the mover's name and the fingerprint, oldest first."""

    def __init__(self, limit: int) -> None:
        self._given: Recent[Moved, list[int]] = Recent(limit)

    def given(self, endpoint: LinkedEndpoint, fingerprint: bytes, position: int) -> None:
        """Note that a mover was given the message at *position*."""
        key = (endpoint.client_name or "", fingerprint)
        held = self._given.get(key)
        if held is None:
            self._given.put(key, [position])
        elif position not in held:
            held.append(position)
            del held[:-ALIKE_MAX]

    def passed_on(self, endpoint: LinkedEndpoint, fingerprint: bytes) -> Cause | None:
        """Return which message a mover publishes again; it has passed that on then."""
        held = self._given.get((endpoint.client_name or "", fingerprint))
        if not held or endpoint.mover is None:
            return None
        position = held.pop(0)
        confidence = ONE_OF_SEVERAL if held else MOVED
        likeliest = tuple(held[:RIVALS_NAMED_MAX])
        return Cause(position, endpoint.mover, confidence, len(held), likeliest=likeliest)

    def rows(self) -> list[Any]:
        """Return the state as builtins."""
        return [[[*key, held] for key, held in part.items()] for part in self._parts()]

    def restore(self, rows: list[Any]) -> None:
        """Take what :meth:`rows` returned."""
        self._given.young, self._given.old = (
            {(name, fingerprint): held for name, fingerprint, held in part} for part in rows
        )

    def _parts(self) -> tuple[dict[Moved, list[int]], dict[Moved, list[int]]]:
        # What is in both generations is one list, and told as part of the young one alone.
        young, old = self._given.young, self._given.old
        return young, {key: held for key, held in old.items() if key not in young}
