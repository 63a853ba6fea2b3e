"""The tasks of the shop. A retry keeps the id and the arguments of its task, so it is `NAME#2`, `NAME#3`.

Celery's own signal tells of every task that is published, a task tells of the reply that its worker is about to send.
"""

import os

import truth
from celery import Celery, current_task, signals

SERVICE = os.environ["SERVICE"]

app = Celery("shop", broker=os.environ["AMQP_URL"], backend="rpc://")
app.conf.task_routes = {
    "shop.mail": {"queue": "mails"},
    "shop.remind": {"queue": "mails"},
    "shop.*": {"queue": "orders"},
}
app.conf.broker_connection_retry_on_startup = True


class Refused(Exception):
    """What a task fails with."""


def nth(name, retries):
    """Return the marker of the publish of *name* after *retries*."""
    return name if not retries else f"{name}#{retries + 1}"


def running():
    """Return the marker of the task that runs here, None outside of tasks."""
    if not current_task:
        return None
    request = current_task.request
    return nth(truth.name_in(request.args[0]), request.retries)


@signals.before_task_publish.connect
def tell(body=None, headers=None, **_):
    """Tell what is published, and because of which task."""
    truth.sent(nth(truth.name_in(body[0][0]), headers["retries"]), SERVICE, running())


def replying(what="reply"):
    """Tell of the reply that follows, and return its text."""
    name = f"{what}-{running().replace('#', '-')}"
    truth.sent(name, SERVICE, running())
    return truth.mark(name)


@app.task
def charge(order):
    """Succeed; what comes next in a chain is published by this worker."""
    return replying()


@app.task
def pack(order, charged):
    """Take what the task before in the chain returned."""
    mail.delay(truth.mark(truth.name_in(order) + "-packed"))
    return replying()


@app.task(ignore_result=True)
def mail(order):
    """Start nothing more."""


@app.task(bind=True, max_retries=2, default_retry_delay=0.1)
def deliver(self, order):
    """Fail twice, each time publishing itself again, and start another task at the third time."""
    if self.request.retries < 2:
        raise self.retry(exc=Refused(replying("again")))
    mail.delay(truth.mark(truth.name_in(order) + "-delivered"))
    return replying()


@app.task
def refuse(order):
    """Fail for good: only the reply tells."""
    raise Refused(replying("failed"))


@app.task(ignore_result=True)
def remind(order):
    """Run later."""
    mail.delay(truth.mark(truth.name_in(order) + "-reminded"))
