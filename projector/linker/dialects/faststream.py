"""FastStream: it fills in `app_id` with its own name, so that this names no service.

Each publish has a correlation id of its own, also within a handler; only its OpenTelemetry middleware tells the parent.
"""

from projector.linker.dialects.reading import Dialect

DIALECT = Dialect(
    "FastStream",
    app_id="faststream-",
    recorded=("faststream", "faststream_otel"),
    notes="known by the `app_id` it fills in; the parent is told by `traceparent` with its telemetry middleware only",
)
