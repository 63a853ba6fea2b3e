"""Run one measured piece of work in a process of its own: ``python -m bench.measure MODULE:FUNCTION [ARGUMENT ...]``.

The function gets the arguments as strings, does what must not be timed first, and returns a :class:`Timed`. One JSON
object is printed: the rate, and the process's CPU time and peak memory.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Timed:
    """*count* things done in *seconds* of wall time and *cpu_s* seconds of this process's CPU."""

    count: int
    seconds: float
    cpu_s: float
    extra: dict[str, Any] = field(default_factory=dict)


def timed(count: int, work: Callable[[], Any], **extra: object) -> Timed:
    """Do *work*, which handles *count* things, and time it."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    seconds = time.perf_counter() - clock
    return Timed(count=count, seconds=seconds, cpu_s=time.process_time() - cpu, extra=extra)


def main() -> None:
    """Measure what the command line names."""
    module, _, function = sys.argv[1].partition(":")
    result = getattr(importlib.import_module(module), function)(*sys.argv[2:])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**asdict(result), "peak_mib": usage.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
