"""A log that waits for its store keeps the port's promises, and its reads outlast an absence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from store.memory.log import MemoryEventLog
from store.patient import Patience, PatientEventLog
from store.ports import EventLog
from tests.contract.event_log import Another, EventLogContract


class TestPatientEventLog(EventLogContract):
    @pytest.fixture
    def log(self) -> EventLog:
        return PatientEventLog(MemoryEventLog(), Patience(lambda _: None))

    @pytest.fixture
    def another(self, log: EventLog) -> Another:
        @asynccontextmanager
        async def again() -> AsyncIterator[EventLog]:
            yield log

        return again
