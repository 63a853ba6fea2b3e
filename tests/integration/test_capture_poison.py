"""Messages that end every connection they are delivered on: capture takes them out of its taps by itself, and only them.

Any publisher can make one: a name of 248 bytes or more makes the key of its trace longer than the protocol allows.
"""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from events.facts import GapClosed, GapOpened, MessagePublished
from tests.conftest import url_in
from tests.support import poison
from tests.support.captured import Captured, differences, read
from tests.support.collecting import Collector, System
from tests.support.gaps import closed_gaps
from tests.support.load import QUEUES, Load
from tests.support.wait import wait_until

RATE = 100
PREFETCH = 200
EVENTS_BEFORE = 200
STARTED_S_MAX = 60
RECOVERED_S_MAX = 90
ATTACK_INTERVAL_S = 0.5
ATTACKS = 8
KILLS = 4
KILLED_WITHIN_S = 0.6
TAPS = ("classic", "quorum")


def has_counted(collector: Collector, events: int) -> Callable[[], bool]:
    """Return the condition that the log holds so many publishes and deliveries."""

    def counted() -> bool:
        collector.check_running()
        return collector.meter.traffic() >= events

    return counted


def has_no_gap(collector: Collector) -> bool:
    """Say whether every gap is closed."""
    counts = collector.meter.counts()
    return counts["GapOpened"] == counts["GapClosed"]


def settle(collector: Collector, load: Load, store: Path, *, more: int = 0) -> Captured:
    """End the load, wait until all but the poison is captured, and check that all of it is there once.

    *more* events were made beside the load.
    """
    load.finish()
    wait_until(has_counted(collector, load.events() + more), timeout_s=RECOVERED_S_MAX)
    wait_until(lambda: has_no_gap(collector), timeout_s=RECOVERED_S_MAX)
    collector.drain_and_stop(events=load.events() + more)
    captured = read(store)
    published = Counter({key: n for key, n in captured.published().items() if key[1] in QUEUES})
    assert differences(load.published(), published) == ""
    assert differences(load.delivered(), captured.delivered()) == ""
    return captured


def poisoned(captured: Captured) -> int:
    """Return how many events the ledger says were missed; every gap is closed and for this reason."""
    gaps = closed_gaps(captured)
    assert {gap.why for gap in gaps} == {"poison"}, gaps
    return missed(captured)


def missed(captured: Captured) -> int:
    """Return how many events the gaps that ended say were missed."""
    return sum(fact.estimated for fact in captured.of(GapClosed))


def is_captured(load: Load, captured: Captured) -> bool:
    """Say whether all of *load* is there."""
    return load.published() <= captured.published() and load.delivered() <= captured.delivered()


@pytest.mark.parametrize("kind", TAPS)
def test_poison_is_taken_out_of_a_tap(system: System, tmp_path: Path, kind: str, seed: int) -> None:
    """Several in a row, spread, and of both kinds: only they are missed, and the ledger has as many as there were."""
    store = tmp_path / "store"
    vhost, url = next(iter(system.urls.items()))
    poison.declare(system.management, vhost)
    collector = system.collector(store, PREFETCH=PREFETCH, TAP_QUEUE_TYPE=kind)
    with collector.leading(), Load(system.urls, rate=RATE, seed=seed) as load:
        wait_until(has_counted(collector, EVENTS_BEFORE), timeout_s=STARTED_S_MAX)
        poison.publish(url, 3)
        poison.deliver(url)
        spread_from = load.events()
        wait_until(lambda: load.events() > spread_from + EVENTS_BEFORE, timeout_s=STARTED_S_MAX)
        poison.publish(url)
        captured = settle(collector, load, store, more=1)

    assert poisoned(captured) == 5
    [published] = [
        fact for fact in captured.of(MessagePublished) if poison.QUEUE in fact.routed_queues
    ]
    assert captured.body(published.body) == poison.BODY
    told = [line for line in collector.stderr.splitlines() if "is dropped" in line]
    assert len(told) == 5


@pytest.mark.parametrize("kind", TAPS)
def test_an_attack_does_not_stop_capture(
    system: System, tmp_path: Path, kind: str, seed: int
) -> None:
    """While somebody goes on publishing poison into one vhost, what happens in both is captured, and afterwards all is."""
    store = tmp_path / "store"
    vhost, url = next(iter(system.urls.items()))
    poison.declare(system.management, vhost)
    collector = system.collector(store, PREFETCH=PREFETCH, TAP_QUEUE_TYPE=kind)
    with collector.leading(), Load(system.urls, rate=RATE, seed=seed) as load:
        wait_until(has_counted(collector, EVENTS_BEFORE), timeout_s=STARTED_S_MAX)
        with poison.Attack(url, interval_s=ATTACK_INTERVAL_S) as attack:
            wait_until(lambda: attack.sent >= ATTACKS // 2, timeout_s=STARTED_S_MAX)
            happened = load.events()
            wait_until(has_counted(collector, happened), timeout_s=RECOVERED_S_MAX)
            wait_until(lambda: attack.sent >= ATTACKS, timeout_s=STARTED_S_MAX)
        captured = settle(collector, load, store)

    assert poisoned(captured) == attack.sent


@pytest.mark.parametrize("kind", TAPS)
def test_a_kill_amid_the_recovery_loses_and_doubles_nothing(
    system: System, tmp_path: Path, kind: str, seed: int, chance: random.Random
) -> None:
    """Killed with signal 9 while it takes poison out, the collector finds everything else in the tap again, and once."""
    store = tmp_path / "store"
    vhost, url = next(iter(system.urls.items()))
    poison.declare(system.management, vhost)
    collector = system.collector(store, PREFETCH=PREFETCH, TAP_QUEUE_TYPE=kind)
    with collector.leading(), Load(system.urls, rate=RATE, seed=seed) as load:
        wait_until(has_counted(collector, EVENTS_BEFORE), timeout_s=STARTED_S_MAX)
        for _ in range(KILLS):
            looked = collector.stderr.count("looking for the message")
            poison.publish(url, 3)
            wait_until(
                lambda looked=looked: collector.stderr.count("looking for the message") > looked,
                timeout_s=STARTED_S_MAX,
            )
            collector.kill(after_s=chance.uniform(0, KILLED_WITHIN_S))
            collector.start()
        captured = settle(collector, load, store)

    assert captured.of(GapOpened)
    assert poisoned(captured) <= 3 * KILLS


def test_poison_in_the_default_vhost_costs_no_leadership(
    system: System, tmp_path: Path, seed: int
) -> None:
    """Where the connection that leads consumes too, it leads again, and the default vhost's poison is taken out."""
    store = tmp_path / "store"
    url = url_in(system.broker, "/")
    urls = {**system.urls, "/": url}
    poison.declare(system.management, "/")
    collector = Collector(
        store,
        urls,
        amqp_url=system.broker.amqp_url,
        management_url=system.broker.management_url,
        settings={"PREFETCH": PREFETCH},
    )
    try:
        with collector.leading(), Load(system.urls, rate=RATE, seed=seed) as load:
            wait_until(has_counted(collector, EVENTS_BEFORE), timeout_s=STARTED_S_MAX)
            poison.publish(url, 2)
            load.finish()
            wait_until(lambda: is_captured(load, read(store)), timeout_s=RECOVERED_S_MAX)
            wait_until(lambda: missed(read(store)) == 2, timeout_s=RECOVERED_S_MAX)
            wait_until(lambda: has_no_gap(collector), timeout_s=RECOVERED_S_MAX)
            collector.stop()  # its tap is never empty, for what we read there of events is traced
    finally:
        system.management.delete("exchanges", "/", poison.EXCHANGE)
        system.management.delete("queues", "/", poison.QUEUE)

    captured = read(store)
    assert differences(load.published(), captured.published()) == ""
    assert poisoned(captured) == 2
    assert {fact.vhost for fact in captured.of(GapOpened)} == {"/"}
