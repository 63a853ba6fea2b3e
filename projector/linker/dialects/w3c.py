"""W3C trace context, as OpenTelemetry and Spring's observations write it."""

from projector.linker.dialects.reading import Dialect, Reading, What, w3c_trace

DIALECT = Dialect(
    name=None,
    headers={"traceparent": Reading(What.TRACE, "traceparent", w3c_trace)},
    recorded=(
        "aio_pika_otel",
        "amqplib_otel",
        "faststream_otel",
        "java_elastic",
        "java_otel",
        "pika_otel",
        "spring_amqp",
    ),
    notes="a reply of the Java client's `RpcServer` begins a trace of its own under OpenTelemetry's and Datadog's agents",
)
