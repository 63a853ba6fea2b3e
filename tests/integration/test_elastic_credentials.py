"""Connecting to a secured server: what works, and what is said, without a secret, when it does not."""

import asyncio
import secrets
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
import trustme

from examples.local_broker import free_ports
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.roles import READER, WRITER, descriptor
from tests.support.elastic_server import ElasticServer
from tests.support.granted import Granted, granted

SECRET = "hunter2-hunter2"
UNAVAILABLE = 4
EMPTY = 1


@pytest.fixture(scope="module")
def roles(secure_elastic: ElasticServer) -> Iterator[Granted]:
    """A hoptrail that has written nothing."""
    with granted(secure_elastic, WRITER, READER) as made:
        yield made


def address(roles: Granted) -> str:
    return ElasticSettings.of_url(roles.server.url).url.partition("://")[2]


def told(roles: Granted, *sentences: str, **settings: str) -> None:
    """Assert that a command with *settings* ends with 4 and says each of *sentences*, and neither trace nor secret."""
    done = roles.run(READER, "log", "head", **settings)

    assert done.returncode == UNAVAILABLE, done.stderr
    assert all(sentence in done.stderr for sentence in sentences), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in (SECRET, roles.password))


def test_the_authority_is_trusted(roles: Granted) -> None:
    """With the CA file the server is believed, and the empty log is told as such."""
    done = roles.run(READER, "log", "head")

    assert (done.returncode, "is empty" in done.stderr) == (EMPTY, True), done.stderr
    assert roles.password not in done.stderr


def test_the_fingerprint_is_trusted(roles: Granted) -> None:
    """With the certificate's fingerprint, also written with colons, no CA file is needed."""
    digits = roles.server.fingerprint or ""
    colons = ":".join(digits[at : at + 2] for at in range(0, 64, 2)).upper()
    for fingerprint in (digits, colons):
        done = roles.run(READER, "log", "head", STORE_CA_FILE="", STORE_FINGERPRINT=fingerprint)
        assert (done.returncode, "is empty" in done.stderr) == (EMPTY, True), done.stderr


def test_a_wrong_password_is_told(roles: Granted) -> None:
    """A wrong password names the user and the setting to look at."""
    told(
        roles, "there is no user nobody, or the password", "HOPTRAIL_STORE",
        STORE=f"https://nobody:{SECRET}@{address(roles)}",
    )  # fmt: skip


def test_a_missing_password_is_told(roles: Granted) -> None:
    """Without user and password the sentence says how to give them."""
    told(roles, "asks who this is", "HOPTRAIL_STORE_API_KEY", STORE=f"https://{address(roles)}")


def test_a_wrong_api_key_is_told(roles: Granted) -> None:
    """A key that the server does not know is told as that."""
    key = b64encode(f"id:{SECRET}".encode()).decode()
    told(
        roles, "does not know the API key",
        STORE=f"https://{address(roles)}", STORE_API_KEY=key,
    )  # fmt: skip


def test_an_unknown_authority_is_told(roles: Granted, tmp_path: Path) -> None:
    """With another authority, or the system's, the certificate is refused and both remedies are named."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    for file in ("", str(other)):
        told(
            roles, "not trusted", "HOPTRAIL_STORE_CA_FILE", "HOPTRAIL_STORE_FINGERPRINT",
            STORE_CA_FILE=file,
        )  # fmt: skip


def test_a_useless_authority_file_is_told(roles: Granted, tmp_path: Path) -> None:
    """A CA file that is not there, or holds no certificate, is told by its name."""
    empty = tmp_path / "empty.pem"
    empty.touch()
    told(roles, "HOPTRAIL_STORE_CA_FILE", "holds no certificate", STORE_CA_FILE=str(empty))
    told(roles, "HOPTRAIL_STORE_CA_FILE", "No such file", STORE_CA_FILE=str(tmp_path / "none.pem"))


def test_a_wrong_fingerprint_is_told(roles: Granted) -> None:
    """With another fingerprint the connection is refused for good, and the one that was shown is told."""
    told(
        roles, "not the one in HOPTRAIL_STORE_FINGERPRINT", roles.server.fingerprint or "",
        STORE_FINGERPRINT="ab" * 32,
    )  # fmt: skip


def test_http_to_an_https_port_is_told(roles: Granted) -> None:
    """Plain HTTP to a port that speaks TLS says to write https."""
    told(roles, "write HOPTRAIL_STORE with https://", STORE=f"http://a:{SECRET}@{address(roles)}")


def test_https_to_an_http_port_is_told(roles: Granted) -> None:
    """TLS to a port that speaks plain HTTP says to write http."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        port = listener.getsockname()[1]
        told(
            roles, "write HOPTRAIL_STORE with http://", STORE=f"https://a:{SECRET}@127.0.0.1:{port}"
        )


def test_nobody_there_is_told(roles: Granted) -> None:
    """An address where nobody answers is told as that."""
    store = f"https://a:{SECRET}@127.0.0.1:{free_ports(1)[0]}"
    told(roles, "Cannot connect", STORE=store)


def test_an_api_key_opens_what_its_role_says(roles: Granted) -> None:
    """The encoded key is enough to read, and not to write; a server that can make no keys is asked with one it refuses.

    The smallest distribution of 8.19 cannot make the index that keys are kept in.
    """
    try:
        made = roles.server.call(
            "POST",
            "/_security/api_key",
            {"name": roles.prefix, "role_descriptors": {"r": descriptor(READER, roles.prefix)}},
        )
    except HTTPError as refused:
        refused.close()
        unknown = b64encode(f"{secrets.token_hex(10)}:{secrets.token_hex(11)}".encode()).decode()
        assert asyncio.run(_asked_with(roles, unknown)) == 401
        return
    settings = {"STORE": f"https://{address(roles)}", "STORE_API_KEY": made["encoded"]}
    done = roles.run(READER, "log", "head", **settings)
    assert (done.returncode, "is empty" in done.stderr) == (EMPTY, True), done.stderr
    assert asyncio.run(_create_with(roles, made["encoded"])) == 403


async def _asked_with(roles: Granted, key: str) -> int:
    """Return the status of who asks who this is with *key*."""
    settings = ElasticSettings(
        url=f"https://{address(roles)}", api_key=key, ca_file=str(roles.server.ca_file)
    )
    async with Elastic(settings) as elastic:
        return (await elastic.request("GET", "/_security/_authenticate", expect=(401,))).status


async def _create_with(roles: Granted, key: str) -> int:
    settings = ElasticSettings(
        url=f"https://{address(roles)}", api_key=key, ca_file=str(roles.server.ca_file)
    )
    async with Elastic(settings) as elastic:
        path = f"/{roles.prefix}-log-blocks-000000/_create/1"
        answer = await elastic.request("PUT", path, body=b"{}", expect=(403,))
    return answer.status
