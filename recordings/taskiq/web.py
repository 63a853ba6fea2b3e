"""The web process: it starts tasks."""

import asyncio

import truth
from shop import charge, deliver, mail, mails, orders, remind


async def main():
    """Start everything."""
    mark = truth.mark
    await orders.startup()
    await mails.startup()
    for number in range(3):
        await charge.kiq(mark(f"a{number}"))
    await deliver.kiq(mark("d"))
    await remind.kicker().with_labels(delay=1).kiq(mark("f"))
    await mail.kiq(mark("g"))
    await mails.shutdown()
    await orders.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
