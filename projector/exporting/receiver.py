"""What takes spans over OTLP, and the three things it can answer.

Only an answer that says that these very spans cannot be taken gives them up; everything else is tried again, because the
log keeps what is not yet sent.
"""

from typing import Protocol

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from store.ports import Resource

TIMEOUT_S = 10.0
SAID_CHARS_MAX = 300


class Accepted(msgspec.Struct, frozen=True):
    """The request was taken, except for *rejected* of its spans, which are not to be sent again; *told* says why."""

    rejected: int = 0
    told: str = ""


class NotNow(msgspec.Struct, frozen=True):
    """The same request may be taken later, not before *after_s* seconds if the receiver named a time."""

    why: str
    after_s: float | None = None


class Refused(msgspec.Struct, frozen=True):
    """The receiver will never take this request; a smaller one perhaps."""

    why: str


Answer = Accepted | NotNow | Refused


class Receiver(Resource, Protocol):
    """An OTLP endpoint. Entering it sends nothing."""

    async def send(self, request: bytes) -> Answer:
        """Return what the receiver answers to an encoded ``ExportTraceServiceRequest``; no answer is `NotNow`."""
        ...


def accepted(body: bytes) -> Accepted:
    """Return what the body of an answer says that is a success; one that cannot be read says nothing."""
    try:
        partial = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError:
        return Accepted()
    return Accepted(max(0, partial.rejected_spans), said(partial.error_message))


def said(text: str) -> str:
    """Return a receiver's words in one line of sensible length."""
    return " ".join(text.split())[:SAID_CHARS_MAX]
