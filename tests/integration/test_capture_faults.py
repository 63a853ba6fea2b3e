"""The connection to the broker is broken in every way, by the network and by people: capture goes on, and misses nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from events.facts import CaptureStarted, GapClosed
from tests.support.captured import Captured, differences, read
from tests.support.collecting import Collector, System
from tests.support.gaps import closed_gaps
from tests.support.load import Load
from tests.support.management import Management
from tests.support.proxy import Proxy
from tests.support.wait import wait_until

RATE = 60
PREFETCH = 200
EVENTS = 200
STARTED_S_MAX = 60
RECOVERED_S_MAX = 60
SLOW_BYTES_PER_S = 1_024
NOISE = bytes(range(255, 191, -1))
NOT_FOUND, SERVER_ERROR = 404, 500
USER, PASSWORD, OTHER_PASSWORD = "tapping", "first", "second"


def wait_more(collector: Collector, events: int = EVENTS) -> None:
    """Wait until *events* more than now are captured."""
    before = collector.meter.traffic()

    def more() -> bool:
        collector.check_running()
        return collector.meter.traffic() >= before + events

    wait_until(more, timeout_s=RECOVERED_S_MAX)


@contextmanager
def capturing(collector: Collector, system: System, seed: int) -> Iterator[Load]:
    """Let *collector* lead, put load on the system, and wait until some of it is captured."""
    with collector.leading(), Load(system.urls, rate=RATE, seed=seed) as load:
        wait_more(collector)
        yield load


def settle(collector: Collector, load: Load, store: Path) -> Captured:
    """End the load, wait until it is captured by the same process, and check that all of it is there once."""
    wait_more(collector)
    load.finish()
    collector.drain_and_stop(events=load.events())
    captured = read(store)
    assert differences(load.published(), captured.published()) == ""
    assert differences(load.delivered(), captured.delivered()) == ""
    return captured


def reconnected(proxy: Proxy) -> Callable[[], bool]:
    """Return the condition that there is a connection more than now."""
    before = proxy.connections_total
    return lambda: proxy.connections_total > before


def test_whatever_the_network_does_nothing_is_missed(
    system: System, tmp_path: Path, seed: int
) -> None:
    """Cut amid a frame, silent without an end, slow, and spoilt by noise: nothing is lost, doubled or told as a gap."""
    store = tmp_path / "store"
    with Proxy(system.broker.amqp_url) as proxy:
        collector = system.collector(store, amqp_url=proxy.url, PREFETCH=PREFETCH)
        with capturing(collector, system, seed) as load:
            again = reconnected(proxy)
            proxy.cut_amid()
            wait_until(again, timeout_s=RECOVERED_S_MAX)
            wait_more(collector)

            again = reconnected(proxy)
            proxy.inject(NOISE)
            wait_until(again, timeout_s=RECOVERED_S_MAX)
            wait_more(collector)

            proxy.pause()
            wait_until(lambda: "was silent for" in collector.stderr, timeout_s=RECOVERED_S_MAX)
            proxy.resume()
            wait_more(collector)

            proxy.bytes_per_s = SLOW_BYTES_PER_S
            wait_more(collector, events=3)
            proxy.bytes_per_s = 0
            captured = settle(collector, load, store)

    assert closed_gaps(captured) == []


def test_an_alarm_stops_publishers_and_not_capture(
    controlled_system: System, tmp_path: Path, seed: int
) -> None:
    """While the broker takes no publishes because its memory is short, what it holds is captured and acknowledged."""
    system, store = controlled_system, tmp_path / "store"
    collector = system.collector(store, PREFETCH=PREFETCH)
    with capturing(collector, system, seed) as load:
        system.broker.rabbitmqctl("set_vm_memory_high_watermark", "0.00001")
        try:
            wait_until(lambda: is_alarmed(system.management), timeout_s=STARTED_S_MAX)
            held = load.events()
            wait_until(lambda: collector.meter.traffic() >= held, timeout_s=RECOVERED_S_MAX)
        finally:
            system.broker.rabbitmqctl("set_vm_memory_high_watermark", "0.6")
        captured = settle(collector, load, store)

    assert closed_gaps(captured) == []
    assert len(captured.epochs) == 1


def is_alarmed(management: Management) -> bool:
    return any(node["mem_alarm"] for node in management.get("nodes"))


@contextmanager
def own_user(system: System) -> Iterator[str]:
    """Yield the AMQP URL of a user that only the collector uses."""
    management = system.management
    management.put("users", USER, body={"password": PASSWORD, "tags": "monitoring"})
    for vhost in ("/", *system.urls):
        permit(management, vhost)
    parts = urlsplit(system.broker.amqp_url)
    address = parts.netloc.rpartition("@")[2]
    try:
        yield urlunsplit(parts._replace(netloc=f"{USER}:{PASSWORD}@{address}"))
    finally:
        management.delete("users", USER)


def permit(management: Management, vhost: str) -> None:
    """Let the collector's own user do everything in *vhost*."""
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    management.put("permissions", vhost, USER, body=everything)


def close_connections(management: Management, vhost: str | None = None) -> int:
    """Close every connection of the collector's own user, as an operator would; return how many there were.

    None is closed, and 0 returned, before the broker lists one in *vhost*.
    """
    own = [each for each in management.get("connections") if each.get("user") == USER]
    if vhost is not None and not any(each["vhost"] == vhost for each in own):
        return 0
    for each in own:
        wait_until(partial(close_connection, management, each["name"]), timeout_s=STARTED_S_MAX)
    return len(own)


def close_connection(management: Management, name: str) -> bool:
    """Close the connection *name* if it is there; return whether it is gone.

    A connection that ends by itself while it is being closed makes the broker answer 500: what
    became of it is told by the next call.
    """
    answer = management.request("DELETE", ("connections", name), allow=(NOT_FOUND, SERVER_ERROR))
    return answer.status_code != SERVER_ERROR


def test_an_operator_closes_connections_and_changes_the_password(
    system: System, tmp_path: Path, seed: int
) -> None:
    """Closed by hand the connections come again; refused credentials are told, and when they work again capture goes on."""
    store = tmp_path / "store"
    with own_user(system) as url:
        collector = system.collector(store, amqp_url=url, PREFETCH=PREFETCH)
        with capturing(collector, system, seed) as load:
            wait_until(lambda: close_connections(system.management), timeout_s=STARTED_S_MAX)
            wait_more(collector)

            change_password(system.management, OTHER_PASSWORD)
            wait_until(lambda: is_refused(collector, system.management), timeout_s=RECOVERED_S_MAX)
            collector.check_running()
            change_password(system.management, PASSWORD)
            captured = settle(collector, load, store)

    assert "HOPTRAIL_AMQP_URL" in collector.stderr
    assert closed_gaps(captured) == []


def is_refused(collector: Collector, management: Management) -> bool:
    """Close the connections that the broker lists, which may be the former ones still; say whether none comes again."""
    close_connections(management)
    return "refuses tapping" in collector.stderr


def change_password(management: Management, password: str) -> None:
    management.put("users", USER, body={"password": password, "tags": "monitoring"})


@pytest.mark.parametrize("what", ["permissions", "vhost"])
def test_a_vhost_that_goes_stops_no_other_and_is_captured_again(
    system: System, tmp_path: Path, seed: int, what: str
) -> None:
    """Without permissions in one vhost, or without that vhost, the other is captured; when it lets us in it is too."""
    store = tmp_path / "store"
    lost, kept = system.urls
    with own_user(system) as url:
        collector = system.collector(store, amqp_url=url, PREFETCH=PREFETCH)
        only = {kept: system.urls[kept]}
        with collector.leading(), Load(only, rate=RATE, seed=seed) as load:
            wait_more(collector)
            if what == "vhost":
                system.management.delete("vhosts", lost)
            else:
                system.management.delete("permissions", lost, USER)
                wait_until(
                    lambda: close_connections(system.management, lost), timeout_s=STARTED_S_MAX
                )
            wait_until(lambda: tapped(collector) == {kept}, timeout_s=RECOVERED_S_MAX)
            wait_more(collector)
            if what == "vhost":
                system.management.create_vhost(lost, system.broker.user)
            permit(system.management, lost)
            wait_until(lambda: tapped(collector) == {kept, lost}, timeout_s=RECOVERED_S_MAX)
            captured = settle(collector, load, store)

    assert {gap.vhost for gap in closed_gaps(captured)} <= {lost}


def tapped(collector: Collector) -> set[str]:
    """Return the vhosts that the newest capture taps."""
    return {str(vhost) for vhost in read(collector.directory).of(CaptureStarted)[-1].vhosts}


def test_a_vhost_that_never_lets_us_in_is_left_out_for_good(
    system: System, tmp_path: Path, seed: int
) -> None:
    """Told to tap all vhosts but let into one only, a collector captures that one, and does not begin again and again."""
    _, kept = system.urls
    with own_user(system) as url:
        for vhost in system.urls:
            if vhost != kept:
                system.management.delete("permissions", vhost, USER)
        collector = system.collector(tmp_path / "store", amqp_url=url, PREFETCH=PREFETCH, VHOSTS="")
        only = {kept: system.urls[kept]}
        with collector, Load(only, rate=RATE, seed=seed) as load:
            collector.start()
            wait_until(lambda: collector.meter.traffic() > 0, timeout_s=STARTED_S_MAX)
            for looks in (1, 2):
                system.management.put("vhosts", kept, body={"tracing": False})
                wait_until(
                    lambda looks=looks: len(ended(collector)) >= looks, timeout_s=RECOVERED_S_MAX
                )
            load.finish()
            captured = read(collector.directory)

    assert kept in tapped(collector)
    assert len(captured.epochs) == 1


def ended(collector: Collector) -> set[str]:
    """Return the names of the gaps that ended."""
    return {fact.gap for fact in read(collector.directory).of(GapClosed)}
