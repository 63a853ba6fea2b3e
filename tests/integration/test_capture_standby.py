"""Somebody captures within ten seconds whatever happens to who did, one at a time, and every event is in the log once."""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from events.facts import CaptureStarted
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.log import ElasticEventLog
from tests.support.captured import Captured, differences, read
from tests.support.collecting import Collector, System
from tests.support.elastic_server import ElasticServer
from tests.support.load import Load
from tests.support.proxy import Proxy
from tests.support.wait import wait_until

RATE = 80
PREFETCH = 200
EVENTS_BEFORE = 200
STARTED_S_MAX = 60
TAKE_OVER_S_MAX = 40
"""Four times what it takes at most on an idle machine."""
ENDED_S_MAX = 60


def assert_one_after_another(captured: Captured) -> None:
    """Check that every leadership ended before the next one began, as its blocks stand in the log."""
    started = [fact.epoch for fact in captured.of(CaptureStarted)]
    assert started == sorted(set(started))


@contextmanager
def started(leader: Collector, *options: str) -> Iterator[None]:
    """Lead with *options* from before the context is entered."""
    leader.start_leading(*options)
    yield


def settle(captured: Captured, load: Load) -> None:
    """Check that all of the load is in the log once, and that one led at a time."""
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""
    assert_one_after_another(captured)


@pytest.mark.parametrize("stands_by", [False, True])
def test_a_hung_leader_is_succeeded_and_appends_no_more(
    system: System, tmp_path: Path, seed: int, stands_by: bool
) -> None:
    """Stopped by a signal, the leader is succeeded; when it goes on it appends nothing, and ends with 5 or stands by."""
    store = tmp_path / "store"
    options = ["--standby"] if stands_by else []
    with (
        system.collector(store, PREFETCH=PREFETCH) as leader,
        system.collector(store, name="standby", PREFETCH=PREFETCH) as standby,
        started(leader, *options),
        Load(system.urls, rate=RATE, seed=seed) as load,
    ):
        standby.start("--standby")
        wait_until(lambda: leader.meter.traffic() > EVENTS_BEFORE, timeout_s=STARTED_S_MAX)
        os.kill(leader.pid, signal.SIGSTOP)
        stopped_at = time.monotonic()
        standby.wait_leading(after=1, timeout_s=TAKE_OVER_S_MAX)
        print(f"took over after {time.monotonic() - stopped_at:.1f} s")
        os.kill(leader.pid, signal.SIGCONT)
        if stands_by:
            wait_until(lambda: "nothing is captured" in leader.stderr, timeout_s=ENDED_S_MAX)
        else:
            assert leader.wait_ended(timeout_s=ENDED_S_MAX) == 5
        stored = standby.meter.traffic()
        wait_until(
            lambda: standby.meter.traffic() > stored + EVENTS_BEFORE, timeout_s=STARTED_S_MAX
        )
        load.finish()
        if stands_by:
            leader.stop()
        standby.drain_and_stop(events=load.events())

    captured = read(store)
    settle(captured, load)
    assert len(captured.of(CaptureStarted)) == 2


def test_a_leader_cut_off_from_the_store_is_succeeded(
    system: System, elastic: ElasticServer, tmp_path: Path, seed: int
) -> None:
    """A leader that alone cannot reach the store any more, though the connection stands, lets the standby lead."""
    settings = ElasticSettings.of_url(elastic.url, prefix=f"t{secrets.token_hex(6)}")

    def log() -> ElasticEventLog:
        return ElasticEventLog(Elastic(settings), read_only=True)

    def collector(name: str, url: str) -> Collector:
        return system.collector(
            tmp_path / "none", name=name, told_in=tmp_path, log=log,
            STORE=url, STORE_PREFIX=settings.prefix, PREFETCH=PREFETCH,
        )  # fmt: skip

    with (
        Proxy(elastic.url) as proxy,
        collector("leader", proxy.url) as leader,
        collector("standby", settings.url) as standby,
    ):
        leader.start_leading("--standby")
        standby.start("--standby")
        with Load(system.urls, rate=RATE, seed=seed) as load:
            wait_until(lambda: leader.meter.traffic() > EVENTS_BEFORE, timeout_s=STARTED_S_MAX)
            proxy.pause()
            cut_at = time.monotonic()
            standby.wait_leading(after=1, timeout_s=TAKE_OVER_S_MAX)
            print(f"took over after {time.monotonic() - cut_at:.1f} s")
            leader.check_running()
            proxy.resume()
            load.finish()
            leader.stop()
            standby.drain_and_stop(events=load.events())
    settle(read(log), load)
