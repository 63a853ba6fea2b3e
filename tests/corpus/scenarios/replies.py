"""Requests and replies."""

import asyncio
from typing import Any

from aio_pika.abc import AbstractIncomingMessage as Message

from tests.corpus.scene import Play, Scene, Service, marker_in, pause, work

DIRECT = "amq.rabbitmq.reply-to"


def replying(service: Service, **more: Any) -> Any:
    """Return a handler that replies to what it is asked."""

    async def handle(message: Message) -> None:
        await work(message)
        marker = marker_in(message)
        await service.send(
            f"{marker}.re", message.reply_to or "", cause=marker,
            correlation_id=message.correlation_id, **more,
        )  # fmt: skip

    return handle


async def ignore(_: Message) -> None:
    """Handle without sending anything."""


async def _client(scene: Scene, name: str, *, direct: bool = False) -> tuple[Service, str]:
    client = await scene.service(name, prefetch=0)
    if direct:
        queue = await client.channel.get_queue(DIRECT, ensure=False)
        await queue.consume(_counted(scene), no_ack=True)
        return client, DIRECT
    queue = await client.channel.declare_queue(exclusive=True)
    await client.consume(queue.name, ignore, no_ack=True)
    return client, queue.name


def _counted(scene: Scene) -> Any:
    async def handle(_: Message) -> None:
        scene.handled += 1

    return handle


async def many_requests_at_once(scene: Scene) -> None:
    """Two clients count their requests from 1, each with its own reply queue; a server answers ten at a time."""
    await scene.declare("rpc")
    server = await scene.service("server", prefetch=10)
    await server.consume("rpc", replying(server), together=10)
    clients = [await _client(scene, name) for name in ("shop", "desk")]
    for number in range(15):
        for client, answers in clients:
            marker = f"{client.name}{number}"
            await client.send(
                marker, "rpc", cause=None, correlation_id=str(number), reply_to=answers
            )
    await scene.until(60)


async def direct_replies_with_doubled_ids(scene: Scene) -> None:
    """As before, but by direct reply-to, where all clients name the same pseudo-queue."""
    await scene.declare("rpc")
    server = await scene.service("server", prefetch=10)
    await server.consume("rpc", replying(server), together=10)
    clients = [await _client(scene, name, direct=True) for name in ("shop", "desk", "till")]
    for number in range(10):
        for client, answers in clients:
            marker = f"{client.name}{number}"
            await client.send(
                marker, "rpc", cause=None, correlation_id=str(number), reply_to=answers
            )
    await scene.until(60)


async def a_router_forwards_requests(scene: Scene) -> None:
    """A router passes requests on with their reply address; the worker it chose replies to the client itself."""
    await scene.declare("rpc", "east", "west")
    router = await scene.service("router", prefetch=5)

    async def forward(message: Message) -> None:
        await work(message)
        marker = marker_in(message)
        await router.send(
            f"{marker}.fwd", ("east", "west")[int(marker[1:]) % 2], cause=marker,
            correlation_id=message.correlation_id, reply_to=message.reply_to,
        )  # fmt: skip

    await router.consume("rpc", forward, together=5)
    for name in ("east", "west"):
        worker = await scene.service(name, prefetch=3)
        await worker.consume(name, replying(worker), together=3)
    client, answers = await _client(scene, "shop")
    for number in range(16):
        await client.send(
            f"r{number}", "rpc", cause=None, correlation_id=f"c{number}", reply_to=answers
        )
    await scene.until(48)


async def a_server_that_asks_another(scene: Scene) -> None:
    """Handling a request asks another server first; the answer, then an event in the request's trace follow."""
    await scene.declare("front", "back", "events")
    front, back = await scene.service("front", prefetch=4), await scene.service("back", prefetch=4)
    own = await front.channel.declare_queue(exclusive=True)
    waiting: dict[str, asyncio.Event] = {}

    async def take(message: Message) -> None:
        waiting[str(message.correlation_id)].set()

    async def serve(message: Message) -> None:
        marker, headers = marker_in(message), dict(message.headers)
        asked = f"{marker}.ask"
        waiting[asked] = asyncio.Event()
        await front.send(
            asked, "back", cause=marker, correlation_id=asked, reply_to=own.name, headers=headers
        )
        await waiting[asked].wait()
        await front.send(f"{marker}.event", "events", cause=marker, headers=headers)
        await front.send(
            f"{marker}.re", message.reply_to or "", cause=marker, headers=headers,
            correlation_id=message.correlation_id,
        )  # fmt: skip

    async def serve_back(message: Message) -> None:
        await work(message)
        marker = marker_in(message)
        await back.send(
            f"{marker}.re", message.reply_to or "", cause=marker, headers=dict(message.headers),
            correlation_id=message.correlation_id,
        )  # fmt: skip

    await front.consume(own.name, take, no_ack=True)
    await front.consume("front", serve, together=4)
    await back.consume("back", serve_back, together=4)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("events", ignore)
    client, answers = await _client(scene, "shop")
    for number in range(10):
        headers = {"traceparent": scene.traceparent(f"call{number}")}
        await client.send(
            f"q{number}", "front", cause=None, correlation_id=f"q{number}", reply_to=answers,
            headers=headers,
        )  # fmt: skip
    await scene.until(50)


async def a_client_that_counts_badly(scene: Scene) -> None:
    """A client uses the same three correlation ids over and over while replies are outstanding."""
    await scene.declare("rpc")
    server = await scene.service("server", prefetch=6)
    await server.consume("rpc", replying(server), together=6)
    client, answers = await _client(scene, "shop")
    for number in range(18):
        await client.send(
            f"r{number}", "rpc", cause=None, correlation_id=str(number % 3), reply_to=answers
        )
        await pause(0.004)
    await scene.until(36)


async def replies_without_correlation(scene: Scene) -> None:
    """Two clients ask one thing after the other and match the reply by its queue alone."""
    await scene.declare("rpc")
    server = await scene.service("server", prefetch=2)
    await server.consume("rpc", replying(server), together=2)
    clients = [await _client(scene, name) for name in ("shop", "desk")]
    for number in range(8):
        for client, answers in clients:
            await client.send(f"{client.name}{number}", "rpc", cause=None, reply_to=answers)
        await scene.until(4 * (number + 1))


async def replies_that_name_the_message_id(scene: Scene) -> None:
    """The reply's correlation id is the request's message id, as JMS does it; two instances answer."""
    await scene.declare("rpc")
    for number in (1, 2):
        server = await scene.service("server", client_name=f"server-{number}", prefetch=3)

        def answering(server: Service = server) -> Any:
            async def answer(message: Message) -> None:
                await work(message)
                marker = marker_in(message)
                await server.send(
                    f"{marker}.re", message.reply_to or "", cause=marker,
                    correlation_id=message.message_id,
                )  # fmt: skip

            return answer

        await server.consume("rpc", answering(), together=3)
    client, answers = await _client(scene, "shop")
    for number in range(16):
        await client.send(
            f"r{number}", "rpc", cause=None, message_id=f"id-{number}", reply_to=answers
        )
    await scene.until(32)


async def many_replies_to_one_request(scene: Scene) -> None:
    """A search answers in four pages, several searches at a time."""
    await scene.declare("search")
    server = await scene.service("search", prefetch=3)

    async def search(message: Message) -> None:
        for page in range(4):
            await work(message)
            await server.send(
                f"{marker_in(message)}.{page}", message.reply_to or "", cause=marker_in(message),
                correlation_id=message.correlation_id,
            )  # fmt: skip

    await server.consume("search", search, together=3)
    client, answers = await _client(scene, "shop")
    for number in range(8):
        await client.send(
            f"s{number}", "search", cause=None, correlation_id=f"s{number}", reply_to=answers
        )
    await scene.until(40)


PLAYS: tuple[Play, ...] = (
    many_requests_at_once,
    direct_replies_with_doubled_ids,
    a_router_forwards_requests,
    a_server_that_asks_another,
    a_client_that_counts_badly,
    replies_without_correlation,
    replies_that_name_the_message_id,
    many_replies_to_one_request,
)
