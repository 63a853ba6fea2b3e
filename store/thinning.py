"""Which snapshots of a projection stay: the newest, and older ones spread over the log. Pure."""

from collections.abc import Iterable

KEPT_MAX = 5


def superfluous(blocks: Iterable[int]) -> list[int]:
    """Return which of the snapshots at *blocks* to delete, so that at most :data:`KEPT_MAX` stay.

    The newest always stays. Of the others the one goes whose neighbours are closest to each other, so that what stays is
    spread over the log, denser towards its end where times are asked for most.
    """
    kept = sorted(set(blocks))
    gone: list[int] = []
    while len(kept) > KEPT_MAX:
        newest = kept[-1]
        closest = min(
            range(len(kept) - 1),
            key=lambda at: (
                (kept[at + 1] - (kept[at - 1] if at else 0)) / (newest - kept[at] + 1),
                -at,
            ),
        )
        gone.append(kept.pop(closest))
    return gone
