"""OTLP over HTTP with binary protobuf."""

import gzip
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2

from projector.exporting.receiver import TIMEOUT_S, Answer, NotNow, Refused, accepted, said

PATH = "/v1/traces"
GZIP_LEVEL = 1
GRPC_PORT = 4317
REFUSED = frozenset({400, 413, 422})
"""What says that this request is wrong; other errors say that the receiver is away, too busy, or not set up."""


class HttpReceiver:
    """The receiver at *endpoint*, to which ``/v1/traces`` is added unless it ends so; *headers* go with every request."""

    def __init__(
        self,
        endpoint: str,
        *,
        headers: Mapping[str, str],
        context: ssl.SSLContext,
        compressed: bool = True,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        base = endpoint.rstrip("/")
        self.url = base if base.endswith(PATH) else base + PATH
        self._headers = {"content-type": "application/x-protobuf", **headers}
        self._context = context
        self._compressed = compressed
        self._timeout_s = timeout_s
        self._client: httpx2.AsyncClient | None = None
        if compressed:
            self._headers["content-encoding"] = "gzip"

    async def __aenter__(self) -> Self:
        self._client = httpx2.AsyncClient(
            verify=self._context,
            timeout=self._timeout_s,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def send(self, request: bytes) -> Answer:
        assert self._client is not None, "the receiver is not open"
        content = gzip.compress(request, GZIP_LEVEL, mtime=0) if self._compressed else request
        try:
            answer = await self._client.post(self.url, content=content, headers=self._headers)
        except httpx2.HTTPError as error:
            return NotNow(f"{self.url}: {said(str(error)) or type(error).__name__}{self._hint()}")
        if answer.is_success:
            return accepted(answer.content)
        why = f"{self.url}: HTTP status {answer.status_code}: {said(answer.text)}"
        if answer.status_code in REFUSED:
            return Refused(why)
        return NotNow(why, _after_s(answer.headers.get("retry-after")))

    def _hint(self) -> str:
        if urlsplit(self.url).port == GRPC_PORT:
            return "; port 4317 is usually gRPC: HOPTRAIL_OTLP_PROTOCOL=grpc"
        return ""


def tls_context(ca_file: str | None, cert_file: str | None, key_file: str | None) -> ssl.SSLContext:
    """Return what TLS needs, from PEM files; the system's authorities where *ca_file* is None.

    Raises:
        OSError: a file cannot be read, or does not hold what it should.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if cert_file is not None:
        context.load_cert_chain(cert_file, key_file)
    return context


def _after_s(header: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` names; a date there is left to our own pauses."""
    return float(header) if header and header.isascii() and header.isdigit() else None
