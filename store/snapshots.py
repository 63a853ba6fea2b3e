"""Which snapshots of a projection are kept: the newest, and older ones spread over the log.

Pure.
"""

from collections.abc import Sequence

KEPT_MAX = 5


def superfluous(blocks: Sequence[int]) -> list[int]:
    """Return which of the snapshots at *blocks* to delete so that at most KEPT_MAX stay.

    The oldest and the newest stay; of those between, the one goes whose neighbours lie closest together, so that any
    past block has a snapshot not far before it.
    """
    kept = sorted(set(blocks))
    gone: list[int] = []
    while len(kept) > KEPT_MAX:
        at = min(range(1, len(kept) - 1), key=lambda i: (kept[i + 1] - kept[i - 1], i))
        gone.append(kept.pop(at))
    return gone
