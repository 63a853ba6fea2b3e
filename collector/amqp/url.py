"""Where a broker is: an AMQP URL, taken apart.

Pure. One URL may name several nodes of a cluster; a connection that was made tells which of them answered, and addresses
derived from it try that one first.
"""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from collector.amqp.errors import AmqpRefused

PORTS = {"amqp": 5672, "amqps": 5671}
AMQP_CA_SETTING = "HOPTRAIL_AMQP_CA_FILE"
HOSTS_MAX = 32
_url = re.compile(
    r"(?P<scheme>[^:/]*)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?P<more>.*)", re.DOTALL
)
_host = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<name>[^\[\]:\s]*))(?::(?P<port>[0-9]{0,9}))?"
)

Host = tuple[str, int]
"""Name or address of a node, and its port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What TLS needs, as paths of PEM files, None where it is not set.

    `ca_file` holds the authorities to trust instead of the system's, `cert_file` and `key_file` the client's own
    certificate, and `server_name` the name that the server's certificate must bear where it differs from the host.
    `ca_setting` is the setting that `ca_file` comes from, for texts.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    ca_setting: str = AMQP_CA_SETTING


@dataclass(frozen=True, slots=True, kw_only=True)
class AmqpAddress:
    """Nodes, credentials and virtual host of a broker; the nodes in the order in which to try them.

    Without a *user* the broker knows us by the client certificate (EXTERNAL). `tls` is None for plain AMQP.
    """

    hosts: tuple[Host, ...]
    user: str
    password: str = field(repr=False)
    vhost: str
    tls: TlsFiles | None = None

    @property
    def host(self) -> str:
        """The node tried first."""
        return self.hosts[0][0]

    @property
    def port(self) -> int:
        """The port of the node tried first."""
        return self.hosts[0][1]

    @property
    def mechanism(self) -> str:
        """How we prove who we are: ``PLAIN`` or ``EXTERNAL``."""
        return "PLAIN" if self.user else "EXTERNAL"

    def at(self, vhost: str) -> "AmqpAddress":
        """Return the same broker with another virtual host."""
        return replace(self, vhost=vhost)

    def at_host(self, host: str, port: int) -> "AmqpAddress":
        """Return the same broker with the order of its nodes turned, so that this one is tried first.

        Raises:
            ValueError: it is none of them.
        """
        first = self.hosts.index((host, port))
        return replace(self, hosts=self.hosts[first:] + self.hosts[:first])

    def only_first(self) -> "AmqpAddress":
        """Return the node tried first alone."""
        return replace(self, hosts=self.hosts[:1])

    def __str__(self) -> str:
        scheme = "amqp" if self.tls is None else "amqps"
        user = f"{self.user}@" if self.user else ""
        return f"{scheme}://{user}{','.join(shown_host(*each) for each in self.hosts)}"


def shown_host(host: str, port: int) -> str:
    """Return ``host:port``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_url(url: str, tls: TlsFiles | None = None) -> AmqpAddress:
    """Return what *url* says, with the defaults guest, guest, localhost, 5672 (5671 with TLS) and ``/``.

    *tls* counts for ``amqps`` only. With a client certificate in it, a URL without a user means that the certificate tells
    who we are.

    Raises:
        AmqpRefused: it is no AMQP URL; the text repeats none of its secrets.
    """
    files = tls or TlsFiles()
    parts = _url.fullmatch(url)
    scheme = parts["scheme"] if parts else ""
    if parts is None or scheme not in PORTS:
        raise AmqpRefused(
            f"an AMQP URL begins with amqp:// or amqps://, not {scheme or 'nothing'}://"
        )
    if parts["more"]:
        raise AmqpRefused(
            "an AMQP URL ends with the virtual host: write a ? or # in a name as %3F or %23, and leave out options, "
            "which are settings of their own here"
        )
    login, _, hosts = parts["authority"].rpartition("@")
    user, _, password = login.partition(":")
    by_certificate = scheme == "amqps" and files.cert_file is not None and not user
    return AmqpAddress(
        hosts=_hosts(hosts, PORTS[scheme]),
        user="" if by_certificate else unquote(user or "guest"),
        password="" if by_certificate else unquote(password or "guest"),
        vhost=unquote((parts["path"] or "")[1:]) or "/",
        tls=files if scheme == "amqps" else None,
    )


def _hosts(told: str, port: int) -> tuple[Host, ...]:
    found: dict[Host, None] = {}
    several = "," in told
    for each in told.split(","):
        parts = _host.fullmatch(each.strip())
        if parts is None or (several and not each.strip()):
            raise AmqpRefused(
                "the hosts of the AMQP URL are host:port, separated by commas; an IPv6 address stands in brackets, "
                "and a port is a number"
            )
        number = int(parts["port"] or port)
        if not 0 < number <= 65_535:
            raise AmqpRefused(f"the port {number} of the AMQP URL is none")
        found[parts["six"] or parts["name"] or "localhost", number] = None
    if len(found) > HOSTS_MAX:
        raise AmqpRefused(f"the AMQP URL names more than {HOSTS_MAX} hosts")
    return tuple(found)
