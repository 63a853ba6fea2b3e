"""Messages that nothing names: only the order of events is left, and clocks that publish by themselves."""

from typing import Any

from aio_pika.abc import AbstractIncomingMessage as Message

from tests.corpus.scene import Play, Scene, Service, marker_in, pause, work


def silent(service: Service, key: str, suffix: str, *, times: int = 1) -> Any:
    """Return a handler that sends on without any id."""

    async def handle(message: Message) -> None:
        await work(message)
        for number in range(times):
            more = "" if times == 1 else str(number)
            await service.send(
                f"{marker_in(message)}.{suffix}{more}", key, cause=marker_in(message)
            )

    return handle


async def ignore(message: Message) -> None:
    """Handle without sending anything."""
    await work(message)


async def _chain(scene: Scene, prefetch: int, together: int, count: int = 20) -> None:
    await scene.declare("in", "between", "out")
    for name, key in (("in", "between"), ("between", "out")):
        service = await scene.service(name, prefetch=prefetch)
        await service.consume(name, silent(service, key, name[0]), together=together)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", ignore)
    web = await scene.service("web")
    for number in range(count):
        await web.send(f"m{number}", "in", cause=None)
    await scene.until(3 * count)


async def no_ids_one_at_a_time(scene: Scene) -> None:
    """Nothing is named, but every service takes one message at a time."""
    await _chain(scene, 1, 1)


async def no_ids_several_in_order(scene: Scene) -> None:
    """Services are given five at a time and handle them one after the other."""
    await _chain(scene, 5, 1)


async def no_ids_a_pool_of_threads(scene: Scene) -> None:
    """Services are given eight at a time and end them out of order."""
    await _chain(scene, 8, 8)


async def a_clock_beside_a_consumer(scene: Scene) -> None:
    """A service consumes and sends nothing for it; by the clock it sends a heartbeat on the same channel."""
    await scene.declare("in", "beats")
    service = await scene.service("beater")
    await service.consume("in", ignore)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("beats", ignore)
    web = await scene.service("web")
    for number in range(20):
        if number % 3 == 0:
            await web.send(f"m{number}", "in", cause=None)
        await service.send(f"beat{number}", "beats", cause=None)
        await pause(0.01)
    await scene.until(27)


async def a_clock_with_traces(scene: Scene) -> None:
    """A service passes traces on, and by the clock sends messages with traces of their own."""
    await scene.declare("in", "out", "ticks")
    service = await scene.service("clock", prefetch=3)

    async def pass_on(message: Message) -> None:
        await work(message)
        headers: Any = {"traceparent": message.headers["traceparent"]}
        await service.send(
            f"{marker_in(message)}.p", "out", cause=marker_in(message), headers=headers
        )

    await service.consume("in", pass_on, together=3)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", ignore)
    await sink.consume("ticks", ignore)
    web = await scene.service("web")
    for number in range(12):
        headers = {"traceparent": scene.traceparent(f"in{number}")}
        await web.send(f"m{number}", "in", cause=None, headers=headers)
        own = {"traceparent": scene.traceparent(f"tick{number}")}
        await service.send(f"tick{number}", "ticks", cause=None, headers=own)
        await pause(0.005)
    await scene.until(36)


async def a_batch_from_many(scene: Scene) -> None:
    """Readings are collected and sent on as one message once there are six of them; no ids."""
    await scene.declare("readings", "batches")
    service = await scene.service("collector", prefetch=6)
    held: list[Message] = []
    queue = await service.channel.get_queue("readings", ensure=False)

    async def collect(message: Message) -> None:
        held.append(message)
        if len(held) == 6:
            batch, held[:] = list(held), []
            markers = [marker_in(each) for each in batch]
            await service.send(
                f"batch.{markers[-1]}", "batches", cause=markers[-1], also=markers[:-1]
            )
            for each in batch:
                await each.ack()
            scene.handled += 6

    await queue.consume(collect)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("batches", ignore)
    web = await scene.service("sensors")
    for number in range(36):
        await web.send(f"r{number}", "readings", cause=None)
    await scene.until(36 + 6)


async def several_effects_of_each(scene: Scene) -> None:
    """Each message leads to three alike and one of another kind; two at a time, no ids."""
    await scene.declare("in", "out", "log")
    service = await scene.service("splitter", prefetch=2)
    spread = silent(service, "out", "s", times=3)

    async def handle(message: Message) -> None:
        await spread(message)
        await service.send(f"{marker_in(message)}.l", "log", cause=marker_in(message))

    await service.consume("in", handle, together=2)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", ignore)
    await sink.consume("log", ignore)
    web = await scene.service("web")
    for number in range(12):
        await web.send(f"m{number}", "in", cause=None)
    await scene.until(12 + 48)


async def the_same_body_passed_on(scene: Scene) -> None:
    """A relay passes on what it is given, six at a time, out of order, with the same body and no id."""
    await scene.declare("in", "out")
    relay = await scene.service("relay", prefetch=6)

    async def pass_on(message: Message) -> None:
        await work(message)
        marker = marker_in(message)
        await relay.send(f"{marker}#2", "out", cause=marker, body=message.body)

    await relay.consume("in", pass_on, together=6)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", ignore)
    web = await scene.service("web")
    for number in range(20):
        marker = f"reading{number}"
        body = f"~{marker}~ and what was measured".encode()
        await web.send(marker, "in", cause=None, body=body)
    await scene.until(40)


async def heartbeats_that_are_all_alike(scene: Scene) -> None:
    """Two services send each other the same words by the clock; none is the answer to another."""
    await scene.declare("to.left", "to.right")
    ends = {name: await scene.service(name) for name in ("left", "right")}
    for name, end in ends.items():
        await end.consume(f"to.{name}", ignore)
    for number in range(16):
        for name, other in (("left", "right"), ("right", "left")):
            marker = f"{name}-{number}"
            body = b'{"heartbeat": true, "version": 1}'
            await ends[name].send(marker, f"to.{other}", cause=None, body=body, message_id=marker)
            await pause(0.006)
    await scene.until(32)


PLAYS: tuple[Play, ...] = (
    no_ids_one_at_a_time,
    no_ids_several_in_order,
    no_ids_a_pool_of_threads,
    a_clock_beside_a_consumer,
    a_clock_with_traces,
    a_batch_from_many,
    several_effects_of_each,
    the_same_body_passed_on,
    heartbeats_that_are_all_alike,
)
