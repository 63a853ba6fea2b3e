"""Whether a queue is stuck, and why: messages wait, and nobody takes them, or not as fast as they come.

Pure. The rule looks at what waits (as the broker counts it, where it was sampled), how long the oldest has waited, who
consumes, and when a message was delivered last. A queue where waiting is the point (`roles`) is never stuck, and neither is
a stream. Nothing is said of deliveries where they are not captured.
"""

from typing import Any

import msgspec

from projector.trouble import Problem
from projector.views.rows import LAST, rate_per_s
from projector.views.topology import TopologyState

SECOND_NS = 1_000_000_000
NO_CONSUMER, NO_DELIVERY, FALLING_BEHIND = "no-consumer", "no-delivery", "falling-behind"
NO_CONSUMER_AFTER_NS = 60 * SECOND_NS
"""So long the oldest message must have waited, and none been delivered, for a queue without a consumer to be stuck."""
NO_DELIVERY_AFTER_NS = 300 * SECOND_NS
"""So long for one with a consumer, which may be at work on what it was given."""
BEHIND_AFTER_NS = 300 * SECOND_NS
"""So long the oldest must have waited where messages are delivered, but more come."""
BEHIND_FACTOR = 1.1
"""More come than are taken if so many times as many did over the last minute."""


class Activity(msgspec.Struct):
    """What happened in a queue: a message was delivered last at (ns, None: never), came and left a second of late."""

    delivered_at: int | None = None
    come_per_s: float = 0.0
    leave_per_s: float = 0.0
    consumers: int = 0


class Waiting(msgspec.Struct, frozen=True):
    """What waits in a queue: how many, since when the oldest (ns, None: not known), and whether that may be stuck at all."""

    count: int
    oldest_at: int | None
    is_watched: bool = True
    may_wait: bool = False


def activities(topology: TopologyState, now: int) -> dict[tuple[Any, Any], Activity]:
    """Return what happened in each queue, by (vhost, queue), as of *now* (ns)."""
    found: dict[tuple[Any, Any], Activity] = {}
    for (_, _, vhost, queue, _), row in topology.flows.delivered.items():
        activity = found.setdefault((vhost, queue), Activity())
        activity.delivered_at = max(activity.delivered_at or 0, row[LAST])
        activity.leave_per_s += rate_per_s(row, now)
    for (_, vhost, _, queues, _), row in topology.flows.published.items():
        for queue in queues:
            activity = found.setdefault((vhost, queue), Activity())
            activity.come_per_s += rate_per_s(row, now)
    for held in topology.declared.consumers.values():
        for vhost, queue, _, _ in held:
            found.setdefault((vhost, queue), Activity()).consumers += 1
    return found


def problem_of(waiting: Waiting, activity: Activity, now: int) -> Problem | None:
    """Return what is wrong with a queue at *now* (ns); None where nothing is, or nothing can be said."""
    if not waiting.count or waiting.may_wait or waiting.oldest_at is None:
        return None
    since = max(waiting.oldest_at, activity.delivered_at or 0)
    many = "1 message waits" if waiting.count == 1 else f"{waiting.count:,} messages wait"
    if not activity.consumers and now - since >= NO_CONSUMER_AFTER_NS:
        return Problem(NO_CONSUMER, f"{many} and nobody consumes", since)
    if not activity.consumers or not waiting.is_watched:
        return None
    if now - since >= NO_DELIVERY_AFTER_NS:
        minutes = (now - since) // (60 * SECOND_NS)
        why = f"{many} and none was delivered for {minutes} minutes, with somebody consuming"
        return Problem(NO_DELIVERY, why, since)
    behind = activity.come_per_s > BEHIND_FACTOR * activity.leave_per_s
    if behind and now - waiting.oldest_at >= BEHIND_AFTER_NS:
        minutes = (now - waiting.oldest_at) // (60 * SECOND_NS)
        rates = f"{activity.come_per_s:.3g} come and {activity.leave_per_s:.3g} leave a second"
        why = f"{many}, the oldest for {minutes} minutes, and {rates}"
        return Problem(FALLING_BEHIND, why, waiting.oldest_at)
    return None
