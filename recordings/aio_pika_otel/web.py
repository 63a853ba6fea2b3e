"""The client: it places orders, each in a trace of its own."""

import asyncio
import os

import aio_pika
import truth
from opentelemetry.instrumentation.aio_pika import AioPikaInstrumentor
from tracing import trace_as


async def main():
    """Place five orders."""
    async with await aio_pika.connect_robust(os.environ["AMQP_URL"]) as connection:
        channel = await connection.channel()
        shop = await channel.get_exchange("shop")
        for number in range(5):
            truth.sent(f"a{number}", "web")
            body = truth.mark(f"a{number}").encode()
            await shop.publish(aio_pika.Message(body, type="order"), "order.placed")


if __name__ == "__main__":
    trace_as("web")
    AioPikaInstrumentor().instrument()
    asyncio.run(main())
