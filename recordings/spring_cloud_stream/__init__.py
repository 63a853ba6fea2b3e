"""The RabbitMQ binder of Spring Cloud Stream, recorded."""
