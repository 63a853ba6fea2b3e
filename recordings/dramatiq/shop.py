"""The tasks of the shop.

A message that is retried or delayed is published anew each time, with its id: into the queue of the delayed ones, and from
there back. So `NAME#2` is the first retry of `NAME` as it waits, and `NAME#3` when its time has come.
"""

import os
import threading

import dramatiq
import truth
from dramatiq.brokers.rabbitmq import RabbitmqBroker

SERVICE = os.environ["SERVICE"]
LATE = "late"
"""How the names of messages begin that are delayed from the start."""


class Tell(dramatiq.Middleware):
    """Tells of every publish; what a thread worked on last is the cause of what it starts."""

    def __init__(self):
        self.here = threading.local()

    def before_process_message(self, broker, message):
        """Remember what this thread works on."""
        self.here.marker = self.nth(message, delay=None)

    def before_enqueue(self, broker, message, delay):
        """Tell of a publish."""
        marker = self.nth(message, delay)
        name, _, number = marker.partition("#")
        before = int(number) - 1
        cause = f"{name}#{before}" if before else getattr(self.here, "marker", None)
        truth.sent(marker, SERVICE, cause)

    @staticmethod
    def nth(message, delay):
        """Return the marker of a publish of *message*."""
        name = truth.name_in(message.args[0])
        number = 2 * message.options.get("retries", 0) + (1 if delay is None else 0)
        return f"{name}#{number + name.startswith(LATE)}"


broker = RabbitmqBroker(url=os.environ["AMQP_URL"])
broker.add_middleware(Tell())
dramatiq.set_broker(broker)


class Refused(Exception):
    """What a task fails with."""


@dramatiq.actor(queue_name="orders")
def charge(order):
    """Start two tasks of another service."""
    mail.send(truth.mark(truth.name_in(order) + "-charged"))
    mail.send(truth.mark(truth.name_in(order) + "-thanks"))


@dramatiq.actor(queue_name="orders")
def pack(order):
    """Stand second in a pipeline."""
    mail.send(truth.mark(truth.name_in(order) + "-packed"))


@dramatiq.actor(queue_name="orders", max_retries=3, min_backoff=200, max_backoff=400)
def deliver(order):
    """Fail once, then succeed."""
    message = dramatiq.middleware.CurrentMessage.get_current_message()
    if message.options.get("retries", 0) < 1:
        raise Refused("nobody at home")
    mail.send(truth.mark(truth.name_in(order) + "-delivered"))


@dramatiq.actor(queue_name="orders", max_retries=1, min_backoff=200, max_backoff=400)
def refuse(order):
    """Fail until it is dead."""
    raise Refused("no such address")


@dramatiq.actor(queue_name="mails")
def mail(order):
    """Start nothing more."""


broker.add_middleware(dramatiq.middleware.CurrentMessage())
