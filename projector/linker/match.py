"""Which copy of which message a delivery is: the copies of each queue, by fingerprint and death history.

Pure. Nearly every copy is the only one of its key in its queue and then is kept by itself, so that filing and finding
one costs one lookup; copies that cannot be told apart share a bucket, waiting ones oldest first.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from events.values import Text
from projector.linker.history import History
from projector.linker.model import (
    DELIVERED,
    REDELIVERED,
    WAITING,
    LiveCopy,
    LiveMessage,
)

Entry = tuple[LiveMessage, LiveCopy]
Key = Any  # a fingerprint, or (fingerprint, History) where there were deaths before
IN_HAND = (DELIVERED, REDELIVERED)


class Bucket:
    """Copies of one key in one queue: those waiting, oldest first, and by `seq` those that were handed out or left."""

    __slots__ = ("handed", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Entry] = deque()
        self.handed: dict[int, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Put *entry* behind the others of its kind."""
        copy = entry[1]
        if copy.state == WAITING:
            self.waiting.append(entry)
        else:
            self.handed[copy.seq] = entry


class Sampled(msgspec.Struct, array_like=True, gc=False):
    """The broker's own depths at `at` (ns), beside how many copies were believed to wait then.

    Of those `moved` came or left so shortly before that the depths may not show it; `deliveries` is the line's count then.
    """

    at: int
    ready: int
    unacked: int
    believed: int
    moved: int
    deliveries: int


class Line:
    """The copies of one queue, in queue order, and what is counted of it since it came to be.

    `order` holds every copy since the oldest that waits (and, until swept, some that do not). `passed` holds the `seq` of
    copies that were delivered while older ones waited. `overflow` counts copies that were let go for want of room,
    `in_hand` those handed out and not known to be settled, `deaths` the dead letters. `cut` is the last `seq` before the
    queue was last deleted: copies up to it are in no queue any more. `repeats` counts arrivals beyond one per copy. `doubt`
    is why what is routed here may not arrive, `excess` how many more copies than the broker's own depth waited at the last
    sample, `supported` the last `seq` that a depth has shown. `sample` is the last sample beside what was believed then
    (None: none yet), `lacking` how many more it showed than that, `unseen` how many more two in a row did. While `gave_back`
    is false, no copy here went back to the queue after it was delivered.
    """

    __slots__ = (
        "cut",
        "deaths",
        "deliveries",
        "doubt",
        "excess",
        "gave_back",
        "in_hand",
        "index",
        "lacking",
        "offsets",
        "order",
        "overflow",
        "passed",
        "queue",
        "repeats",
        "sample",
        "seq",
        "supported",
        "unseen",
        "vhost",
        "waiting",
    )

    def __init__(self, vhost: Text, queue: Text) -> None:
        self.vhost = vhost
        self.queue = queue
        self.index: dict[Key, Entry | Bucket] = {}
        self.order: deque[Entry] = deque()
        self.offsets: dict[int, Entry] = {}
        self.passed: list[int] = []
        self.seq = 0
        self.waiting = 0
        self.deliveries = 0
        self.overflow = 0
        self.doubt: str | None = None
        self.excess = 0
        self.supported = 0
        self.sample: Sampled | None = None
        self.lacking = 0
        self.unseen = 0
        self.in_hand = 0
        self.deaths = 0
        self.repeats = 0
        self.cut = 0
        self.gave_back = False

    @property
    def enqueued(self) -> int:
        """How many arrivals there were."""
        return self.seq - self.cut + self.repeats

    def begin_anew(self) -> None:
        """Note that the queue was deleted, once nothing waits in it."""
        self.cut = self.seq
        self.deliveries = self.overflow = self.in_hand = self.deaths = self.repeats = 0
        self.sample, self.lacking, self.unseen = None, 0, 0

    def out_of_hand(self, copy: LiveCopy) -> None:
        """Note that *copy*, which was handed out, is so no longer."""
        if copy.seq > self.cut:
            self.in_hand -= 1

    def contents(self) -> list[Entry]:
        """Return the copies believed to be in the queue, waiting or handed out, in its order."""
        if not self.in_hand:
            return [entry for entry in self.order if entry[1].state == WAITING]
        there, cut = (WAITING, *IN_HAND), self.cut
        found = [entry for entry in self.every() if entry[1].state in there and entry[1].seq > cut]
        found.sort(key=_seq_of)
        return found

    def every(self) -> Iterator[Entry]:
        """Yield every copy that is remembered, in no order, those too that left the queue."""
        for held in self.index.values():
            if isinstance(held, Bucket):
                yield from held.waiting
                yield from held.handed.values()
            else:
                yield held

    def oldest(self) -> Entry | None:
        """Return the copy that waits first."""
        return next((entry for entry in self.order if entry[1].state == WAITING), None)


def _seq_of(entry: Entry) -> int:
    return entry[1].seq


def key_of(fingerprint: bytes, history: History | None) -> Key:
    """Return the key under which a copy with this fingerprint and *history* is filed."""
    return fingerprint if history is None else (fingerprint, history)


def file(line: Line, key: Key, entry: Entry) -> None:
    """Put a waiting copy at the end of *line*."""
    number(line, entry[1])
    line.waiting += 1
    line.order.append(entry)
    index_entry(line, key, entry)


def number(line: Line, copy: LiveCopy) -> None:
    """Give *copy* the next number of *line*, and count its arrivals."""
    line.seq = copy.seq = line.seq + 1
    line.repeats += copy.arrivals - 1


def index_entry(line: Line, key: Key, entry: Entry) -> None:
    """Make *entry* findable under *key*."""
    held = line.index.get(key)
    if held is None:
        line.index[key] = entry
    elif isinstance(held, Bucket):
        held.add(entry)
    else:
        bucket = line.index[key] = Bucket()
        bucket.add(held)
        bucket.add(entry)


def waiting_copy(line: Line, key: Key) -> Entry | None:
    """Return the oldest waiting copy of *key*."""
    held = line.index.get(key)
    if held is None:
        return None
    if isinstance(held, Bucket):
        return held.waiting[0] if held.waiting else None
    return held if held[1].state == WAITING else None


def leave(line: Line, key: Key, entry: Entry) -> None:
    """Note that *entry*, which waited in *line*, waits no longer; its state has been set before."""
    held = line.index.get(key)
    if isinstance(held, Bucket):
        waiting = held.waiting
        if waiting and waiting[0][1] is entry[1]:
            waiting.popleft()
        else:
            _drop(waiting, entry)
        held.handed[entry[1].seq] = entry


def handed_copy(
    line: Line, key: Key, states: tuple[str, ...], scan_max: int
) -> tuple[Entry, int] | None:
    """Return the likeliest copy of *key* in one of *states* for a repeated delivery, and how many rivals it has.

    One whose channel has closed comes first, then the one delivered last, then the one that came first.
    """
    best: Entry | None = None
    best_rank = (False, -1, 0)
    fits = 0
    for entry in handed_copies(line, key, scan_max):
        copy = entry[1]
        if copy.state not in states:
            continue
        fits += 1
        attempts = copy.attempts
        rank = (
            bool(attempts) and attempts[-1].returned,
            attempts[-1].position if attempts else -1,
            -copy.seq,
        )
        if best is None or rank > best_rank:
            best, best_rank = entry, rank
    return None if best is None else (best, fits - 1)


def handed_copies(line: Line, key: Key, scan_max: int) -> list[Entry]:
    """Return up to *scan_max* copies of *key* that do not wait, those that left last first."""
    held = line.index.get(key)
    if held is None:
        return []
    if isinstance(held, Bucket):
        return list(islice(reversed(held.handed.values()), scan_max))
    return [held] if held[1].state != WAITING else []


def forget(line: Line, key: Key, entry: Entry) -> None:
    """Make *entry* unfindable."""
    held = line.index.get(key)
    if isinstance(held, Bucket):
        if entry[1].state == WAITING:
            _drop(held.waiting, entry)
        else:
            held.handed.pop(entry[1].seq, None)
        if not held.waiting and not held.handed:
            del line.index[key]
    elif held is not None and held[1] is entry[1]:
        del line.index[key]


def _drop(part: deque[Entry], entry: Entry) -> None:
    """Take *entry* out of *part*, where it is most often the first."""
    for place, other in enumerate(part):
        if other[1] is entry[1]:
            del part[place]
            return
