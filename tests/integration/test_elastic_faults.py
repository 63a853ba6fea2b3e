"""Capture into an Elasticsearch that is cut off, slow, busy, full, down or refuses: every event is there, and once."""

import os
import random
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.log import ElasticEventLog
from tests.support import parts
from tests.support.captured import Captured, differences, read
from tests.support.collecting import Collector, System, tap_depth
from tests.support.elastic_server import ElasticServer, ElasticUnavailable, open_elastic
from tests.support.load import Load
from tests.support.proxy import Proxy
from tests.support.wait import wait_until

RATE = 200
LIVE_EVENTS = 400
LIVE_S_MAX = 60
FAULT_S_MAX = 90
OUTAGE_S = parts.proof(12, whole=30)
LATENCY_S = 2.0
CUTS = parts.proof(8, whole=25)
RSS_BYTES_MAX = 200 << 20
INTERVAL_S = 0.2


@pytest.fixture(scope="module")
def mortal_elastic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ElasticServer]:
    """A server that the tests of this module may stop, and leave running; it heeds its disk."""
    parts.require("own-elastic")
    try:
        server = open_elastic(
            tmp_path_factory.mktemp("mortal-elastic"),
            version=parts.elastic_version(),
            config={
                "cluster.routing.allocation.disk.threshold_enabled": True,
                "cluster.routing.allocation.disk.watermark.low": "1mb",
                "cluster.routing.allocation.disk.watermark.high": "1mb",
                "cluster.routing.allocation.disk.watermark.flood_stage": "1mb",
                "cluster.info.update.interval": "10s",
            },
        )
    except ElasticUnavailable as refused:
        parts.missing("own-elastic", refused)
    with closing(server):
        yield server


def settings_of(server: ElasticServer) -> ElasticSettings:
    return ElasticSettings.of_url(server.url, prefix=f"t{secrets.token_hex(6)}")


def collector_into(system: System, settings: ElasticSettings, directory: Path) -> Collector:
    """Return a collector that writes where *settings* say, and is read around any proxy by the caller's settings."""
    return system.collector(
        directory / "none",
        told_in=directory,
        log=lambda: ElasticEventLog(Elastic(settings), read_only=True),
        STORE=settings.url,
        STORE_PREFIX=settings.prefix,
    )


def settle(collector: Collector, load: Load, settings: ElasticSettings) -> Captured:
    """End the load, wait until all of it is captured, and return what the log holds; nothing is lost or doubled."""
    load.finish()
    collector.drain_and_stop(events=load.events())
    captured = read(lambda: ElasticEventLog(Elastic(settings), read_only=True))
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""
    return captured


@contextmanager
def capturing(
    collector: Collector, system: System, seed: int, **settings: object
) -> Iterator[Load]:
    """Let *collector* lead, then put load on the system, and wait until some of it is captured."""
    with collector:
        collector.start_leading(**settings)
        with Load(system.urls, rate=RATE, seed=seed) as load:
            wait_until(lambda: collector.meter.traffic() > LIVE_EVENTS, timeout_s=LIVE_S_MAX)
            yield load


def test_cut_connections_double_nothing(
    system: System, elastic: ElasticServer, tmp_path: Path, seed: int, chance: random.Random
) -> None:
    """Connections cut at random instants, in the middle of appends too, leave every event in the log once."""
    settings = settings_of(elastic)
    with Proxy(elastic.url) as proxy:
        collector = collector_into(system, settings, tmp_path)
        with capturing(collector, system, seed, STORE=proxy.url) as load:
            for _ in range(CUTS):
                before = collector.meter.traffic()
                wait_until(
                    lambda before=before: collector.meter.traffic() > before, timeout_s=LIVE_S_MAX
                )
                instant = time.monotonic() + chance.random() * INTERVAL_S
                wait_until(lambda at=instant: time.monotonic() >= at, timeout_s=LIVE_S_MAX)
                proxy.cut()

            settle(collector, load, settings)
        assert proxy.connections_total > CUTS


def test_a_slow_server_is_waited_for(
    system: System, elastic: ElasticServer, tmp_path: Path, seed: int
) -> None:
    """With two seconds for every answer capture goes on, in larger blocks, and is complete."""
    settings = settings_of(elastic)
    with Proxy(elastic.url) as proxy:
        collector = collector_into(system, settings, tmp_path)
        with capturing(collector, system, seed, STORE=proxy.url) as load:
            proxy.latency_s = LATENCY_S
            before = collector.meter.traffic()
            wait_until(
                lambda: collector.meter.traffic() > before + LIVE_EVENTS, timeout_s=FAULT_S_MAX
            )
            proxy.latency_s = 0.0

            settle(collector, load, settings)


def test_stopping_while_the_server_is_away_loses_nothing(
    system: System, elastic: ElasticServer, tmp_path: Path, seed: int
) -> None:
    """Asked to stop while nothing can be stored, the collector ends with 4 and a sentence; the rest waits on the taps."""
    settings = settings_of(elastic)
    with Proxy(elastic.url) as proxy:
        collector = collector_into(system, settings, tmp_path)
        with capturing(collector, system, seed, STORE=proxy.url) as load:
            proxy.refuse()
            wait_until(lambda: '"append"' in collector.stderr, timeout_s=FAULT_S_MAX)
            os.kill(collector.pid, signal.SIGINT)
            assert collector.wait_ended(timeout_s=FAULT_S_MAX) == 4
            assert "stays on the taps" in collector.stderr, collector.stderr[-2000:]
            assert "Traceback" not in collector.stderr
            proxy.resume()

            collector.start_leading()
            settle(collector, load, settings)


def test_a_node_away_for_a_while_costs_nothing(
    system: System, mortal_elastic: ElasticServer, tmp_path: Path, seed: int
) -> None:
    """Killed under load and started again later, the node gets everything; the collector waits in bounded memory."""
    settings = settings_of(mortal_elastic)
    collector = collector_into(system, settings, tmp_path)
    with capturing(collector, system, seed) as load:
        process = psutil.Process(collector.pid)
        mortal_elastic.kill()
        back_at, sizes = time.monotonic() + OUTAGE_S, [0]

        def is_time_to_be_back() -> bool:
            collector.check_running()
            sizes.append(process.memory_info().rss)
            return time.monotonic() >= back_at

        wait_until(is_time_to_be_back, timeout_s=2 * OUTAGE_S)
        mortal_elastic.start()
        assert max(sizes) < RSS_BYTES_MAX, max(sizes)

        captured = settle(collector, load, settings)
    assert len(captured.epochs) == 1, "the collector did not have to start again"


def test_a_busy_server_is_asked_again(
    system: System, mortal_elastic: ElasticServer, tmp_path: Path, seed: int
) -> None:
    """Answers that say too many requests (429) delay the append and nothing else."""
    settings = settings_of(mortal_elastic)
    collector = collector_into(system, settings, tmp_path)
    breaker = "network.breaker.inflight_requests.limit"
    with capturing(collector, system, seed) as load:
        # A bulk request that is read piece by piece, as 9 does by itself, does not count.
        configure(mortal_elastic, {breaker: "2kb", "rest.incremental_bulk": "false"})
        try:
            wait_until(lambda: "circuit_breaking" in collector.stderr, timeout_s=FAULT_S_MAX)
        finally:
            configure(mortal_elastic, {breaker: None, "rest.incremental_bulk": None})

        settle(collector, load, settings)


def test_a_full_disk_is_waited_for(
    system: System, mortal_elastic: ElasticServer, tmp_path: Path, seed: int
) -> None:
    """The block that the server sets at its flood stage stops appends until it takes it away by itself."""
    settings = settings_of(mortal_elastic)
    collector = collector_into(system, settings, tmp_path)
    marks = [
        f"cluster.routing.allocation.disk.watermark.{each}"
        for each in ("low", "high", "flood_stage")
    ]
    with capturing(collector, system, seed) as load:
        configure(mortal_elastic, dict.fromkeys(marks, "1pb"))
        try:
            wait_until(lambda: "flood-stage watermark" in collector.stderr, timeout_s=FAULT_S_MAX)
        finally:
            configure(mortal_elastic, dict.fromkeys(marks, None))
        stored = collector.meter.traffic()
        wait_until(lambda: collector.meter.traffic() > stored, timeout_s=FAULT_S_MAX)

        settle(collector, load, settings)


def test_a_refusal_ends_capture_without_acknowledging(
    system: System, elastic: ElasticServer, tmp_path: Path, seed: int
) -> None:
    """Where the index is closed to writing for good the collector exits with 4, and what is not stored stays on the tap."""
    settings = settings_of(elastic)
    collector = collector_into(system, settings, tmp_path)
    index = f"/{settings.prefix}-log-blocks-000000/_settings"
    with capturing(collector, system, seed) as load:
        elastic.call("PUT", index, {"index.blocks.read_only": True})
        assert collector.wait_ended(timeout_s=FAULT_S_MAX) == 4
        assert "read-only" in collector.stderr, collector.stderr[-2000:]
        load.finish()
        elastic.call("PUT", index, {"index.blocks.read_only": None})
        # The broker puts back what the lost connections had in hand, and taps the last events, a little later.
        wait_until(lambda: is_kept(collector, system, load), timeout_s=FAULT_S_MAX)

        collector.start_leading()
        settle(collector, load, settings)


def is_kept(collector: Collector, system: System, load: Load) -> bool:
    """Say whether every event of the load is stored or waits on a tap."""
    waiting = [depth[0] for url in system.urls.values() if (depth := tap_depth(url))]
    return collector.meter.traffic() + sum(waiting) >= load.events()


def configure(server: ElasticServer, settings: dict[str, str | None]) -> None:
    server.call("PUT", "/_cluster/settings", {"persistent": settings})
