"""What the small protocol clients of the tests have in common: a socket, read by counted bytes."""

import socket
from types import TracebackType
from typing import Final, Self

TIMEOUT_S: Final = 30.0
RECEIVE_BYTES: Final = 65_536


class Refused(Exception):
    """The broker does not do what was asked; the text holds its reason."""


class Wire:
    """A TCP connection to *port* of this machine; a context manager that closes it.

    Subclasses log in in ``_log_in``, which the constructor calls; what that raises closes the connection.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._rest = b""
        try:
            self._log_in()
        except BaseException:
            self.break_off()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._log_out()
        finally:
            self.break_off()

    def break_off(self) -> None:
        """End the connection without a word, as a crash does."""
        self._socket.close()

    def _log_in(self) -> None:
        raise NotImplementedError

    def _log_out(self) -> None:
        """Say goodbye, where the protocol does."""

    def _take(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._fill()
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def _fill(self) -> None:
        more = self._socket.recv(RECEIVE_BYTES)
        if not more:
            raise Refused("the broker ended the connection")
        self._rest += more
