"""What an earlier capture bound and is not wanted any more is let go by the next one."""

from pathlib import Path

import pytest
from pamqp import commands

from bench.raw import RawConnection
from tests.support.collecting import System
from tests.support.management import Management
from tests.support.wait import wait_until

BOUND_S_MAX = 30
TAP = "obs.tap.dlx"
EXCHANGES = {"stays", "becomes-unsafe"}


def declare(url: str) -> None:
    """Declare dead-letter exchanges that are safe, each with a queue that dies into it."""
    with RawConnection(url) as connection:
        for name in sorted(EXCHANGES):
            exchange = commands.Exchange.Declare(exchange=name, exchange_type="topic", durable=True)
            connection.call(exchange, commands.Exchange.DeclareOk)
            queue = commands.Queue.Declare(
                queue=f"{name} work", durable=True, arguments={"x-dead-letter-exchange": name}
            )
            connection.call(queue, commands.Queue.DeclareOk)


def bound(management: Management, vhost: str) -> set[str]:
    """Return the exchanges of services that the dead-letter tap is bound to."""
    told = management.get("bindings", vhost)
    return {it["source"] for it in told if it["destination"] == TAP and it["source"]}


def queues(management: Management, vhost: str) -> set[str]:
    """Return the names of the queues in *vhost*."""
    return {queue["name"] for queue in management.get("queues", vhost)}


@pytest.mark.parametrize("same_store", [True, False])
def test_bindings_of_an_earlier_capture_are_let_go(
    system: System,
    tmp_path: Path,
    same_store: bool,
) -> None:
    """An exchange that became unsafe while nobody captured loses its binding; with taps off the queue goes too."""
    vhost, url = next(iter(system.urls.items()))
    declare(url)
    with system.collector(tmp_path / "first") as collector:
        collector.start_leading()
        wait_until(lambda: bound(system.management, vhost) == EXCHANGES, timeout_s=BOUND_S_MAX)
        collector.stop()
    policy = {"pattern": "^becomes", "definition": {"alternate-exchange": "amq.fanout"}}
    system.management.put("policies", vhost, "alternate", body={**policy, "apply-to": "exchanges"})
    second = tmp_path / ("first" if same_store else "second")
    with system.collector(second, name="second") as collector:
        collector.start_leading()
        wait_until(lambda: bound(system.management, vhost) == {"stays"}, timeout_s=BOUND_S_MAX)
        collector.stop()
    with system.collector(second, name="third", DEAD_LETTER_TAPS="off") as collector:
        collector.start_leading()
        wait_until(lambda: TAP not in queues(system.management, vhost), timeout_s=BOUND_S_MAX)
        collector.stop()

    assert bound(system.management, vhost) == set()
