"""The service named first on the command line hands on to the one named second; the last refuses every message once."""

import os
import sys

import pika
import truth
from opentelemetry.instrumentation.pika import PikaInstrumentor
from tracing import trace_as

SERVICE, *FURTHER = sys.argv[1:]


def handle(channel, method, properties, body):
    """Hand on, or fail the first time."""
    if FURTHER:
        name = truth.name_in(body)
        truth.sent(f"{name}-{FURTHER[0]}", SERVICE, name)
        channel.basic_publish("", FURTHER[0], truth.mark(f"{name}-{FURTHER[0]}").encode())
    elif not method.redelivered:
        channel.basic_nack(method.delivery_tag, requeue=True)
        return
    channel.basic_ack(method.delivery_tag)


if __name__ == "__main__":
    trace_as(SERVICE)
    PikaInstrumentor().instrument()
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    parameters.client_properties = {"connection_name": SERVICE}
    with pika.BlockingConnection(parameters) as connection:
        work = connection.channel()
        for queue in (SERVICE, *FURTHER):
            work.queue_declare(queue)
        work.basic_qos(prefetch_count=1)
        work.basic_consume(SERVICE, handle)
        work.start_consuming()
