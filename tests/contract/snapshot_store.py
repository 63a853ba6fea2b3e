"""The promises of ``store.ports.SnapshotStore``."""

import pytest

from store.ports import Snapshot, SnapshotStore
from store.snapshots import KEPT_MAX


def snapshot(block: int, *, projection: str = "topology", version: str = "1") -> Snapshot:
    return Snapshot(
        projection, version, block, block * 10, bytes(32), b"d" * 32, b"state %d" % block
    )


class SnapshotStoreContract:
    """A subclass gives the fixture ``snapshots``, empty."""

    async def test_a_snapshot_is_read_back(self, snapshots: SnapshotStore) -> None:
        """What was saved is what is read."""
        await snapshots.save(snapshot(7))

        assert await snapshots.newest("topology", "1") == snapshot(7)

    async def test_without_a_snapshot_there_is_none(self, snapshots: SnapshotStore) -> None:
        """An unknown projection or version has no snapshot."""
        await snapshots.save(snapshot(7))

        assert await snapshots.newest("topology", "2") is None
        assert await snapshots.newest("queues", "1") is None

    async def test_the_newest_is_given(self, snapshots: SnapshotStore) -> None:
        """Of several the one of the highest block is given, whatever the order of saving."""
        for block in (3, 12, 5):
            await snapshots.save(snapshot(block))

        assert await snapshots.newest("topology", "1") == snapshot(12)

    @pytest.mark.parametrize(
        ("block", "expected"), [(2, None), (3, 3), (11, 5), (12, 12), (99, 12)]
    )
    async def test_the_newest_at_a_block_is_given(
        self, snapshots: SnapshotStore, block: int, expected: int | None
    ) -> None:
        """Asked for a block, the newest at most there is given."""
        for saved in (3, 5, 12):
            await snapshots.save(snapshot(saved))

        found = await snapshots.newest("topology", "1", block=block)

        assert (found and found.block) == expected

    async def test_few_are_kept_spread_over_the_log(self, snapshots: SnapshotStore) -> None:
        """However many are saved, five stay: the oldest, the newest, and others between at a distance."""
        for block in range(0, 1000, 10):
            await snapshots.save(snapshot(block))

        kept = {
            found.block
            for block in range(0, 1000, 10)
            if (found := await snapshots.newest("topology", "1", block=block))
        }
        assert len(kept) == KEPT_MAX
        assert {0, 990} < kept
        assert max(b - a for a, b in zip(sorted(kept), sorted(kept)[1:], strict=False)) < 800

    async def test_projections_and_versions_do_not_mix(self, snapshots: SnapshotStore) -> None:
        """Each projection and version has its own snapshots, whatever characters its name has."""
        names = [("a/b", "1"), ("a", "b/1"), ("..", ".."), ("", ""), ("ü %2F", "1")]
        for i, (projection, version) in enumerate(names):
            await snapshots.save(snapshot(i, projection=projection, version=version))

        for i, (projection, version) in enumerate(names):
            found = await snapshots.newest(projection, version)
            assert found == snapshot(i, projection=projection, version=version)

    async def test_saving_again_replaces(self, snapshots: SnapshotStore) -> None:
        """A snapshot of the same block takes the place of the one before."""
        await snapshots.save(snapshot(7))
        again = Snapshot("topology", "1", 7, 70, bytes(32), b"e" * 32, b"other")

        await snapshots.save(again)

        assert await snapshots.newest("topology", "1") == again

    async def test_all_can_be_deleted(self, snapshots: SnapshotStore) -> None:
        """After deleting there is none, and saving works again."""
        await snapshots.save(snapshot(7))

        await snapshots.delete_all()
        assert await snapshots.newest("topology", "1") is None

        await snapshots.save(snapshot(8))
        assert await snapshots.newest("topology", "1") == snapshot(8)
