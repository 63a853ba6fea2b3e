"""The client: it places orders."""

import asyncio

import truth
from faststream.rabbit import ExchangeType, RabbitExchange
from tracing import SERVICE, broker_of_here


async def main():
    """Place four orders."""
    shop = RabbitExchange("shop", type=ExchangeType.TOPIC)
    async with broker_of_here() as broker:
        for number in range(4):
            truth.sent(f"a{number}", SERVICE)
            await broker.publish(truth.mark(f"a{number}"), "order.placed", shop)


if __name__ == "__main__":
    asyncio.run(main())
