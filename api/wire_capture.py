"""The JSON forms of capture's ledger: whether it runs, its gaps, its coverage and what it cannot see.

Pure. Each is one of the structs of ``projector/answers.py`` under the same names.
"""

from typing import Any

from pydantic import Field

from api.wire import (
    Out,
    PositionOut,
    TextOut,
    TimeOut,
    plain,
    table,
    text,
    time,
    time_or_none,
)
from api.wire_past import AsOfOut
from projector import answers


class GapOut(Out):
    """A time in which something may have been missed. "" as vhost or node means all of them."""

    gap: str
    vhost: TextOut
    node: TextOut
    why: str
    since: TimeOut
    until: TimeOut | None = Field(description="null while it is open.")
    estimated: int = Field(description="Events missed; -1 where nothing tells, 0 for none.")


class CoverageOut(Out):
    """How much of what the broker counted was captured, in one vhost or in all, in one window of time."""

    vhost: TextOut | None = Field(description="The vhost; null for all of them together.")
    window: str = Field(description="`hour`, `day` or `all`, counted back from the newest event.")
    since: TimeOut | None = Field(description="Where what was compared begins.")
    until: TimeOut | None
    captured: int | None = Field(description="Publishes and deliveries captured in it.")
    broker: int | None = Field(description="What the broker's own counters grew by in it.")
    missed: int | None = Field(description="How much less was captured than counted, kind by kind.")
    percent: float | None = Field(
        description="Captured of counted, cut to two digits: 100 means all. Null where nothing is known."
    )
    basis: str = Field(
        description="What the percentage rests on: the broker's counters, the gaps' estimates, or why it is not known."
    )
    gaps: int = Field(description="How many gaps touch the window.")


class LostOut(Out):
    """That the collector captures nothing now. What it missed, if anything, is told as a gap once it captures again."""

    since: TimeOut
    why: str


class CaptureOut(Out):
    """Whether capture runs, how far it is, what it missed and what it cannot see."""

    running: bool
    caught_up: bool = Field(description="Facts are seen as they happen, and all are folded in.")
    lag_s: float = Field(description="How far what is shown is behind the broker, in seconds.")
    epoch: int
    collector: str | None
    broker: TextOut
    broker_version: TextOut
    events: int = Field(ge=0)
    published: int = Field(ge=0)
    delivered: int = Field(ge=0)
    dead_lettered: int = Field(ge=0)
    undecodable: int = Field(ge=0)
    first_observed_at: TimeOut | None
    last_observed_at: TimeOut | None
    coverage: list[CoverageOut]
    gaps: list[GapOut]
    ambiguous_overlaps: int = Field(ge=0)
    clock_steps: int = Field(ge=0)
    vhosts: list[dict[str, Any]]
    dead_letter_taps: list[dict[str, Any]] = Field(
        description="Dead-letter exchanges that are tapped, and what the tap's binding changes for who uses them."
    )
    left_alone: list[dict[str, Any]] = Field(
        description="Dead-letter exchanges that are not tapped, why, the queues behind them, and how many messages wait "
        "there; null where that is not known."
    )
    exchange_taps: list[dict[str, Any]] = Field(
        description="Exchanges that `HOPTRAIL_TAP_MODE` chose and the tap is bound to."
    )
    exchanges_left_alone: list[dict[str, Any]] = Field(
        description="Exchanges that `HOPTRAIL_TAP_MODE` chose and the tap is not bound to, and why."
    )
    broker_dead_letters: dict[str, int]
    unseen_dead_letters: int | None = Field(
        description="Dead letters that the broker counted and nothing showed; null where the broker does not tell."
    )
    event_exchange: bool
    audits: list[dict[str, Any]]
    blind_spots: list[str] = Field(description="What cannot be seen, in sentences.")
    position: PositionOut
    as_of: AsOfOut | None = Field(description="What it is true for; null: for now.")
    lost: LostOut | None = Field(
        description="Since when nothing can be captured, and why. Told by `hoptrail run`; with a collector elsewhere, and "
        "while it captures, null."
    )


def gap(gap: answers.Gap) -> GapOut:
    """Return a gap of the ledger."""
    return GapOut(
        gap=gap.gap,
        vhost=text(gap.vhost),
        node=text(gap.node),
        why=gap.why,
        since=time(gap.since),
        until=time_or_none(gap.until),
        estimated=gap.estimated,
    )


def coverage(row: answers.Coverage) -> CoverageOut:
    """Return the coverage of a vhost in a window."""
    return CoverageOut(
        vhost=None if row.vhost is None else text(row.vhost),
        window=row.window,
        since=time_or_none(row.since),
        until=time_or_none(row.until),
        captured=row.captured,
        broker=row.broker,
        missed=row.missed,
        percent=row.percent,
        basis=row.basis,
        gaps=row.gaps,
    )


def capture(
    answer: answers.Capture,
    position: int,
    *,
    caught_up: bool,
    lag_s: float,
    as_of: AsOfOut | None = None,
    lost: tuple[int, str] | None = None,
) -> CaptureOut:
    """Return the ledger's answer; *lag_s* in seconds behind the broker; *lost* says since when (ns) it captures nothing."""
    return CaptureOut(
        running=answer.running and lost is None,
        caught_up=caught_up,
        lag_s=lag_s,
        epoch=answer.epoch,
        collector=answer.collector,
        broker=text(answer.broker),
        broker_version=text(answer.broker_version),
        events=answer.events,
        published=answer.published,
        delivered=answer.delivered,
        dead_lettered=answer.dead_lettered,
        undecodable=answer.undecodable,
        first_observed_at=time_or_none(answer.first_observed_at),
        last_observed_at=time_or_none(answer.last_observed_at),
        coverage=[coverage(each) for each in answer.coverage],
        gaps=[gap(each) for each in answer.gaps],
        ambiguous_overlaps=answer.ambiguous_overlaps,
        clock_steps=answer.clock_steps,
        vhosts=[table(row) or {} for row in answer.vhosts],
        dead_letter_taps=[table(row) or {} for row in answer.dead_letter_taps],
        left_alone=[table(row) or {} for row in answer.left_alone],
        exchange_taps=[table(row) or {} for row in answer.exchange_taps],
        exchanges_left_alone=[table(row) or {} for row in answer.exchanges_left_alone],
        broker_dead_letters=answer.broker_dead_letters,
        unseen_dead_letters=answer.unseen_dead_letters,
        event_exchange=answer.event_exchange,
        audits=[plain(row) for row in answer.audits],
        blind_spots=list(answer.blind_spots),
        position=str(position),
        as_of=as_of,
        lost=None if lost is None else LostOut(since=time(lost[0]), why=lost[1]),
    )
