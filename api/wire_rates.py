"""The JSON forms of what went through the system over time: counts in buckets, depths of queues.

Pure.
"""

from collections.abc import Sequence

from pydantic import Field

from api.wire import NS_PER_S, Out, PositionOut, TimeOut, time, time_or_none
from api.wire_capture import GapOut, gap
from projector import answers, system

BASIS = (
    "Counted when hoptrail saw it, also what was seen late, in slices of {seconds:,} s that reach back far enough; "
    "dead letters count when they are seen, which may be at their next delivery."
)


class RateBucketOut(Out):
    """What was counted in a span of time. The last span may be shorter, which a rate per second must mind."""

    since: TimeOut
    until: TimeOut = Field(description="Not included.")
    published: int = Field(description="Of a queue: routed to it.", ge=0)
    unroutable: int = Field(description="Of `published`: routed to no queue.", ge=0)
    delivered: int = Field(description="Handed to a consumer, for the first time or again.", ge=0)
    redelivered: int = Field(
        description="Of `delivered`: what the broker marked as redelivered.", ge=0
    )
    dead_lettered: int = Field(
        description="Deaths but for delays; of a service: of what it was given.", ge=0
    )
    timers: int = Field(description="Deaths that ended a delay.", ge=0)


class DepthOut(Out):
    """A queue's depth, as the broker told it, beside what was believed to wait."""

    at: TimeOut
    ready: int
    unacked: int
    believed: int | None = Field(description="Null: no message was seen in the queue.")


class RatesOut(Out):
    """Counts over time."""

    about: str | None
    to: str | None
    since: TimeOut
    until: TimeOut
    width_s: float = Field(description="How wide a bucket is.")
    resolution_s: float = Field(description="How wide the slices are that it is summed from.")
    buckets: list[RateBucketOut]
    depths: list[DepthOut] = Field(
        description="Of a queue, oldest first, from the last sample before `since` on; a depth that stays is its first "
        "and last sample."
    )
    complete_since: TimeOut | None = Field(
        description="Before it counts were dropped; null: nowhere within these times."
    )
    basis: str
    not_captured: list[GapOut]
    position: PositionOut


def rates(found: system.Rates, gaps: Sequence[answers.Gap], position: int) -> RatesOut:
    return RatesOut(
        about=found.about,
        to=found.to,
        since=time(found.since),
        until=time(found.until),
        width_s=found.width_ns / NS_PER_S,
        resolution_s=found.resolution_ns / NS_PER_S,
        buckets=[_bucket(each) for each in found.buckets],
        depths=[_depth(each) for each in found.depths],
        complete_since=time_or_none(found.complete_since),
        basis=BASIS.format(seconds=found.resolution_ns // NS_PER_S),
        not_captured=[gap(each) for each in gaps],
        position=str(position),
    )


def _bucket(found: system.RateBucket) -> RateBucketOut:
    return RateBucketOut(
        since=time(found.since),
        until=time(found.until),
        published=found.published,
        unroutable=found.unroutable,
        delivered=found.delivered,
        redelivered=found.redelivered,
        dead_lettered=found.dead_lettered,
        timers=found.timers,
    )


def _depth(found: system.Depth) -> DepthOut:
    return DepthOut(
        at=time(found.at), ready=found.ready, unacked=found.unacked, believed=found.believed
    )
