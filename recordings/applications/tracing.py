"""OpenTelemetry in a recorded application: spans are made and thrown away, their context travels in the headers."""

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider


def trace_as(service):
    """Trace this process as *service*."""
    trace.set_tracer_provider(TracerProvider(resource=Resource({"service.name": service})))
