"""The way from where a message turned up, back along its deaths, to the nearest place where it is known.

Pure. An `x-death` header counts deaths by queue and reason; walking it from the newest entry gives the deaths nobody saw.
"""

from collections.abc import Sequence

import msgspec

from events.values import Text
from projector.linker.history import Death, History, after, before
from projector.linker.match import IN_HAND, Entry, handed_copy, key_of, waiting_copy
from projector.linker.memory import Memory
from projector.linker.model import GONE, SETTLED, UNKNOWN

BY_HAND = ("rejected", "delivery_limit")
STEPS_MAX = 32


class Step(msgspec.Struct):
    """One death on the way from a known copy to where it turned up; `arrivals` are those of the copy that died."""

    death: Death
    before: History | None
    count: int
    arrivals: int = 1


def walk(
    memory: Memory, vhost: Text, fingerprint: bytes, deaths: Sequence[Death], history: History
) -> tuple[Entry, list[Step]] | None:
    """Return the nearest known copy along *deaths* and the steps from it, newest first."""
    steps: list[Step] = []
    now: History | None = history
    while now is not None and len(steps) < STEPS_MAX:
        for death in deaths:
            count = _count(now, death)
            if not count:
                continue
            now = before(now, death)
            steps.append(Step(death, now, count))
            entry = _dying(memory, vhost, fingerprint, death, now)
            if entry is not None:
                return entry, steps
    # Since 4.0 a broker does not heed what a publish carried, so that no history goes on from it.
    for start in (None, *memory.carriers.get((vhost, fingerprint), ())):
        for place in range(len(deaths) - 1, -1, -1):
            entry = _dying(memory, vhost, fingerprint, deaths[place], start)
            if entry is not None:
                return entry, one_each(deaths[: place + 1], history)
    return None


def one_each(deaths: Sequence[Death], history: History) -> list[Step]:
    """Return one step for each of *deaths*, standing for as many rounds as it counts."""
    steps: list[Step] = []
    now: History | None = history
    for death in deaths:
        rest = frozenset(row for row in now or () if row[:2] != (death.queue, death.reason)) or None
        now = rest if death.count == 1 else after(rest, death.queue, death.reason, death.count - 1)
        steps.append(Step(death, now, death.count, death.count))
        now = rest
    return steps


def _count(history: History | None, death: Death) -> int:
    for queue, reason, count in history or ():
        if queue == death.queue and reason == death.reason:
            return count
    return 0


def _dying(
    memory: Memory, vhost: Text, fingerprint: bytes, death: Death, history: History | None
) -> Entry | None:
    """Return the copy with *history* that died by *death*, if it is known to be there."""
    line = memory.lines.get((vhost, death.queue))
    if line is None:
        return None
    key = key_of(fingerprint, history)
    scan_max = memory.limits.rivals_scanned_max
    waiting = waiting_copy(line, key)
    if waiting is not None and death.reason not in BY_HAND:
        return waiting
    for states in (IN_HAND, (SETTLED,)):
        found = handed_copy(line, key, states, scan_max)
        if found is not None:
            return found[0]
    if waiting is not None:
        return waiting
    found = handed_copy(line, key, (GONE, UNKNOWN), scan_max)
    return None if found is None else found[0]
