"""The plain Java client under the OpenTelemetry agent, recorded."""
