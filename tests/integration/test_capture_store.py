"""A store that is full or another broker's, and a tap that was left alone for a minute."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from events.facts import CaptureStarted, Envelope, MessageDelivered, MessagePublished
from tests.support.captured import Captured, differences, read
from tests.support.collecting import System, tap_depth
from tests.support.load import Load
from tests.support.wait import wait_until

DISK_BYTES = 24 << 20
RATE = 100
STARTED_S_MAX = 30
FULL_S_MAX = 60
LIVE_EVENTS = 300
STOPPED_S = 60
LIVE_NS = 1_000_000_000
"""An event seen within a second of its happening may be called live."""


def fill(ballast: Path) -> None:
    """Write *ballast* until the disk takes nothing more."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break


def test_full_disk_stops_without_acknowledging(
    system: System, small_disk: Callable[[int], Path], tmp_path: Path, seed: int
) -> None:
    """With the disk full the collector exits with 4, what is not stored stays on the tap, and space lets it go on."""
    disk = small_disk(DISK_BYTES)
    store = disk / "store"
    with (
        system.collector(store, told_in=tmp_path).leading() as collector,
        Load(system.urls, rate=RATE, seed=seed) as load,
    ):
        wait_until(lambda: collector.meter.traffic() > LIVE_EVENTS, timeout_s=STARTED_S_MAX)
        fill(disk / "ballast")
        assert collector.wait_ended(timeout_s=FULL_S_MAX) == 4
        assert "full" in collector.stderr or "space" in collector.stderr, collector.stderr
        load.finish()
        (disk / "ballast").unlink()
        stored = collector.meter.traffic()
        waiting = [tap_depth(url) for url in system.urls.values()]
        assert stored + sum(depth[0] for depth in waiting if depth) >= load.events(), waiting

        collector.start_leading()
        collector.drain_and_stop(events=load.events())

    captured = read(store)
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""


def test_store_of_another_broker_is_refused(system: System, tmp_path: Path) -> None:
    """Started on a store whose log is another broker's, the collector exits with 2 and says what to do."""
    store = tmp_path / "store"
    name = system.management.get("cluster-name")["name"]
    with system.collector(store) as collector:
        collector.start_leading()
        collector.stop()
        events = len(read(store).envelopes)
        system.management.put("cluster-name", body={"name": "another@broker"})
        try:
            code = collector.run()
        finally:
            system.management.put("cluster-name", body={"name": name})

    assert code == 2
    assert name in collector.stderr
    assert "another@broker" in collector.stderr
    assert "HOPTRAIL_STORE" in collector.stderr
    assert len(read(store).envelopes) == events


def happened(load: Load, captured: Captured) -> Iterator[tuple[Envelope, int]]:
    """Yield the events of unique messages, each with the latest time (ns) at which it can have happened."""
    confirmed = {(one.vhost, one.body): one.confirmed_at for one in load.sent}
    received = {(one.vhost, one.queue, one.body): one.at for one in load.received}
    for envelope in captured.envelopes_of(MessagePublished, MessageDelivered):
        match envelope.fact:
            case MessagePublished(vhost=vhost, body=ref, properties=properties):
                at = confirmed[str(vhost), captured.body(ref)]
            case MessageDelivered(vhost=vhost, queue=queue, body=ref, properties=properties):
                at = received[str(vhost), str(queue), captured.body(ref)]
            case _:
                continue
        if properties.message_id is not None and at is not None:
            yield envelope, at


def test_backlog_is_told_and_captured_once(system: System, tmp_path: Path, seed: int) -> None:
    """After a minute's stop under load nothing late claims to be live, true times lie within what is told, all once."""
    store = tmp_path / "store"
    with (
        system.collector(store).leading() as collector,
        Load(system.urls, rate=RATE, seed=seed) as load,
    ):
        wait_until(lambda: collector.meter.traffic() > LIVE_EVENTS, timeout_s=STARTED_S_MAX)
        collector.stop()
        stopped_at = time.time_ns()
        wait_until(
            lambda: load.sent[-1].sent_at > stopped_at + STOPPED_S * 10**9,
            timeout_s=STOPPED_S + STARTED_S_MAX,
        )
        behind = load.events()
        collector.start_leading()
        resumed_at = time.time_ns()
        wait_until(lambda: collector.meter.traffic() > behind + LIVE_EVENTS, timeout_s=FULL_S_MAX)
        load.finish()
        collector.drain_and_stop(events=load.events())

    captured = read(store)
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""
    assert len(captured.of(CaptureStarted)) == 2
    events = list(happened(load, captured))
    late = [(envelope, at) for envelope, at in events if envelope.observed_at - at > LIVE_NS]
    assert any(envelope.observed_at > stopped_at for envelope, _ in late)
    falsely_live = [(envelope, at) for envelope, at in late if envelope.lag_ms == 0]
    assert falsely_live == []
    out_of_bounds = [
        (envelope, at)
        for envelope, at in events
        if envelope.lag_ms and envelope.observed_at - envelope.lag_ms * 1_000_000 > at
    ]
    assert out_of_bounds == []
    live = [envelope.observed_at for envelope, _ in events if envelope.lag_ms == 0]
    print(f"{len(events)} events, {len(late)} late, {len(live)} live")
    assert min(live, default=0) < stopped_at < resumed_at < max(live, default=0)
