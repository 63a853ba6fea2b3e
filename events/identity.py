"""Identities derived from content and place: fingerprints, body digests, uids.

All digests are BLAKE2b-128, keyed with the store's secret, so that the log does not reveal whether a guessed body was sent.
"""

from hashlib import blake2b

import msgspec

from events.facts import Properties, Table
from events.values import Text, encode_extension

DIGEST_BYTES = 16
KEY_BYTES = 32

TRACE_HEADERS = ("traceparent", "b3", "X-B3-TraceId", "x-b3-traceid", "elastic-apm-traceparent")
SPAN_HEADERS = ("X-B3-SpanId", "x-b3-spanid")
_tracing = (*TRACE_HEADERS, *SPAN_HEADERS)
_text_types = (str, bytes)

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension, order="deterministic").encode


def body_digest(key: bytes, body: bytes) -> bytes:
    """Return the keyed digest (16 bytes) of *body*."""
    return blake2b(body, digest_size=DIGEST_BYTES, key=key).digest()


def fingerprint(key: bytes, full_body_digest: bytes, properties: Properties) -> bytes:
    """Return what a publish and all its deliveries share: 16 bytes over body and identifying properties.

    *full_body_digest* is :func:`body_digest` of the body before any cap or redaction. The identifying properties are
    those a broker carries unchanged (message_id, correlation_id, type, app_id, content_type, a trace header).
    """
    told = (
        properties.message_id,
        properties.correlation_id,
        properties.type,
        properties.app_id,
        properties.content_type,
        trace_headers(properties.headers),
    )
    return blake2b(full_body_digest + _pack(told), digest_size=DIGEST_BYTES, key=key).digest()


def trace_headers(headers: Table | None) -> list[Text]:
    """Return the trace and span ids' header values that are present and text, in a fixed order."""
    if not headers:
        return []
    return [
        headers[name]
        for name in _tracing
        if name in headers and isinstance(headers[name], _text_types)
    ]


def key_id(key: bytes) -> str:
    """Return the public name (16 hex digits) of a fingerprint key."""
    return blake2b(key, digest_size=8, person=b"hoptrail-key-id").hexdigest()


def uid(stream: str, position: int) -> str:
    """Return hoptrail's id of the message first seen at *position*, e.g. ``main-4711``."""
    return f"{stream}-{position}"


def position_of(message_uid: str, stream: str) -> int | None:
    """Invert :func:`uid`; None when *message_uid* is no uid of this stream."""
    head, _, tail = message_uid.rpartition("-")
    if head != stream or not (tail.isascii() and tail.isdigit()) or len(tail) > 18:
        return None
    return int(tail)
