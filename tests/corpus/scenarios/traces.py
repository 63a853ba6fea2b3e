"""Services that pass a trace on."""

from collections import defaultdict
from typing import Any

from aio_pika.abc import AbstractIncomingMessage as Message

from tests.corpus.scene import Play, Scene, Service, child_of, marker_in, pause, trace_in, work


async def _pass_on(
    scene: Scene, service: Service, message: Message, key: str, suffix: str, **more: Any
) -> None:
    marker = marker_in(message)
    headers = child_of(scene, message)
    await service.send(f"{marker}.{suffix}", key, cause=marker, headers=headers, **more)


def passing(scene: Scene, service: Service, key: str, suffix: str) -> Any:
    """Return a handler that works a while and sends on in the same trace."""

    async def handle(message: Message) -> None:
        await work(message)
        await _pass_on(scene, service, message, key, suffix)

    return handle


def working(_: Scene) -> Any:
    """Return a handler that sends nothing."""

    async def handle(message: Message) -> None:
        await work(message)

    return handle


async def _orders(scene: Scene, key: str, count: int, **more: Any) -> Service:
    web = await scene.service("web")
    for number in range(count):
        headers = {"traceparent": scene.traceparent(f"order{number}")}
        await web.send(f"o{number}", key, cause=None, headers=headers, **more)
    return web


async def traces_through_three_services(scene: Scene) -> None:
    """Each order is billed, packed and mailed; up to eight at a time, ending out of order."""
    await scene.declare("billing", "packing", "mail")
    for name, key in (("billing", "packing"), ("packing", "mail")):
        service = await scene.service(name, prefetch=8)
        await service.consume(name, passing(scene, service, key, name[0]), together=8)
    mail = await scene.service("mail", prefetch=8)
    await mail.consume("mail", working(scene))
    await _orders(scene, "billing", 16)
    await scene.until(48)


async def b3_in_one_header_or_several(scene: Scene) -> None:
    """Zipkin's headers: the first hop writes several, the second one."""
    await scene.declare("first", "second", "third")
    first, second = await scene.service("first", prefetch=5), await scene.service("second")

    async def one(message: Message) -> None:
        await work(message)
        headers: Any = {**message.headers, "X-B3-SpanId": scene.traceparent("s").split("-")[2]}
        await first.send(
            f"{marker_in(message)}.1", "second", cause=marker_in(message), headers=headers
        )

    async def two(message: Message) -> None:
        trace, span = message.headers["X-B3-TraceId"], scene.traceparent("s").split("-")[2]
        await second.send(
            f"{marker_in(message)}.2",
            "third",
            cause=marker_in(message),
            headers={"b3": f"{trace}-{span}-1"},
        )

    await first.consume("first", one, together=5)
    await second.consume("second", two)
    third = await scene.service("third", prefetch=0)
    await third.consume("third", working(scene))
    web = await scene.service("web")
    for number in range(12):
        _, trace, span, _ = scene.traceparent(f"b{number}").split("-")
        headers = {"X-B3-TraceId": trace, "X-B3-SpanId": span, "X-B3-Sampled": "1"}
        await web.send(f"b{number}", "first", cause=None, headers=headers)
    await scene.until(36)


async def fan_out_and_gather(scene: Scene) -> None:
    """A splitter sends five parts of a job in its trace; two instances work on them; a gatherer needs all five."""
    await scene.declare("jobs", "parts", "results", "done")
    splitter, gatherer = await scene.service("splitter"), await scene.service("gatherer")
    gathered: dict[str, list[str]] = defaultdict(list)

    async def split(message: Message) -> None:
        for number in range(5):
            await _pass_on(scene, splitter, message, "parts", str(number))

    async def gather(message: Message) -> None:
        there = gathered[trace_in(message)]
        there.append(marker_in(message))
        if len(there) == 5:
            await _pass_on(scene, gatherer, message, "done", "all", also=there[:-1])

    await splitter.consume("jobs", split)
    for number in (1, 2):
        worker = await scene.service("worker", client_name=f"worker-{number}")
        await worker.consume("parts", passing(scene, worker, "results", "r"))
    await gatherer.consume("results", gather)
    done = await scene.service("archive")
    await done.consume("done", working(scene))
    await _orders(scene, "jobs", 6)
    await scene.until(6 + 30 + 30 + 6)


async def what_needs_two_messages(scene: Scene) -> None:
    """A combiner needs an order's labels and its model, from two queues, in whatever order they come."""
    await scene.declare("labeler", "modeler", exchange="orders")
    await scene.declare("labels", "models", "done")
    for name, key in (("labeler", "labels"), ("modeler", "models")):
        service = await scene.service(name, prefetch=4)
        await service.consume(name, passing(scene, service, key, name[0]), together=4)
    combiner = await scene.service("combiner", prefetch=10)
    first: dict[str, str] = {}

    async def combine(message: Message) -> None:
        other = first.pop(trace_in(message), None)
        if other is None:
            first[trace_in(message)] = marker_in(message)
            return
        for kind in ("json", "jpg"):
            await _pass_on(scene, combiner, message, "done", kind, also=[other])

    await combiner.consume("labels", combine)
    await combiner.consume("models", combine)
    sink = await scene.service("sink")
    await sink.consume("done", working(scene))
    await _orders(scene, "", 10, exchange="orders")
    await scene.until(20 + 20 + 20)


async def a_slow_handler_beside_a_quick_one(scene: Scene) -> None:
    """One service is given two messages of a trace; the first is worked on longer, the second leads to nothing."""
    await scene.declare("slow", "quick", "out")
    service = await scene.service("worker", prefetch=0)
    aside = await scene.service("worker", prefetch=0)

    async def slowly(message: Message) -> None:
        await pause(0.08)
        await _pass_on(scene, service, message, "out", "s")

    await service.consume("slow", slowly, together=4)
    await aside.consume("quick", working(scene), together=4)
    sink = await scene.service("sink")
    await sink.consume("out", working(scene))
    web = await scene.service("web")
    for number in range(10):
        for key in ("slow", "quick"):
            headers = {"traceparent": scene.traceparent(f"t{number}")}
            await web.send(f"{key}{number}", key, cause=None, headers=headers)
    await scene.until(30)


async def everybody_gets_a_copy(scene: Scene) -> None:
    """An event goes to three services, two of which publish, all into one queue; an audit is given everything."""
    await scene.declare("stock", "bill", "score", "audit", exchange="events")
    await scene.declare("facts")
    for name in ("stock", "bill"):
        service = await scene.service(name, prefetch=3, apart="channel")
        await service.consume(name, passing(scene, service, "facts", name[0]), together=3)
    for name, queue in (("score", "score"), ("audit", "audit"), ("reader", "facts")):
        service = await scene.service(name, prefetch=0)
        await service.consume(queue, working(scene))
    await _orders(scene, "", 10, exchange="events")
    await scene.until(60)


async def instances_without_a_name(scene: Scene) -> None:
    """Three instances of a worker consume on one nameless connection each and publish on another."""
    await scene.declare("work", "done")
    for _ in range(3):
        worker = await scene.service("worker", client_name=None, apart="connection", prefetch=4)
        await worker.consume("work", passing(scene, worker, "done", "w"), together=4)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("done", working(scene))
    await _orders(scene, "work", 24)
    await scene.until(48)


async def two_services_of_one_name(scene: Scene) -> None:
    """Two different services call their connections alike; each passes on what it was given."""
    await scene.declare("left", "right", "out")
    for name in ("left", "right"):
        service = await scene.service(name, client_name="backend", prefetch=3)
        await service.consume(name, passing(scene, service, "out", name[0]), together=3)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", working(scene))
    web = await scene.service("web")
    for number in range(10):
        for key in ("left", "right"):
            headers = {"traceparent": scene.traceparent(f"same{number}")}
            await web.send(f"{key}{number}", key, cause=None, headers=headers)
    await scene.until(40)


async def many_consumers_on_one_connection(scene: Scene) -> None:
    """One connection, a channel for each of four queues, and one channel that publishes for all."""
    queues = ("a", "b", "c", "d")
    await scene.declare(*queues, "out")
    connection = await scene.connect("monolith")
    out = await connection.channel()
    for queue in queues:
        service = await scene.service("monolith", connection=connection, prefetch=2)
        service.out = out
        await service.consume(queue, passing(scene, service, "out", queue), together=2)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", working(scene))
    web = await scene.service("web")
    for number in range(24):
        headers = {"traceparent": scene.traceparent(f"m{number}")}
        await web.send(f"m{number}", queues[number % 4], cause=None, headers=headers)
    await scene.until(48)


async def steps_to_itself(scene: Scene) -> None:
    """A service sends each next step of a job to its own queue, ten steps of four jobs, one at a time."""
    await scene.declare("steps")
    service = await scene.service("stepper")

    async def step(message: Message) -> None:
        if marker_in(message).count(".") < 10:
            await _pass_on(scene, service, message, "steps", "s")

    await service.consume("steps", step)
    await _orders(scene, "steps", 4)
    await scene.until(44)


async def it_hears_its_own_events(scene: Scene) -> None:
    """A web service sends three messages per request in one trace, and is given a copy of each itself."""
    await scene.declare("web.own", "mail", exchange="events")
    web = await scene.service("web", apart="channel", prefetch=0)
    await web.consume("web.own", working(scene))
    mail = await scene.service("mail", prefetch=0)
    await mail.consume("mail", working(scene))
    for number in range(10):
        for kind in ("created", "priced", "confirmed"):
            headers = {"traceparent": scene.traceparent(f"request{number}")}
            await web.send(f"{kind}{number}", kind, cause=None, exchange="events", headers=headers)
            await pause(0.004)
    await scene.until(60)


async def to_and_fro(scene: Scene) -> None:
    """Two services send a ball back and forth in one trace, forty times, without any prefetch."""
    await scene.declare("ping", "pong")
    for name, other in (("ping", "pong"), ("pong", "ping")):
        service = await scene.service(name, prefetch=0)

        def handler(service: Service = service, other: str = other) -> Any:
            async def hit(message: Message) -> None:
                if marker_in(message).count(".") < 20:
                    await _pass_on(scene, service, message, other, other[1])

            return hit

        await service.consume(name, handler())
    await _orders(scene, "ping", 2)
    await scene.until(42)


async def one_trace_for_a_whole_batch(scene: Scene) -> None:
    """A nightly job sends all its messages in one trace; one service takes them singly, another six at a time."""
    await scene.declare("single", "many", exchange="night")
    await scene.declare("out")
    single, many = await scene.service("single"), await scene.service("many", prefetch=6)
    await single.consume("single", passing(scene, single, "out", "1"))
    await many.consume("many", passing(scene, many, "out", "6"), together=6)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", working(scene))
    job = await scene.service("job")
    for number in range(20):
        headers = {"traceparent": scene.traceparent("night")}
        await job.send(f"n{number}", "", cause=None, exchange="night", headers=headers)
    await scene.until(80)


async def an_outbox_sends_later(scene: Scene) -> None:
    """What a service sends is stored, acknowledged, and sent in batches of five by another connection of it."""
    await scene.declare("in", "out")
    service = await scene.service("ledger", apart="connection", prefetch=2)
    stored: list[Message] = []

    async def store(message: Message) -> None:
        stored.append(message)
        if len(stored) == 5:
            batch = [stored.pop(0) for _ in range(5)]
            await pause(0.02)
            for each in batch:
                await _pass_on(scene, service, each, "out", "l")

    await service.consume("in", store, together=2)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", working(scene))
    await _orders(scene, "in", 20)
    await scene.until(40)


async def tried_again_through_a_delay(scene: Scene) -> None:
    """What fails is rejected into a queue that gives it back after a while; the second attempt sends on."""
    back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "tasks"}
    await scene.declare("delay", arguments={**back, "x-message-ttl": 300})
    await scene.declare("tasks", arguments={**back, "x-dead-letter-routing-key": "delay"})
    await scene.declare("out")
    service = await scene.service("tasks", prefetch=4)

    async def attempt(message: Message) -> None:
        if "x-death" not in message.headers and int(marker_in(message)[1:]) % 2:
            await message.reject(requeue=False)
            return
        await _pass_on(scene, service, message, "out", "t")
        await message.ack()

    queue = await service.channel.get_queue("tasks", ensure=False)

    async def handle(message: Message) -> None:
        await attempt(message)
        scene.handled += 1

    await queue.consume(handle)
    sink = await scene.service("sink", prefetch=0)
    await sink.consume("out", working(scene))
    await _orders(scene, "tasks", 12)
    await scene.until(12 + 6 + 12)


async def seen_from_the_backlog(scene: Scene) -> None:
    """The three services again, while nobody captures: all is read later from what the tap kept."""
    await traces_through_three_services(scene)


PLAYS: tuple[Play, ...] = (
    traces_through_three_services,
    b3_in_one_header_or_several,
    fan_out_and_gather,
    what_needs_two_messages,
    a_slow_handler_beside_a_quick_one,
    everybody_gets_a_copy,
    instances_without_a_name,
    two_services_of_one_name,
    many_consumers_on_one_connection,
    steps_to_itself,
    it_hears_its_own_events,
    to_and_fro,
    one_trace_for_a_whole_batch,
    an_outbox_sends_later,
    tried_again_through_a_delay,
    seen_from_the_backlog,
)
