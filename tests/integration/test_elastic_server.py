"""The Elasticsearch servers that the other tests stand on."""

from typing import Any
from urllib.error import HTTPError

import pytest

from store.elastic.connection import ElasticSettings
from tests.support.elastic_fixtures import StartElastic, forget
from tests.support.elastic_server import ElasticNotOurs, ElasticServer, open_elastic

DOCUMENT = {"a": 1}


def test_the_shared_server_takes_a_document_once(
    elastic: ElasticServer, elastic_settings: ElasticSettings
) -> None:
    """A document created under an id is there at once, and a second one of that id is refused."""
    index = f"{elastic_settings.prefix}-x"
    elastic.call("PUT", f"/{index}/_create/1", DOCUMENT)

    assert elastic.get(f"/{index}/_doc/1")["_source"] == DOCUMENT
    with pytest.raises(HTTPError, match="409") as refused:
        elastic.call("PUT", f"/{index}/_create/1", DOCUMENT)
    refused.value.close()


def test_forgetting_a_prefix_leaves_the_others(elastic: ElasticServer) -> None:
    """Indices of a prefix are deleted, those of another prefix are not."""
    for name in ("forget-a-1", "forget-a-2", "forget-b-1"):
        elastic.call("PUT", f"/{name}")
    forget(elastic, "forget-a")

    assert [each["index"] for each in elastic.get("/_cat/indices/forget-*?format=json")] == [
        "forget-b-1"
    ]
    forget(elastic, "forget-b")


def test_a_stopped_and_a_killed_server_come_back_with_their_data(own_elastic: StartElastic) -> None:
    """After a stop and after SIGKILL the server has its old URL and documents, and a new process."""
    server = own_elastic()
    url, pids = server.url, {server.pid}
    server.call("PUT", "/kept/_create/1", DOCUMENT)
    for end in (server.stop, server.kill):
        end()
        assert server.pid is None
        server.start()
        pids.add(server.pid)

        assert server.get("/kept/_doc/1")["_source"] == DOCUMENT
    assert server.url == url
    assert len(pids) == 3


def test_the_callers_server_is_used_and_never_stopped(
    elastic: ElasticServer, tmp_path: Any
) -> None:
    """A server given by its URL answers and refuses to be stopped."""
    given = open_elastic(tmp_path, url=elastic.url)

    assert given.version == elastic.version
    with pytest.raises(ElasticNotOurs):
        given.stop()
