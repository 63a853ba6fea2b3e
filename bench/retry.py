"""Retry of many dead letters: does it keep its rate, and does it survive a kill -9 with none lost and none doubled?

``python -m bench retry [messages=10000] [rate=1000] [batch=100]``. The messages die by rejection in a classic queue. They
are retried once undisturbed, which gives the rate: from the first outcome in the log to the last. They are retried once more
to another queue, and the collector is killed when half of them are published. The target queues and the copies in the log
are then compared with what died.

Exit codes: 0 as hoped for; 1 something was lost or doubled; 2 the rate was more than a tenth off.
"""

import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from bench.jobs import Result
from events.facts import RetryPublished
from projector.operations.plan import Target, Wanted
from tests.support.brokers import open_test_broker
from tests.support.captured import Meter, read
from tests.support.collecting import system_of
from tests.support.retrying import Stage, expected
from tests.support.wait import wait_until

NAME: Final = "bench"
END_S_MAX: Final = 600
OFF_MAX: Final = 0.1
LOST_OR_DOUBLED, TOO_SLOW = 1, 2


def retry(messages: str = "10000", rate: str = "1000", batch: str = "100") -> Result:
    """Retry undisturbed, then with a kill; compare both."""
    count, rate_per_s = int(messages), float(rate)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with (
            closing(open_test_broker(directory / "broker")) as broker,
            system_of(broker, "bench.retry") as system,
            system.collector(directory / "store").leading() as collector,
        ):
            stage = Stage(system, directory / "store", collector)
            stage.dead_letters(NAME, count)
            plain = _undisturbed(stage, count, rate_per_s, int(batch))
            killed = _killed(stage, count, rate_per_s, int(batch))
            figures: dict[str, Any] = {
                "messages": count,
                "rate_wanted_per_s": rate_per_s,
                "broker": broker.version,
                "undisturbed": plain,
                "killed": killed,
            }
    if any(each["lost"] or each["doubled"] for each in (plain, killed)):
        return Result(figures=figures, code=LOST_OR_DOUBLED)
    off = abs(plain["rate_per_s"] / rate_per_s - 1)
    return Result(figures=figures, code=TOO_SLOW if off > OFF_MAX else 0)


def _undisturbed(stage: Stage, count: int, rate_per_s: float, batch: int) -> dict[str, Any]:
    made = stage.plan(NAME, Wanted())
    meter = Meter(stage.store)
    name = stage.start(made, Wanted(), batch=batch, rate_per_s=rate_per_s)
    _wait_finished(stage, meter, 1)
    told = [
        (each.observed_at, len(each.fact.outcomes))
        for each in read(stage.store).envelopes
        if isinstance(each.fact, RetryPublished) and each.fact.retry == name
    ]
    lasted_s = (told[-1][0] - told[0][0]) / 1e9
    published = sum(each for _, each in told[1:])
    return {
        "rate_per_s": round(published / lasted_s, 1),
        "seconds": round(lasted_s, 2),
        **_compared(stage, name, f"{NAME}.work", count),
    }


def _killed(stage: Stage, count: int, rate_per_s: float, batch: int) -> dict[str, Any]:
    with stage.client() as session:
        session.queue(f"{NAME}.again")
    wanted = Wanted(target=Target(kind="chosen", routing_key=f"{NAME}.again"))
    made = stage.plan(NAME, wanted)
    meter = Meter(stage.store)
    before = meter.counts()["RetryPublished"]
    name = stage.start(made, wanted, batch=batch, rate_per_s=rate_per_s)
    half = before + max(1, count // (2 * min(batch, int(rate_per_s / 10) or 1)))
    wait_until(lambda: meter.counts()["RetryPublished"] >= half, timeout_s=END_S_MAX)
    stage.collector.kill()
    killed_at, published = time.monotonic(), stage.published(name)
    stage.collector.start_leading()
    _wait_finished(stage, meter, 2)
    found = stage.retry(name)
    outcomes = Counter() if found is None else stage.outcomes(name)
    return {
        "recorded_before_the_kill": published,
        "found_in_the_log_after_it": outcomes["found"],
        "seconds_from_kill_to_end": round(time.monotonic() - killed_at, 1),
        **_compared(stage, name, f"{NAME}.again", count),
    }


def _wait_finished(stage: Stage, meter: Meter, count: int) -> None:
    def is_finished() -> bool:
        stage.collector.check_running()
        return meter.counts()["RetryFinished"] >= count

    wait_until(is_finished, timeout_s=END_S_MAX)


def _compared(stage: Stage, name: str, queue: str, count: int) -> dict[str, int]:
    """Return how many messages are missing from, and too many in, the queue and the log, whichever is worse."""
    wanted = expected(NAME, count)
    wait_until(lambda: stage.copies(name).total() >= count, timeout_s=END_S_MAX)
    found = (stage.bodies(queue), stage.copies(name))
    return {
        "lost": max((wanted - each).total() for each in found),
        "doubled": max((each - wanted).total() for each in found),
    }
