"""The ids of spans: the same for the same event in the same role, in every process and at every export.

Pure. So a span that is sent twice is the same span twice, and a parent needs no memory of what was sent.
"""

from hashlib import blake2b

from events.identity import uid

PUBLISH = "publish"
PROCESS = "process"
WAIT = "wait"
DEAD_LETTER = "dead-letter"

SPAN_ID_BYTES = 8
TRACE_ID_BYTES = 16
NO_SPAN = bytes(SPAN_ID_BYTES)
NO_TRACE = bytes(TRACE_ID_BYTES)
_PERSON = b"hoptrail-otlp"


def span_id(stream: str, position: int, role: str) -> bytes:
    """Return the id (8 bytes) of the span that shows the event at *position* in *role*."""
    told = f"{uid(stream, position)} {role}".encode()
    found = blake2b(told, digest_size=SPAN_ID_BYTES, person=_PERSON).digest()
    return found if found != NO_SPAN else b"\xff" * SPAN_ID_BYTES


def trace_id(told: str, stream: str, position: int) -> bytes:
    """Return the trace id (16 bytes) that *told* spells in hex; else one made of the message at *position*."""
    try:
        found = bytes.fromhex(told)
    except ValueError:
        found = b""
    if len(found) == TRACE_ID_BYTES and found != NO_TRACE:
        return found
    root = uid(stream, position).encode()
    return blake2b(root, digest_size=TRACE_ID_BYTES, person=_PERSON).digest()
