"""The services `orders` and `stock`: orders reserve in stock by a request, and tell everybody what came of it."""

import asyncio
import sys

import truth
from faststream import FastStream
from faststream.rabbit import ExchangeType, RabbitExchange, RabbitQueue
from tracing import SERVICE, broker_of_here

broker = broker_of_here()
shop = RabbitExchange("shop", type=ExchangeType.TOPIC)


def told(name, cause):
    """Tell of the message *name* and return its body."""
    truth.sent(name, SERVICE, cause)
    return truth.mark(name)


def be_orders():
    """Handle orders: ask for the stock, then tell."""

    @broker.subscriber(RabbitQueue("orders.work", routing_key="order.placed"), shop)
    async def place(body: str) -> None:
        name = truth.name_in(body)
        answer = await broker.request(told(f"{name}-reserve", name), "stock.work", timeout=20)
        reserved = truth.name_in(await answer.decode())
        await broker.publish(told(f"{name}-accepted", name), "order.accepted", shop)
        assert reserved.startswith(name)


def be_stock():
    """Answer requests, and note what was accepted by a chain of two messages."""

    @broker.subscriber("stock.work")
    async def reserve(body: str) -> str:
        name = truth.name_in(body)
        return told(f"{name}-reply", name)

    @broker.subscriber(RabbitQueue("stock.accepted", routing_key="order.accepted"), shop)
    @broker.publisher("stock.booked")
    async def accepted(body: str) -> str:
        name = truth.name_in(body)
        return told(f"{name}-booked", name)

    @broker.subscriber("stock.booked")
    async def booked(body: str) -> None:
        """End the chain."""


if __name__ == "__main__":
    {"orders": be_orders, "stock": be_stock}[sys.argv[1]]()
    asyncio.run(FastStream(broker).run())
