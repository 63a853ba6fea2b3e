"""Where a broker is: an AMQP URL, taken apart."""

from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from collector.amqp.errors import AmqpRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class AmqpAddress:
    """Host, port, credentials and virtual host of a broker."""

    host: str
    port: int
    user: str
    password: str
    vhost: str

    def at(self, vhost: str) -> "AmqpAddress":
        """Return the same broker with another virtual host."""
        return replace(self, vhost=vhost)

    def __str__(self) -> str:
        return f"amqp://{self.user}@{self.host}:{self.port}"


def parse_url(url: str) -> AmqpAddress:
    """Return what *url* says, with the defaults guest, guest, localhost, 5672 and ``/``.

    Raises:
        AmqpRefused: it is no plain AMQP URL.
    """
    parts = urlsplit(url)
    if parts.scheme == "amqps":
        raise AmqpRefused("amqps:// is not supported yet; use amqp:// through a TLS proxy")
    if parts.scheme != "amqp":
        raise AmqpRefused(f"an AMQP URL begins with amqp://, not {parts.scheme or 'nothing'}://")
    try:
        port = parts.port or 5672
    except ValueError as error:
        raise AmqpRefused("the port of the AMQP URL is no number") from error
    return AmqpAddress(
        host=parts.hostname or "localhost",
        port=port,
        user=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        vhost=unquote(parts.path[1:]) or "/",
    )
