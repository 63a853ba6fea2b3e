"""What publishers' own tracing tells in headers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projector.otlp.reported import NAMES, reported

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SHORT = TRACE[16:]
DATADOG = {"x-datadog-trace-id": str(int(SHORT, 16)), "x-datadog-parent-id": str(int(SPAN, 16))}


@pytest.mark.parametrize(
    ("headers", "trace", "sampled"),
    [
        ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, TRACE, True),
        ({"TraceParent": f"00-{TRACE}-{SPAN}-00".encode()}, TRACE, False),
        ({"traceparent": [f"00-{TRACE}-{SPAN}-03"]}, TRACE, True),
        ({"elastic-apm-traceparent": f"00-{TRACE}-{SPAN}-01"}, TRACE, True),
        ({"MT-Activity-Id": f"00-{TRACE}-{SPAN}-01"}, TRACE, True),
        ({"b3": f"{TRACE}-{SPAN}-1"}, TRACE, True),
        ({"b3": f"{TRACE}-{SPAN}-0"}, TRACE, False),
        ({"b3": f"{SHORT}-{SPAN}"}, SHORT.rjust(32, "0"), True),
        ({"X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN}, TRACE, True),
        ({"X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN, "X-B3-Sampled": "0"}, TRACE, False),
        ({"sentry-trace": f"{TRACE}-{SPAN}-1"}, TRACE, True),
        ({"uber-trace-id": f"{TRACE}:{SPAN.lstrip('0')}:0:1"}, TRACE, True),
        ({"uber-trace-id": f"{TRACE}:{SPAN}:0:0"}, TRACE, False),
        (DATADOG, SHORT.rjust(32, "0"), True),
        (DATADOG | {"x-datadog-sampling-priority": "-1"}, SHORT.rjust(32, "0"), False),
    ],
)
def test_the_publisher_s_span_is_read(headers: dict[Any, Any], trace: str, sampled: bool) -> None:
    """Trace, span and whether it is recorded are read from each form, whatever the case of the name."""
    found = reported(headers, trace)

    assert found is not None
    assert found.span_id is not None
    assert (found.trace, found.span_id.hex(), found.sampled) == (trace, SPAN, sampled)


def test_a_header_of_another_trace_is_not_the_one() -> None:
    """Where a message is part of another trace than a header names, the header's span is no parent in it."""
    headers: dict[Any, Any] = {"traceparent": f"00-{TRACE}-{SPAN}-01"}

    assert reported(headers, "f" * 32) is None


def test_a_header_with_a_span_goes_before_one_without() -> None:
    """Of two headers that name the trace the one that names the span too is taken."""
    headers: dict[Any, Any] = {"x-b3-traceid": TRACE, "sentry-trace": f"{TRACE}-{SPAN}"}
    found = reported(headers, TRACE)

    assert found is not None
    assert (found.evidence, found.span_id) == ("sentry-trace", bytes.fromhex(SPAN))


def test_a_trace_without_a_span_is_still_the_publisher_s() -> None:
    """A header whose span cannot be read says that spans are reported, and names no parent."""
    found = reported({"X-B3-TraceId": TRACE}, TRACE)

    assert found is not None
    assert found.span_id is None


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=60) | st.binary(max_size=60)


@given(st.dictionaries(st.sampled_from(sorted(NAMES)), VALUES | st.lists(VALUES, max_size=2)))
def test_headers_of_any_shape_can_be_read(headers: dict[Any, Any]) -> None:
    """Whatever a publisher writes into these headers is read or passed over."""
    found = reported(headers, TRACE)

    assert found is None or found.trace == TRACE
