"""Every event is in the log exactly once, whatever kills the collector or cuts it off, and whoever else wants to lead.

Two vhosts under load; half of the messages are byte-identical without ids. While the store is blocked, as by a backup of its
file, the broker hands out events until the prefetch is full; the broker's own count says so before each kill.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from events.facts import CaptureStarted, OverlapAmbiguous
from tests.support import parts
from tests.support.captured import differences, read
from tests.support.collecting import (
    LEADER,
    Collector,
    System,
    wait_taps_full,
    writing_blocked,
)
from tests.support.load import Load
from tests.support.proxy import Proxy
from tests.support.wait import wait_until

KILLS = parts.proof(6, whole=20)
CUTS = 5
PREFETCH = 150
RATE = 80
RELEASED_S_MAX = 0.3
"""A blocked append goes on within 0.1 s; then come its acknowledgement and the next blocks."""

RESUME_S_MAX = 60
TAKE_OVER_S_MAX = 40
"""Four times what it takes at most on an idle machine."""
EVENTS_BEFORE = 300


def break_with_full_prefetch(
    system: System,
    directory: Path,
    chance: random.Random,
    break_it: Callable[[float], None],
) -> None:
    """Fill the prefetch of every tap, and let *break_it* act while the append is blocked or soon after."""
    blocked = chance.random() < 0.3
    with writing_blocked(directory):
        wait_taps_full(system.broker, list(system.urls), PREFETCH)
        if blocked:
            break_it(0)
    if not blocked:
        break_it(chance.uniform(0, RELEASED_S_MAX))


def assert_captured_once(load: Load, directory: Path) -> None:
    """Compare the log with what the broker confirmed and the consumers got, as counts per queue and body."""
    captured = read(directory)
    ambiguous = captured.of(OverlapAmbiguous)
    print(
        f"{len(load.sent)} messages, {load.events()} events, epochs {sorted(set(captured.epochs))}, "
        f"{len(ambiguous)} ambiguous overlaps {[(fact.least, fact.most) for fact in ambiguous]}"
    )
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""


@pytest.mark.timeout(400)
def test_kill_of_the_collector_loses_and_doubles_nothing(
    controlled_system: System, tmp_path: Path, chance: random.Random, seed: int
) -> None:
    """Killed with signal 9 at random instants with full prefetch, the log holds every event once."""
    system, store = controlled_system, tmp_path / "store"
    with (
        system.collector(store, PREFETCH=PREFETCH).leading() as collector,
        Load(system.urls, rate=RATE, seed=seed) as load,
    ):
        for _ in range(KILLS):
            break_with_full_prefetch(
                system, store, chance, lambda after_s: collector.kill(after_s=after_s)
            )
            collector.start_leading()
        load.finish()
        collector.drain_and_stop(events=load.events())

    assert_captured_once(load, store)
    assert len(set(read(store).epochs)) == KILLS + 1


def reconnected(collector: Collector, proxy: Proxy, connections: int) -> Callable[[], bool]:
    """Return the condition that a connection beyond *connections* stores more than was unacknowledged before."""
    stored = collector.meter.traffic()
    return lambda: (
        proxy.connections_total > connections and collector.meter.traffic() > stored + 3 * PREFETCH
    )


def test_cut_connection_loses_and_doubles_nothing(
    controlled_system: System, tmp_path: Path, chance: random.Random, seed: int
) -> None:
    """Cut off while a block is unappended, the collector connects again and the log holds every event once."""
    system, store = controlled_system, tmp_path / "store"
    with (
        Proxy(system.broker.amqp_url) as proxy,
        system.collector(store, amqp_url=proxy.url, PREFETCH=PREFETCH).leading() as collector,
        Load(system.urls, rate=RATE, seed=seed) as load,
    ):
        pid = collector.pid
        for _ in range(CUTS):
            break_with_full_prefetch(system, store, chance, lambda _: proxy.cut())
            wait_until(
                reconnected(collector, proxy, proxy.connections_total), timeout_s=RESUME_S_MAX
            )
        load.finish()
        collector.check_running()
        assert collector.pid == pid
        collector.drain_and_stop(events=load.events())

    assert_captured_once(load, store)


def leader_names(system: System) -> tuple[str, ...]:
    """Return what the broker knows the leader's connection by; empty while it does not tell."""
    try:
        owner = system.management.get("queues", "/", LEADER).get("owner_pid_details") or {}
        if not owner.get("name"):
            return ()
        connection = system.management.get("connections", owner["name"])
    except httpx2.HTTPStatusError:
        return ()
    client = connection["client_properties"].get("connection_name")
    return tuple(filter(None, (owner["name"], client)))


def test_second_collector_exits_naming_the_leader(
    system: System, tmp_path: Path, seed: int
) -> None:
    """A second collector exits with 5 and says who leads; the leader goes on undisturbed."""
    store = tmp_path / "store"
    with (
        system.collector(store).leading() as leader,
        system.collector(store, name="second") as second,
        Load(system.urls, rate=RATE, seed=seed) as load,
    ):
        names = wait_until(lambda: leader_names(system), timeout_s=RESUME_S_MAX)
        assert second.run() == 5
        assert any(name in second.stderr for name in names), second.stderr
        load.finish()
        leader.drain_and_stop(events=load.events())

    assert_captured_once(load, store)
    assert len(read(store).of(CaptureStarted)) == 1


def test_standby_takes_over_after_a_kill(system: System, tmp_path: Path, seed: int) -> None:
    """A standby leads after the leader's kill -9, and the log holds every event once."""
    store = tmp_path / "store"
    with (
        system.collector(store).leading() as leader,
        system.collector(store, name="standby") as standby,
        Load(system.urls, rate=RATE, seed=seed) as load,
    ):
        standby.start("--standby")
        wait_until(lambda: leader.meter.traffic() > EVENTS_BEFORE, timeout_s=RESUME_S_MAX)
        standby.check_running()
        assert standby.meter.counts()["CaptureStarted"] == 1
        leader.kill()
        killed_at = time.monotonic()
        standby.wait_leading(after=1, timeout_s=TAKE_OVER_S_MAX)
        print(f"took over after {time.monotonic() - killed_at:.1f} s")
        load.finish()
        standby.drain_and_stop(events=load.events())

    assert_captured_once(load, store)
