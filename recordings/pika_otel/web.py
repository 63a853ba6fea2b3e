"""The client: it places orders, each in a trace of its own."""

import os

import pika
import truth
from opentelemetry.instrumentation.pika import PikaInstrumentor
from tracing import trace_as

if __name__ == "__main__":
    trace_as("web")
    PikaInstrumentor().instrument()
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        for number in range(5):
            truth.sent(f"a{number}", "web")
            channel.basic_publish("", "orders", truth.mark(f"a{number}").encode())
