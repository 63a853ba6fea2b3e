"""Fold the log again beside the views that answer, so as to take their place when both stand at the same position."""

from collections.abc import Callable

from msgspec import structs

from projector.linker.limits import Limits
from projector.progress import Rebuild
from projector.projection import Projection
from projector.replay import Place, replay
from store.ports import EventLog

TAIL_REPLACED = (
    "the newest blocks of the log were replaced meanwhile; what was folded of them is dropped"
)


class Rebuilding:
    """One rebuild of *stream*'s views from the first retained event; `projection` is of use until it is over.

    `started_at` is told (ns UTC), *monotonic* gives seconds that only pass.
    """

    def __init__(
        self,
        log: EventLog,
        stream: str,
        limits: Limits | None,
        *,
        started_at: int,
        monotonic: Callable[[], float],
    ) -> None:
        self.projection = Projection(stream, limits)
        self.is_folding = False
        self._log = log
        self._stream = stream
        self._limits = limits
        self._over: Rebuild | None = None
        self._place = Place()
        self._started_at = started_at
        self._monotonic = monotonic
        self._began_s = monotonic()
        self._first: int | None = None
        self._target = 0

    @property
    def is_running(self) -> bool:
        return self._over is None

    def is_level(self, position: int) -> bool:
        """Return whether it stands at *position* and nothing goes on folding it."""
        return self.is_running and not self.is_folding and self.projection.position == position

    def told(self) -> Rebuild:
        """Return how far it is, or was when it was over."""
        return self._over or Rebuild(
            state="running",
            position=self.projection.position,
            target=self._target,
            started_at=self._started_at,
            events_per_s=self._rate(),
            error=None,
        )

    async def fold(self) -> None:
        """Fold up to the head of the log.

        Raises:
            LogDamaged, FactUnknown, FoldFailed: as :func:`projector.replay.replay`.
        """
        self.is_folding = True
        try:
            self._place = await replay(
                self._log, self.projection, self._place, progress=self._folded, is_aside=True
            )
        finally:
            self.is_folding = False

    def end(self, error: str | None = None) -> None:
        """Note that it is over, and let go of what was folded; *error* says why it failed."""
        state = "failed" if error else "done"
        self._over = structs.replace(self.told(), state=state, error=error)
        self.projection = Projection(self._stream, self._limits)

    def _folded(self, position: int, total: int) -> None:
        # The first block is left out of the rate: only its end is told.
        if self._first is None:
            self._first, self._began_s = position, self._monotonic()
        self._target = max(position, total)

    def _rate(self) -> float | None:
        """Return the events folded per second, in all; None before anything can be said."""
        passed_s = self._monotonic() - self._began_s
        if self._first is None or passed_s <= 0 or self.projection.position == self._first:
            return None
        return (self.projection.position - self._first) / passed_s
