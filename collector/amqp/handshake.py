"""How a connection begins: who we are, what both sides agree on, and which virtual host.

Pure. The server leads: start, tune, open-ok, each once and in this order, and each has one answer.
"""

from collections.abc import Mapping
from typing import Any

from collector.amqp import methods
from collector.amqp.errors import AmqpProtocolError, AmqpRefused
from collector.amqp.url import AmqpAddress
from events.values import Text

CHANNEL_MAX = 65_535
FRAME_BYTES_MAX = 131_072
"""Sent in one frame where the broker names no limit."""
CLIENT_CAPABILITIES = {
    "basic.nack": True,
    "connection.blocked": True,
    "consumer_cancel_notify": True,
    "authentication_failure_close": True,
}
_tls_records = b"\x14\x15\x16\x17"


def require_amqp(begin: bytes, address: AmqpAddress) -> None:
    """Look at the first bytes that came.

    Raises:
        AmqpRefused: they are those of another protocol.
    """
    if begin[0] in _tls_records:
        raise AmqpRefused(f"{address} speaks TLS on this port; write amqps:// in HOPTRAIL_AMQP_URL")
    if begin[:1] == b"A":  # a protocol header: what the server would rather speak
        raise AmqpRefused(f"{address} does not speak AMQP 0-9-1, but another AMQP")
    if begin[:1] == b"H":
        raise AmqpRefused(f"{address} speaks HTTP on this port; is it that of the management API?")


class Handshake:
    """The state of one. `server` is what the broker tells of itself; the rest is what was agreed on.

    `heartbeat_s` is the smaller of both sides' wishes; where the server has none it is ours, and 0 on our side is none.
    """

    def __init__(self, address: AmqpAddress, *, name: str, heartbeat_s: int) -> None:
        self.server: Mapping[Text, Any] = {}
        self.channel_max = CHANNEL_MAX
        self.frame_bytes_max = FRAME_BYTES_MAX
        self.heartbeat_s = heartbeat_s
        self.is_tuned = self.is_done = False
        self._address = address
        self._name = name
        self._expected = methods.START

    def answer(self, payload: bytes) -> bytes:
        """Return the frames that answer a method of the server; none for the last.

        Raises:
            AmqpRefused: the server does not offer our way to prove who we are, or asks for more.
            AmqpProtocolError: the method is out of order, or cut short.
            TableDamaged: what the server tells of itself does not parse.
        """
        kind = payload[:4]
        if kind == methods.SECURE:
            raise AmqpRefused(f"{self._address} asks for more than {self._address.mechanism} tells")
        if kind != self._expected or self.is_done:
            raise AmqpProtocolError(f"an unexpected method {kind.hex()} on channel 0")
        if kind == methods.START:
            self._expected = methods.TUNE
            return self._start(payload)
        if kind == methods.TUNE:
            self._expected, self.is_tuned = methods.OPEN_OK, True
            return self._tune(payload)
        self.is_done = True
        return b""

    def _start(self, payload: bytes) -> bytes:
        address = self._address
        self.server, offered = methods.started(payload)
        if address.mechanism not in offered:
            raise AmqpRefused(_not_offered(address, offered))
        properties = {
            "product": "hoptrail",
            "platform": "Python",
            "connection_name": self._name,
            "capabilities": CLIENT_CAPABILITIES,
        }
        response = f"\0{address.user}\0{address.password}".encode() if address.user else b""
        return methods.frame(1, 0, methods.start_ok(properties, address.mechanism, response))

    def _tune(self, payload: bytes) -> bytes:
        channel_max, frame_max, theirs = methods.tuned(payload)
        self.channel_max = channel_max or CHANNEL_MAX
        self.frame_bytes_max = frame_max or FRAME_BYTES_MAX
        self.heartbeat_s = min(theirs, self.heartbeat_s) if theirs else self.heartbeat_s
        agreed = methods.tune_ok(self.channel_max, frame_max, self.heartbeat_s)
        opened = methods.open_vhost(self._address.vhost)
        return methods.frame(1, 0, agreed) + methods.frame(1, 0, opened)


def _not_offered(address: AmqpAddress, offered: list[str]) -> str:
    told = f"{address} does not offer {address.mechanism}, only {', '.join(offered) or 'nothing'}"
    if address.user:
        return (
            f"{told}; leave the user out of HOPTRAIL_AMQP_URL to be known by a client certificate"
        )
    return (
        f"{told}; enable rabbitmq_auth_mechanism_ssl and list EXTERNAL under auth_mechanisms there, or give "
        "HOPTRAIL_AMQP_URL a user and a password"
    )
