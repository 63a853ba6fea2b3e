"""The highest steady rate of publishes that is captured whole, with collector and broker on the same two cores.

``python -m bench steady [seconds=20] [queue_type=quorum] [first=1000] [directory=]``. A rate holds when the broker takes
it, hoptrail's log follows without falling further behind, and has every event soon after the last publish. Rates are
tried upwards, then halved between the highest that held and the lowest that did not. Publishers and the consumer of the
service run on the same cores too where the machine has no others: the figure is a lower bound.
"""

import math
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.capture import collector, stored_events
from bench.flow import Flow, declare
from bench.jobs import Result
from bench.live import is_consumed, traffic_below
from bench.usage import broker_pid, cpu_s, peak_mib
from examples.local_broker import Broker, open_broker
from tests.support.wait import wait_until

CORES: Final = 2
STEP: Final = 1.5
CLOSE_ENOUGH: Final = 1.1
"""The search ends when the lowest rate that failed is less than so many times the highest that held."""

RATE_MAX: Final = 50_000
SAMPLES_PER_S: Final = 2
LAG_S_MAX: Final = 2.0
GROWTH_S_MAX: Final = 0.5
TAKEN_MIN: Final = 0.97
LEAD_S_MAX: Final = 60
REST_S_MAX: Final = 180
"""What a rate that was too high has left on the tap is waited for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One rate: messages a second *asked* for and *taken*; *lag_s* of the log in samples, *rest_s* until it had all."""

    asked: float
    taken: float
    lag_s: Sequence[float]
    rest_s: float
    missed: int
    broker_cores: float
    collector_cores: float

    @property
    def holds(self) -> bool:
        """Whether the rate can go on like this for ever."""
        return (
            self.missed == 0
            and self.taken >= TAKEN_MIN * self.asked
            and max(self.lag_s) <= LAG_S_MAX
            and self.rest_s <= LAG_S_MAX
            and growth(self.lag_s) <= GROWTH_S_MAX
        )


def growth(lags: Sequence[float]) -> float:
    """Return by how much the mean of the last third of *lags* is above that of the third before it."""
    third = max(1, len(lags) // 3)
    before, last = lags[-2 * third : -third] or lags, lags[-third:]
    return sum(last) / len(last) - sum(before) / len(before)


def next_rate(held: Sequence[float], failed: Sequence[float], first: float) -> float | None:
    """Return the rate to try after those that *held* and *failed*; None when the highest is known well enough."""
    if not failed:
        upwards = max(held) * STEP if held else first
        return upwards if upwards <= RATE_MAX else None
    if not held:
        downwards = min(failed) / STEP
        return downwards if downwards >= 1 else None
    low, high = max(held), min(failed)
    return math.sqrt(low * high) if high > CLOSE_ENOUGH * low else None


def steady(seconds: str = "20", queue_type: str = "quorum", first: str = "1000") -> Result:
    """Search the rate; the memory of the collector is its largest over all tries, those that overran it too."""
    _stay_on_two_cores()
    tries: list[Try] = []
    with tempfile.TemporaryDirectory() as folder, open_broker(Path(folder) / "broker") as broker:
        declare(broker.amqp_url)
        store = Path(folder) / "store"
        settings = _settings(broker, store, queue_type)
        with collector(settings, Path(folder)) as process:
            wait_until(lambda: is_consumed(broker.amqp_url), timeout_s=LEAD_S_MAX)
            while rate := next_rate(
                [each.asked for each in tries if each.holds],
                [each.asked for each in tries if not each.holds],
                float(first),
            ):
                tries.append(_tried(broker, store, process.pid, rate, float(seconds)))
            memory = peak_mib(process.pid)
    best = max((each for each in tries if each.holds), key=lambda each: each.asked, default=None)
    figures: dict[str, object] = {
        "queue_type": queue_type,
        "seconds": float(seconds),
        "messages_per_s": round(best.taken) if best else 0,
        "collector_peak_mib": memory,
        "best": _told(best) if best else {},
        "tries": [_told(each) for each in tries],
    }
    return Result(figures=figures)


def _settings(broker: Broker, store: Path, queue_type: str) -> dict[str, str]:
    return {
        **os.environ,
        "HOPTRAIL_AMQP_URL": broker.amqp_url,
        "HOPTRAIL_MANAGEMENT_URL": broker.management_url,
        "HOPTRAIL_STORE": f"sqlite:///{store}",
        "HOPTRAIL_TAP_QUEUE_TYPE": queue_type,
    }


def _stay_on_two_cores() -> None:
    """Keep this process and all it starts on two cores."""
    process = psutil.Process()
    process.cpu_affinity(process.cpu_affinity()[:CORES])


def _tried(broker: Broker, store: Path, collector_pid: int, rate: float, seconds: float) -> Try:
    """Publish at *rate* for *seconds*, and wait until the log has all of it or no more comes."""
    base = stored_events(store)
    captured_before = traffic_below(store, base)
    used = {pid: cpu_s(pid) for pid in (broker_pid(broker), collector_pid)}
    lags: list[float] = []
    with Flow(broker.amqp_url, rate=rate) as flow:
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            made = flow.events
            # Reading the head costs next to nothing; a few facts that are no traffic count with it.
            lags.append(max(0, made - (stored_events(store) - base)) / (2 * rate))
            time.sleep(max(0.0, (len(lags) / SAMPLES_PER_S) - now))
        lasted, published = time.monotonic() - began, flow.published
        cores = {pid: (cpu_s(pid) - before) / lasted for pid, before in used.items()}
        flow.stop()
        stopped = time.monotonic()
        captured = _wait_for_all(store, base, captured_before, flow.events)
    return Try(
        asked=rate,
        taken=published / lasted,
        lag_s=lags,
        rest_s=time.monotonic() - stopped,
        missed=flow.events - captured,
        broker_cores=cores[broker_pid(broker)],
        collector_cores=cores[collector_pid],
    )


def _wait_for_all(store: Path, base: int, captured_before: int, events: int) -> int:
    """Return how many of *events* are in the log once all are, or no more come in time."""
    deadline = time.monotonic() + REST_S_MAX
    captured = 0
    while captured < events and time.monotonic() < deadline:
        time.sleep(0.05)
        if (head := stored_events(store)) - base >= events:
            captured = traffic_below(store, head) - captured_before
    return captured or traffic_below(store, stored_events(store)) - captured_before


def _told(one: Try) -> Mapping[str, object]:
    lags = one.lag_s
    return {
        **{
            name: round(value, 2) for name, value in asdict(one).items() if isinstance(value, float)
        },
        "missed": one.missed,
        "lag_s_max": round(max(lags), 2),
        "lag_s_growth": round(growth(lags), 2),
        "holds": one.holds,
    }
