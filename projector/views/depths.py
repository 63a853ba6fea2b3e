"""How deep each queue was over time: the broker's samples beside what was believed to wait.

Pure. A depth that stays is kept as its first and last sample. Beyond `SAMPLES_MAX` of one queue, or `ALL_MAX` of all, the
older half is thinned, of two neighbours the deeper one staying.
"""

from typing import Any

import msgspec

from events.facts import QueueSampled

QUEUES_MAX = 5_000
SAMPLES_MAX = 480
ALL_MAX = 200_000
LAST_HALF = 2


class Depth(msgspec.Struct, array_like=True):
    """A sample at `at` (ns). `believed` is None where no message was seen in the queue."""

    at: int
    ready: int
    unacked: int
    believed: int | None = None


class Depths(msgspec.Struct, array_like=True):
    """By (vhost, queue), oldest first; `count` is how many there are in all."""

    queues: dict[tuple[Any, Any], list[Depth]] = {}
    count: int = 0

    def sampled(self, fact: QueueSampled, at: int) -> None:
        """Take in a sample; what is believed is told by :meth:`believed` afterwards."""
        place = (fact.vhost, fact.queue)
        samples = self.queues.get(place)
        if samples is None:
            if len(self.queues) >= QUEUES_MAX:
                self.dropped(next(iter(self.queues)))
            samples = self.queues[place] = []
        if len(samples) >= LAST_HALF and _same(samples[-1], samples[-2], fact):
            samples[-1].at = at
            return
        samples.append(Depth(at, fact.ready, fact.unacked))
        self.count += 1
        if len(samples) >= SAMPLES_MAX:
            self._thin(place)
        if self.count >= ALL_MAX:
            for each in list(self.queues):
                self._thin(each)

    def believed(self, place: tuple[Any, Any], waiting: int) -> None:
        """Note how many were believed to wait at the last sample of the queue at *place*."""
        samples = self.queues.get(place)
        if samples:
            samples[-1].believed = waiting

    def dropped(self, place: tuple[Any, Any]) -> None:
        """Forget a queue."""
        self.count -= len(self.queues.pop(place, ()))

    def _thin(self, place: tuple[Any, Any]) -> None:
        samples = self.queues[place]
        old = samples[: len(samples) // 2]
        kept = [max(pair, key=_depth) for pair in zip(old[::2], old[1::2], strict=False)]
        if len(old) % 2:
            kept.append(old[-1])
        self.count -= len(old) - len(kept)
        self.queues[place] = kept + samples[len(old) :]


def _depth(sample: Depth) -> int:
    return sample.ready + sample.unacked


def _same(last: Depth, before: Depth, fact: QueueSampled) -> bool:
    told = (fact.ready, fact.unacked)
    return (
        (last.ready, last.unacked) == told
        and (before.ready, before.unacked) == told
        and last.believed == before.believed
    )
