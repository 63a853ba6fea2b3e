"""Counts by time: fine slices for a while, coarser ones for longer, each a table of numbered keys.

Pure. What is counted now is in `open`, and goes into the slices of every step when its time is over; so a clock that is set
back counts nothing twice. Beyond `ENTRIES_MAX` counts the oldest of the coarsest slices go.
"""

from typing import Any

import msgspec

SECOND_NS = 1_000_000_000
STEPS_S = (10, 60, 3_600)
KEPT = (100, 130, 169)
"""How many slices of each step: a quarter of an hour, two hours, a week."""

ENTRIES_MAX = 300_000
KEYS_MAX = 4_000

Counts = dict[int, int]


class Slices(msgspec.Struct, array_like=True):
    """`keys` numbers what is counted, `slot` is the first step's number of what is `open`, -1 before anything was.

    `tables` holds for each step the slices by their number (time / step), and `complete_from` the time (ns) before which
    some of them were dropped.
    """

    keys: dict[Any, int] = {}
    slot: int = -1
    open: Counts = {}
    tables: list[dict[int, Counts]] = msgspec.field(default_factory=lambda: [{} for _ in STEPS_S])
    complete_from: list[int] = msgspec.field(default_factory=lambda: [0 for _ in STEPS_S])

    def count(self, key: Any, at: int, times: int = 1) -> None:
        """Count *key* at *at* ns. There must be room for it (`is_full`) if it is new."""
        slot = at // (STEPS_S[0] * SECOND_NS)
        if slot != self.slot:
            self.turn(slot)
        number = self.keys.get(key)
        if number is None:
            number = self.keys[key] = len(self.keys)
        open_ = self.open
        open_[number] = open_.get(number, 0) + times

    @property
    def is_full(self) -> bool:
        return len(self.keys) >= KEYS_MAX

    def turn(self, slot: int) -> None:
        """Put what is open into its slices, and begin with *slot*."""
        if self.open:
            at_s = self.slot * STEPS_S[0]
            for step, table in zip(STEPS_S, self.tables, strict=True):
                add(table.setdefault(at_s // step, {}), self.open)
            self.open = {}
        is_new_minute = slot * STEPS_S[0] // STEPS_S[1] != self.slot * STEPS_S[0] // STEPS_S[1]
        self.slot = slot
        if is_new_minute:
            self._drop()

    def table(self, step: int) -> dict[int, Counts]:
        """Return the slices of the step with index *step*, with what is open; to be read only."""
        if not self.open:
            return self.tables[step]
        number = self.slot * STEPS_S[0] // STEPS_S[step]
        known = dict(self.tables[step].get(number, {}))
        add(known, self.open)
        return {**self.tables[step], number: known}

    def fits(self, since: int) -> int:
        """Return the index of the finest step whose slices go back to *since* (ns), else of the coarsest."""
        now_s = (self.slot + 1) * STEPS_S[0]
        for index, (step, kept) in enumerate(zip(STEPS_S, KEPT, strict=True)):
            if since // SECOND_NS >= now_s - step * (kept - 1):
                return index
        return len(STEPS_S) - 1

    def regroup(self, keys: dict[int, Any]) -> None:
        """Count what has a number of *keys* under the key named there; others keep theirs, and unused ones go."""
        used: dict[int, None] = dict.fromkeys(self.open)
        for table in self.tables:
            for counts in table.values():
                used.update(dict.fromkeys(counts))
        numbers: dict[int, int] = {}
        renamed: dict[Any, int] = {}
        for key, number in self.keys.items():
            if number in used:
                numbers[number] = renamed.setdefault(keys.get(number, key), len(renamed))
        self.keys = renamed
        self.open = _renumbered(self.open, numbers)
        self.tables = [
            {slot: _renumbered(counts, numbers) for slot, counts in table.items()}
            for table in self.tables
        ]

    def _drop(self) -> None:
        now_s = self.slot * STEPS_S[0]
        for index, (step, kept, table) in enumerate(zip(STEPS_S, KEPT, self.tables, strict=True)):
            for slot in [slot for slot in table if slot <= now_s // step - kept]:
                self._forget(index, slot)
            while len(table) > 2 * kept:  # left behind by a clock that was set back
                self._forget(index, next(iter(table)))
        for index, table in reversed(list(enumerate(self.tables))):
            while len(table) > 1 and self._entries() > ENTRIES_MAX:
                self._forget(index, next(iter(table)))

    def _forget(self, index: int, slot: int) -> None:
        del self.tables[index][slot]
        end = (slot + 1) * STEPS_S[index] * SECOND_NS
        self.complete_from[index] = max(self.complete_from[index], end)

    def _entries(self) -> int:
        return sum(len(counts) for table in self.tables for counts in table.values())


def add(into: Counts, counts: Counts) -> None:
    """Add *counts* to *into*."""
    for number, times in counts.items():
        into[number] = into.get(number, 0) + times


def _renumbered(counts: Counts, numbers: dict[int, int]) -> Counts:
    found: Counts = {}
    for number, times in counts.items():
        to = numbers[number]
        found[to] = found.get(to, 0) + times
    return found
