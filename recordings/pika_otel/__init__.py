"""pika with OpenTelemetry, recorded."""
