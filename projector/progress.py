"""How far the projections are, and a rebuild of them: what is told of both.

Pure data.
"""

from typing import Literal

import msgspec

RebuildState = Literal["running", "done", "failed"]


class Rebuild(msgspec.Struct, frozen=True):
    """A rebuild beside the views that answer: running, done (they are what was rebuilt) or failed, with the `error`.

    It has folded the log before `position` and goes to `target`, which grows with the log. `started_at` is ns UTC.
    """

    state: RebuildState
    position: int
    target: int
    started_at: int
    events_per_s: float | None
    error: str | None


class ProjectionState(msgspec.Struct, frozen=True):
    """How far one projection has folded. `lag_s` is the head's time minus the checkpoint's; `rebuild` is the newest one."""

    name: str
    version: str
    position: int
    caught_up: bool
    lag_s: float
    digest: str | None = None
    rebuild: Rebuild | None = None
