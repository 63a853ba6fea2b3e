"""What a publisher's own tracing wrote into the headers: it reports its spans itself, so none are made in its place.

Pure. Header values are whatever a publisher sent; what cannot be read tells nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from events.values import Text
from projector.linker.dialects.reading import first_text, integer_trace, trace_id, w3c_trace
from projector.otlp.ids import NO_SPAN, SPAN_ID_BYTES

NAME_LENGTH_MAX = 64
NOT_SAMPLED = frozenset({"0", "false"})
UBER_SAMPLED = 1


class Reported(NamedTuple):
    """The span a publisher wrote into a message: its trace (hex), its id if that can be read.

    `sampled` is False where the publisher said that the trace is not recorded.
    """

    evidence: str
    trace: str
    span_id: bytes | None
    sampled: bool


Headers = Mapping[str, Any]
Reader = Callable[[Headers, str], Reported | None]


def reported(headers: Mapping[Text, Any] | None, trace: str) -> Reported | None:
    """Return what *headers* tell of the publisher's span in the trace *trace*; None where they tell nothing of it."""
    if not headers:
        return None
    known = {
        lowered: value
        for name, value in headers.items()
        if isinstance(name, str)
        and len(name) <= NAME_LENGTH_MAX
        and (lowered := name.lower()) in NAMES
    }
    best: Reported | None = None
    for name, read in READERS.items():
        if name in known and (found := read(known, name)) is not None and found.trace == trace:
            if found.span_id is not None:
                return found
            best = best or found
    return best


def _w3c(headers: Headers, name: str) -> Reported | None:
    """version-trace-span-flags, whose last bit says sampled."""
    value = headers[name]
    trace = w3c_trace(value)
    if trace is None:
        return None
    parts = (first_text(value) or "").lower().split("-")
    flags = _hex(parts[3]) if len(parts) > 3 else None
    return Reported(name, trace, _span(parts[2]), flags is None or bool(flags & 1))


def _b3(headers: Headers, name: str) -> Reported | None:
    """trace-span-sampled-parent, the last two optional."""
    parts = (first_text(headers[name]) or "").lower().split("-")
    trace = trace_id(parts[0])
    if trace is None or len(parts) < 2:
        return None
    return Reported("b3", trace, _span(parts[1]), not (len(parts) > 2 and parts[2] in NOT_SAMPLED))


def _b3_several(headers: Headers, name: str) -> Reported | None:
    trace = trace_id(headers[name])
    if trace is None:
        return None
    sampled = (first_text(headers.get("x-b3-sampled")) or "1").lower()
    span = _span(first_text(headers.get("x-b3-spanid")) or "")
    return Reported("b3", trace, span, sampled not in NOT_SAMPLED)


def _sentry(headers: Headers, name: str) -> Reported | None:
    """trace-span-sampled, the last optional."""
    found = _b3(headers, name)
    return None if found is None else found._replace(evidence=name)


def _uber(headers: Headers, name: str) -> Reported | None:
    """trace:span:parent:flags in hex without leading zeros."""
    parts = (first_text(headers[name]) or "").lower().split(":")
    trace = trace_id(parts[0]) if len(parts) == 4 else None
    if trace is None:
        return None
    flags = _hex(parts[3])
    sampled = flags is None or bool(flags & UBER_SAMPLED)
    return Reported(name, trace, _span(parts[1].rjust(2 * SPAN_ID_BYTES, "0")), sampled)


def _datadog(headers: Headers, name: str) -> Reported | None:
    """Decimal ids in headers of their own; a priority of 0 or below says not sampled."""
    trace = integer_trace(headers[name])
    if trace is None:
        return None
    span = integer_trace(headers.get("x-datadog-parent-id", ""))
    priority = headers.get("x-datadog-sampling-priority")
    dropped = str(priority) in {"0", "-1"}
    return Reported(
        name, trace, None if span is None else _span(span[2 * SPAN_ID_BYTES :]), not dropped
    )


def _span(digits: str) -> bytes | None:
    """Return the span id that 16 hex digits spell."""
    if len(digits) != 2 * SPAN_ID_BYTES or _hex(digits) is None:
        return None
    found = bytes.fromhex(digits)
    return found if found != NO_SPAN else None


def _hex(digits: str) -> int | None:
    if not digits or any(digit not in "0123456789abcdef" for digit in digits.lower()):
        return None
    return int(digits, 16)


READERS: Mapping[str, Reader] = {
    "traceparent": _w3c,
    "b3": _b3,
    "x-b3-traceid": _b3_several,
    "elastic-apm-traceparent": _w3c,
    "mt-activity-id": _w3c,
    "parent-id": _w3c,
    "uber-trace-id": _uber,
    "sentry-trace": _sentry,
    "x-datadog-trace-id": _datadog,
}
"""By header name in lower case, best first."""

NAMES = frozenset(
    {
        *READERS,
        "x-b3-spanid",
        "x-b3-sampled",
        "x-datadog-parent-id",
        "x-datadog-sampling-priority",
    }
)
