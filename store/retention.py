"""Which segments the log no longer keeps.

The plan is pure; :func:`apply` carries it out. Whole oldest segments go, by age and by size, whichever comes first;
bodies may go earlier than their envelopes. The segment being written always stays, so what is kept may exceed the limit
by one segment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store.ports import EventLog, Segment

DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionLimits:
    """What is kept. Ages count from a segment's last event, sizes are stored bytes; None: no limit.

    `body_*` bound the bodies alone, and take effect where they are stricter than those of the whole.
    """

    age_s_max: int | None = 14 * DAY_S
    bytes_max: int | None = 10 * 10**9
    body_age_s_max: int | None = None
    body_bytes_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One step of retention: a segment, or its bodies, and which limit asked for it: ``age`` or ``size``."""

    segment: int
    bodies_only: bool
    why: str


def plan(segments: Sequence[Segment], limits: RetentionLimits, *, now_ns: int) -> list[Drop]:
    """Return what to drop of *segments* (oldest first), in the order in which to drop it."""
    whole = _beyond(
        segments,
        [segment.envelope_bytes + segment.body_bytes for segment in segments],
        limits.age_s_max,
        limits.bytes_max,
        now_ns,
    )
    drops = [Drop(segment=number, bodies_only=False, why=why) for number, why in whole]
    kept = segments[len(drops) :]
    bodies = _beyond(
        kept,
        [segment.body_bytes for segment in kept],
        limits.body_age_s_max,
        limits.body_bytes_max,
        now_ns,
    )
    held = {segment.number for segment in kept if segment.has_bodies}
    drops += [
        Drop(segment=number, bodies_only=True, why=why) for number, why in bodies if number in held
    ]
    return drops


def _beyond(
    segments: Sequence[Segment],
    sizes: Sequence[int],
    age_s_max: int | None,
    bytes_max: int | None,
    now_ns: int,
) -> list[tuple[int, str]]:
    """Return the oldest segments that are beyond the limits, never the last one, each with the limit it is beyond."""
    found: list[tuple[int, str]] = []
    remaining = sum(sizes)
    for segment, size in zip(segments[:-1], sizes, strict=False):
        if age_s_max is not None and now_ns - segment.last_observed_at > age_s_max * 10**9:
            found.append((segment.number, "age"))
        elif bytes_max is not None and remaining > bytes_max:
            found.append((segment.number, "size"))
        else:
            break
        remaining -= size
    return found


async def apply(log: EventLog, drops: Iterable[Drop]) -> None:
    """Carry out *drops* in their order.

    Raises:
        LogRefused: the log changed since the plan was made; plan again.
    """
    for drop in drops:
        await log.drop_segment(drop.segment, bodies_only=drop.bodies_only)
