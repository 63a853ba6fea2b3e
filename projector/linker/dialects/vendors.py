"""Trace headers of single vendors. Sentry's also stand in a table of their own within Celery's headers."""

from projector.linker.dialects.reading import (
    Dialect,
    Reading,
    What,
    first_part,
    integer_trace,
    w3c_trace,
    within,
)

DIALECT = Dialect(
    name=None,
    headers={
        "elastic-apm-traceparent": Reading(What.TRACE, "elastic-apm-traceparent", w3c_trace),
        "sentry-trace": Reading(What.TRACE, "sentry-trace", first_part("-")),
        "headers": Reading(What.TRACE, "sentry-trace", within("sentry-trace", first_part("-"))),
        "uber-trace-id": Reading(What.TRACE, "uber-trace-id", first_part(":")),
        "x-datadog-trace-id": Reading(What.TRACE, "x-datadog-trace-id", integer_trace),
    },
    recorded=("java_datadog", "java_elastic", "java_otel"),
    notes="of Datadog's 128 bits the header holds the lower half; the upper half stands in `x-datadog-tags`",
)
