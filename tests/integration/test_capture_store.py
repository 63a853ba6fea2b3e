"""A store that is full, or another broker's."""

from collections.abc import Callable
from pathlib import Path

from tests.support.captured import differences, read
from tests.support.collecting import System, tap_depth
from tests.support.load import Load
from tests.support.wait import wait_until

DISK_BYTES = 24 << 20
RATE = 100
STARTED_S_MAX = 60
FULL_S_MAX = 60
LIVE_EVENTS = 300


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
