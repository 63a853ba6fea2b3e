"""The service named first on the command line hands on to the one named second, over the connection it consumes from."""

import os
import sys

import truth
from kombu import Connection, Queue
from kombu.mixins import ConsumerProducerMixin

SERVICE, *FURTHER = sys.argv[1:]


class Worker(ConsumerProducerMixin):
    """Handles one message at a time."""

    def __init__(self, connection):
        self.connection = connection

    def get_consumers(self, consumer, channel):
        """Consume the service's queue."""
        return [consumer([Queue(SERVICE)], callbacks=[self.handle], prefetch_count=1)]

    def handle(self, body, message):
        """Hand on."""
        if FURTHER:
            name = truth.name_in(body)
            truth.sent(f"{name}-{FURTHER[0]}", SERVICE, name)
            self.producer.publish(truth.mark(f"{name}-{FURTHER[0]}"), routing_key=FURTHER[0])
        message.ack()


if __name__ == "__main__":
    properties = {"client_properties": {"connection_name": SERVICE}}
    with Connection(os.environ["AMQP_URL"], transport_options=properties) as to_broker:
        Worker(to_broker).run()
