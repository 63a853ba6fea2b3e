"""Services that share a correlation id, or nothing but a session."""

import asyncio
from typing import Any

from aio_pika.abc import AbstractIncomingMessage as Message

from tests.corpus.scene import Play, Scene, Service, marker_in, pause, work


def correlated(service: Service, key: str, suffix: str) -> Any:
    """Return a handler that sends on with the same correlation id."""

    async def handle(message: Message) -> None:
        await work(message)
        marker = marker_in(message)
        await service.send(
            f"{marker}.{suffix}", key, cause=marker, correlation_id=message.correlation_id
        )

    return handle


async def ignore(message: Message) -> None:
    """Handle without sending anything."""
    await work(message)


async def a_correlation_id_all_the_way(scene: Scene) -> None:
    """One correlation id per order, kept by three services, up to six orders at a time."""
    await scene.declare("billing", "packing", "mail")
    for name, key in (("billing", "packing"), ("packing", "mail")):
        service = await scene.service(name, prefetch=6)
        await service.consume(name, correlated(service, key, name[0]), together=6)
    mail = await scene.service("mail", prefetch=0)
    await mail.consume("mail", ignore)
    web = await scene.service("web")
    for number in range(12):
        await web.send(f"o{number}", "billing", cause=None, correlation_id=f"order-{number}")
    await scene.until(36)


async def one_correlation_id_for_a_session(scene: Scene) -> None:
    """A gateway keeps one correlation id for a session; the user's next click is not caused by the last answer."""
    await scene.declare("commands", "answers")
    gateway, server = await scene.service("gateway", prefetch=0), await scene.service("server")
    await gateway.consume("answers", ignore)
    await server.consume("commands", correlated(server, "answers", "a"))
    for number in range(18):
        session = f"session-{number % 3}"
        await gateway.send(f"click{number}", "commands", cause=None, correlation_id=session)
        await pause(0.05)
    await scene.until(36)


async def one_correlation_id_for_a_tenant(scene: Scene) -> None:
    """Everything of a tenant has one correlation id; a worker handles four messages at a time."""
    await scene.declare("in", "out")
    worker = await scene.service("worker", prefetch=4)
    await worker.consume("in", correlated(worker, "out", "w"), together=4)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", ignore)
    web = await scene.service("web")
    for number in range(24):
        await web.send(f"t{number}", "in", cause=None, correlation_id=f"tenant-{number % 2}")
    await scene.until(48)


async def a_saga_with_an_orchestrator(scene: Scene) -> None:
    """An orchestrator asks two services one after the other; their answers come to a queue of its own that stays."""
    await scene.declare("orders", "saga.answers", "reserve", "charge", "finished")
    saga = await scene.service("saga", prefetch=4)

    async def begin(message: Message) -> None:
        marker = marker_in(message)
        headers: Any = {"traceparent": message.headers["traceparent"]}
        await saga.send(
            f"{marker}.reserve", "reserve", cause=marker, headers=headers,
            correlation_id=marker, reply_to="saga.answers",
        )  # fmt: skip

    async def go_on(message: Message) -> None:
        marker = marker_in(message)
        headers: Any = {"traceparent": message.headers["traceparent"]}
        if marker.endswith(".reserve.ok"):
            await saga.send(
                f"{marker}.charge", "charge", cause=marker, headers=headers,
                correlation_id=message.correlation_id, reply_to="saga.answers",
            )  # fmt: skip
        else:
            await saga.send(f"{marker}.end", "finished", cause=marker, headers=headers)

    await saga.consume("orders", begin)
    await saga.consume("saga.answers", go_on)
    for name in ("reserve", "charge"):
        service = await scene.service(name, prefetch=2)

        def answering(service: Service = service) -> Any:
            async def answer(message: Message) -> None:
                await work(message)
                marker, headers = marker_in(message), dict(message.headers)
                await service.send(
                    f"{marker}.ok", message.reply_to or "", cause=marker, headers=headers,
                    correlation_id=message.correlation_id,
                )  # fmt: skip

            return answer

        await service.consume(name, answering(), together=2)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("finished", ignore)
    web = await scene.service("web")
    for number in range(8):
        headers = {"traceparent": scene.traceparent(f"saga{number}")}
        await web.send(f"s{number}", "orders", cause=None, headers=headers)
    await scene.until(8 * 6)


async def a_page_that_asks_and_goes_on(scene: Scene) -> None:
    """A web request asks for a price, waits for the answer and then sends an order, all in the request's trace."""
    await scene.declare("prices", "orders")
    web, prices = await scene.service("web", prefetch=0), await scene.service("prices")
    answers = await web.channel.declare_queue(exclusive=True)
    arrived: dict[str, asyncio.Event] = {}

    async def take(message: Message) -> None:
        arrived[str(message.correlation_id)].set()

    async def answer(message: Message) -> None:
        marker = marker_in(message)
        await prices.send(
            f"{marker}.price", message.reply_to or "", cause=marker, headers=dict(message.headers),
            correlation_id=message.correlation_id,
        )  # fmt: skip

    await web.consume(answers.name, take, no_ack=True)
    await prices.consume("prices", answer)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("orders", ignore)
    for number in range(10):
        trace, asked = {"traceparent": scene.traceparent(f"page{number}")}, f"q{number}"
        arrived[asked] = asyncio.Event()
        await web.send(
            asked, "prices", cause=None, headers=trace, correlation_id=asked, reply_to=answers.name
        )
        await arrived[asked].wait()
        await web.send(f"order{number}", "orders", cause=None, headers=trace)
    await scene.until(30)


PLAYS: tuple[Play, ...] = (
    a_correlation_id_all_the_way,
    one_correlation_id_for_a_session,
    one_correlation_id_for_a_tenant,
    a_saga_with_an_orchestrator,
    a_page_that_asks_and_goes_on,
)
