"""URLs and addresses as settings hold them: checked, redacted, taken apart."""

from urllib.parse import quote, unquote, urlsplit

REDACTED = "***"


def checked(value: str, schemes: tuple[str, ...]) -> str:
    """Return *value*, a URL of one of *schemes* with a host.

    Raises:
        ValueError: it is none, or several in one, or its port is out of range.
    """
    require_one(value)
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"write it as {schemes[0]}://user:password@host:port")
    _ = parts.port  # raises a ValueError of its own when it is out of range
    return value


def require_one(value: str) -> None:
    """Refuse several URLs in one, of which only the first would be redacted.

    Raises:
        ValueError: there are several.
    """
    if value.count("://") > 1:
        raise ValueError("name the scheme and the credentials once, further hosts after commas")


def redacted_url(url: str) -> str:
    """Return *url*, which may name several hosts, without its password."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, _, hosts = authority.rpartition("@")
    user, colon, _ = login.partition(":")
    if not mark or not colon:
        return url
    return f"{scheme}://{quote(unquote(user), safe='')}:{REDACTED}@{hosts}{slash}{path}"


def split_address(value: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; an IPv6 host stands in brackets.

    Raises:
        ValueError: there is no port.
    """
    host, _, port = value.rpartition(":")
    if not port.isascii() or not port.isdigit():
        raise ValueError("write it as host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)
