"""CloudEvents: `source` and `id` together name an event, in headers or in the body; a trace may be an extension of it."""

from projector.linker.dialects.reading import Dialect, Reading, What, text, w3c_trace

PREFIXES = ("cloudevents:", "cloudevents_", "ce-", "ce_")

DIALECT = Dialect(
    "CloudEvents",
    headers={
        prefix + name: reading
        for prefix in PREFIXES
        for name, reading in (
            ("id", Reading(What.IDENTITY, "CloudEvents id", text)),
            ("type", Reading(What.TYPE, "CloudEvents type", text)),
            ("traceparent", Reading(What.TRACE, "CloudEvents traceparent", w3c_trace)),
        )
    },
    in_body={
        "cloudevents/id": Reading(What.IDENTITY, "CloudEvents id", text),
        "cloudevents/type": Reading(What.TYPE, "CloudEvents type", text),
    },
    marks=tuple(frozenset({prefix + "specversion"}) for prefix in PREFIXES),
    notes="`source` is the event's origin, which may be another than the service that published it",
)
