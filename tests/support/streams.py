"""A small client of RabbitMQ's stream protocol: it publishes with confirms and reads a stream from its beginning."""

from struct import pack, unpack_from
from typing import Final

from tests.support.amqp10 import DATA
from tests.support.amqp10_types import Described, encode, sections
from tests.support.wire import Refused, Wire

OK: Final = 1
DECLARE_PUBLISHER, PUBLISH, CONFIRM, PUBLISH_ERROR = 1, 2, 3, 4
SUBSCRIBE, DELIVER, CREDIT = 7, 8, 9
PEER_PROPERTIES, HANDSHAKE, AUTHENTICATE, TUNE, OPEN, CLOSE = 17, 18, 19, 20, 21, 22
_ANSWER: Final = 0x8000
_FIRST: Final = 1
_CHUNK_HEAD_BYTES: Final = 48
"""Of an Osiris chunk: magic to the length of its trailer, with what is reserved."""


class Stream(Wire):
    """A connection to *vhost* that calls itself *name*; a context manager."""

    def __init__(self, port: int, *, vhost: str, name: str) -> None:
        self._vhost = vhost
        self._name = name
        self._calls = 0
        super().__init__(port)

    def _log_in(self) -> None:
        told = {"connection_name": self._name, "product": "hoptrail's tests"}
        properties = b"".join(_text(key) + _text(value) for key, value in told.items())
        self._call(PEER_PROPERTIES, pack(">I", len(told)) + properties)
        self._call(HANDSHAKE, b"")
        login = b"\0guest\0guest"
        self._call(AUTHENTICATE, _text("PLAIN") + pack(">I", len(login)) + login)
        limits = self._expect(TUNE)
        self._send(TUNE | _ANSWER, limits)
        self._call(OPEN, _text(self._vhost))

    def publish(self, stream: str, *bodies: bytes) -> None:
        """Publish *bodies* to *stream* and return when the broker has confirmed them.

        Raises:
            Refused: there is no such stream, or the broker does not take one of them.
        """
        self._call(DECLARE_PUBLISHER, b"\0" + _text("") + _text(stream))
        told = b""
        for number, body in enumerate(bodies):
            message = encode(Described(DATA, body))
            told += pack(">QI", number, len(message)) + message
        self._send(PUBLISH, b"\0" + pack(">I", len(bodies)) + told)
        confirmed = 0
        while confirmed < len(bodies):
            confirmed += int.from_bytes(self._expect(CONFIRM)[1:5], "big")

    def read(self, stream: str, count: int) -> list[bytes]:
        """Return the data of the first *count* messages of *stream*.

        Raises:
            TimeoutError: there are not that many.
        """
        self._call(SUBSCRIBE, b"\0" + _text(stream) + pack(">HH", _FIRST, 10))
        found: list[bytes] = []
        while len(found) < count:
            found += _data_in(self._expect(DELIVER)[1:])
            self._send(CREDIT, b"\0" + pack(">H", 1))
        return found

    def _call(self, key: int, told: bytes) -> bytes:
        self._calls += 1
        self._send(key, pack(">I", self._calls) + told)
        answer = self._expect(key | _ANSWER)
        code = int.from_bytes(answer[4:6], "big")
        if code != OK:
            raise Refused(f"command {key} with code {code}")
        return answer[6:]

    def _send(self, key: int, told: bytes) -> None:
        self._socket.sendall(pack(">IHH", len(told) + 4, key, 1) + told)

    def _expect(self, key: int) -> bytes:
        while True:
            size = int.from_bytes(self._take(4), "big")
            told = self._take(size)
            found = int.from_bytes(told[:2], "big")
            if found == key:
                return told[4:]
            if found in {PUBLISH_ERROR, CLOSE}:
                raise Refused(f"command {key}: the broker told {told!r}")


def _data_in(chunk: bytes) -> list[bytes]:
    """Return the data sections of the messages of an Osiris chunk, none of them compressed."""
    (records,) = unpack_from(">I", chunk, 4)
    found: list[bytes] = []
    at = _CHUNK_HEAD_BYTES
    for _ in range(records):
        (size,) = unpack_from(">I", chunk, at)
        message = chunk[at + 4 : at + 4 + size]
        found += [part.value for part in sections(message) if part.what == DATA]
        at += 4 + size
    return found


def _text(text: str) -> bytes:
    return pack(">H", len(text)) + text.encode()
