"""What capture costs now: events a second, the broker's CPU for them, and the bytes of the log.

Pure. The rates are those of the newest audits; the price of an event is :data:`collector.doctor.cost.MEASURED`, an estimate.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from api.wire import NS_PER_S, Out, PositionOut, TimeOut, time_or_none
from collector.doctor.cost import QUEUE_TYPES, event_us, price_of
from collector.taps.modes import EXCHANGES
from events.values import Text, shown
from projector.answers import Capture
from store.ports import Segment


class CaptureCostOut(Out):
    """What capture costs. What nothing tells is null."""

    events_per_s: float | None = Field(
        description="Publishes and deliveries captured a second between `since` and `until`, in all vhosts."
    )
    since: TimeOut | None
    until: TimeOut | None
    broker_cores: float | None = Field(
        description="What the tap takes of the broker's CPU, in cores: an estimate from `event_us`.",
        examples=[0.05],
    )
    event_us: float | None = Field(
        description="The broker's CPU for one event, in µs, the mean of the vhosts by their rates.",
    )
    measured_on: str | None = Field(
        description="The version of RabbitMQ that this price was measured on.", examples=["3.10"]
    )
    log_bytes: int = Field(description="The retained log, as stored.", ge=0)
    log_since: TimeOut | None = Field(description="When the first of them was observed.")
    log_bytes_per_s: float | None = Field(description="What it grew by a second since then.")
    position: PositionOut


def cost_of(answer: Capture, segments: Sequence[Segment], *, position: int) -> CaptureCostOut:
    """Return what capture costs by its newest audits and the *segments* of the log."""
    modes = {row["vhost"]: str(row.get("mode") or "") for row in answer.vhosts}
    newest = _newest(answer.audits)
    measured, price = price_of(shown(answer.broker_version))
    rates: list[tuple[float, float | None]] = []
    for vhost, audit in newest.items():
        captured = audit["published_captured"] + max(audit["delivered_captured"], 0)
        rate = captured * NS_PER_S / (audit["until"] - audit["since"])
        way, _, queue_type = modes.get(vhost, "").partition(", ")
        known = queue_type in QUEUE_TYPES
        rates.append((rate, event_us(price, queue_type, bound=way == EXCHANGES) if known else None))
    events_per_s = sum(rate for rate, _ in rates) if rates else None
    priced = [(rate, each) for rate, each in rates if each is not None]
    cores = sum(rate * each for rate, each in priced) / 1e6 if priced else None
    stored, begun, ended = _stored(segments)
    first = min((audit["since"] for audit in newest.values()), default=None)
    last = max((audit["until"] for audit in newest.values()), default=None)
    return CaptureCostOut(
        events_per_s=events_per_s,
        since=time_or_none(first),
        until=time_or_none(last),
        broker_cores=cores,
        event_us=_mean(priced),
        measured_on=measured if priced else None,
        log_bytes=stored,
        log_since=time_or_none(begun),
        log_bytes_per_s=stored * NS_PER_S / (ended - begun)
        if begun is not None and ended > begun
        else None,
        position=str(position),
    )


def _newest(audits: Sequence[Mapping[str, Any]]) -> dict[Text, Mapping[str, Any]]:
    """Return the newest audit of each vhost that could be compared."""
    return {
        audit["vhost"]: audit
        for audit in audits
        if not audit["why"] and audit["published_captured"] >= 0 and audit["until"] > audit["since"]
    }


def _mean(priced: Sequence[tuple[float, float]]) -> float | None:
    total = sum(rate for rate, _ in priced)
    if total:
        return sum(rate * each for rate, each in priced) / total
    return priced[0][1] if priced else None


def _stored(segments: Sequence[Segment]) -> tuple[int, int | None, int]:
    """Return the bytes of *segments*, and the first and last time (ns) in them."""
    if not segments:
        return 0, None, 0
    return (
        sum(segment.envelope_bytes + segment.body_bytes for segment in segments),
        min(segment.first_observed_at for segment in segments),
        max(segment.last_observed_at for segment in segments),
    )
