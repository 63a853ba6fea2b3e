"""The JSON forms of latencies.

Pure. Each is one of the structs of ``projector/answers.py`` under the same names.
"""

from typing import Literal

from pydantic import Field

from api.wire import Out, PositionOut, TextOut, TimeOut, text_or_none, time_or_none
from projector import answers

By = Literal["edge", "queue", "type"]


class PercentilesOut(Out):
    """A distribution of times; its percentiles are null where none was counted."""

    count: int = Field(description="How many times were counted.", ge=0)
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class LatencyOut(Out):
    """How long messages waited, were worked on, and how long the conversations took that began here."""

    publisher: str | None = Field(description="The service that published; null unless by edge.")
    subscriber: str | None = Field(description="The service they were given; null unless by edge.")
    vhost: TextOut | None
    queue: TextOut | None = Field(description="Null by type.")
    type: str | None = Field(
        description="The message type, or the routing key where none is set; null unless by type."
    )
    queue_wait: PercentilesOut = Field(description="From coming to a queue to the first delivery.")
    processing: PercentilesOut = Field(
        description="From a delivery to the end of the work on it: estimated, since nobody shows an acknowledgement."
    )
    processing_evidence: dict[str, int] = Field(
        description="What the estimates rest on, with how many each.",
        examples=[{"the delivery that took its place in the prefetch": 812}],
    )
    end_to_end: PercentilesOut = Field(
        description="From the publish that began a conversation to the last that is known of it, in the row of its "
        "first delivery. With a query: to the last that is known of each match."
    )
    left_out: int = Field(
        description="Deliveries without times: seen late, repeated, or with a gap of capture in between.",
        ge=0,
    )


class LatenciesOut(Out):
    """Latencies told apart by edge, queue or type, the busiest first."""

    by: By
    since: TimeOut | None = Field(description="What was counted: widened to whole hours or days.")
    until: TimeOut | None
    complete_since: TimeOut | None = Field(
        description="Before this, rows were dropped for want of room; null when none were."
    )
    relative_error: float = Field(
        description="A percentile is at most this share off a time that was counted."
    )
    rows: int = Field(description="How many there are; at most 2,000 are told.", ge=0)
    items: list[LatencyOut]
    basis: Literal["every delivery", "all matches", "the newest matches"] = Field(
        description="What was counted. With a query, at most the newest 10,000 matches."
    )
    matches: int | None = Field(description="With a query, how many matches were counted.")
    position: PositionOut


def latencies(
    found: answers.Latencies,
    position: int,
    *,
    basis: str = "every delivery",
    matches: int | None = None,
) -> LatenciesOut:
    """Return latencies in their JSON form."""
    return LatenciesOut(
        by=found.by,  # pyright: ignore[reportArgumentType]
        since=time_or_none(found.since),
        until=time_or_none(found.until),
        complete_since=time_or_none(found.complete_since),
        relative_error=found.relative_error,
        rows=found.rows,
        items=[_row(row) for row in found.items],
        basis=basis,  # pyright: ignore[reportArgumentType]
        matches=matches,
        position=str(position),
    )


def _row(row: answers.Latency) -> LatencyOut:
    return LatencyOut(
        publisher=row.publisher,
        subscriber=row.subscriber,
        vhost=text_or_none(row.vhost),
        queue=text_or_none(row.queue),
        type=row.type,
        queue_wait=_percentiles(row.queue_wait),
        processing=_percentiles(row.processing),
        processing_evidence=row.processing_evidence,
        end_to_end=_percentiles(row.end_to_end),
        left_out=row.left_out,
    )


def _percentiles(found: answers.Percentiles) -> PercentilesOut:
    return PercentilesOut(
        count=found.count,
        p50_ms=found.p50_ms,
        p90_ms=found.p90_ms,
        p95_ms=found.p95_ms,
        p99_ms=found.p99_ms,
        max_ms=found.max_ms,
    )
