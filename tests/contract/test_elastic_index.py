"""The message index in Elasticsearch keeps the port's promises, and those of its own."""

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio

from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.index import ElasticMessageIndex
from store.ports import MessageIndex
from tests.contract.message_index import MessageIndexContract
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer

ALIKE = {
    "test_a_query_finds": "cases",
    "test_totals_are_capped": "many",
    "test_many_matches_are_paged_in_order": "many",
    "test_pages_go_through_ties": "ties",
    "test_a_missing_sort_value_comes_last": "missing",
}
"""Tests that save the same documents and only read: an index costs time, and saving again changes nothing."""


@pytest.fixture(scope="module")
def common_prefix(elastic: ElasticServer) -> Iterator[str]:
    """A prefix for indices that several tests use; they go after the last one."""
    prefix = f"test-{secrets.token_hex(6)}"
    yield prefix
    forget(elastic, prefix)


class TestElasticMessageIndex(MessageIndexContract):
    @pytest_asyncio.fixture
    async def index(
        self, request: pytest.FixtureRequest, elastic_settings: ElasticSettings, common_prefix: str
    ) -> AsyncIterator[MessageIndex]:
        if (group := ALIKE.get(request.function.__name__)) is not None:
            elastic_settings = replace(elastic_settings, prefix=f"{common_prefix}-{group}")
        elastic = Elastic(elastic_settings)
        async with ElasticMessageIndex(elastic, version="1", refresh=True) as index:
            yield index
