"""The message index in Elasticsearch keeps the port's promises, and those of its own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.index import ElasticMessageIndex
from store.ports import MessageIndex
from tests.contract.message_index import MessageIndexContract


class TestElasticMessageIndex(MessageIndexContract):
    @pytest_asyncio.fixture
    async def index(self, elastic_settings: ElasticSettings) -> AsyncIterator[MessageIndex]:
        async with (
            Elastic(elastic_settings) as elastic,
            ElasticMessageIndex(elastic, version="1", refresh=True) as index,
        ):
            yield index
