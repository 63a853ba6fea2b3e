"""TLS to a real broker: both mechanisms get in, and every way to set it up wrongly is told in words."""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bench.raw import RawConnection, frames_of
from collector.amqp import (
    AmqpError,
    AmqpRefused,
    AmqpUnavailable,
    Connection,
    TlsFiles,
    connect,
    parse_url,
)
from collector.management.broker import Management, ManagementRefused
from examples.local_broker import Broker, BrokerUnavailable
from examples.local_broker.ports import free_ports
from tests.support import parts
from tests.support.brokers import CONFIG, open_private_node
from tests.support.certificates import CLIENT, OTHER_NAME, Certificates
from tests.support.collecting import system_of
from tests.support.tls_front import tls_front
from tests.support.wait import wait_until

ARRIVED_S_MAX = 60
PASSWORD = "not-used-over-tls"


@dataclass(frozen=True)
class Secured:
    """A broker whose TLS ports, also that of the management API, ask every client for a certificate."""

    broker: Broker
    certificates: Certificates
    port: int
    management_port: int

    def files(self, **other: Any) -> TlsFiles:
        """Return the right files, with *other* ones instead."""
        right: dict[str, Any] = {
            "ca_file": self.certificates.ca,
            "cert_file": self.certificates.client,
            "key_file": self.certificates.client_key,
        }
        return TlsFiles(**{**right, **other})

    def url(self, user: str = "guest:guest@", host: str = "localhost") -> str:
        """Return the URL of the TLS port."""
        return f"amqps://{user}{host}:{self.port}/"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """The broker of this module."""
    parts.require("own-broker")
    directory = tmp_path_factory.mktemp("secured")
    certificates = Certificates(directory / "certificates")  # the node sees this directory
    port, management_port = free_ports(2)
    asked = ("ssl_options.{} = {}", "management.ssl.{} = {}")
    lines = [CONFIG, f"listeners.ssl.local = 127.0.0.1:{port}", "ssl_cert_login_from = common_name",
             f"management.ssl.port = {management_port}", "management.ssl.ip = 127.0.0.1",
             "auth_mechanisms.1 = PLAIN", "auth_mechanisms.2 = EXTERNAL"]  # fmt: skip
    for line in asked:
        lines += [
            line.format("cacertfile", certificates.ca),
            line.format("certfile", certificates.server),
            line.format("keyfile", certificates.server_key),
            line.format("verify", "verify_peer"),
            line.format("fail_if_no_peer_cert", "true"),
        ]
    try:
        broker = open_private_node(directory, ["external"], config="\n".join(lines))
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)
    broker.rabbitmqctl("add_user", CLIENT, PASSWORD)
    broker.rabbitmqctl("set_user_tags", CLIENT, "administrator")
    broker.rabbitmqctl("set_permissions", CLIENT, ".*", ".*", ".*")
    try:
        yield Secured(broker, certificates, port, management_port)
    finally:
        broker.kill()
        broker.close()


async def opened(url: str, files: TlsFiles) -> Connection:
    """Return a connection that was used and is closed again."""
    async with await connect(parse_url(url, files), name="test") as connection:
        await (await connection.channel()).queue_declare("tls", flags=4)
        return connection


async def refused(url: str, files: TlsFiles) -> str:
    """Return what is told when nothing can ever come of it."""
    with pytest.raises(AmqpRefused) as told:
        await opened(url, files)
    return str(told.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_password_over_tls(secured: Secured, host: str) -> None:
    """A user with a password gets in over TLS, by name and by address."""
    connection = await opened(secured.url(host=host), secured.files())

    assert str(connection.address) == f"amqps://guest@{host}:{secured.port}"


async def test_a_certificate_instead_of_a_password(secured: Secured) -> None:
    """Without a user in the URL the broker knows us by our certificate's common name."""
    async with await connect(parse_url(secured.url(user=""), secured.files()), name="by-cert"):
        asked = ("user", "auth_mechanism", "ssl_protocol", "client_properties")
        told = await asyncio.to_thread(secured.broker.rabbitmqctl, "list_connections", *asked)

    mine = next(line for line in told.splitlines() if "by-cert" in line)
    assert mine.split("\t")[:2] == [CLIENT, "EXTERNAL"]
    assert mine.split("\t")[2] in {"tlsv1.2", "tlsv1.3"}


async def test_a_mechanism_that_is_not_offered(secured: Secured) -> None:
    """A broker that cannot know us by certificate is refused with what it offers instead."""
    certificates, plain = secured.certificates, ("127.0.0.1", secured.broker.port)
    async with tls_front(certificates.server, certificates.server_key, to=plain) as port:
        told = await refused(f"amqps://localhost:{port}", secured.files())

    assert "does not offer EXTERNAL, only PLAIN" in told


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"ca_file": "other_ca"}, ["not trusted", "HOPTRAIL_AMQP_CA_FILE"]),
        ({"ca_file": None}, ["not trusted", "system's list", "HOPTRAIL_AMQP_CA_FILE"]),
        ({"cert_file": None, "key_file": None}, ["asks for a client certificate", "HOPTRAIL_AMQP_CERT_FILE"]),
        ({"cert_file": "stranger", "key_file": "stranger_key"},
         ["refuses our client certificate", "HOPTRAIL_AMQP_CERT_FILE"]),
        ({"cert_file": "client", "key_file": "stranger_key"}, ["is not the key of the certificate"]),
        ({"cert_file": "client_key", "key_file": "client"}, ["do not hold a certificate and its key"]),
        ({"ca_file": "client_key"}, ["holds no certificate in PEM form", "HOPTRAIL_AMQP_CA_FILE"]),
        ({"key_file": None}, ["HOPTRAIL_AMQP_KEY_FILE is missing"]),
        ({"cert_file": None}, ["HOPTRAIL_AMQP_CERT_FILE is missing"]),
    ],
)  # fmt: skip
async def test_wrong_files_are_told(
    secured: Secured, files: dict[str, str | None], words: list[str]
) -> None:
    """An authority, certificate or key that does not fit is named with its setting."""
    other = {
        setting: None if name is None else getattr(secured.certificates, name)
        for setting, name in files.items()
    }
    told = await refused(secured.url(), secured.files(**other))

    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize("setting", ["ca_file", "cert_file", "key_file"])
async def test_a_file_that_is_not_there_is_told(secured: Secured, setting: str) -> None:
    """A file that cannot be read is named with its setting and the reason."""
    told = await refused(secured.url(), secured.files(**{setting: "/no/such/file"}))

    assert told.startswith(
        f"HOPTRAIL_AMQP_{setting.upper()}: /no/such/file cannot be read: No such"
    )


async def test_another_name_in_the_certificate(secured: Secured) -> None:
    """A certificate for another name is refused, until the setting says that it bears that name."""
    certificates, plain = secured.certificates, ("127.0.0.1", secured.broker.port)
    async with tls_front(certificates.renamed, certificates.renamed_key, to=plain) as port:
        url = f"amqps://guest:guest@localhost:{port}"
        told = await refused(url, secured.files())
        await opened(url, secured.files(server_name=OTHER_NAME))

    assert "not for localhost" in told
    assert "HOPTRAIL_AMQP_SERVER_NAME" in told


async def test_an_expired_certificate(secured: Secured) -> None:
    """A server whose certificate has expired is refused with that reason."""
    certificates, plain = secured.certificates, ("127.0.0.1", secured.broker.port)
    async with tls_front(certificates.expired, certificates.expired_key, to=plain) as port:
        told = await refused(f"amqps://guest:guest@localhost:{port}", secured.files())

    assert "its certificate has expired" in told


async def test_tls_before_1_2_is_not_spoken(secured: Secured) -> None:
    """A server that speaks nothing newer than TLS 1.1 gets no connection, one with 1.2 does."""
    certificates, plain = secured.certificates, ("127.0.0.1", secured.broker.port)
    own = (certificates.server, certificates.server_key)
    async with tls_front(*own, to=plain, newest=ssl.TLSVersion.TLSv1_1) as port:
        with pytest.raises((AmqpRefused, AmqpUnavailable)):
            await opened(f"amqps://guest:guest@localhost:{port}", secured.files())
    async with tls_front(*own, to=plain, newest=ssl.TLSVersion.TLSv1_2) as port:
        await opened(f"amqps://guest:guest@localhost:{port}", secured.files())


async def test_plain_amqp_on_a_tls_port(secured: Secured) -> None:
    """The URL of a TLS port that begins with amqp:// is refused with the right beginning."""
    told = await refused(secured.url().replace("amqps", "amqp"), TlsFiles())

    assert "amqps://" in told


async def test_tls_on_a_plain_port(secured: Secured) -> None:
    """The URL of a plain port that begins with amqps:// is refused with what it means."""
    url = f"amqps://guest:guest@localhost:{secured.broker.port}"

    assert "does not speak TLS on this port" in await refused(url, secured.files())


async def test_amqp_on_the_port_of_the_management_api(secured: Secured) -> None:
    """A port that speaks something else gives a typed error."""
    port = urlsplit(secured.broker.management_url).port
    with pytest.raises(AmqpError):
        await opened(f"amqp://guest:guest@localhost:{port}", TlsFiles())


async def test_the_management_api_over_tls(secured: Secured) -> None:
    """It takes the same files; an authority that did not sign its certificate is told with its own setting."""
    url = f"https://guest:guest@localhost:{secured.management_port}"
    async with Management(url, secured.files()) as management:
        assert (await management.identity())[1] == secured.broker.version
    other = TlsFiles(
        ca_file=secured.certificates.other_ca, ca_setting="HOPTRAIL_MANAGEMENT_CA_FILE"
    )
    with pytest.raises(ManagementRefused, match="HOPTRAIL_MANAGEMENT_CA_FILE"):
        async with Management(url, other) as management:
            await management.identity()
    with pytest.raises(ManagementRefused, match="cannot be read"):
        async with Management(url, TlsFiles(ca_file="/no/such/file")):
            pass


def test_a_collector_over_tls(secured: Secured, tmp_path: Path) -> None:
    """A collector that shows a certificate to both ports captures; with the wrong authority it ends with 2 and says why."""
    certificates = secured.certificates
    settings: dict[str, Any] = {
        "AMQP_CA_FILE": certificates.ca,
        "AMQP_CERT_FILE": certificates.client,
        "AMQP_KEY_FILE": certificates.client_key,
        "MANAGEMENT_URL": f"https://{CLIENT}:{PASSWORD}@localhost:{secured.management_port}",
    }
    url = secured.url(user="")
    with system_of(secured.broker, "over-tls") as system:
        secured.broker.rabbitmqctl("set_permissions", "-p", "over-tls", CLIENT, ".*", ".*", ".*")
        wrong: dict[str, Any] = settings | {"AMQP_CA_FILE": certificates.other_ca}
        with system.collector(tmp_path / "none", amqp_url=url, **wrong) as collector:
            assert collector.run() == 2
            assert "HOPTRAIL_AMQP_CA_FILE" in collector.stderr
        with system.collector(tmp_path / "store", amqp_url=url, **settings).leading() as collector:
            with RawConnection(system.urls["over-tls"]) as connection:
                connection.publish_all([frames_of(1, b"load", b"load.any", {}, b"x")] * 20)
            wait_until(
                lambda: collector.meter.counts()["MessagePublished"] == 20, timeout_s=ARRIVED_S_MAX
            )
