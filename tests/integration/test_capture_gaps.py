"""Every way to miss a message is caused on a real broker, each in a vhost of its own, and the ledger says so and how many.

One collector watches all of them while tracing is switched off, a tap overflows, another is purged and a third is deleted.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from events.facts import GapClosed, GapOpened
from examples.local_broker import Broker
from tests.support.captured import Captured, read
from tests.support.collecting import (
    TAP,
    Collector,
    System,
    system_of,
    tap_depth,
    writing_blocked,
)
from tests.support.gaps import Gap, closed_gaps
from tests.support.ledger import (
    Publisher,
    audits,
    covers,
    wait_based,
    wait_estimated,
    wait_fact,
)
from tests.support.load import Sent
from tests.support.wait import wait_until

AUDIT = {"AUDIT_S": 2, "AUDIT_LATE_S": 5.0}
PREFETCH = 60
TAP_MAX = 1_000
TAP_BYTES_MAX = 1 << 20
SEEN_S = 12
"""So long a tap stays full that the collector surely sees it, which samples every second, on a busy machine too."""
FOUND_S_MAX = 10
TOLD_S_MAX = 60
HEAVY_BYTES = 10_000
STEADY, UNTRACED, PURGED, DELETED = "steady", "untraced", "purged", "deleted"
OVERFLOWN, HEAVY = "overflown", "heavy"


@dataclass(frozen=True)
class Story:
    """What happened, and the log afterwards; times in ns."""

    captured: Captured
    publisher: Publisher
    untraced_at: int

    @property
    def found_at(self) -> int:
        """When the log was told that tracing is off."""
        return min(
            envelope.observed_at
            for envelope in self.captured.envelopes_of(GapOpened)
            if getattr(envelope.fact, "vhost", "") == UNTRACED
        )

    def missing(self, vhost: str) -> list[Sent]:
        return self.publisher.missing(self.captured, vhost)

    def gaps(self, vhost: str) -> list[Gap]:
        return [gap for gap in closed_gaps(self.captured) if gap.vhost == vhost]


@pytest.fixture(scope="module")
def story(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """All the misfortunes, under one collector."""
    store = tmp_path_factory.mktemp("gaps") / "store"
    vhosts = (STEADY, UNTRACED, OVERFLOWN, HEAVY, PURGED, DELETED)
    with system_of(broker, *vhosts) as system:
        publisher = Publisher(system.urls)
        limits = {"TAP_MESSAGES_MAX": TAP_MAX, "TAP_BYTES_MAX": TAP_BYTES_MAX}
        collector = system.collector(store, PREFETCH=PREFETCH, SAMPLE_S=1, **limits, **AUDIT)
        with collector.leading():
            for vhost in vhosts:
                wait_based(store, vhost, timeout_s=TOLD_S_MAX)
                publisher.publish(vhost, 50, "before")
            untraced_at = switch_off(system, publisher, store)
            overflow_and_purge(system, publisher, store)
            lose_the_tap(system, publisher, collector)
            for vhost in vhosts:
                publisher.publish(vhost, 20, "after")
            collector.drain_and_stop(events=1_000_000)
        yield Story(read(store), publisher, untraced_at)


def switch_off(system: System, publisher: Publisher, store: Path) -> int:
    """Switch tracing off behind the collector's back; return when that was (ns)."""
    untraced_at = time.time_ns()
    system.management.put("vhosts", UNTRACED, body={"tracing": False})
    publisher.publish(UNTRACED, 40, "untraced")
    publisher.publish(STEADY, 40, "meanwhile")
    wait_estimated(store, UNTRACED, "tracing-off", timeout_s=TOLD_S_MAX)
    return untraced_at


def overflow_and_purge(system: System, publisher: Publisher, store: Path) -> None:
    """While nothing can be stored, publish more than a tap holds, and purge another one."""
    with writing_blocked(store):
        publisher.publish(OVERFLOWN, TAP_MAX + 500, "too many")
        publisher.publish(HEAVY, TAP_BYTES_MAX // HEAVY_BYTES * 2, "too large", size=HEAVY_BYTES)
        publisher.publish(PURGED, 5 * PREFETCH, "purged")
        wait_until(lambda: depth(system, PURGED) > PREFETCH, timeout_s=TOLD_S_MAX)
        system.management.delete("queues", PURGED, TAP, "contents")
        wait_fullness_seen(system)
    wait_estimated(store, OVERFLOWN, "tap-overflow", timeout_s=TOLD_S_MAX)
    wait_estimated(store, HEAVY, "tap-overflow", timeout_s=TOLD_S_MAX)
    wait_estimated(store, PURGED, "unexplained", timeout_s=TOLD_S_MAX)


def wait_fullness_seen(system: System) -> None:
    """Wait until both taps are full by what the broker tells, for longer than the collector takes to see it."""
    full_since = time.monotonic()

    def was_seen() -> bool:
        nonlocal full_since
        told = system.management.get("queues", HEAVY, TAP).get("message_bytes_ready", 0)
        if depth(system, OVERFLOWN) < TAP_MAX or told < TAP_BYTES_MAX - 2 * HEAVY_BYTES:
            full_since = time.monotonic()
        return time.monotonic() - full_since > SEEN_S

    wait_until(was_seen, timeout_s=TOLD_S_MAX)


def lose_the_tap(system: System, publisher: Publisher, collector: Collector) -> None:
    """Delete a tap that holds more than the collector was given; wait until there is one again."""
    store = collector.directory
    with writing_blocked(store):
        publisher.publish(DELETED, 3 * PREFETCH, "lost")
        wait_until(lambda: depth(system, DELETED) > PREFETCH, timeout_s=TOLD_S_MAX)
        system.management.delete("queues", DELETED, TAP)
    wait_fact(
        store,
        DELETED,
        lambda fact: isinstance(fact, GapClosed) and fact.why == "tap-queue-lost",
        timeout_s=TOLD_S_MAX,
    )
    wait_until(collector.is_consuming, timeout_s=TOLD_S_MAX)


def depth(system: System, vhost: str) -> int:
    return (tap_depth(system.urls[vhost]) or (0, 0))[0]


def test_tracing_switched_off_is_a_gap_of_its_vhost(story: Story) -> None:
    """Found within 10 s, from when it was last known to be on, with the number of events that nobody traced."""
    (gap,) = story.gaps(UNTRACED)
    missing = story.missing(UNTRACED)

    assert gap.why == "tracing-off"
    assert len(missing) == gap.estimated == 40
    assert covers(gap, missing)
    assert gap.since <= story.untraced_at
    assert story.found_at - story.untraced_at < FOUND_S_MAX * 1_000_000_000


@pytest.mark.parametrize("vhost", [OVERFLOWN, HEAVY])
def test_what_a_full_tap_dropped_is_a_gap_of_the_time_it_was_published(
    story: Story, vhost: str
) -> None:
    """The oldest events are dropped: the gap spans when they were published, and the broker's counters say how many."""
    (gap,) = story.gaps(vhost)
    missing = story.missing(vhost)

    assert gap.why == "tap-overflow"
    assert len(missing) == gap.estimated > PREFETCH // 2
    assert covers(gap, missing)


def test_a_purged_tap_is_found_by_the_brokers_counters(story: Story) -> None:
    """Nothing tells of a purge but that the broker counted more than came: a gap, with how much."""
    (gap,) = story.gaps(PURGED)
    missing = story.missing(PURGED)

    assert gap.why == "unexplained"
    assert len(missing) == gap.estimated > PREFETCH
    assert covers(gap, missing)


def test_a_deleted_tap_is_a_gap_with_what_it_held(story: Story) -> None:
    """A tap deleted by an operator is made again; the gap begins before what waited in it."""
    (gap,) = story.gaps(DELETED)
    missing = story.missing(DELETED)

    assert gap.why == "tap-queue-lost"
    assert len(missing) > PREFETCH
    assert covers(gap, missing)


def test_the_others_misfortune_is_no_gap(story: Story) -> None:
    """A vhost where nothing was missed has no gap, and the audits say that all was captured."""
    told = [fact for fact in audits(story.captured, STEADY) if not fact.why]

    assert story.gaps(STEADY) == []
    assert story.missing(STEADY) == []
    assert all(fact.published_captured >= fact.published_broker for fact in told)
    assert sum(fact.published_broker for fact in told) >= 90


@pytest.mark.parametrize("vhost", [UNTRACED, OVERFLOWN, HEAVY, PURGED])
def test_the_audits_show_what_was_missed(story: Story, vhost: str) -> None:
    """Over all windows captured falls short of the broker's count by just what is missing."""
    told = [fact for fact in audits(story.captured, vhost) if not fact.why]
    short = sum(fact.published_broker - fact.published_captured for fact in told)

    assert short == len(story.missing(vhost))
