"""Elasticsearch servers for the tests.

Each worker process starts one server that its tests share, when a test first asks for it, unless
the caller gave one by ``HOPTRAIL_TEST_ELASTIC_URL``. Those started here are of the major version in
``HOPTRAIL_TEST_ELASTIC_VERSION``, or 8. Tests keep apart by the prefix of their
indices.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from store.elastic.connection import ElasticSettings
from tests.support import parts
from tests.support.elastic_server import ElasticServer, ElasticUnavailable, open_elastic
from tests.support.elastic_server.options import Setting


class StartElastic(Protocol):
    """Starts a server that the test may stop, kill and pause.

    *config* gives lines of ``elasticsearch.yml``, as
    ``{"cluster.routing.allocation.disk.threshold_enabled": True}``.
    """

    def __call__(
        self, *, config: Mapping[str, Setting] | None = None, security: bool = False
    ) -> ElasticServer: ...


@pytest.fixture(scope="session")
def elastic(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ElasticServer]:
    """The server that the tests of this worker share, without security; leave it running."""
    parts.require("elastic")
    try:
        server = open_elastic(
            tmp_path_factory.mktemp("elastic"),
            url=parts.given("HOPTRAIL_TEST_ELASTIC_URL"),
            version=parts.elastic_version(),
        )
    except ElasticUnavailable as refused:
        parts.missing("elastic", refused)
    with closing(server):
        parts.note(request.config, f"stored in Elasticsearch {server.version}, {server.kind}")
        yield server


@pytest.fixture(scope="session")
def secure_elastic(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ElasticServer]:
    """A server with security and TLS on that the tests of this worker share; leave it running.

    ``url`` has the credentials of a superuser, ``users`` adds users and roles.
    """
    parts.require("own-elastic")
    try:
        server = open_elastic(
            tmp_path_factory.mktemp("secure-elastic"), version=parts.elastic_version(), tls=True
        )
    except ElasticUnavailable as refused:
        parts.missing("own-elastic", refused)
    with closing(server):
        parts.note(
            request.config, f"stored in Elasticsearch {server.version} with TLS, {server.kind}"
        )
        yield server


@pytest.fixture
def own_elastic(tmp_path: Path) -> Iterator[StartElastic]:
    """Return a function that starts a server which the test may stop, kill and pause."""
    parts.require("own-elastic")
    with ExitStack() as stack:

        def start(
            *, config: Mapping[str, Setting] | None = None, security: bool = False
        ) -> ElasticServer:
            directory = tmp_path / f"elastic-{len(started)}"
            try:
                server = open_elastic(
                    directory, version=parts.elastic_version(), config=config, security=security
                )
            except ElasticUnavailable as refused:
                parts.missing("own-elastic", refused)
            started.append(server)
            stack.callback(server.close)
            return server

        started: list[ElasticServer] = []
        yield start


@pytest.fixture
def elastic_settings(elastic: ElasticServer) -> Iterator[ElasticSettings]:
    """Settings for the shared server with a prefix that nobody else has; its indices go after."""
    settings = ElasticSettings.of_url(elastic.url, prefix=f"test-{secrets.token_hex(6)}")
    yield settings
    forget(elastic, settings.prefix)


def forget(server: ElasticServer, prefix: str) -> None:
    """Delete every index and index template whose name begins with *prefix*."""
    for index in server.get(f"/_cat/indices/{prefix}*?h=index&format=json&expand_wildcards=all"):
        server.call("DELETE", f"/{index['index']}")
    for template in server.get("/_index_template")["index_templates"]:
        if template["name"].startswith(prefix):
            server.call("DELETE", f"/_index_template/{template['name']}")
