"""Spring AMQP, recorded."""
