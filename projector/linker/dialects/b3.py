"""Zipkin's B3, in one header or several."""

from projector.linker.dialects.reading import Dialect, Reading, What, first_part, trace_id

DIALECT = Dialect(
    name=None,
    headers={
        "b3": Reading(What.TRACE, "b3", first_part("-")),
        "x-b3-traceid": Reading(What.TRACE, "b3", trace_id),
    },
    recorded=("java_otel",),
)
