"""The SQLite adapters keep the ports' promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from store.errors import LogRefused
from store.ports import EventLog, MessageIndex, SnapshotStore
from store.sqlite.exports import SqliteExportPoints
from store.sqlite.index import SqliteMessageIndex
from store.sqlite.log import SqliteEventLog
from store.sqlite.snapshots import SqliteSnapshotStore
from tests.contract.event_log import Another, EventLogContract
from tests.contract.export_points import ExportPointsContract, Opened, point
from tests.contract.message_index import MessageIndexContract
from tests.contract.snapshot_store import SnapshotStoreContract, snapshot


class TestSqliteEventLog(EventLogContract):
    @pytest_asyncio.fixture
    async def log(self, tmp_path: Path) -> AsyncIterator[EventLog]:
        async with SqliteEventLog(tmp_path / "data") as log:
            yield log

    @pytest.fixture
    def another(self, tmp_path: Path) -> Another:
        return lambda: SqliteEventLog(tmp_path / "data")


class TestSqliteSnapshotStore(SnapshotStoreContract):
    @pytest_asyncio.fixture
    async def snapshots(self, tmp_path: Path) -> AsyncIterator[SnapshotStore]:
        async with SqliteSnapshotStore(tmp_path / "data") as snapshots:
            yield snapshots

    async def test_a_damaged_file_is_as_good_as_none(
        self, snapshots: SnapshotStore, tmp_path: Path
    ) -> None:
        """A snapshot file with a flipped bit is passed over for the one before it."""
        await snapshots.save(snapshot(3))
        await snapshots.save(snapshot(9))
        _damage(tmp_path, "*9.snapshot")

        assert await snapshots.newest("topology", "1") == snapshot(3)


class TestSqliteMessageIndex(MessageIndexContract):
    @pytest_asyncio.fixture
    async def index(self, tmp_path: Path) -> AsyncIterator[MessageIndex]:
        async with SqliteMessageIndex(tmp_path / "data") as index:
            yield index


class TestSqliteExportPoints(ExportPointsContract):
    @pytest_asyncio.fixture
    async def opened(self, tmp_path: Path) -> AsyncIterator[Opened]:
        place = tmp_path / "data"
        async with SqliteExportPoints(place) as mine, SqliteExportPoints(place) as others:
            yield Opened(mine, others)

    async def test_a_reader_makes_nothing(self, tmp_path: Path) -> None:
        """Opened for reading, a place without exports stays without, and nothing can be saved."""
        async with SqliteExportPoints(tmp_path, read_only=True) as points:
            assert await points.load("otlp") is None
            with pytest.raises(LogRefused):
                await points.save(point(7), after=None)

        async with SqliteExportPoints(tmp_path, read_only=True) as points:
            assert await points.load("otlp") is None


def _damage(directory: Path, name: str) -> None:
    """Flip a bit in the middle of the one file called *name*."""
    (found,) = directory.rglob(name)
    raw = bytearray(found.read_bytes())
    raw[len(raw) // 2] ^= 1
    found.write_bytes(raw)
