"""The observed system stays as it is, dead letters that nobody reads are seen, and the firehose stays on."""

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pamqp import commands

from bench.raw import RawConnection, frames_of, short
from events.facts import MessageDeadLettered, TapsPlanned
from tests.support.captured import differences, read
from tests.support.collecting import System
from tests.support.dead_letters import BROKERS_OWN, TAPS, changed, without_taps
from tests.support.gaps import assert_missing_only_in_gaps, closed_gaps
from tests.support.load import Load, Sent
from tests.support.management import Management
from tests.support.wait import wait_until

RATE = 100
EVENTS_BEFORE = 300
STARTED_S_MAX = 60
TRACING_S_MAX = 15
DEAD_LETTERS_S_MAX = 60
TRUE_WITHIN_NS = 1_000_000_000

SAFE = {
    "dead.topic": ("topic", "#"),
    "dead.fanout": ("fanout", ""),
    "dead.headers": ("headers", None),
    "dead.direct": ("direct", "died"),
}
"""Dead-letter exchanges by type, and the key that binds the queue that nobody reads; None leaves it unbound."""

UNSAFE: dict[str, dict[str, Any]] = {
    "unsafe.alternate": {"durable": True, "arguments": {"alternate-exchange": "amq.fanout"}},
    "unsafe.transient": {"durable": False},
    "unsafe.auto-delete": {"durable": True, "auto_delete": True},
}
REASONS: dict[str, dict[str, Any]] = {
    "rejected": {},
    "expired": {"x-message-ttl": 1},
    "maxlen": {"x-max-length": 1, "x-overflow": "drop-head"},
}
PUBLISHED = 3


def declare_dead_letter_exchanges(url: str) -> None:
    """Declare every safe and unsafe dead-letter exchange, each with a queue that nobody reads or keeps it in use."""
    with RawConnection(url) as connection:
        queue = commands.Queue.Declare(queue="parked", durable=True)
        connection.call(queue, commands.Queue.DeclareOk)
        for name, (kind, key) in SAFE.items():
            exchange = commands.Exchange.Declare(exchange=name, exchange_type=kind, durable=True)
            connection.call(exchange, commands.Exchange.DeclareOk)
            if key is not None:
                bind = commands.Queue.Bind(queue="parked", exchange=name, routing_key=key)
                connection.call(bind, commands.Queue.BindOk)
        for name, options in UNSAFE.items():
            exchange = commands.Exchange.Declare(exchange=name, exchange_type="topic", **options)
            connection.call(exchange, commands.Exchange.DeclareOk)
            bind = commands.Queue.Bind(queue="parked", exchange=name, routing_key="#")
            connection.call(bind, commands.Queue.BindOk)


def declare_dying_queues(url: str) -> None:
    """Declare a queue per dead-letter exchange and reason of death."""
    with RawConnection(url) as connection:
        for exchange in (*SAFE, *UNSAFE):
            for reason, arguments in REASONS.items():
                declare = commands.Queue.Declare(
                    queue=f"{exchange} {reason}",
                    durable=True,
                    arguments={
                        "x-dead-letter-exchange": exchange,
                        "x-dead-letter-routing-key": "died",
                        **arguments,
                    },
                )
                connection.call(declare, commands.Queue.DeclareOk)


def let_die(url: str) -> Counter[tuple[str, str, str, bytes]]:
    """Let all die that is published but the last of a length limit; return (exchange, reason, queue, body)."""
    died: Counter[tuple[str, str, str, bytes]] = Counter()
    with RawConnection(url) as connection:
        bodies = [
            (f"{exchange} {reason}", f"{exchange} {reason} {number}".encode(), number)
            for exchange in SAFE
            for reason in REASONS
            for number in range(PUBLISHED)
        ]
        connection.publish_all(
            [
                frames_of(1, b"", queue.encode(), {"type": short(b"t")}, body)
                for queue, body, _ in bodies
            ]
        )
        for exchange in SAFE:
            for _ in range(PUBLISHED):
                connection.send(commands.Basic.Get(queue=f"{exchange} rejected"))
                tag = connection.expect(commands.Basic.GetOk).delivery_tag
                connection.send(commands.Basic.Reject(tag, requeue=False))
        # The broker has read all of it then: a connection that just ends may take the last of it away.
        connection.call(commands.Basic.Qos(prefetch_count=1), commands.Basic.QosOk)
    for queue, body, number in bodies:
        exchange, _, reason = queue.rpartition(" ")
        if reason != "maxlen" or number < PUBLISHED - 1:
            died[exchange, reason, queue, body] += 1
    return died


def deaths(fact: MessageDeadLettered) -> tuple[str, str]:
    """Return (reason, queue) of a dead letter's newest death."""
    newest: Mapping[Any, Any] = (fact.properties.headers or {})["x-death"][0]
    return str(newest["reason"]), str(newest["queue"])


def test_dead_letters_that_nobody_reads_are_captured(system: System, tmp_path: Path) -> None:
    """Each death behind a safe dead-letter exchange is in the log once; unsafe exchanges are listed and left alone."""
    vhost, url = next(iter(system.urls.items()))
    declare_dead_letter_exchanges(url)
    declare_dying_queues(url)
    with system.collector(tmp_path / "store") as collector:
        collector.start_leading()
        wait_tapped(system, vhost, set(SAFE))
        died = let_die(url)
        wait_until(
            lambda: collector.meter.counts()["MessageDeadLettered"] >= died.total(),
            timeout_s=DEAD_LETTERS_S_MAX,
        )
        bound = tapped_exchanges(system.management, vhost)
        collector.stop()

    captured = read(tmp_path / "store")
    seen = Counter(
        (str(fact.exchange), *deaths(fact), captured.body(fact.body))
        for fact in captured.of(MessageDeadLettered)
    )
    assert seen == died
    assert bound == SAFE.keys()
    planned = [fact for fact in captured.of(TapsPlanned) if fact.vhost == vhost][-1]
    assert set(planned.dead_letter_exchanges) == SAFE.keys()
    assert {str(name) for name, why in planned.left_alone if why} == UNSAFE.keys()


def tapped_exchanges(management: Management, vhost: str) -> set[str]:
    """Return the exchanges of services that a tap is bound to."""
    return {
        binding["source"]
        for binding in management.get("bindings", vhost)
        if binding["destination"].startswith(TAPS)
    } - {"", *BROKERS_OWN}


def wait_tapped(system: System, vhost: str, exchanges: set[str]) -> None:
    """Wait until the tap is bound to *exchanges*, which it is after the first look at the topology."""
    wait_until(
        lambda: tapped_exchanges(system.management, vhost) >= exchanges,
        timeout_s=DEAD_LETTERS_S_MAX,
    )


def describe(system: System) -> tuple[str, str]:
    """Give both vhosts a description, tags, a policy and dead-letter exchanges; trace the second, as its owner did."""
    untraced, traced = system.urls
    for vhost, url in system.urls.items():
        described = {"description": f"of {vhost}", "tags": "first,second"}
        system.management.put("vhosts", vhost, body={**described, "tracing": vhost == traced})
        limit = {"pattern": "^load", "definition": {"max-length": 100_000}, "apply-to": "queues"}
        system.management.put("policies", vhost, "limit", body=limit)
        declare_dead_letter_exchanges(url)
        declare_dying_queues(url)
    return untraced, traced


@pytest.mark.parametrize(("taps", "tapped"), [("auto", set(SAFE)), ("off", set[str]())])
def test_observed_system_is_unchanged(
    system: System, tmp_path: Path, seed: int, taps: str, tapped: set[str]
) -> None:
    """Beside the taps nothing differs while capturing, nothing at all after --remove; one user misses nothing, no gap."""
    management, vhosts = system.management, (*system.urls, "/")
    management.delete_taps()  # what an earlier hoptrail left there would go by --remove too
    untraced, traced = describe(system)
    before = {vhost: management.definitions(vhost) for vhost in vhosts}
    with system.collector(tmp_path / "store", DEAD_LETTER_TAPS=taps) as collector:
        collector.start_leading()
        assert system.is_traced()
        with Load(system.urls, rate=RATE, seed=seed) as load:
            wait_until(lambda: collector.meter.traffic() > EVENTS_BEFORE, timeout_s=STARTED_S_MAX)
            for vhost in system.urls:
                wait_tapped(system, vhost, tapped)
            during = {vhost: management.definitions(vhost) for vhost in vhosts}
            bound = {vhost: tapped_exchanges(management, vhost) for vhost in system.urls}
            load.finish()
        collector.drain_and_stop(events=load.events())
        assert collector.run("--remove") == 0

    after = {vhost: management.definitions(vhost) for vhost in vhosts}
    for vhost in vhosts:
        assert changed(before[vhost], without_taps(during[vhost])) == []
        assert changed(before[vhost], after[vhost]) == []
    assert bound == dict.fromkeys(system.urls, tapped)
    assert not management.get("vhosts", untraced)["tracing"]
    assert management.get("vhosts", traced)["tracing"]
    captured = read(tmp_path / "store")
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""
    assert closed_gaps(captured) == []


def test_tracing_switched_off_is_on_again_and_a_gap(
    system: System, tmp_path: Path, seed: int
) -> None:
    """Switched off behind our back, the firehose is on again in time, and what was missed lies within a gap that says so."""
    vhost = next(iter(system.urls))
    with (
        system.collector(tmp_path / "store").leading() as collector,
        Load(system.urls, rate=RATE, seed=seed) as load,
    ):
        wait_until(lambda: collector.meter.traffic() > EVENTS_BEFORE, timeout_s=STARTED_S_MAX)
        switched_off_at, switched_on_at = switch_off(system, vhost)
        print(f"on again after {(switched_on_at.stop - switched_off_at) / 1e9:.1f} s")
        stored = collector.meter.traffic()
        wait_until(
            lambda: collector.meter.traffic() > stored + EVENTS_BEFORE, timeout_s=STARTED_S_MAX
        )
        load.finish()
        collector.drain_and_stop(events=load.events() * 2)

    captured = read(tmp_path / "store")
    gaps = closed_gaps(captured)
    print([(gap.vhost, gap.why, gap.since - switched_off_at) for gap in gaps])
    assert [(gap.vhost, gap.why) for gap in gaps] == [(vhost, "tracing-off")]
    assert gaps[0].since <= switched_off_at
    found_on = gaps[0].until
    assert switched_on_at.start - TRUE_WITHIN_NS < found_on < switched_on_at.stop + TRUE_WITHIN_NS
    surely_off = range(switched_off_at, switched_on_at.start)
    untraced = [one for one in load.sent if one.vhost == vhost and is_within(one, surely_off)]
    assert assert_missing_only_in_gaps(captured, load.sent, gaps) >= len(untraced)


def switch_off(system: System, vhost: str) -> tuple[int, range]:
    """Switch tracing off and wait until it is on again; return when it surely was off, and when it was on again (ns).

    That was at some time between the last look that found it off and the end of the first that found it on.
    """
    system.management.put("vhosts", vhost, body={"tracing": False})
    switched_off_at = looked_at = time.time_ns()

    def is_on() -> bool:
        nonlocal looked_at
        began_at = time.time_ns()
        if system.management.get("vhosts", vhost)["tracing"]:
            return True
        looked_at = began_at
        return False

    wait_until(is_on, timeout_s=TRACING_S_MAX)
    return switched_off_at, range(looked_at, time.time_ns())


def is_within(one: Sent, times: range) -> bool:
    """Say whether *one* was surely published within *times* (ns)."""
    return one.sent_at >= times.start and (one.confirmed_at or times.stop) < times.stop
