"""The Elasticsearch adapters keep the ports' promises, on a real server."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.exports import ElasticExportPoints
from store.elastic.log import ElasticEventLog
from store.elastic.snapshots import ElasticSnapshotStore
from store.ports import EventLog, SnapshotStore
from tests.contract.event_log import Another, EventLogContract
from tests.contract.export_points import ExportPointsContract, Opened
from tests.contract.snapshot_store import SnapshotStoreContract


class TestElasticEventLog(EventLogContract):
    @pytest_asyncio.fixture
    async def log(self, elastic_settings: ElasticSettings) -> AsyncIterator[EventLog]:
        async with ElasticEventLog(Elastic(elastic_settings)) as log:
            yield log

    @pytest.fixture
    def another(self, elastic_settings: ElasticSettings) -> Another:
        return lambda: ElasticEventLog(Elastic(elastic_settings))


class TestElasticSnapshotStore(SnapshotStoreContract):
    @pytest_asyncio.fixture
    async def snapshots(self, elastic_settings: ElasticSettings) -> AsyncIterator[SnapshotStore]:
        async with ElasticSnapshotStore(Elastic(elastic_settings)) as snapshots:
            yield snapshots


class TestElasticExportPoints(ExportPointsContract):
    @pytest_asyncio.fixture
    async def opened(self, elastic_settings: ElasticSettings) -> AsyncIterator[Opened]:
        async with (
            ElasticExportPoints(Elastic(elastic_settings)) as mine,
            ElasticExportPoints(Elastic(elastic_settings)) as others,
        ):
            yield Opened(mine, others)
