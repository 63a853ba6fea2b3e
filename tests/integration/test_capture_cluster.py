"""A cluster of two nodes: each is asked whether it traces, and where one stops capture goes on through the other."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.facts import Fact, GapClosed
from examples.local_broker import Broker, BrokerUnavailable
from tests.conftest import url_in
from tests.support import parts
from tests.support.captured import differences, read
from tests.support.cluster import NAMES, Cluster
from tests.support.collecting import Collector
from tests.support.gaps import closed_gaps
from tests.support.ledger import Publisher, covers, wait_based, wait_estimated, wait_fact
from tests.support.load import Load, declare
from tests.support.management import Management
from tests.support.wait import wait_until

VHOST, TRACED = "clustered", "nodes"
AUDIT = {"AUDIT_S": 2, "AUDIT_LATE_S": 5.0}
SECOND = NAMES[1]
TOLD_S_MAX = 60
RATE = 80
PREFETCH = 200
EVENTS_BEFORE = 200
STARTED_S_MAX = 60
TAKE_OVER_S_MAX = 40
"""Four times what it takes at most on an idle machine."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes that the module may stop."""
    parts.require("own-broker")
    try:
        with Cluster(tmp_path_factory.mktemp("cluster")) as running:
            yield running
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)


def test_each_node_is_asked_whether_it_traces(cluster: Cluster, tmp_path: Path) -> None:
    """Switched off on one node, and lost by its restart: each is a gap of that node, and what passes it later is seen."""
    store = tmp_path / "store"
    first, second = cluster.nodes
    with Management(first.management_url) as management:
        management.create_vhost(TRACED, first.user)
    publisher = Publisher({TRACED: url_in(second, TRACED)})
    collector = Collector(
        store,
        {TRACED: url_in(first, TRACED)},
        amqp_url=first.amqp_url,
        management_url=first.management_url,
        settings=AUDIT,
    )
    with Management(second.management_url) as management, collector.leading():
        wait_based(store, TRACED, timeout_s=TOLD_S_MAX)
        publisher.publish(TRACED, 20, "before")
        management.put("vhosts", TRACED, body={"tracing": False})
        publisher.publish(TRACED, 10, "untraced")
        wait_estimated(store, TRACED, "tracing-off", timeout_s=TOLD_S_MAX)
        second.kill()
        second.start()
        wait_fact(store, TRACED, is_restart, timeout_s=TOLD_S_MAX)
        wait_until(lambda: management.get("vhosts", TRACED)["tracing"], timeout_s=TOLD_S_MAX)
        publisher.publish(TRACED, 20, "after")
        wait_until(lambda: len(publisher.missing(read(store), TRACED)) == 10, timeout_s=TOLD_S_MAX)
        collector.check_running()

    captured = read(store)
    told = {gap.why: gap for gap in closed_gaps(captured) if gap.node}
    off, restarted = told.pop("tracing-off"), told.pop("broker-restart")
    missing = publisher.missing(captured, TRACED)
    assert (off.why, off.node, off.estimated) == ("tracing-off", SECOND, len(missing))
    assert covers(off, missing)
    assert (restarted.why, restarted.node) == ("broker-restart", SECOND)
    assert restarted.since >= off.until
    assert told.keys() <= {"tracing-unknown"}  # it may be asked in the moment in which it dies


def is_restart(fact: Fact) -> bool:
    return isinstance(fact, GapClosed) and fact.why == "broker-restart" and fact.node == SECOND


def test_a_stopped_node_costs_nothing_that_happens_on_the_other(
    cluster: Cluster, tmp_path: Path, seed: int
) -> None:
    """Killed under its leader, a node is left for the other, where every event is in the log once."""
    stays, goes = cluster.nodes
    store = tmp_path / "store"
    urls = {VHOST: url_in(stays, VHOST)}
    with Management(stays.management_url) as management:
        management.create_vhost(VHOST, stays.user)
    declare(urls[VHOST])

    def collector(name: str, *nodes: Broker) -> Collector:
        return Collector(
            store, urls, amqp_url=cluster.url(*nodes), management_url=stays.management_url,
            settings={"PREFETCH": PREFETCH}, name=name,
        )  # fmt: skip

    with collector("maker", stays) as maker:  # its taps are where it made them
        maker.start_leading()
        maker.stop()
    with (
        collector("leader", goes, stays) as leader,
        collector("standby", stays, goes) as standby,
    ):
        leader.start_leading("--standby")
        standby.start("--standby")
        with Load(urls, rate=RATE, seed=seed) as load:
            wait_until(lambda: leader.meter.traffic() > EVENTS_BEFORE, timeout_s=STARTED_S_MAX)
            goes.kill()
            killed_at = time.monotonic()
            wait_until(
                lambda: leader.meter.counts()["CaptureStarted"] > 2 and leader.is_consuming(),
                timeout_s=TAKE_OVER_S_MAX,
            )
            print(f"captured again after {time.monotonic() - killed_at:.1f} s")
            load.finish()
            wait_until(lambda: leader.meter.traffic() >= load.events(), timeout_s=STARTED_S_MAX)
        goes.start()
    captured = read(store)
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""
    started = captured.epochs
    assert started == sorted(set(started))
