"""The service named on the command line: it hears of orders; the stock tells what it booked, and mails hear of that too."""

import asyncio
import os
import sys

import aio_pika
import truth
from opentelemetry.instrumentation.aio_pika import AioPikaInstrumentor
from tracing import trace_as

SERVICE = sys.argv[1]
KEYS = {"stock": ["order.*"], "mails": ["order.*", "stock.*"]}


async def main():
    """Handle messages for ever."""
    connection = await aio_pika.connect_robust(os.environ["AMQP_URL"])
    channel = await connection.channel()
    await channel.set_qos(5)
    shop = await channel.declare_exchange("shop", aio_pika.ExchangeType.TOPIC)
    queue = await channel.declare_queue(SERVICE)
    for key in KEYS[SERVICE]:
        await queue.bind(shop, key)

    async def handle(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Go on, if this is an order and the stock's."""
        async with message.process():
            name = truth.name_in(message.body)
            if SERVICE == "mails":
                return
            for step in ("booked", "counted", "packed"):
                truth.sent(f"{name}-{step}", SERVICE, name)
                body = truth.mark(f"{name}-{step}").encode()
                await shop.publish(aio_pika.Message(body, type=step), f"stock.{step}")

    await queue.consume(handle)
    await asyncio.Event().wait()


if __name__ == "__main__":
    trace_as(SERVICE)
    AioPikaInstrumentor().instrument()
    asyncio.run(main())
