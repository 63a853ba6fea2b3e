"""The broker restarts or is killed under load: capture resumes by itself, tells the outage, and doubles nothing."""

import random
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from events.facts import MessageDelivered, MessagePublished
from tests.support.captured import Captured, differences, read
from tests.support.collecting import (
    Collector,
    System,
    tap_depth,
    wait_taps_full,
    writing_blocked,
)
from tests.support.gaps import assert_missing_only_in_gaps, closed_gaps
from tests.support.load import EXCHANGE, QUEUES, Load
from tests.support.probes import Probes
from tests.support.wait import wait_until

RATE = 150
PREFETCH = 200
KILLS_UNDER_LOAD = 2
RELEASED_S_MAX = 0.3
EVENTS_BEFORE = 600
STARTED_S_MAX = 60
RESTART_S_MAX = 60
RESUME_S_MAX = 15
RECOVER_S_MAX = 60
"""After a kill the broker first recovers its queues."""
TRUE_WITHIN_NS = 1_000_000_000


def wait_resumed(
    system: System, collector: Collector, probes: Probes, *, within_s: float = RECOVER_S_MAX
) -> None:
    """Wait until the firehose is on and what is published is captured again in every vhost, without help."""
    started = time.monotonic()
    wait_until(system.is_traced, timeout_s=within_s)
    wait_until(probes.captured(collector.directory), timeout_s=within_s)
    collector.check_running()
    assert time.monotonic() - started < within_s
    wait_until(probes.settled(collector.directory), timeout_s=RECOVER_S_MAX)


def restart_under_load(
    system: System, collector: Collector, load: Load, probes: Probes
) -> tuple[int, range]:
    """Restart the broker in good order; return when its clients lost it, and when it was captured again (ns).

    That was at some time between the last look that found it was not and the end of the first that found it was.
    """
    looked_at = time.time_ns()

    def is_captured_again() -> bool:
        nonlocal looked_at
        probes.send()
        began_at = time.time_ns()
        if system.is_traced() and collector.is_consuming():
            return True
        looked_at = began_at
        return False

    with ThreadPoolExecutor(1) as pool:
        restarting = pool.submit(system.broker.restart)
        load.wait_broken()
        assert load.broken_at is not None
        wait_until(lambda: not system.is_traced(), timeout_s=RESTART_S_MAX)
        wait_until(is_captured_again, timeout_s=RESTART_S_MAX + RESUME_S_MAX)
        found_at = time.time_ns()
        restarting.result(RESTART_S_MAX)
    return load.broken_at, range(looked_at, found_at)


def test_restart_is_a_gap_and_capture_resumes(
    mortal_system: System, tmp_path: Path, seed: int
) -> None:
    """After a restart of the broker capture resumes within 15 s, and the one gap is the outage within a second."""
    system, store = mortal_system, tmp_path / "store"
    probes = Probes(system.urls)
    with system.collector(store) as collector:
        collector.start_leading()
        with Load(system.urls, rate=RATE, seed=seed, session="before", survives=True) as before:
            wait_until(lambda: collector.meter.traffic() > EVENTS_BEFORE, timeout_s=STARTED_S_MAX)
            counts = collector.meter.counts()
            assert counts["GapOpened"] == counts["GapClosed"] == 0
            lost_at, again = restart_under_load(system, collector, before, probes)
        wait_resumed(system, collector, probes, within_s=RESUME_S_MAX)
        with Load(system.urls, rate=RATE, seed=seed, session="after") as after:
            stored = collector.meter.traffic()
            wait_until(
                lambda: collector.meter.traffic() > stored + EVENTS_BEFORE, timeout_s=STARTED_S_MAX
            )
            after.finish()
        collector.drain_and_stop(events=before.events() + after.events())

    captured = read(store)
    gaps = closed_gaps(captured)
    print([(gap.vhost, gap.why, gap.since - lost_at, gap.until - again.stop) for gap in gaps])
    assert gaps
    assert abs(min(gap.since for gap in gaps) - lost_at) < TRUE_WITHIN_NS
    until = max(gap.until for gap in gaps)
    assert again.start - TRUE_WITHIN_NS < until < again.stop + TRUE_WITHIN_NS
    missing = assert_missing_only_in_gaps(captured, [*before.sent, *probes.sent, *after.sent], gaps)
    print(f"{missing} confirmed or tried publishes are not in the log, all within the gap")
    assert differences(after.delivered(), captured.delivered() & after.delivered()) == ""


def conversations(captured: Captured) -> dict[tuple[str, str, str], list[bytes]]:
    """Return the bodies in log order of what each connection published (queue "") or was handed from each queue."""
    found: dict[tuple[str, str, str], list[bytes]] = defaultdict(list)
    for envelope in captured.envelopes:
        match envelope.fact:
            case MessagePublished(exchange=exchange) if exchange != EXCHANGE:
                pass
            case MessagePublished(vhost=vhost, connection=connection, body=ref):
                found[str(vhost), str(connection), ""].append(captured.body(ref))
            case MessageDelivered(vhost=vhost, connection=connection, queue=queue, body=ref):
                found[str(vhost), str(connection), str(queue)].append(captured.body(ref))
            case _:
                pass
    return found


def assert_prefixes(captured: Captured, loads: list[Load]) -> int:
    """Check the law of :func:`test_kill_of_the_broker_loses_and_doubles_nothing`; return how many events the broker lost."""
    sent: dict[tuple[str, str, str], list[bytes]] = defaultdict(list)
    received: dict[tuple[str, str, str], list[bytes]] = defaultdict(list)
    for number, load in enumerate(loads):
        for one in load.sent:
            sent[str(number), one.vhost, ""].append(one.body)
        for one in load.received:
            received[str(number), one.vhost, one.queue].append(one.body)
    truth = {**sent, **received}
    lost = 0
    for (vhost, connection, queue), bodies in conversations(captured).items():
        of_it = [key for key in truth if key[1:] == (vhost, queue)]
        fits = [
            key
            for key in of_it
            if is_prefix(bodies, truth[key]) and (queue or len(bodies) <= len(truth[key]))
        ]
        assert len(fits) == 1, (
            f"{connection} {vhost} {queue}: {len(bodies)} events fit {fits}; "
            f"{[(key, parting(bodies, truth[key])) for key in of_it]}"
        )
        lost += max(0, len(truth.pop(fits[0])) - len(bodies))
    assert not truth, f"nothing captured of {list(truth)}"
    return lost


def parting(one: list[bytes], other: list[bytes]) -> str:
    """Return where two lists part, and what stands there, for a person."""
    pairs = zip(one, other, strict=False)
    at = next((index for index, (left, right) in enumerate(pairs) if left != right), None)
    if at is None:
        return f"the same for {min(len(one), len(other))} of {len(one)} and {len(other)}"
    told = [[body[:20].decode() for body in bodies[at : at + 4]] for bodies in (one, other)]
    return f"from {at} on, of {len(one)} and {len(other)}: {told}"


def is_prefix(one: list[bytes], other: list[bytes]) -> bool:
    """Say whether one of the lists begins with the whole other."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def kill_broker_when_full(system: System, store: Path, chance: random.Random) -> None:
    """Kill the broker soon after a blocked append could go on, with the prefetch of every tap full before."""
    with writing_blocked(store):
        wait_taps_full(system.broker, list(system.urls), PREFETCH)
    timer = threading.Timer(chance.uniform(0, RELEASED_S_MAX), system.broker.kill)
    timer.start()
    timer.join()


def test_kill_of_the_broker_loses_and_doubles_nothing(
    mortal_system: System, tmp_path: Path, chance: random.Random, seed: int
) -> None:
    """What the log holds of each connection is a prefix of what that did, and all of it where the broker lost nothing.

    The broker may lose trace events of its last instant: per connection these are the last ones, because one channel's
    events reach the tap in order and the tap's log is cut off at its end. So, for each connection that published, the
    log holds in order and without a hole or a repeat the first k of what was sent; for each consumer the first k of what
    it was handed, or all of that and what was still on its way to it. Before the last kill the load is finished and
    confirmed while the store is blocked, so that the broker can lose nothing; what the tap holds then must be captured
    to the last event.
    """
    system, store = mortal_system, tmp_path / "store"
    loads: list[Load] = []
    with system.collector(store, PREFETCH=PREFETCH) as collector:
        collector.start_leading()
        system.broker.sync()  # a tap that is only seconds old would not outlive the first kill
        for number in range(KILLS_UNDER_LOAD):
            session = f"killed {number}"
            with Load(system.urls, rate=RATE, seed=seed, session=session, survives=True) as load:
                kill_broker_when_full(system, store, chance)
                load.wait_broken()
            loads.append(load)
            system.broker.start()
            wait_resumed(system, collector, Probes(system.urls))
        last = finish_and_kill(system, collector, seed)
        collector.drain_and_stop(events=last.events())

    captured = read(store)
    lost = assert_prefixes(captured, [*loads, last])
    print(f"{sum(map(Load.events, [*loads, last]))} events, {lost} lost by the broker itself")
    only_last = {body for _, _, body in last.published() if body.startswith(b"last/")}
    for expected, found in (
        (last.published(), captured.published()),
        (last.delivered(), captured.delivered()),
    ):
        unique = {key: count for key, count in expected.items() if key[2] in only_last}
        assert {key: found[key] for key in unique} == unique


def finish_and_kill(system: System, collector: Collector, seed: int) -> Load:
    """Finish a load while the store is blocked and the taps hold more than a prefetch; kill the broker and start it."""
    with Load(system.urls, rate=RATE, seed=seed, session="last") as load:
        with writing_blocked(collector.directory):
            wait_taps_full(system.broker, list(system.urls), PREFETCH)
            wait_until(
                lambda: all(
                    (tap_depth(url) or (0, 0))[0] > PREFETCH for url in system.urls.values()
                ),
                timeout_s=STARTED_S_MAX,
            )
            load.finish()
            wait_taps_full(system.broker, list(system.urls), PREFETCH)
            system.broker.kill()
        system.broker.start()
        wait_resumed(system, collector, Probes(system.urls))
    assert len(QUEUES) * len(load.sent) == len(load.received)
    return load
