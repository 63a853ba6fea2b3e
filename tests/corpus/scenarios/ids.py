"""Ids that name the cause: rightly, carried over, doubled or forged."""

from typing import Any

from aio_pika.abc import AbstractIncomingMessage as Message

from tests.corpus.scene import Play, Scene, Service, marker_in, work


def naming(service: Service, key: str, suffix: str, *, ids: Any = None) -> Any:
    """Return a handler that sends on with the id of what it was given as the causation id."""

    async def handle(message: Message) -> None:
        await work(message)
        marker = f"{marker_in(message)}.{suffix}"
        own = marker if ids is None else str(next(ids))
        await service.send(
            marker, key, cause=marker_in(message), message_id=own,
            headers={"causation-id": message.message_id},
        )  # fmt: skip

    return handle


async def ignore(message: Message) -> None:
    """Handle without sending anything."""
    await work(message)


async def causation_ids_through_nameless_senders(scene: Scene) -> None:
    """Services consume ten at a time and send through another connection, which has no name."""
    await scene.declare("billing", "packing", "mail")
    for name, key in (("billing", "packing"), ("packing", "mail")):
        service = await scene.service(name, prefetch=10)
        service.out = await (await scene.connect(None)).channel()
        await service.consume(name, naming(service, key, name[0]), together=10)
    mail = await scene.service("mail", prefetch=0)
    await mail.consume("mail", ignore)
    web = await scene.service("web")
    for number in range(16):
        await web.send(f"o{number}", "billing", cause=None, message_id=f"o{number}")
    await scene.until(48)


async def all_headers_carried_over(scene: Scene) -> None:
    """The second of three services copies all headers of what it is given, the causation id among them."""
    await scene.declare("first", "copier", "third", "fourth")
    first = await scene.service("first", prefetch=5)
    await first.consume("first", naming(first, "copier", "f"), together=5)
    copier = await scene.service("copier", prefetch=5)

    async def copy(message: Message) -> None:
        await work(message)
        marker = f"{marker_in(message)}.c"
        await copier.send(
            marker, "third", cause=marker_in(message), headers=dict(message.headers),
            message_id=marker,
        )  # fmt: skip

    await copier.consume("copier", copy, together=5)
    third = await scene.service("third", prefetch=5)
    await third.consume("third", naming(third, "fourth", "t"), together=5)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("fourth", ignore)
    web = await scene.service("web")
    for number in range(12):
        await web.send(f"o{number}", "first", cause=None, message_id=f"o{number}")
    await scene.until(48)


async def forged_ids(scene: Scene) -> None:
    """A service passes on honestly; another one, never given anything, names its messages and traces as causes."""
    await scene.declare("in", "out")
    honest = await scene.service("honest", prefetch=3)
    await honest.consume("in", naming(honest, "out", "h"), together=3)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", ignore)
    web, forger = await scene.service("web"), await scene.service("forger")
    for number in range(12):
        trace = {"traceparent": scene.traceparent(f"true{number}")}
        await web.send(f"o{number}", "in", cause=None, message_id=f"o{number}", headers=trace)
        forged = {**trace, "causation-id": f"o{number}"}
        await forger.send(f"x{number}", "out", cause=None, message_id=f"x{number}", headers=forged)
    await scene.until(36)


async def message_ids_that_recur(scene: Scene) -> None:
    """Three producers each count their message ids from 1; what is made of them names the id it was made of."""
    await scene.declare("left", "right", "centre", "out")
    for name in ("left", "right", "centre"):
        service = await scene.service(f"worker-{name}", prefetch=4)
        await service.consume(
            name, naming(service, "out", name[0], ids=iter(range(1, 99))), together=4
        )
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", ignore)
    producers = {name: await scene.service(f"make-{name}") for name in ("left", "right", "centre")}
    for number in range(1, 9):
        for name, producer in producers.items():
            await producer.send(f"{name}{number}", name, cause=None, message_id=str(number))
    await scene.until(48)


async def an_entity_id_as_message_id(scene: Scene) -> None:
    """The message id is the order's number in every message about it; reminders are sent by the clock."""
    await scene.declare("created", "paid", "out")
    service = await scene.service("orders", prefetch=2, apart="channel")

    def told(suffix: str) -> Any:
        async def handle(message: Message) -> None:
            await work(message)
            await service.send(
                f"{marker_in(message)}.{suffix}", "out", cause=marker_in(message),
                message_id=message.message_id, type=suffix,
            )  # fmt: skip

        return handle

    await service.consume("created", told("invoice"), together=2)
    await service.consume("paid", told("receipt"), together=2)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", ignore)
    web = await scene.service("web")
    for number in range(8):
        await web.send(f"created{number}", "created", cause=None, message_id=f"order-{number}")
    await scene.until(16)
    for number in range(8):
        await web.send(f"paid{number}", "paid", cause=None, message_id=f"order-{number}")
    await scene.until(32)


async def sent_again_by_the_consumer(scene: Scene) -> None:
    """A consumer that fails sends the message once more to its own queue, with its ids and a count, up to three times."""
    await scene.declare("tasks", "done")
    worker = await scene.service("worker", prefetch=3)

    async def attempt(message: Message) -> None:
        await work(message)
        marker, tried = marker_in(message), int(str(message.headers.get("x-tries", 0)))
        headers: Any = {"x-tries": tried + 1, "causation-id": message.headers.get("causation-id")}
        if tried < int(marker[1]) % 3:
            await worker.send(
                f"{marker}.again", "tasks", cause=marker, headers=headers,
                message_id=message.message_id,
            )  # fmt: skip
            return
        await worker.send(
            f"{marker}.done", "done", cause=marker, message_id=f"{marker}.done",
            headers={"causation-id": message.message_id},
        )  # fmt: skip

    await worker.consume("tasks", attempt, together=3)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("done", ignore)
    web = await scene.service("web")
    tries = 0
    for number in range(9):
        tries += number % 3 + 1
        await web.send(
            f"t{number}", "tasks", cause=None, message_id=f"t{number}",
            headers={"causation-id": f"request-{number}"},
        )  # fmt: skip
    await scene.until(tries + 9)


PLAYS: tuple[Play, ...] = (
    causation_ids_through_nameless_senders,
    all_headers_carried_over,
    forged_ids,
    message_ids_that_recur,
    an_entity_id_as_message_id,
    sent_again_by_the_consumer,
)
