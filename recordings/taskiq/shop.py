"""The tasks of the shop. A retry keeps the id of its task, so it is `NAME#2`, `NAME#3`."""

import contextvars
import os

import truth
from taskiq import SimpleRetryMiddleware, TaskiqEvents, TaskiqMiddleware
from taskiq_aio_pika import AioPikaBroker
from taskiq_aio_pika.exchange import Exchange
from taskiq_aio_pika.queue import Queue

SERVICE = os.environ["SERVICE"]
running = contextvars.ContextVar("running", default=None)


class Tell(TaskiqMiddleware):
    """Tells of every publish."""

    def pre_execute(self, message):
        """Remember what this task is."""
        running.set(self.nth(message))
        return message

    def pre_send(self, message):
        """Tell of a publish."""
        truth.sent(self.nth(message), SERVICE, running.get())
        return message

    @staticmethod
    def nth(message):
        """Return the marker of a publish of *message*."""
        return f"{truth.name_in(message.args[0])}#{1 + int(message.labels.get('_retries', 0))}"


def broker_of(name):
    """Return the broker whose tasks go to the queue *name*."""
    made = AioPikaBroker(
        os.environ["AMQP_URL"],
        exchange=Exchange(name=f"{name}.tasks"),
        task_queues=[Queue(name=name)],
        delay_queue=Queue(name=f"{name}.delay"),
        dead_letter_queue=Queue(name=f"{name}.dead"),
    )
    return made.with_middlewares(SimpleRetryMiddleware(default_retry_count=3), Tell())


orders = broker_of("orders")
mails = broker_of("mails")


class Refused(Exception):
    """What a task fails with."""


failed = set()


@orders.task
async def charge(order: str) -> str:
    """Start two tasks of another service."""
    await mail.kiq(truth.mark(truth.name_in(order) + "-charged"))
    await mail.kiq(truth.mark(truth.name_in(order) + "-thanks"))
    return "charged"


@orders.task(retry_on_error=True, max_retries=3)
async def deliver(order: str) -> None:
    """Fail twice, then succeed."""
    if not (running.get() or "").endswith("#3"):
        raise Refused("nobody at home")
    await mail.kiq(truth.mark(truth.name_in(order) + "-delivered"))


@mails.task
async def mail(order: str) -> None:
    """Start nothing more."""


@mails.task
async def remind(order: str) -> None:
    """Run later."""
    await charge.kiq(truth.mark(truth.name_in(order) + "-reminded"))


@orders.on_event(TaskiqEvents.WORKER_STARTUP)
async def open_mails(_state):
    """Be able to start the tasks of the other service."""
    await mails.startup()


@mails.on_event(TaskiqEvents.WORKER_STARTUP)
async def open_orders(_state):
    """Be able to start the tasks of the other service."""
    await orders.startup()
