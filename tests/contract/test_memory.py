"""The memory adapters keep the ports' promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from store.memory.exports import MemoryExportPoints
from store.memory.index import MemoryMessageIndex
from store.memory.log import MemoryEventLog
from store.memory.snapshots import MemorySnapshotStore
from store.ports import EventLog, MessageIndex, SnapshotStore
from tests.contract.event_log import Another, EventLogContract
from tests.contract.export_points import ExportPointsContract, Opened
from tests.contract.message_index import MessageIndexContract
from tests.contract.snapshot_store import SnapshotStoreContract


class TestMemoryEventLog(EventLogContract):
    @pytest.fixture
    def log(self) -> EventLog:
        return MemoryEventLog()

    @pytest.fixture
    def another(self, log: EventLog) -> Another:
        @asynccontextmanager
        async def again() -> AsyncIterator[EventLog]:
            yield log

        return again


class TestMemorySnapshotStore(SnapshotStoreContract):
    @pytest.fixture
    def snapshots(self) -> SnapshotStore:
        return MemorySnapshotStore()


class TestMemoryMessageIndex(MessageIndexContract):
    @pytest.fixture
    def index(self) -> MessageIndex:
        return MemoryMessageIndex()


class TestMemoryExportPoints(ExportPointsContract):
    @pytest.fixture
    def opened(self) -> Opened:
        points = MemoryExportPoints()
        return Opened(points, points)
