"""The broker, with the telemetry middleware where `TRACED` asks for it."""

import os

from faststream.rabbit import RabbitBroker

SERVICE = os.environ["SERVICE"]


def broker_of_here():
    """Return the broker of this process."""
    if not os.environ.get("TRACED"):
        return RabbitBroker(os.environ["AMQP_URL"])
    from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(resource=Resource({"service.name": SERVICE}))
    return RabbitBroker(
        os.environ["AMQP_URL"], middlewares=(RabbitTelemetryMiddleware(tracer_provider=provider),)
    )
