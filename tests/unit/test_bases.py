"""Where the log's last audits left off."""

from collections.abc import Sequence

import pytest

from collector.ledger.audit import Base, Counts
from collector.ledger.bases import Bases, read_bases
from collector.taps.plan import FIREHOSE
from events.block import head_of, seal, start_of_log
from events.facts import (
    CaptureAudited,
    Envelope,
    Fact,
    GapClosed,
    GapOpened,
    MessageDelivered,
    MessagePublished,
    Properties,
    Undecodable,
)
from store.memory.log import MemoryEventLog

S = 1_000_000_000


def audit(vhost: str, until: int, *, total: int, ahead: int = 0, why: str = "") -> CaptureAudited:
    return CaptureAudited(
        vhost, 0, until * S, 0, 0, 0, 0, False, why, total, 2 * total, ahead, 2 * ahead
    )


def published(vhost: str, tap: str = FIREHOSE) -> MessagePublished:
    return MessagePublished(tap, b"", vhost, "", (), (), "", "", 1, "", Properties(), b"", None)


def delivered(vhost: str) -> MessageDelivered:
    return MessageDelivered(
        FIREHOSE, b"", vhost, "q", "", (), False, "", "", 1, "", Properties(), b"", None
    )


async def bases(
    *blocks: Sequence[Fact], vhosts: tuple[str, ...] = ("/",), back_s: int = 60
) -> Bases:
    """Return what is read of a log of *blocks*, each of a second of its own."""
    log, head = MemoryEventLog(), start_of_log("main", "")
    for number, facts in enumerate(blocks):
        at = head.next_position
        envelopes = [
            Envelope(at + index, (number + 1) * S, 0, fact) for index, fact in enumerate(facts)
        ]
        block = seal(envelopes, [], head, epoch=1, segment=0, lag_ms=0)
        await log.append(block)
        head = head_of(block)
    return await read_bases(log, head if blocks else None, vhosts, back_ns=back_s * S, home="/")


async def test_what_came_after_the_last_audit_belongs_to_the_next() -> None:
    """Counted from now on, the last audit stands as many back as came after it, and as it was ahead."""
    found = await bases(
        [audit("/", 1, total=5), published("/")],
        [published("/"), audit("/", 2, total=10, ahead=1), delivered("/"), published("/")],
        [published("/"), published("shop"), published("/", tap="obs.tap.dlx"), delivered("/")],
    )

    assert found.of == {"/": Base(at=2 * S, totals=Counts(10, 20), taken=Counts(-3, -4))}


async def test_undecodable_events_count_by_their_routing_key() -> None:
    """What could not be decoded was captured all the same."""
    raw = [
        Undecodable(FIREHOSE, b"", "/", key, "", b"", None) for key in ("publish.x", b"deliver.q")
    ]
    found = await bases([audit("/", 1, total=5), *raw])

    assert found.of["/"].taken == Counts(-1, -1)


async def test_gaps_since_are_told_in_order() -> None:
    """What happened to a gap since the last audit is known, the oldest first."""
    opened = GapOpened("g", "/", "", "tap-overflow", 1)
    closed = GapClosed("g", "/", "", "tap-overflow", 1, 2)
    found = await bases([audit("/", 1, total=5)], [opened], [closed])

    assert found.gaps == [opened, closed]


@pytest.mark.parametrize("back_s", [60, 1])
async def test_what_is_not_found_begins_anew(back_s: int) -> None:
    """A vhost without an audit, or whose last one is too far back, has no base; facts of acknowledgement are none."""
    acknowledged = CaptureAudited("", S, S, -1, -1, -1, -1, acknowledged=True)
    found = await bases(
        [audit("/", 1, total=5)],
        *[[published("/")] for _ in range(3)],
        [acknowledged],
        vhosts=("/", "shop"),
        back_s=back_s,
    )

    assert list(found.of) == (["/"] if back_s == 60 else [])
    assert (await bases()).of == {}
