"""A tap that was left alone for a minute under load: what waited is captured, and never told as if it were live."""

import time
from collections.abc import Iterator
from pathlib import Path

from collector.ledger.lag import LIVE_NS_MAX
from events.facts import CaptureStarted, Envelope, MessageDelivered, MessagePublished
from projector.projection import Projection
from store.documents import MessageDocument
from tests.support import parts
from tests.support.captured import Captured, differences, read
from tests.support.collecting import System
from tests.support.gaps import closed_gaps
from tests.support.load import Load
from tests.support.wait import wait_until

RATE = 100
STARTED_S_MAX = 60
CAUGHT_UP_S_MAX = 60
LIVE_EVENTS = 300
STOPPED_S = parts.proof(20, whole=60)
NS_PER_MS = 1_000_000
SLACK_MS = 50
"""Between the broker's handing over and the test's clock."""


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


def assert_times_are_true(events: list[tuple[Envelope, int]]) -> None:
    """Check that nothing late claims to be live, and that each true time lies within what its event tells."""
    falsely_live = [
        (envelope.observed_at - at, envelope)
        for envelope, at in events
        if envelope.lag_ms == 0 and envelope.observed_at - at > LIVE_NS_MAX
    ]
    assert falsely_live == [], falsely_live[0]
    out_of_bounds = [
        (envelope.observed_at - at, envelope)
        for envelope, at in events
        if envelope.lag_ms and envelope.observed_at - envelope.lag_ms * NS_PER_MS > at
    ]
    assert out_of_bounds == [], out_of_bounds[0]


def documents(captured: Captured) -> list[MessageDocument]:
    """Return the messages as the index and the pages show them."""
    projection = Projection("main")
    found: dict[str, MessageDocument] = {}
    for envelope in captured.envelopes:
        projection.fold.fold([envelope])
        for message in projection.linker.take_changed():
            document = projection.linker.document(message)
            found[document.uid] = document
    return list(found.values())


def assert_latencies_are_true(load: Load, messages: list[MessageDocument], stop: range) -> None:
    """Check each latency against the true one, and that none is told of what was published during *stop* (ns)."""
    sent = {(one.vhost, one.body.strip().decode()): one for one in load.sent}
    first: dict[tuple[str, str], int] = {}
    for one in load.received:
        first.setdefault((one.vhost, one.body.strip().decode()), one.at)
    told = 0
    for message in messages:
        if message.message_id is None:
            continue
        key = (str(message.vhost), str(message.message_id))
        if sent[key].sent_at in stop:
            assert (message.time_quality, message.latency_ms) == ("backlog", None), message
        elif message.latency_ms is not None:
            told += 1
            true_ms = (first[key] - sent[key].sent_at) / NS_PER_MS
            off_ms = LIVE_NS_MAX / NS_PER_MS + SLACK_MS
            assert abs(message.latency_ms - true_ms) <= off_ms, (true_ms, message)
    assert told > LIVE_EVENTS // 10
    print(f"{len(messages)} messages, {told} with a latency")


def test_what_a_stop_left_behind_is_captured_and_not_told_as_live(
    system: System, tmp_path: Path, seed: int
) -> None:
    """After a long stop under load all is captured once and without a gap, and no time or latency is false."""
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
        started_at = time.time_ns()
        collector.start_leading()
        resumed_at, behind = time.time_ns(), load.events()
        wait_until(
            lambda: collector.meter.traffic() > behind and collector.meter.is_live(),
            timeout_s=CAUGHT_UP_S_MAX,
        )
        live = collector.meter.traffic()
        wait_until(
            lambda: collector.meter.traffic() > live + LIVE_EVENTS, timeout_s=CAUGHT_UP_S_MAX
        )
        load.finish()
        collector.drain_and_stop(events=load.events())

    captured = read(store)
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""
    assert len(captured.of(CaptureStarted)) == 2
    assert closed_gaps(captured) == []
    events = list(happened(load, captured))
    assert_times_are_true(events)
    fresh = [envelope.observed_at for envelope, _ in events if envelope.lag_ms == 0]
    assert min(fresh, default=0) < stopped_at < resumed_at < max(fresh, default=0)
    assert_latencies_are_true(load, documents(captured), range(stopped_at, started_at))
