"""Jobs that race no baseline: ``python -m bench NAME [--write] [KEY=VALUE ...]``.

Each is a function that takes its values as strings. Its result is printed as JSON, and with ``--write`` put into
docs/reference/costs.md. A job that proves something ends with a code other than 0 when it is disproved.
"""

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench import costs_page

WRITE: Final = "--write"
JOBS: Final[Mapping[str, str]] = {
    "broker-cost": "bench.broker_cost:broker_cost",
    "fuzz": "bench.fuzz:fuzz",
    "kill": "bench.kill:kill",
    "retry": "bench.retry:retry",
    "steady": "bench.steady:steady",
}
"""The function of each job as ``module:function``."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a job found out; *code* is the exit code of the process: 0 where it says what was hoped for."""

    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    code: int = 0


def values_of(arguments: Sequence[str]) -> dict[str, str]:
    """Return the values that *arguments* give, each ``KEY=VALUE``.

    Raises:
        ValueError: one of them is not.
    """
    given: dict[str, str] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not key.isidentifier():
            raise ValueError(f"{argument!r} is not KEY=VALUE")
        given[key] = value
    return given


def run_job(name: str, arguments: Sequence[str]) -> int:
    """Run the job *name*, print what it found out, and return the exit code."""
    module, _, function = JOBS[name].partition(":")
    values = values_of([each for each in arguments if each != WRITE])
    result: Result = getattr(importlib.import_module(module), function)(**values)
    print(json.dumps({"job": name, **result.figures}, indent=1), flush=True)
    if WRITE in arguments:
        costs_page.write(name, result.figures)
    if result.code:
        print(f"{name} ends with {result.code}", file=sys.stderr)
    return result.code
