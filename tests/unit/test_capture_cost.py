"""What capture costs, by its audits and the measured price of an event."""

import msgspec
import pytest

from api.capture_cost import cost_of
from api.wire import NS_PER_S
from projector.answers import Capture
from projector.views.capture import CaptureView
from store.ports import Segment


def answer(*audits: dict[str, object], mode: str = "firehose, classic") -> Capture:
    """Return what the ledger says after *audits* of a 3.10 broker."""
    return msgspec.structs.replace(
        empty(),
        broker_version="3.10.8",
        vhosts=({"vhost": "/", "mode": mode}, {"vhost": "b", "mode": ""}),
        audits=audits,
    )


def audit(vhost: str, *, until_s: int, captured: int, why: str = "") -> dict[str, object]:
    """Return an audit of 60 s in which *captured* publishes and as many deliveries were captured."""
    return {
        "vhost": vhost,
        "since": (until_s - 60) * NS_PER_S,
        "until": until_s * NS_PER_S,
        "published_captured": captured,
        "delivered_captured": captured,
        "why": why,
    }


def test_the_newest_audit_of_each_vhost_tells_the_rate_and_the_price_its_cores() -> None:
    """Older audits and those that could not be compared say nothing; a vhost of unknown mode has a rate and no price."""
    told = cost_of(
        answer(
            audit("/", until_s=60, captured=9_999),
            audit("/", until_s=120, captured=3_000),
            audit("/", until_s=180, captured=9_999, why="clock-stepped"),
            audit("b", until_s=120, captured=60),
        ),
        [],
        position=7,
    )

    assert told.events_per_s == pytest.approx(102)
    assert told.event_us == pytest.approx(125)
    assert told.broker_cores == pytest.approx(0.0125)
    assert told.measured_on == "3.10"


def test_without_an_audit_nothing_is_claimed() -> None:
    """What nothing tells is null, and not 0."""
    told = cost_of(answer(), [], position=0)

    assert (told.events_per_s, told.broker_cores, told.event_us, told.since) == (None,) * 4
    assert told.log_bytes == 0


def test_the_log_is_told_with_what_it_grows_by() -> None:
    """Bytes are those of all segments, and the rate is over the time they span."""
    segments = [
        Segment(n, n, n, 400, 100, n * NS_PER_S, (n + 1) * NS_PER_S, has_bodies=True)
        for n in range(4)
    ]

    told = cost_of(answer(), segments, position=0)

    assert (told.log_bytes, told.log_bytes_per_s) == (2_000, 500)


def empty() -> Capture:
    """Return what the ledger says before anything was captured."""
    return CaptureView("test").answer(0, None)
