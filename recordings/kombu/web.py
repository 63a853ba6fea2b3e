"""The client: it places orders."""

import os

import truth
from kombu import Connection

if __name__ == "__main__":
    with Connection(os.environ["AMQP_URL"]) as connection:
        producer = connection.Producer()
        for number in range(5):
            truth.sent(f"a{number}", "web")
            producer.publish(truth.mark(f"a{number}"), routing_key="orders")
