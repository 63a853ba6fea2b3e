"""What ``hoptrail doctor`` finds on a real broker, before and after a tap; it changes nothing."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pamqp import commands

from bench.raw import RawConnection
from collector.doctor.checks import OK, PROBLEM, WARNING, Check
from collector.doctor.examine import Report, examine
from collector.settings import CollectorSettings
from tests.support.collecting import System
from tests.support.dead_letters import changed
from tests.support.load import Load
from tests.support.wait import wait_until

RATE = 200
COUNTED_S_MAX = 60
HEALTHY_S_MAX = 30


def looked(system: System, **settings: object) -> Report:
    """Return what a look at the vhosts of *system* finds."""
    told: dict[str, Any] = {
        "amqp_url": system.broker.amqp_url,
        "management_url": system.broker.management_url,
        "vhosts": tuple(system.urls),
        **settings,
    }
    return asyncio.run(examine(CollectorSettings(**told), None))


def of(report: Report, what: str) -> list[Check]:
    """Return the checks of one kind."""
    return [check for check in report.checks if check.what == what]


def test_the_cost_is_estimated_before_anything_is_switched_on(system: System, seed: int) -> None:
    """From the broker's own rates each mode has a price; the lighter the cheaper; and nothing on the broker changed."""
    before = {vhost: system.management.definitions(vhost) for vhost in (*system.urls, "/")}
    with Load(system.urls, rate=RATE, seed=seed) as load:

        def busy() -> Report | None:
            report = looked(system)
            events = {cost.mode: cost.events for cost in report.costs}
            # The broker counts publishes and deliveries each in its own time.
            return report if events["all"] > events["publishes"] > RATE / 2 else None

        report = wait_until(busy, timeout_s=COUNTED_S_MAX)
        load.finish()
    assert report is not None
    costs = {(cost.mode, cost.queue_type): cost for cost in report.costs}
    print(report.cost_basis, report.advice)

    assert costs["publishes", "classic"].cores < costs["all", "classic"].cores
    assert costs["all", "classic"].cores < costs["all", "quorum"].cores
    assert costs["publishes", "quorum"].events < costs["all", "quorum"].events
    assert costs["all", "quorum"].of_all is not None
    assert "estimate" in report.cost_basis
    assert "quorum" in report.advice or "classic" in report.advice
    assert report.healthy
    assert {check.state for tap in report.taps for check in of(report, f"vhost {tap.vhost}: tap")} == {WARNING}  # fmt: skip
    assert [check.state for check in of(report, "metrics")] == [OK]
    assert [check.state for check in of(report, "tracing after a restart")] == [WARNING]
    for vhost, definitions in before.items():
        assert changed(definitions, system.management.definitions(vhost)) == []


def test_a_tap_that_is_not_as_it_should_be_is_told(system: System, tmp_path: Path) -> None:
    """Other limits, a policy on the tap, an unsafe exchange and what a binding changes are told with what mends them."""
    vhost, url = next(iter(system.urls.items()))
    with RawConnection(url) as connection:
        for name, durable in (("dlx.safe", True), ("dlx.transient", False)):
            exchange = commands.Exchange.Declare(
                exchange=name, exchange_type="topic", durable=durable
            )
            connection.call(exchange, commands.Exchange.DeclareOk)
            queue = commands.Queue.Declare(
                queue=f"{name} work", durable=True, arguments={"x-dead-letter-exchange": name}
            )
            connection.call(queue, commands.Queue.DeclareOk)
    policy = {"pattern": ".*", "definition": {"max-length": 77}, "apply-to": "queues"}
    system.management.put("policies", vhost, "everything", body=policy)
    with system.collector(tmp_path / "store", TAP_MESSAGES_MAX=5_000) as collector:
        collector.start_leading()
        what = f"vhost {vhost}: obs.tap.firehose"

        def whole() -> Report | None:
            report = looked(system)
            taps = [check.state for check in of(report, f"vhost {vhost}: dead letters")]
            is_whole = len(of(report, what)) > 1 and OK in taps and report.leader is not None
            return report if is_whole else None

        report = wait_until(whole, timeout_s=COUNTED_S_MAX)
        collector.stop()
    assert report is not None
    told = " ".join(check.detail for check in of(report, what))
    said = of(report, f"vhost {vhost}: dead letters")

    assert "x-max-length is 5000, not 1000000" in told
    assert "max-length = 77" in told
    assert report.leader is not None
    assert {check.state: check.detail for check in said} == {
        WARNING: "dlx.transient is not tapped: it is not durable",
        OK: "tapped: dlx.safe",
    }
    (warned,) = of(report, f"vhost {vhost}: bindings")
    assert "dlx.safe: everything published to it counts as routed" in warned.detail
    assert [check.state for check in of(report, f"vhost {vhost}: permissions")] == [OK]


def test_missing_rights_are_told(system: System) -> None:
    """For a user with too few rights the command that grants them is printed, as the administrator's API shows."""
    management, vhosts = system.management, (*system.urls, "/")
    management.put("users", "watcher", body={"password": "watcher-watcher", "tags": "monitoring"})
    for vhost in vhosts:
        rights = {"configure": "", "write": "", "read": ".*"}
        management.put("permissions", vhost, "watcher", body=rights)
    own = urlsplit(system.broker.management_url)
    watcher = f"watcher:watcher-watcher@127.0.0.1:{own.port}"
    amqp = f"amqp://watcher:watcher-watcher@127.0.0.1:{system.broker.port}/"
    settings = {"amqp_url": amqp, "management_url": f"http://{watcher}"}
    alone = looked(system, **settings)
    helped = looked(system, **settings, admin_url=system.broker.management_url)
    light = looked(system, **settings, tap_mode="exchanges:load")
    management.delete("users", "watcher")
    vhost = next(iter(system.urls))

    assert of(alone, f"vhost {vhost}: permissions") == []
    assert [check.state for check in of(alone, "administrator")] == [WARNING]
    (missing,) = of(helped, f"vhost {vhost}: permissions")
    assert (missing.state, "configure obs.tap.firehose" in missing.detail) == (WARNING, True)
    assert missing.mend[0].startswith(f"rabbitmqctl set_permissions -p {vhost} watcher ")
    assert of(helped, "administrator") == of(light, "administrator") == []
    assert [check.state for check in of(light, f"vhost {vhost}: tracing")] == [OK]
    assert [tap.exchanges for tap in light.taps] == [("load",), ("load",)]
    assert not any(check.state == PROBLEM for check in light.checks)
