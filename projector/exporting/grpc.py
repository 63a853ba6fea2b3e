"""OTLP over gRPC."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import grpc
import grpc.aio
import msgspec
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from projector.exporting.receiver import TIMEOUT_S, Answer, NotNow, Refused, accepted, said

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
DETAILS = "grpc-status-details-bin"
TOO_LARGE = "larger than max"
DEFAULT_PORTS = {"http": 80, "https": 443}


class TlsPem(msgspec.Struct, frozen=True):
    """What TLS needs, in PEM; None stands for the system's authorities and for no client certificate."""

    authority: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None


class GrpcReceiver:
    """The receiver at *endpoint*, ``http://host:port`` in plain text or ``https://host:port`` with *tls*."""

    def __init__(
        self,
        endpoint: str,
        *,
        headers: Mapping[str, str],
        tls: TlsPem | None = None,
        compressed: bool = True,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        parts = urlsplit(endpoint)
        host = parts.hostname or "127.0.0.1"
        shown_host = f"[{host}]" if ":" in host else host
        self.target = f"{shown_host}:{parts.port or DEFAULT_PORTS[parts.scheme]}"
        self._secure = parts.scheme == "https"
        self._metadata = tuple((name.lower(), value) for name, value in headers.items())
        self._tls = tls or TlsPem()
        self._compression = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
        self._timeout_s = timeout_s
        self._channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Self:
        # A proxy in the environment is for the web, not for the receiver that was named.
        options = (("grpc.enable_http_proxy", 0),)
        if self._secure:
            tls = grpc.ssl_channel_credentials(
                self._tls.authority, self._tls.key, self._tls.certificate
            )
            self._channel = grpc.aio.secure_channel(self.target, tls, options, self._compression)
        else:
            self._channel = grpc.aio.insecure_channel(self.target, options, self._compression)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._channel is not None:
            await self._channel.close()

    async def send(self, request: bytes) -> Answer:
        assert self._channel is not None, "the receiver is not open"
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(METHOD)
        try:
            body = await call(request, timeout=self._timeout_s, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            return self._not_taken(error)
        return accepted(body)

    def _not_taken(self, error: grpc.aio.AioRpcError) -> Answer:
        code, details = error.code(), said(error.details() or "")
        why = f"{self.target}: {code.name}: {details}"
        too_large = code is grpc.StatusCode.RESOURCE_EXHAUSTED and TOO_LARGE in details
        if too_large or code is grpc.StatusCode.INVALID_ARGUMENT:
            return Refused(why)
        return NotNow(why, _after_s(error))


def _after_s(error: grpc.aio.AioRpcError) -> float | None:
    """Return the seconds that the receiver asks to wait, told in the details of its answer."""
    for name, value in error.trailing_metadata():
        if name == DETAILS and isinstance(value, bytes):
            try:
                status = Status.FromString(value)
            except DecodeError:
                return None
            for detail in status.details:
                info = RetryInfo()
                if detail.Unpack(info):
                    return info.retry_delay.seconds + info.retry_delay.nanos / 1e9
    return None
