"""The web process: it starts tasks and waits for their results."""

import truth
from celery import chain, group
from shop import app, charge, deliver, mail, pack, refuse, remind


def main():
    """Start everything and wait for all results."""
    mark = truth.mark
    chained = chain(charge.si(mark("a")), pack.si(mark("b"), "charged")).apply_async()
    grouped = group(charge.s(mark(f"c{n}")) for n in range(3)).apply_async()
    delivered = deliver.delay(mark("d"))
    retried = chain(charge.si(mark("h")), deliver.si(mark("i"))).apply_async()
    refused = refuse.delay(mark("e"))
    remind.apply_async((mark("f"),), countdown=0.5)
    mail.delay(mark("g"))
    chained.get(timeout=60)
    grouped.get(timeout=60)
    delivered.get(timeout=60)
    retried.get(timeout=60)
    refused.get(timeout=60, propagate=False)
    app.close()


if __name__ == "__main__":
    main()
