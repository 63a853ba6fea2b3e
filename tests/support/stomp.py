"""A small STOMP 1.2 client: it sends with receipts, subscribes, and waits for every answer."""

from dataclasses import dataclass

from tests.support.wire import Refused, Wire


@dataclass(frozen=True)
class Frame:
    """One frame of the broker."""

    command: str
    headers: dict[str, str]
    body: bytes


class Stomp(Wire):
    """A connection to *vhost*; a context manager. *headers* go into the CONNECT frame."""

    def __init__(self, port: int, *, vhost: str, **headers: str) -> None:
        login = {"login": "guest", "passcode": "guest", "host": vhost, "accept-version": "1.2"}
        self._login = {**login, **headers}
        self._receipts = 0
        super().__init__(port)

    def _log_in(self) -> None:
        self._send("CONNECT", self._login)
        self._expect("CONNECTED")

    def call(self, command: str, body: bytes = b"", **headers: str) -> None:
        """Send one frame and return when the broker has handled it; an underscore in a name stands for a hyphen.

        Raises:
            Refused: the broker does not do it.
        """
        self._receipts += 1
        receipt = str(self._receipts)
        self.tell(command, body, receipt=receipt, **headers)
        while self._expect("RECEIPT").headers["receipt-id"] != receipt:
            pass

    def tell(self, command: str, body: bytes = b"", **headers: str) -> None:
        """Send one frame and wait for nothing."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self._send(command, told, body)

    def receive(self) -> Frame:
        """Return the next message.

        Raises:
            TimeoutError: none comes.
        """
        return self._expect("MESSAGE")

    def _send(self, command: str, headers: dict[str, str], body: bytes = b"") -> None:
        lines = [command, *(f"{name}:{_escaped(value)}" for name, value in headers.items())]
        if body:
            lines.append(f"content-length:{len(body)}")
        self._socket.sendall("\n".join([*lines, "", ""]).encode() + body + b"\0")

    def _expect(self, command: str) -> Frame:
        while True:
            found = self._read()
            if found.command == "ERROR":
                raise Refused(f"{found.headers.get('message')}: {found.body[:200]!r}")
            if found.command == command:
                return found

    def _read(self) -> Frame:
        while b"\n\n" not in self._rest.lstrip(b"\n"):
            self._fill()
        head, _, self._rest = self._rest.lstrip(b"\n").partition(b"\n\n")
        command, *lines = head.decode().split("\n")
        headers = {
            name: _plain(value) for name, _, value in (each.partition(":") for each in lines)
        }
        if "content-length" in headers:
            size = int(headers["content-length"])
            while len(self._rest) <= size:
                self._fill()
        else:
            while b"\0" not in self._rest:
                self._fill()
            size = self._rest.index(b"\0")
        body, self._rest = self._rest[:size], self._rest[size + 1 :]
        return Frame(command, headers, body)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace(":", "\\c")


def _plain(value: str) -> str:
    return value.replace("\\c", ":").replace("\\n", "\n").replace("\\\\", "\\")
