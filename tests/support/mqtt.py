"""A small MQTT client, 3.1.1 and 5: it publishes and subscribes with QoS 0 and 1, and waits for every answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import pack
from typing import Final

from tests.support.wire import Refused, Wire

KEEP_ALIVE_S: Final = 60
CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
_USER_PROPERTY, _CORRELATION, _RESPONSE_TOPIC, _CONTENT_TYPE = 0x26, 0x09, 0x08, 0x03
_LOGIN, _CLEAN, _WILL = 0xC0, 0x02, 0x0C


@dataclass(frozen=True)
class Received:
    """A message as a subscriber got it."""

    topic: str
    body: bytes
    qos: int
    retained: bool


class Mqtt(Wire):
    """A connection to *vhost* as *client_id*. A context manager; with *clean* false its session outlives it.

    *version* is 4 (3.1.1) or 5. *will* is what the broker publishes for it when it goes without a word: (topic, body).
    """

    def __init__(
        self,
        port: int,
        *,
        vhost: str,
        client_id: str,
        version: int = 4,
        clean: bool = True,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self._version = version
        self._packets = 0
        self._received: list[tuple[int, bytes]] = []
        flags = _LOGIN | (_CLEAN if clean else 0) | (_WILL if will else 0)
        head = _text("MQTT") + bytes([version, flags]) + pack(">H", KEEP_ALIVE_S)
        # Five seconds of session expiry: an MQTT 5 session is not to outlive the test for long.
        head += b"\x05\x11\0\0\0\x05" if version == 5 and not clean else self._no_properties
        told = _text(client_id)
        if will:
            told += self._no_properties + _text(will[0]) + _sized(will[1])
        self._connect = head + told + _text(f"{vhost}:guest") + _text("guest")
        super().__init__(port)

    def _log_in(self) -> None:
        self._send(0x10, self._connect)
        if code := self._expect(CONNACK)[1][1]:
            raise Refused(f"the connection, with code {code}")

    def _log_out(self) -> None:
        self._send(0xE0, b"")

    def publish(
        self,
        topic: str,
        body: bytes,
        *,
        qos: int,
        retain: bool = False,
        properties: bytes | None = None,
    ) -> None:
        """Publish, and return when the broker has it. *properties* are for version 5, from ``properties_of``."""
        self._packets += 1
        told = _text(topic)
        if qos:
            told += pack(">H", self._packets)
        if self._version == 5:
            told += _length(len(properties or b"")) + (properties or b"")
        self._send(0x30 | qos << 1 | retain, told + body)
        if qos:
            self._expect(PUBACK)
        else:
            self.ping()

    def subscribe(self, topic: str, *, qos: int) -> None:
        """Subscribe to *topic*.

        Raises:
            Refused: the broker does not allow it.
        """
        self._packets += 1
        self._send(
            0x82, pack(">H", self._packets) + self._no_properties + _text(topic) + bytes([qos])
        )
        if (code := self._expect(SUBACK)[1][-1]) >= 0x80:
            raise Refused(f"the subscription, with code {code}")

    def receive(self) -> Received:
        """Return the next message, acknowledged where that is due.

        Raises:
            TimeoutError: none comes.
        """
        flags, body = self._received.pop(0) if self._received else self._expect(PUBLISH)
        qos = flags >> 1 & 3
        size = int.from_bytes(body[:2], "big")
        topic, at = body[2 : 2 + size].decode(), 2 + size
        if qos:
            packet = body[at : at + 2]
            at += 2
            self._send(0x40, packet)
            self.ping()
        if self._version == 5:
            at += 1 + body[at]
        return Received(topic, body[at:], qos, bool(flags & 1))

    def ping(self) -> None:
        """Return when the broker has handled all that was sent."""
        self._send(0xC0, b"")
        self._expect(PINGRESP)

    @property
    def _no_properties(self) -> bytes:
        return b"\0" if self._version == 5 else b""

    def _send(self, first: int, told: bytes) -> None:
        self._socket.sendall(bytes([first]) + _length(len(told)) + told)

    def _expect(self, kind: int) -> tuple[int, bytes]:
        while True:
            first = self._take(1)[0]
            size = shift = 0
            while True:
                byte = self._take(1)[0]
                size |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            told = self._take(size)
            if first >> 4 == kind:
                return first & 0xF, told
            if first >> 4 == PUBLISH:
                self._received.append((first & 0xF, told))


def properties_of(
    user: Mapping[str, str],
    *,
    correlation: bytes = b"",
    response_topic: str = "",
    content_type: str = "",
) -> bytes:
    """Return the properties of an MQTT 5 publish."""
    told = b"".join(
        bytes([_USER_PROPERTY]) + _text(name) + _text(value) for name, value in user.items()
    )
    if correlation:
        told += bytes([_CORRELATION]) + _sized(correlation)
    if response_topic:
        told += bytes([_RESPONSE_TOPIC]) + _text(response_topic)
    if content_type:
        told += bytes([_CONTENT_TYPE]) + _text(content_type)
    return told


def _text(text: str) -> bytes:
    return _sized(text.encode())


def _sized(data: bytes) -> bytes:
    return pack(">H", len(data)) + data


def _length(size: int) -> bytes:
    told = b""
    while size > 0x7F:
        told += bytes([size & 0x7F | 0x80])
        size >>= 7
    return told + bytes([size])
