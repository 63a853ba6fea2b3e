"""A log that waits for its store keeps the port's promises, and its reads outlast an absence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from events.block import Block
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.log import ElasticEventLog
from store.errors import LogUnavailable
from store.memory.log import MemoryEventLog
from store.patient import Patience, PatientEventLog
from store.ports import EventLog
from tests.contract.blocks import chain
from tests.contract.event_log import Another, EventLogContract, bare


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
