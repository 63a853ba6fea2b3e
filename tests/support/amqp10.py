"""A small AMQP 1.0 client: one session, one message at a time, each settled before the next.

It does what the tests need of the protocol (OASIS AMQP 1.0, parts 2 to 5) and nothing more.
"""

from struct import pack
from typing import Any, Final

from tests.support.amqp10_types import (
    Described,
    Symbol,
    UByte,
    UInt,
    UShort,
    decode,
    encode,
    sections,
)
from tests.support.wire import Refused, Wire

FRAME_BYTES_MAX: Final = 65_536
OPEN, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, DETACH, END, CLOSE = range(0x10, 0x19)
SOURCE, TARGET = 0x28, 0x29
SASL_INIT, SASL_OUTCOME = 0x41, 0x44
OUTCOMES: Final = {0x24: "accepted", 0x25: "rejected", 0x26: "released", 0x27: "modified"}
PROPERTIES, APPLICATION_PROPERTIES, DATA, SEQUENCE, VALUE = 0x73, 0x74, 0x75, 0x76, 0x77
_AMQP, _SASL = 0, 1


class Amqp10(Wire):
    """A connection to *vhost* as *container_id*; a context manager that closes it in good order."""

    def __init__(
        self,
        port: int,
        *,
        vhost: str,
        container_id: str,
        user: str = "guest",
        password: str = "guest",
    ) -> None:
        self._login = f"\0{user}\0{password}".encode()
        self._open = [container_id, f"vhost:{vhost}", UInt(FRAME_BYTES_MAX), UShort(10)]
        self._handles = 0
        self._deliveries = 0
        self._incoming = 0
        super().__init__(port)

    def _log_in(self) -> None:
        self._greet(b"AMQP\3\1\0\0")
        self._read(_SASL)
        self._send(_SASL, SASL_INIT, [Symbol("PLAIN"), self._login])
        if (outcome := self._read(_SASL)).value[0] != 0:
            raise Refused(f"the login: {outcome}")
        self._greet(b"AMQP\0\1\0\0")
        self._send(_AMQP, OPEN, self._open)
        self._expect(OPEN)
        window = UInt(2_048)
        self._send(_AMQP, BEGIN, [None, UInt(0), window, window, UInt(64)])
        self._incoming = self._expect(BEGIN).value[1]

    def _log_out(self) -> None:
        self._send(_AMQP, CLOSE, [])
        self._expect(CLOSE)

    def send(self, address: str | None, *parts: Described) -> str:
        """Send a message of *parts* to *address* and return its outcome, such as ``accepted``.

        Raises:
            Refused: the broker lets nobody send there.
        """
        handle = self._attach(is_receiver=False, source=None, target=address)
        self._expect(FLOW)
        delivery = self._deliveries
        self._deliveries += 1
        payload = b"".join(map(encode, parts))
        tag = str(delivery).encode()
        transfer = [UInt(handle), UInt(delivery), tag, UInt(0), False, False]
        self._send(_AMQP, TRANSFER, transfer, payload)
        told = self._expect(DISPOSITION)
        self._detach(handle)
        return OUTCOMES[told.value[4].what]

    def receive(self, address: str) -> list[Described]:
        """Return the sections of one message of *address*, which is accepted and settled.

        Raises:
            Refused: the broker lets nobody receive there.
            TimeoutError: none comes.
        """
        handle = self._attach(is_receiver=True, source=address, target=None)
        self._send(_AMQP, FLOW, self._credit(handle))
        told = self._expect(TRANSFER)
        payload = self._payload
        self._incoming = (self._incoming + 1) % (1 << 32)
        delivery = UInt(told.value[1])
        accepted = Described(0x24, [])
        self._send(_AMQP, DISPOSITION, [True, delivery, delivery, True, accepted])
        self._detach(handle)
        return sections(payload)

    def _credit(self, handle: int) -> list[Any]:
        window = UInt(2_048)
        at = UInt(self._incoming), UInt(self._deliveries)
        return [at[0], window, at[1], window, UInt(handle), UInt(0), UInt(1)]

    def _attach(self, *, is_receiver: bool, source: str | None, target: str | None) -> int:
        handle = self._handles
        self._handles += 1
        ends = [
            Described(SOURCE, [source] if source else []),
            Described(TARGET, [target] if target else []),
        ]
        modes = [UByte(0), UByte(0)]
        first = [] if is_receiver else [None, False, UInt(0)]
        told = [f"link {handle}", UInt(handle), is_receiver, *modes, *ends, *first]
        self._send(_AMQP, ATTACH, told)
        self._expect(ATTACH)
        return handle

    def _detach(self, handle: int) -> None:
        self._send(_AMQP, DETACH, [UInt(handle), True])
        self._expect(DETACH)

    def _greet(self, header: bytes) -> None:
        self._socket.sendall(header)
        if (answer := self._take(8)) != header:
            raise Refused(f"it speaks another protocol: {answer!r}")

    def _send(self, kind: int, what: int, value: list[Any], payload: bytes = b"") -> None:
        body = encode(Described(what, value)) + payload
        self._socket.sendall(pack(">IBBH", len(body) + 8, 2, kind, 0) + body)

    def _expect(self, what: int) -> Described:
        while (told := self._read(_AMQP)).what != what:
            if told.what in {DETACH, END, CLOSE}:
                raise Refused(str(told))
        return told

    def _read(self, kind: int) -> Described:
        while True:
            size = int.from_bytes(self._take(4), "big")
            data = self._take(size - 4)
            body = data[data[0] * 4 - 4 :]
            if not body:
                continue  # a heartbeat
            assert data[1] == kind
            told, end = decode(body)
            self._payload = body[end:]
            return told
