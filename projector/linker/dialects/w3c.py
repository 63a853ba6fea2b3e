"""W3C trace context, as OpenTelemetry writes it."""

from projector.linker.dialects.reading import Reading, What, w3c_trace

HEADERS = {"traceparent": Reading(What.TRACE, "traceparent", w3c_trace)}
