"""Free TCP ports on the loopback interface, below the range the system gives to clients.

A port of the client range could be taken by an outgoing connection while a broker restarts. For the same reason a port that
somebody listened on once is passed over for good, and processes with neighbouring ids begin far apart.
"""

import os
import socket
from collections.abc import Iterator

FIRST_PORT, LAST_PORT = 20_000, 32_000
SPREAD = 7_417
"""The golden section of the range: of a dozen processes with neighbouring ids none begins within 600 ports of another."""


def free_ports(count: int) -> list[int]:
    """Return *count* different ports that nobody listens on now.

    Raises:
        OSError: there are not that many.
    """
    found: list[int] = []
    for port in _candidates():
        if len(found) == count:
            return found
        _seen.add(port)
        if _is_free(port):
            found.append(port)
    raise OSError(f"no {count} free ports between {FIRST_PORT} and {LAST_PORT}")


_seen: set[int] = set()
"""The ports that were given, or taken by somebody else, who may be restarting when nobody listens there."""


def _candidates() -> Iterator[int]:
    size = LAST_PORT - FIRST_PORT
    start = os.getpid() * SPREAD % size
    for step in range(size):
        port = FIRST_PORT + (start + step) % size
        if port not in _seen:
            yield port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
