"""Trace headers of single vendors."""

from projector.linker.dialects.reading import Reading, What, first_part, integer_trace, w3c_trace

HEADERS = {
    "elastic-apm-traceparent": Reading(What.TRACE, "elastic-apm-traceparent", w3c_trace),
    "sentry-trace": Reading(What.TRACE, "sentry-trace", first_part("-")),
    "uber-trace-id": Reading(What.TRACE, "uber-trace-id", first_part(":")),
    "x-datadog-trace-id": Reading(What.TRACE, "x-datadog-trace-id", integer_trace),
}
