"""The Elasticsearch servers that the other tests stand on."""

import hashlib
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import psutil
import pytest

from store.elastic.connection import ElasticSettings
from tests.support import parts
from tests.support.elastic_fixtures import StartElastic, forget
from tests.support.elastic_server import ElasticNotOurs, ElasticServer, open_elastic
from tests.support.elastic_server.server import call, tls_context, url_of
from tests.support.wait import wait_until

DOCUMENT = {"a": 1}
END_TIMEOUT_S = 30
STARTS_S_MAX = 600
"""Longest that three starts of a server and two ends may take on a busy machine."""

START = """
import sys
from pathlib import Path
from tests.support.elastic_server import open_elastic
server = open_elastic(Path(sys.argv[1]), version=sys.argv[2])
print(server.pid, flush=True)
sys.stdin.read()
"""


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


@pytest.mark.timeout(STARTS_S_MAX)
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


def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """When the process that started a server is killed, the server ends."""
    parts.require("own-elastic")
    command = [sys.executable, "-c", START, str(tmp_path / "elastic"), parts.elastic_version()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        told = starter.stdout.readline()
        starter.kill()
    if not told:
        parts.missing("own-elastic", "it did not start")

    wait_until(lambda: not is_running(int(told)), timeout_s=END_TIMEOUT_S)


def is_running(pid: int) -> bool:
    """Return whether there is such a process; one that ended and waits for its parent is none."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_callers_server_is_used_and_never_stopped(
    elastic: ElasticServer, tmp_path: Path
) -> None:
    """A server given by its URL answers and refuses to be stopped."""
    given = open_elastic(tmp_path, url=elastic.url)

    assert given.version == elastic.version
    with pytest.raises(ElasticNotOurs):
        given.stop()


def status_of(server: ElasticServer, user: str, password: str, method: str, path: str) -> int:
    """Return the status of the answer to a request of *user*."""
    url, context = url_of(server.url, user, password), tls_context(server.ca_file)
    try:
        call(url, method, path, DOCUMENT if method == "PUT" else None, context=context)
    except HTTPError as error:
        error.close()
        return error.code
    return 200


def test_a_wrong_password_is_refused(secure_elastic: ElasticServer) -> None:
    """The admin may ask, another password or user may not."""
    assert secure_elastic.get("/_security/_authenticate")["roles"] == ["superuser"]
    assert status_of(secure_elastic, "admin", "wrong", "GET", "/_cluster/health") == 401
    assert status_of(secure_elastic, "nobody", "wrong", "GET", "/_cluster/health") == 401


def test_a_certificate_is_trusted_by_its_authority_alone(secure_elastic: ElasticServer) -> None:
    """Without the CA file the connection is refused; the fingerprint is the certificate's."""
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        call(secure_elastic.url, "GET", "/_cluster/health")
    parts = urlsplit(secure_elastic.url)
    shown = ssl.get_server_certificate((parts.hostname or "", parts.port or 0))

    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest()
    assert digest == secure_elastic.fingerprint


def test_a_user_may_what_its_role_says(secure_elastic: ElasticServer) -> None:
    """A user added while the server runs may create a document once, and nothing else."""
    grant = {"names": ["diary-*"], "privileges": ["create_doc", "create_index", "read"]}
    secure_elastic.users.add_role("diarist", {"indices": [grant]})
    secure_elastic.users.add_user("anna", "a secret", ["diarist"])
    asked = [
        status_of(secure_elastic, "anna", "a secret", *request)
        for request in (
            ("PUT", "/diary-1/_create/1"),
            ("PUT", "/diary-1/_create/1"),
            ("PUT", "/diary-1/_doc/1"),
            ("GET", "/diary-1/_doc/1"),
            ("DELETE", "/diary-1/_doc/1"),
            ("PUT", "/other/_create/1"),
        )
    ]
    secure_elastic.call("DELETE", "/diary-1")

    assert asked == [200, 409, 403, 200, 403, 403]
