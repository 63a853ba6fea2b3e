"""Prove that replay gives the same state whichever way it is reached: `hoptrail replay --from-zero --verify`.

The log is folded from its first retained block. On the way the state of every part is compared with each
snapshot that was saved there, and at the end with the state reached from the newest snapshot.
"""

from collections.abc import Sequence

import msgspec

from projector.fold import FoldState
from projector.linker.limits import Limits
from projector.projection import PROJECTION, Projection, restored, state_in
from projector.replay import Place, Progress, replay
from store.ports import EventLog, Snapshot, SnapshotStore

SNAPSHOTS_MAX = 16


class Comparison(msgspec.Struct, frozen=True):
    """One state reached another way. `kind`: saved (as a snapshot holds it) or resumed (from a snapshot to the head).

    `differing` names the parts whose digest is another one; `skipped` says why there was nothing to compare.
    """

    kind: str
    block: int
    position: int
    differing: tuple[str, ...] = ()
    skipped: str | None = None


class Proof(msgspec.Struct, frozen=True):
    """What a replay from zero gave: `digests` (hex) of the linker and of each view at `position`."""

    position: int
    first_block: int
    versions: dict[str, str]
    digests: dict[str, str]
    comparisons: tuple[Comparison, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing differed."""
        return not any(comparison.differing for comparison in self.comparisons)


async def prove(
    log: EventLog,
    snapshots: SnapshotStore | None,
    stream: str,
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Proof:
    """Replay *log* from zero and compare what it gives with every snapshot of this program's version.

    *progress* is called with (events folded, events there are).

    Raises:
        LogDamaged, FactUnknown, FoldFailed: as :func:`projector.replay.replay`.
    """
    projection, place = Projection(stream, limits), Place()
    first = await log.first()
    saved = await _saved(snapshots, projection.version)
    comparisons: list[Comparison] = []
    for snapshot in saved:
        place = await replay(log, projection, place, stop_block=snapshot.block, progress=progress)
        comparisons.append(_compare_saved(snapshot, projection, place, first))
    place = await replay(log, projection, place, progress=progress)
    state = projection.fold.save()
    if saved and comparisons[-1].skipped is None:
        comparisons.append(await _compare_resumed(log, saved[-1], state, place, stream, limits))
    return Proof(
        position=state.position,
        first_block=first,
        versions=projection.versions,
        digests={name: digest.hex() for name, digest in state.digests().items()},
        comparisons=tuple(comparisons),
    )


async def _saved(snapshots: SnapshotStore | None, version: str) -> Sequence[Snapshot]:
    """Return the snapshots there are of *version*, oldest first."""
    found: list[Snapshot] = []
    block: int | None = None
    while snapshots is not None and len(found) < SNAPSHOTS_MAX:
        snapshot = await snapshots.newest(PROJECTION, version, block=block)
        if snapshot is None:
            break
        found.append(snapshot)
        block = snapshot.block - 1
    found.reverse()
    return found


def _compare_saved(
    snapshot: Snapshot, projection: Projection, place: Place, first: int
) -> Comparison:
    told = Comparison("saved", snapshot.block, snapshot.position)
    if first > 0:
        return msgspec.structs.replace(told, skipped="it knows blocks that retention has removed")
    if place.block != snapshot.block or place.digest != snapshot.log_digest:
        return msgspec.structs.replace(told, skipped="it was taken of other blocks than the log's")
    saved = state_in(snapshot)
    if saved is None:
        return msgspec.structs.replace(told, differing=("(damaged)",))
    return msgspec.structs.replace(told, differing=_differing(saved, projection.fold.save()))


async def _compare_resumed(
    log: EventLog,
    snapshot: Snapshot,
    state: FoldState,
    end: Place,
    stream: str,
    limits: Limits | None,
) -> Comparison:
    told = Comparison("resumed", snapshot.block, state.position)
    projection = restored(snapshot, stream, limits)
    if projection is None:
        return msgspec.structs.replace(told, differing=("(damaged)",))
    place = Place(snapshot.block, snapshot.log_digest)
    await replay(log, projection, place, stop_block=end.block)
    return msgspec.structs.replace(told, differing=_differing(projection.fold.save(), state))


def _differing(one: FoldState, other: FoldState) -> tuple[str, ...]:
    mine, theirs = one.digests(), other.digests()
    return tuple(name for name in sorted(mine | theirs) if mine.get(name) != theirs.get(name))
