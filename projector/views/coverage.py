"""How much of what the broker counted was captured: sums of the ledger's audits over bounded windows of time. Pure.

A share is told only where something was compared, and says by what: no answer claims that all was captured because nothing
says otherwise.
"""

from collections.abc import Iterable, Mapping

import msgspec

from events.facts import CaptureAudited
from events.values import Text
from projector.answers import Coverage, Gap

BUCKET_NS = 600_000_000_000
BUCKETS_MAX = 145
"""Ten minutes each: a day, and what is cut off at its begin."""
HOUR_NS, DAY_NS = 3_600_000_000_000, 86_400_000_000_000
WINDOWS: tuple[tuple[str, int | None], ...] = (("hour", HOUR_NS), ("day", DAY_NS), ("all", None))
COUNTERS = "the broker's counters"
ESTIMATES = "the gaps' estimates"
NOT_KNOWN = "not known: "
WHYS = {
    "": "the broker's counters were not compared in this time",
    "first-reading": "the broker's counters were read once, and not compared yet",
    "counters-began-anew": "the broker's counters began anew, as they do when a node starts",
    "clock-stepped": "the clock was set back between two readings of the broker's counters",
}
CHOSEN_ONLY = "the tap takes chosen exchanges only, which the broker's counters do not tell apart"


class Compared(msgspec.Struct, array_like=True):
    """Sums of audits from `since` to `until` (ns); counts where the broker told."""

    since: int
    until: int
    published_captured: int = 0
    published_broker: int = 0
    delivered_captured: int = 0
    delivered_broker: int = 0
    windows: int = 0

    def add(self, other: "Compared") -> None:
        self.since, self.until = min(self.since, other.since), max(self.until, other.until)
        self.published_captured += other.published_captured
        self.published_broker += other.published_broker
        self.delivered_captured += other.delivered_captured
        self.delivered_broker += other.delivered_broker
        self.windows += other.windows

    @property
    def captured(self) -> int:
        return self.published_captured + self.delivered_captured

    @property
    def broker(self) -> int:
        return self.published_broker + self.delivered_broker

    @property
    def missed(self) -> int:
        """What is short; what is over of one kind makes nothing good of the other."""
        return max(0, self.published_broker - self.published_captured) + max(
            0, self.delivered_broker - self.delivered_captured
        )


class Audited(msgspec.Struct, array_like=True):
    """The audits of one vhost: in `buckets` of ten minutes, and all together; `last` is the newest that compared.

    `why` says why the newest told nothing, "" where it did.
    """

    buckets: list[Compared] = []
    total: Compared | None = None
    why: str = ""
    last: CaptureAudited | None = None

    def add(self, audit: CaptureAudited) -> None:
        """Take *audit* in; one that compares nothing leaves its reason only."""
        self.why = audit.why
        if audit.why or (audit.published_broker < 0 and audit.delivered_broker < 0):
            return
        one, self.last = _of(audit), audit
        if self.total is None:
            self.total = Compared(one.since, one.until)
        self.total.add(one)
        newest = self.buckets[-1] if self.buckets else None
        if newest is not None and newest.until // BUCKET_NS >= one.until // BUCKET_NS:
            newest.add(one)
        else:
            self.buckets.append(one)
        del self.buckets[:-BUCKETS_MAX]

    def share(self, what: str) -> float | None:
        """Return the share (0 to 1) captured in the last comparison of what is ``published`` or ``delivered``."""
        broker: int = getattr(self.last, f"{what}_broker", -1)
        captured: int = getattr(self.last, f"{what}_captured", -1)
        return min(1.0, captured / broker) if broker > 0 else None

    def within(self, since: int | None) -> Compared | None:
        """Return the sum of what ended after *since* (ns; None: everything); None where nothing was compared."""
        if since is None:
            return self.total
        found: Compared | None = None
        for bucket in self.buckets:
            if bucket.until > since:
                found = found or Compared(bucket.since, bucket.until)
                found.add(bucket)
        return found


def _of(audit: CaptureAudited) -> Compared:
    published, delivered = audit.published_broker >= 0, audit.delivered_broker >= 0
    return Compared(
        audit.since,
        audit.until,
        audit.published_captured if published else 0,
        audit.published_broker if published else 0,
        audit.delivered_captured if delivered else 0,
        audit.delivered_broker if delivered else 0,
        1,
    )


def coverage(
    audited: Mapping[Text, Audited],
    vhosts: Mapping[Text, str],
    gaps: Iterable[Gap],
    *,
    captured: int,
    now: int | None,
) -> tuple[Coverage, ...]:
    """Return the share of each of *vhosts* (name to mode of the tap) and of all of them (vhost None), per window.

    *captured* counts all publishes and deliveries; *now* (ns) is the time of the newest event.
    """
    known = list(gaps)
    found: list[Coverage] = []
    for name, length in WINDOWS:
        since = None if length is None or now is None else now - length
        everything: Compared | None = None
        rows: list[Coverage] = []
        for vhost, mode in vhosts.items():
            audits = audited.get(vhost) or Audited()
            sums = audits.within(since)
            here = [gap for gap in known if gap.vhost in ("", vhost) and _touches(gap, since)]
            if sums is not None:
                everything = everything or Compared(sums.since, sums.until)
                everything.add(sums)
            rows.append(_row(vhost, name, sums, _why(audits, mode), here))
        here = [gap for gap in known if _touches(gap, since)]
        total = _row(None, name, everything, WHYS[""], here)
        if everything is None and since is None:
            total = _by_estimates(total, captured, here)
        found += [total, *rows]
    return tuple(found)


def _touches(gap: Gap, since: int | None) -> bool:
    return since is None or gap.until is None or gap.until >= since


def _why(audits: Audited, mode: str) -> str:
    return CHOSEN_ONLY if mode.startswith("exchanges") else WHYS.get(audits.why, audits.why)


def _row(
    vhost: Text | None, window: str, sums: Compared | None, why: str, gaps: Iterable[Gap]
) -> Coverage:
    compared = sums is not None and sums.broker > 0
    return Coverage(
        vhost=vhost,
        window=window,
        since=sums.since if sums is not None else None,
        until=sums.until if sums is not None else None,
        captured=sums.captured if sums is not None else None,
        broker=sums.broker if sums is not None else None,
        missed=sums.missed if sums is not None else None,
        percent=percent(sums.broker - sums.missed, sums.broker) if sums and compared else None,
        basis=COUNTERS if compared else NOT_KNOWN + _nothing(sums, why),
        gaps=sum(1 for _ in gaps),
    )


def _nothing(sums: Compared | None, why: str) -> str:
    return why if sums is None else "the broker counted nothing in this time"


def _by_estimates(row: Coverage, captured: int, gaps: Iterable[Gap]) -> Coverage:
    """Return *row* with a share by what the gaps are estimated to have missed, if each of them tells."""
    estimates = [gap.estimated for gap in gaps]
    if not estimates or min(estimates) < 0:
        return row
    missed = sum(estimates)
    return msgspec.structs.replace(
        row,
        captured=captured,
        missed=missed,
        percent=percent(captured, captured + missed),
        basis=ESTIMATES,
    )


def percent(part: int, whole: int) -> float | None:
    """Return *part* of *whole* in percent, cut to two digits so that 100 means all; None where there is nothing."""
    return None if whole <= 0 else part * 10_000 // whole / 100
