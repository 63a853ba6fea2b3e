"""The clock of the collector's machine is set back while it captures: nothing is lost, and the log says so."""

import sys
import time
from itertools import pairwise
from pathlib import Path

from events.facts import CaptureAudited, ClockStepped
from tests.support.captured import read
from tests.support.collecting import System
from tests.support.gaps import closed_gaps
from tests.support.ledger import Publisher, audits, wait_based, wait_fact
from tests.support.stepping_clock import set_clock
from tests.support.wait import wait_until

HOUR_NS = 3_600_000_000_000
TOLD_S_MAX = 60
AUDIT = {"AUDIT_S": 2, "AUDIT_LATE_S": 5.0}


def test_a_clock_set_back_is_told_and_loses_nothing(system: System, tmp_path: Path) -> None:
    """Time goes back once in the log, where ClockStepped stands; all is captured, and comparing begins anew."""
    store, clock = tmp_path / "store", tmp_path / "clock"
    vhost = next(iter(system.urls))
    publisher = Publisher(system.urls)
    set_clock(clock, 0)
    collector = system.collector(store, **AUDIT)
    collector.program = (sys.executable, "-m", "tests.support.stepping_clock", clock)
    with collector.leading():
        wait_based(store, vhost, timeout_s=TOLD_S_MAX)
        began_at = time.time_ns()
        publisher.publish(vhost, 20, "before")
        wait_until(lambda: collector.meter.traffic() >= 20, timeout_s=TOLD_S_MAX)
        publisher.publish(vhost, 20, "meanwhile")
        set_clock(clock, -HOUR_NS)
        publisher.publish(vhost, 20, "after")
        wait_until(lambda: collector.meter.counts()["ClockStepped"], timeout_s=TOLD_S_MAX)
        told_at = time.time_ns()
        wait_fact(
            store,
            vhost,
            lambda fact: isinstance(fact, CaptureAudited) and fact.why == "clock-stepped",
            timeout_s=TOLD_S_MAX,
        )
        publisher.publish(vhost, 20, "later")
        collector.drain_and_stop(events=80)
    ended_at = time.time_ns()

    captured = read(store)
    (stepped,) = captured.of(ClockStepped)
    assert HOUR_NS - (told_at - began_at) < stepped.before - stepped.after <= HOUR_NS
    back = [
        other.fact
        for one, other in pairwise(captured.envelopes)
        if other.observed_at < one.observed_at
    ]
    assert back == [stepped]
    assert captured.envelopes[-1].observed_at < ended_at - HOUR_NS
    assert publisher.missing(captured, vhost) == []
    assert closed_gaps(captured) == []
    told = [fact for fact in audits(captured, vhost) if not fact.why]
    assert all(fact.published_captured >= fact.published_broker for fact in told)
