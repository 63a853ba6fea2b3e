"""FastStream with its OpenTelemetry middleware, recorded."""
