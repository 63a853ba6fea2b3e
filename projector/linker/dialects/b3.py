"""Zipkin's B3, in one header or several."""

from projector.linker.dialects.reading import Reading, What, first_part, trace_id

HEADERS = {
    "b3": Reading(What.TRACE, "b3", first_part("-")),
    "x-b3-traceid": Reading(What.TRACE, "b3", trace_id),
}
