"""Snapshot stores against their contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.memory.snapshots import MemorySnapshotStore
from store.ports import SnapshotStore
from store.sqlite.snapshots import SqliteSnapshotStore
from tests.contract.snapshot_store import SnapshotStoreContract, snapshot


class TestMemorySnapshotStore(SnapshotStoreContract):
    @pytest.fixture
    async def snapshots(self) -> AsyncIterator[SnapshotStore]:
        async with MemorySnapshotStore() as opened:
            yield opened


class TestSqliteSnapshotStore(SnapshotStoreContract):
    @pytest.fixture
    async def snapshots(self, tmp_path: Path) -> AsyncIterator[SnapshotStore]:
        async with SqliteSnapshotStore(tmp_path) as opened:
            yield opened

    async def test_a_damaged_file_is_as_good_as_none(self, tmp_path: Path) -> None:
        """When the newest file cannot be read the one before it is the answer."""
        async with SqliteSnapshotStore(tmp_path) as opened:
            await opened.save(snapshot(3))
            await opened.save(snapshot(7))
            for path in (tmp_path / "snapshots").glob("*.7.snapshot"):
                path.write_bytes(b"\xc1")

            assert await opened.newest("views", "1") == snapshot(3)
