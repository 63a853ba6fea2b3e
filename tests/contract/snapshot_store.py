"""What every snapshot store promises."""

from store.ports import Snapshot, SnapshotStore


def snapshot(block: int, *, projection: str = "views", version: str = "1") -> Snapshot:
    return Snapshot(projection, version, block, block * 10, b"log", b"digest", b"state %d" % block)


class SnapshotStoreContract:
    async def test_what_was_saved_comes_back(self, snapshots: SnapshotStore) -> None:
        """The newest snapshot of a projection and version is the one with the highest block."""
        await snapshots.save(snapshot(7))
        await snapshots.save(snapshot(3))

        assert await snapshots.newest("views", "1") == snapshot(7)

    async def test_an_older_one_is_found_by_block(self, snapshots: SnapshotStore) -> None:
        """A block asked for bounds the answer from above, itself included."""
        await snapshots.save(snapshot(3))
        await snapshots.save(snapshot(7))

        assert await snapshots.newest("views", "1", block=6) == snapshot(3)
        assert await snapshots.newest("views", "1", block=7) == snapshot(7)
        assert await snapshots.newest("views", "1", block=2) is None

    async def test_versions_and_projections_are_apart(self, snapshots: SnapshotStore) -> None:
        """Another version or projection has snapshots of its own."""
        await snapshots.save(snapshot(3))

        assert await snapshots.newest("views", "2") is None
        assert await snapshots.newest("other", "1") is None

    async def test_few_are_kept_and_the_newest_among_them(self, snapshots: SnapshotStore) -> None:
        """Of many snapshots at most five stay: the newest, and older ones from all over the log."""
        for block in range(1, 101):
            await snapshots.save(snapshot(block))
        found = set[int]()
        block: int | None = None
        while kept := await snapshots.newest("views", "1", block=block):
            found.add(kept.block)
            block = kept.block - 1

        assert len(found) == 5
        assert max(found) == 100
        assert min(found) <= 50

    async def test_deleting_leaves_nothing(self, snapshots: SnapshotStore) -> None:
        """After delete_all there is no snapshot of any projection."""
        await snapshots.save(snapshot(3))
        await snapshots.delete_all()

        assert await snapshots.newest("views", "1") is None
