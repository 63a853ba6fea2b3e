"""Tasks that wait before they run, and start another one each; run as a program, it starts them."""

import os

import truth
from celery import Celery, current_task, signals
from kombu import Queue

SERVICE = os.environ["SERVICE"]

app = Celery("shop", broker=os.environ["AMQP_URL"])
app.conf.task_default_queue = "orders"
app.conf.task_default_queue_type = "quorum"
app.conf.task_default_exchange_type = "topic"
app.conf.task_queues = [
    Queue("orders", routing_key="orders", queue_arguments={"x-queue-type": "quorum"})
]
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True


@signals.before_task_publish.connect
def tell(body=None, **_):
    """Tell what is published, and because of which task."""
    running = truth.name_in(current_task.request.args[0]) if current_task else None
    truth.sent(truth.name_in(body[0][0]), SERVICE, running)


@app.task(name="shop.remind")
def remind(order):
    """Run later, and start another task."""
    note.delay(truth.mark(truth.name_in(order) + "-noted"))


@app.task(name="shop.note")
def note(order):
    """Start nothing more."""


if __name__ == "__main__":
    for seconds in (1, 2, 3):
        remind.apply_async((truth.mark(f"after-{seconds}"),), countdown=seconds)
    remind.delay(truth.mark("now"))
