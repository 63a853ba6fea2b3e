"""Receivers of OTLP for tests: the protocol's own gRPC servicer, and an HTTP server that decodes the same messages.

What they answer can be scripted, request by request; by default they take everything. Both listen on loopback.
"""

import gzip
import ssl
import tempfile
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from examples.local_broker import free_ports

STOP_S = 5.0
GRPC_OF_HTTP = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
TOO_LARGE = 413


@dataclass(frozen=True)
class Reply:
    """What a receiver answers: a *status* of HTTP (gRPC has one that means the same), or how many spans it leaves out."""

    status: int = 200
    rejected: int = 0
    told: str = ""
    after_s: int | None = None


Answering = Callable[[ExportTraceServiceRequest], Reply | None]


@dataclass
class Inbox:
    """What arrived. `script` holds the replies to the next requests, `answering` decides when there is none left."""

    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    script: deque[Reply] = field(default_factory=deque)
    answering: Answering | None = None
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: ExportTraceServiceRequest, headers: dict[str, str]) -> Reply:
        """Note a request that is taken; return the reply to it."""
        with self.lock:
            self.headers.append(headers)
            reply = self.script.popleft() if self.script else None
            if reply is None and self.answering is not None:
                reply = self.answering(request)
            reply = reply or Reply()
            if reply.status == 200:
                self.requests.append(request)
            else:
                self.refused += 1
            return reply

    def spans(self) -> list[tuple[str, Span]]:
        """Return every span taken, with its service, in the order of arrival."""
        with self.lock:
            return [
                (_service(resource), span)
                for request in self.requests
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            ]

    def ids(self) -> list[bytes]:
        """Return the ids of the spans taken, in the order of arrival."""
        return [span.span_id for _, span in self.spans()]


def ids_in(request: ExportTraceServiceRequest) -> set[bytes]:
    """Return the ids of the spans in *request*."""
    return {
        span.span_id
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }


def _service(resource: Any) -> str:
    told = {each.key: each.value.string_value for each in resource.resource.attributes}
    return told["service.name"]


@dataclass(frozen=True)
class Served:
    """A receiver that runs: where, and what arrived."""

    endpoint: str
    protocol: str
    inbox: Inbox


@contextmanager
def receiving(
    protocol: str,
    inbox: Inbox | None = None,
    *,
    port: int | None = None,
    tls: tuple[bytes, bytes] | None = None,
) -> Iterator[Served]:
    """Run a receiver that speaks *protocol*, on *port* or one that is free; *tls* is certificate chain and key in PEM."""
    inbox, port = inbox or Inbox(), port or free_ports(1)[0]
    scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
    served = Served(f"{scheme}://{host}:{port}", protocol, inbox)
    start = _grpc if protocol == "grpc" else _http
    with start(inbox, port, tls):
        yield served


@contextmanager
def _grpc(inbox: Inbox, port: int, tls: tuple[bytes, bytes] | None) -> Iterator[None]:
    server = grpc.server(ThreadPoolExecutor(max_workers=2), options=(("grpc.so_reuseport", 0),))
    service.add_TraceServiceServicer_to_server(_Servicer(inbox), server)
    address = f"127.0.0.1:{port}"
    if tls is None:
        server.add_insecure_port(address)
    else:
        chain, key = tls
        server.add_secure_port(address, grpc.ssl_server_credentials([(key, chain)]))
    server.start()
    try:
        yield
    finally:
        server.stop(grace=0).wait(STOP_S)


class _Servicer(service.TraceServiceServicer):
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        headers = {each.key: each.value for each in context.invocation_metadata()}
        reply = self._inbox.take(request, headers)
        if reply.status == 200:
            return _response(reply)
        if reply.after_s is not None:
            context.set_trailing_metadata((("grpc-status-details-bin", _details(reply.after_s)),))
        told = "message larger than max" if reply.status == TOO_LARGE else reply.told
        return context.abort(GRPC_OF_HTTP[reply.status], told)


def _details(after_s: int) -> bytes:
    detail = any_pb2.Any()
    detail.Pack(RetryInfo(retry_delay=duration_pb2.Duration(seconds=after_s)))
    return Status(code=8, details=[detail]).SerializeToString()


def _response(reply: Reply) -> ExportTraceServiceResponse:
    if not reply.rejected and not reply.told:
        return ExportTraceServiceResponse()
    partial = ExportTracePartialSuccess(rejected_spans=reply.rejected, error_message=reply.told)
    return ExportTraceServiceResponse(partial_success=partial)


@contextmanager
def _http(inbox: Inbox, port: int, tls: tuple[bytes, bytes] | None) -> Iterator[None]:
    class Handler(_Handler):
        held = inbox

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if tls is not None:
        server.socket = _context(*tls).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(STOP_S)


def _context(chain: bytes, key: bytes) -> ssl.SSLContext:

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder, "server.pem")
        both.write_bytes(key + chain)
        context.load_cert_chain(both)
    return context


class _Handler(BaseHTTPRequestHandler):
    held: Inbox
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/v1/traces" or self.headers["content-type"] != "application/x-protobuf":
            self._answer(404, b"")
            return
        if self.headers["content-encoding"] == "gzip":
            try:
                body = gzip.decompress(body)
            except (OSError, zlib.error):
                self._answer(400, b"not gzip")
                return
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.held.take(ExportTraceServiceRequest.FromString(body), headers)
        if reply.status == 200:
            self._answer(200, _response(reply).SerializeToString())
        else:
            self._answer(reply.status, reply.told.encode(), after_s=reply.after_s)

    def _answer(self, status: int, body: bytes, after_s: int | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        if after_s is not None:
            self.send_header("retry-after", str(after_s))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Say nothing: what arrived is in the inbox."""
