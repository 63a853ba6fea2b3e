"""What is captured is held against the broker's counters, through restarts of the collector and of the broker.

One collector of all vhosts lives through most of it, a vhost that comes while it runs included.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from events.facts import CaptureAudited, Fact
from examples.local_broker import Broker
from tests.conftest import url_in
from tests.support.captured import Captured, read
from tests.support.collecting import Collector, System, system_of, tap_depth, writing_blocked
from tests.support.gaps import Gap, closed_gaps
from tests.support.ledger import (
    Publisher,
    audits,
    covers,
    wait_based,
    wait_estimated,
    wait_fact,
)
from tests.support.load import Load, Sent
from tests.support.wait import wait_until

AUDIT = {"AUDIT_S": 2, "AUDIT_LATE_S": 5.0}
TAP_MAX = 5_000
PREFETCH = 60
RATE = 40
BUSY, FULL, NEWCOMER = "busy", "full", "newcomer"
EVENTS_BEFORE = 150
TOLD_S_MAX = 60


@dataclass(frozen=True)
class Story:
    """What was sent, and the log afterwards. `created_at` (ns) is when the new vhost was asked for."""

    captured: Captured
    load: Load
    publisher: Publisher
    created_at: int

    def missing(self, vhost: str) -> list[Sent]:
        return self.publisher.missing(self.captured, vhost)

    def gaps(self, vhost: str) -> list[Gap]:
        return [gap for gap in closed_gaps(self.captured) if gap.vhost == vhost]

    def compared(self, vhost: str) -> list[CaptureAudited]:
        return [fact for fact in audits(self.captured, vhost) if not fact.why]


@pytest.fixture(scope="module")
def story(broker: Broker, tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[Story]:
    """Restarts under load, a tap that fills up while nobody collects, and a vhost that comes while somebody does."""
    store = tmp_path_factory.mktemp("audit") / "store"
    settings = {"VHOSTS": "", "TAP_MESSAGES_MAX": TAP_MAX, **AUDIT}
    with system_of(broker, BUSY, FULL) as system:
        urls = {**system.urls, NEWCOMER: url_in(broker, NEWCOMER)}
        publisher = Publisher(urls)
        with system.collector(store, **settings).leading() as collector:
            for vhost in system.urls:
                wait_based(store, vhost, timeout_s=TOLD_S_MAX)
            publisher.publish(FULL, 50, "before")
            load = under_load(system, collector, seed)
            collector.stop()
            publisher.publish(FULL, TAP_MAX + 700, "too many")
            collector.start_leading()
            wait_estimated(store, FULL, "tap-overflow", timeout_s=TOLD_S_MAX)
            created_at = come_new(system, publisher, store)
            wait_compared(store, BUSY, len(load.sent))
            collector.drain_and_stop(events=1_000_000)
        system.management.delete("vhosts", NEWCOMER)
        yield Story(read(store), load, publisher, created_at)


@pytest.fixture(scope="module")
def seed() -> int:
    """Of no matter here: only counts are compared."""
    return 1


def under_load(system: System, collector: Collector, seed: int) -> Load:
    """Stop and start the collector while messages are published and consumed; return what was sent."""
    with Load({BUSY: system.urls[BUSY]}, rate=RATE, seed=seed) as load:
        wait_until(lambda: collector.meter.traffic() > EVENTS_BEFORE, timeout_s=TOLD_S_MAX)
        collector.stop()
        sent = len(load.sent)
        wait_until(lambda: len(load.sent) > sent + EVENTS_BEFORE // 3, timeout_s=TOLD_S_MAX)
        collector.start_leading()
        load.finish()
    return load


def come_new(system: System, publisher: Publisher, store: Path) -> int:
    """Create a vhost and publish in it before anybody can tap it, and again when it is tapped."""
    created_at = time.time_ns()
    system.management.create_vhost(NEWCOMER, system.broker.user)
    publisher.publish(NEWCOMER, 30, "too early")
    wait_estimated(store, NEWCOMER, "new-vhost", timeout_s=TOLD_S_MAX)
    publisher.publish(NEWCOMER, 20, "in time")
    return created_at


def wait_compared(store: Path, vhost: str, published: int) -> None:
    """Wait until the audits of *vhost* reach *published* messages."""

    def is_last(fact: Fact) -> bool:
        return isinstance(fact, CaptureAudited) and fact.published_total == published

    wait_fact(store, vhost, is_last, timeout_s=TOLD_S_MAX)


def test_nothing_is_missed_while_no_collector_runs(story: Story) -> None:
    """The tap keeps what comes while the collector is restarted under load: in the end all is compared and all is there."""
    told = story.compared(BUSY)

    assert sum(fact.published_broker for fact in told) == len(story.load.sent)
    assert sum(fact.published_captured for fact in told) == len(story.load.sent)
    assert sum(fact.delivered_broker for fact in told) == len(story.load.received)
    assert sum(fact.delivered_captured for fact in told) == len(story.load.received)
    assert all(fact.published_captured >= fact.published_broker for fact in told)
    assert story.gaps(BUSY) == []


def test_a_tap_that_filled_up_while_nobody_collected_is_a_gap(story: Story) -> None:
    """A collector that was away for too long finds its tap full: a gap from its last event on, with how much is gone."""
    (gap,) = story.gaps(FULL)
    missing = story.missing(FULL)

    assert gap.why == "tap-overflow"
    assert len(missing) == gap.estimated >= 700
    assert covers(gap, missing)
    short = sum(fact.published_broker - fact.published_captured for fact in story.compared(FULL))
    assert short == len(missing)


def test_a_new_vhost_is_a_gap_until_it_is_tapped(story: Story) -> None:
    """What is published in a vhost before its tap works is a gap from before its creation on, and counted."""
    (gap,) = story.gaps(NEWCOMER)
    missing = story.missing(NEWCOMER)

    assert gap.why == "new-vhost"
    assert gap.since <= story.created_at
    assert len(missing) == gap.estimated
    assert missing == [] or covers(gap, missing)


def test_a_classic_tap_loses_its_backlog_with_the_broker(
    mortal_system: System, tmp_path: Path
) -> None:
    """The gap of a restart begins before what waited in a classic tap; the audit says that the counters began anew."""
    system, store = mortal_system, tmp_path / "store"
    vhost = next(iter(system.urls))
    publisher = Publisher(system.urls)
    with system.collector(store, TAP_QUEUE_TYPE="classic", PREFETCH=PREFETCH, **AUDIT).leading():
        wait_based(store, vhost, timeout_s=TOLD_S_MAX)
        publisher.publish(vhost, 20, "before")
        wait_compared(store, vhost, 20)
        with writing_blocked(store):
            publisher.publish(vhost, 5 * PREFETCH, "backlog")
            wait_until(
                lambda: (tap_depth(system.urls[vhost]) or (0, 0))[0] > PREFETCH,
                timeout_s=TOLD_S_MAX,
            )
            system.broker.restart()
        anew = wait_fact(
            store,
            vhost,
            lambda fact: isinstance(fact, CaptureAudited) and fact.why == "counters-began-anew",
            timeout_s=TOLD_S_MAX,
        )
        publisher.publish(vhost, 25, "after")
        wait_compared(store, vhost, 25)

    captured = read(store)
    missing = publisher.missing(captured, vhost)
    gaps = [gap for gap in closed_gaps(captured) if gap.vhost == vhost]
    assert len(missing) > PREFETCH
    assert any(gap.why == "broker-restart" and covers(gap, missing) for gap in gaps)
    assert isinstance(anew, CaptureAudited)
    assert (anew.published_broker, anew.published_captured) == (-1, -1)
    told = [fact for fact in audits(captured, vhost) if not fact.why]
    assert all(fact.published_captured >= fact.published_broker for fact in told)
