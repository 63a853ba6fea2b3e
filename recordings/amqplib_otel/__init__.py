"""amqplib with the OpenTelemetry instrumentation, recorded."""
