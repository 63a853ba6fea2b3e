"""What a tap costs the broker: CPU of its Erlang machine per message, in each mode of the tap.

``python -m bench broker-cost [seconds=15] [rate=1000] [rounds=2] [modes=off,all-quorum,…]``. One publisher and one consumer
pass messages of 200 bytes at a steady rate through a topic exchange and a classic queue of one fresh broker. Each round
measures every mode in turn, so that a slow spell of the machine hits them all; the collector captures as it does in that
mode. ``HOPTRAIL_TEST_BROKER=4`` measures another version. Only ratios carry over to another machine.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from bench.capture import collector, stored_events
from bench.flow import EXCHANGE, Flow, declare
from bench.jobs import Result
from bench.live import is_consumed, traffic_below
from bench.usage import broker_pid, cpu_s
from examples.local_broker import Broker
from tests.support.brokers import open_test_broker
from tests.support.management import Management
from tests.support.wait import wait_until

BODY_BYTES: Final = 200
SETTLE_S: Final = 4.0
"""Traffic flows for so long before it is measured."""

LEAD_S_MAX: Final = 60
CAPTURED_S_MAX: Final = 60
OFF, UNBOUND = "off", "unbound"
_TAP_MODES: Final = {
    "all": "all",
    "publishes": "publishes",
    "exchanges": f"exchanges:{EXCHANGE}",
}
MODES: Final[Mapping[str, Mapping[str, str]]] = {
    OFF: {},
    UNBOUND: {},
    **{
        f"{name}-{queue_type}": {
            "HOPTRAIL_TAP_MODE": mode,
            "HOPTRAIL_TAP_QUEUE_TYPE": queue_type,
        }
        for name, mode in _TAP_MODES.items()
        for queue_type in ("classic", "quorum")
    },
}
"""What is measured: hoptrail's settings by the name of the mode, none where no collector runs.

``off`` has no firehose, in ``unbound`` it is on with no queue bound to it.
"""


def broker_cost(
    seconds: str = "15", rate: str = "1000", rounds: str = "2", modes: str = ""
) -> Result:
    """Measure each mode and return CPU µs of the broker per message, as the median of the rounds."""
    wanted = [name for name in MODES if not modes or name in modes.split(",")]
    found: dict[str, list[float]] = {name: [] for name in wanted}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_test_broker(Path(folder) / "broker", config="")) as broker,
    ):
        declare(broker.amqp_url)
        with Management(broker.management_url) as management:
            version = str(management.get("overview")["rabbitmq_version"])
            for number in range(int(rounds)):
                for name in wanted if number % 2 == 0 else reversed(wanted):
                    directory = Path(folder) / f"{number}-{len(found[name])}-{wanted.index(name)}"
                    with _tapped(broker, management, name, directory) as store:
                        cost, messages = _cpu_us(broker, float(rate), float(seconds))
                        _check_captured(store, messages, name)
                    found[name].append(cost)
    medians = {name: statistics.median(values) for name, values in found.items()}
    off = medians.get(OFF)
    figures: dict[str, object] = {
        "broker": version,
        "messages_per_s": float(rate),
        "seconds": float(seconds),
        "modes": {
            name: {
                "cpu_us_per_message": round(medians[name]),
                "times_off": round(medians[name] / off, 2) if off else None,
                "rounds": [round(value) for value in found[name]],
            }
            for name in wanted
        },
    }
    return Result(figures=figures)


@contextmanager
def _tapped(
    broker: Broker, management: Management, name: str, directory: Path
) -> Iterator[Path | None]:
    """Tap as the mode says and yield the store; afterwards nothing is left of it on the broker."""
    directory.mkdir()
    _trace(management, on=name == UNBOUND)
    if not MODES[name]:
        yield None
        return
    settings = {
        **os.environ,
        **MODES[name],
        "HOPTRAIL_AMQP_URL": broker.amqp_url,
        "HOPTRAIL_MANAGEMENT_URL": broker.management_url,
        "HOPTRAIL_STORE": f"sqlite:///{directory / 'store'}",
    }
    with collector(settings, directory):
        wait_until(lambda: is_consumed(broker.amqp_url), timeout_s=LEAD_S_MAX)
        yield directory / "store"
    management.delete_taps()


def _trace(management: Management, *, on: bool) -> None:
    """Switch the firehose of the default vhost on or off, as long as no collector does."""
    found = management.get("vhosts", "/")
    kept = {key: found[key] for key in ("description", "tags") if key in found}
    management.put("vhosts", "/", body={**kept, "tracing": on})


def _check_captured(store: Path | None, messages: int, name: str) -> None:
    """Wait until the log has what the mode shows of *messages*; without a tap there is nothing to check."""
    if store is not None:
        events = 2 * messages if name.startswith("all-") else messages
        wait_until(
            lambda: traffic_below(store, stored_events(store)) >= events, timeout_s=CAPTURED_S_MAX
        )


def _cpu_us(broker: Broker, rate: float, seconds: float) -> tuple[float, int]:
    """Return the broker's CPU µs per message under a steady load, and how many messages there were in all.

    Raises:
        AssertionError: it was not steady, so that the figure would mean nothing.
    """
    with Flow(broker.amqp_url, rate=rate, body_bytes=BODY_BYTES) as flow:
        time.sleep(SETTLE_S)
        sent, used, began = flow.published, cpu_s(broker_pid(broker)), time.monotonic()
        time.sleep(seconds)
        sent, used = flow.published - sent, cpu_s(broker_pid(broker)) - used
        taken = sent / (time.monotonic() - began)
        flow.stop()
    assert taken > 0.9 * rate, f"the broker took {taken:.0f} messages a second of {rate:.0f}"
    return used / sent * 1e6, flow.published
