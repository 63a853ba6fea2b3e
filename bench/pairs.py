"""Alternating pairs: subject and baseline in turn, each in a process of its own.

A slow spell of the machine so hits both.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

PAIRS = 5
TIMEOUT_S = 900


@dataclass(frozen=True, kw_only=True)
class Case:
    """A figure: *subject* against *baseline*, each ``module:function`` with arguments; *unit* is what they count."""

    name: str
    subject: Sequence[str]
    baseline: Sequence[str]
    unit: str
    goal: str = ""
    pairs: int = PAIRS


def case(
    name: str,
    unit: str,
    subject: str,
    baseline: str,
    *arguments: str,
    goal: str = "",
    pairs: int = PAIRS,
) -> Case:
    """Return the case of two functions, each ``module:function`` of this package, with the same arguments."""
    return Case(
        name=name,
        unit=unit,
        subject=[f"bench.{subject}", *arguments],
        baseline=[f"bench.{baseline}", *arguments],
        goal=goal,
        pairs=pairs,
    )


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Minimum, median and maximum of one figure over the pairs."""

    minimum: float
    median: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(minimum=min(values), median=statistics.median(values), maximum=max(values))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a case gave. Rates are things per second of wall time; `ratio` is subject over baseline, pair by pair."""

    case: Case
    subject_rate: Spread
    baseline_rate: Spread
    ratio: Spread
    cpu_us: Spread
    baseline_cpu_us: Spread
    peak_mib: Spread
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    baseline_extra: dict[str, Any] = field(default_factory=dict[str, Any])


def measure(call: Sequence[str]) -> dict[str, Any]:
    """Run one measurement in a process of its own and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.measure", *call],
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(call)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def run(case: Case) -> Outcome:
    """Measure *case*: pairs in turn, the order swapped each time."""
    subjects: list[dict[str, Any]] = []
    baselines: list[dict[str, Any]] = []
    for number in range(case.pairs):
        order = [(subjects, case.subject), (baselines, case.baseline)]
        for results, call in order if number % 2 == 0 else reversed(order):
            results.append(measure(call))
    rates, baseline_rates = (
        [each["count"] / each["seconds"] for each in results] for results in (subjects, baselines)
    )
    return Outcome(
        case=case,
        subject_rate=Spread.of(rates),
        baseline_rate=Spread.of(baseline_rates),
        ratio=Spread.of(
            [ours / theirs for ours, theirs in zip(rates, baseline_rates, strict=True)]
        ),
        cpu_us=Spread.of([each["cpu_s"] / each["count"] * 1e6 for each in subjects]),
        baseline_cpu_us=Spread.of([each["cpu_s"] / each["count"] * 1e6 for each in baselines]),
        peak_mib=Spread.of([each["peak_mib"] for each in subjects]),
        extra=subjects[-1]["extra"],
        baseline_extra=baselines[-1]["extra"],
    )
