"""aio-pika with OpenTelemetry, recorded."""
