"""The SQLite adapters keep the ports' promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from store.ports import EventLog
from store.sqlite.log import SqliteEventLog
from tests.contract.event_log import Another, EventLogContract


class TestSqliteEventLog(EventLogContract):
    @pytest_asyncio.fixture
    async def log(self, tmp_path: Path) -> AsyncIterator[EventLog]:
        async with SqliteEventLog(tmp_path / "data") as log:
            yield log

    @pytest.fixture
    def another(self, tmp_path: Path) -> Another:
        return lambda: SqliteEventLog(tmp_path / "data")
