"""Find out which redelivered events the log holds already. Pure.

After a tap channel opened, the broker delivers again what it believes unacknowledged. Acknowledgements sent prove nothing,
for a killed broker forgets many. What is known:

* The collector acknowledges whole blocks, in order, so the broker stands at the end of a block, as far as this tap goes.
* It never acknowledges the last `hold` stored deliveries of a tap (rounded up to whole blocks), until a later block makes
  them older or a fact in the log says that everything was acknowledged. So at least these come again: the *least* overlap.

The overlap is therefore a suffix of what is stored that ends at a block's boundary, not smaller than *least*, and a prefix
of the redelivered run. Of several that fit the smallest is dropped, which never loses and, where messages are identical,
may double: then the log says so.

A quorum queue puts what is given back behind all that was given back before. So where a leader was killed while it looked
for a poisoned message (``excision.py``), what comes again may be *turned*: the first deliveries of the run, however many,
are a ring that begins anywhere, and behind it come those that nobody had been given when it was turned. So the stored part
may stand in three pieces. Then a digest that occurs only once proves where it is.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the log holds of one tap, newest part: the digests in order, and how they were cut into blocks.

    `blocks` counts the deliveries per block, oldest first, blocks without any left out. `least` is the number of newest
    deliveries that were certainly not acknowledged.
    """

    digests: tuple[bytes, ...] = ()
    blocks: tuple[int, ...] = ()
    least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many deliveries of a run are stored already: `drop`, of at most `most` that could be.

    `places` are theirs in a turned run, in the order of the log; () where they are its first.
    """

    drop: int
    most: int
    places: tuple[int, ...] = ()

    @property
    def ambiguous(self) -> bool:
        return self.most > self.drop


def least_overlap(blocks: Sequence[int], hold: int) -> int:
    """Return how many deliveries stand in the last blocks that together hold at least *hold* of them."""
    kept = 0
    for count in reversed(blocks):
        if kept >= hold:
            break
        kept += count
    return kept


def align(window: Window, run: Sequence[bytes], *, turned: bool = False) -> Overlap:
    """Return the overlap of what is stored with the redelivered *run*, which may be *turned*.

    Laws: `drop` is never above the true overlap, if the window and its `least` are true; it is below only where `most`
    says so.
    """
    if turned and (found := _align_turned(window, tuple(run))) is not None:
        return found
    fits = [size for size in _boundaries(window, len(run)) if _fits(window, run, size)]
    sure = [size for size in fits if size >= window.least]
    if sure:
        return Overlap(drop=sure[0], most=sure[-1])
    # What must have come again did not: the tap lost some of it. Dropping nothing cannot lose more.
    return Overlap(drop=0, most=max(fits, default=0))


def _align_turned(window: Window, run: tuple[bytes, ...]) -> Overlap | None:
    """Return where in a turned run the newest stored deliveries stand: all that is proven, and at least what must come."""
    sizes = [size for size in _boundaries(window, len(run)) if size >= max(1, window.least)]
    starts: dict[bytes, list[int]] = {}
    for at, digest in enumerate(run):
        starts.setdefault(digest, []).append(at)
    for most in reversed(sizes):
        stored = window.digests[-most:]
        places = _turned_places(stored, run, starts.get(stored[0], ()))
        if places is None:
            continue
        in_log, in_run = Counter(window.digests), Counter(run)
        proven = next(
            (most - at for at, one in enumerate(stored) if in_log[one] == in_run[one] == 1), 0
        )
        if not proven and not window.least:
            return Overlap(drop=0, most=most)
        drop = next(size for size in sizes if size >= proven)
        found = places[most - drop :]
        return Overlap(drop=drop, most=most, places=() if found == (*range(drop),) else found)
    return None


def _turned_places(
    stored: tuple[bytes, ...], run: tuple[bytes, ...], starts: Sequence[int]
) -> tuple[int, ...] | None:
    """Return where each of *stored*, beginning at one of *starts*, stands in a turned *run*; None where that is nowhere."""
    for start in starts:
        alike = _alike(stored, run, start)
        for before_end in range(alike, 0, -1):  # so many stand at the end of the ring
            ring = start + before_end
            left = len(stored) - before_end
            wrapped = min(left, start)
            behind = left - wrapped
            if wrapped and stored[before_end] != run[0]:
                continue
            rest = run[:wrapped] + run[ring : ring + behind]
            if stored[before_end:] == rest:
                return (*range(start, ring), *range(wrapped), *range(ring, ring + behind))
    return None


def _alike(stored: tuple[bytes, ...], run: tuple[bytes, ...], start: int) -> int:
    """Return how many of *stored* stand in *run* from *start* on, one after the other."""
    longest = min(len(stored), len(run) - start)
    return next((at for at in range(longest) if stored[at] != run[start + at]), longest)


def _boundaries(window: Window, longest: int) -> list[int]:
    sizes, size = [0], 0
    for count in reversed(window.blocks):
        size += count
        if size > longest or size > len(window.digests):
            break
        sizes.append(size)
    return sizes


def _fits(window: Window, run: Sequence[bytes], size: int) -> bool:
    return size == 0 or window.digests[-size:] == tuple(run[:size])
