"""Run the whole system in one process: a task per service, a connection per instance.

A run of a given number of images returns when the last of them is settled, and
a run without end when it is told to stop.
Whatever happens, the truth file is written first.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection

from examples.image_pipeline import services, topology
from examples.image_pipeline.plan import Image
from examples.image_pipeline.services import Combiner, Instance
from examples.image_pipeline.truth import RunSettings, Truth, write_truth

CONNECT_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to run, where, and for how long. *rate* is images per second, 0 for no limit."""

    url: str
    settings: RunSettings
    truth: Path | None = None
    timeout_s: float = 120.0
    linger_s: float = 0.0


class NotSettled(Exception):
    """Time ran out before every image was settled; the text says which queues lag."""


def with_vhost(url: str, vhost: str | None) -> tuple[str, str]:
    """Return *url* aimed at *vhost* (None: at the one in the URL), and that vhost's name."""
    parts = urlsplit(url)
    name = vhost if vhost is not None else unquote(parts.path.removeprefix("/")) or "/"
    return urlunsplit(parts._replace(path="/" + quote(name, safe=""))), name


async def run_pipeline(
    options: Options, *, stop: asyncio.Event, clock_ns: Callable[[], int]
) -> Truth:
    """Run until all images are settled or *stop* is set, and return what was done.

    Raises:
        NotSettled: *timeout_s* went by first.
        ConnectionError, aio_pika.exceptions.AMQPError: the broker refused or left.
    """
    keep = options.settings.images > 0 or options.truth is not None
    truth = Truth(options.settings, clock_ns, keep=keep)
    try:
        await _run(options, truth, stop)
    finally:
        if options.truth is not None:
            write_truth(options.truth, truth.document())
    return truth


async def _run(options: Options, truth: Truth, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    limit_s = options.timeout_s if options.settings.images else None
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(limit_s):
                uploader = await _start(options, truth, stack, failed)
                await _until_over(uploader, truth, stop, failed)
        except TimeoutError as late:
            raise NotSettled(
                f"not settled within {options.timeout_s:g} s: {truth.unsettled()}"
            ) from late
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), options.linger_s)


async def _start(
    options: Options, truth: Truth, stack: AsyncExitStack, failed: asyncio.Future[None]
) -> Instance:
    """Declare the topology, start every consumer and return the uploader."""
    settings = options.settings
    open_instance = partial(_open_instance, options, truth, stack, failed)
    uploader, channel = await open_instance(topology.UPLOADER, 1, 1)
    await topology.declare(channel)
    consumers = [
        (topology.NORMALIZER, 1, services.normalize, [topology.NORMALIZER_IMAGES]),
        (topology.ML_STUFF, 1, services.label, [topology.ML_NORMALIZED]),
        (
            topology.MODELER,
            settings.modelers,
            services.model,
            [topology.MODELER_NORMALIZED],
        ),
        (
            topology.COMBINER,
            1,
            Combiner().combine,
            [topology.COMBINER_LABELS, topology.COMBINER_MODELS],
        ),
    ]
    for service, instances, handle, queues in consumers:
        for number in range(1, instances + 1):
            instance, channel = await open_instance(service, number, instances)
            for queue in queues:
                source = await channel.get_queue(queue.name, ensure=False)
                await instance.consume(source, partial(handle, instance))
    return uploader


async def _open_instance(
    options: Options,
    truth: Truth,
    stack: AsyncExitStack,
    failed: asyncio.Future[None],
    service: topology.Service,
    number: int,
    instances: int,
) -> tuple[Instance, AbstractChannel]:
    """Connect one instance; return it and its consuming channel."""
    name = service.name if instances == 1 else f"{service.name}-{number}"
    connection = await stack.enter_async_context(_connected(options.url, name))
    connection.close_callbacks.add(partial(_connection_closed, failed, name))
    publishing = await connection.channel(publisher_confirms=True)
    consuming = await connection.channel()
    await consuming.set_qos(prefetch_count=options.settings.prefetch)
    exchanges = {
        exchange: await publishing.get_exchange(exchange, ensure=False)
        for exchange in topology.EXCHANGES
    }
    instance = Instance(
        service=service,
        connection=name,
        exchanges=exchanges,
        truth=truth,
        ids=options.settings.ids,
        failed=failed,
    )
    return instance, consuming


@asynccontextmanager
async def _connected(url: str, name: str) -> AsyncIterator[AbstractConnection]:
    connection = await aio_pika.connect(
        url, client_properties={"connection_name": name}, timeout=CONNECT_TIMEOUT_S
    )
    async with connection:
        yield connection


def _connection_closed(
    failed: asyncio.Future[None],
    name: str,
    _connection: object,
    reason: BaseException | None,
) -> None:
    if reason is not None and not failed.done():
        failed.set_exception(ConnectionError(f"{name} lost its connection: {reason}"))


async def _until_over(
    uploader: Instance, truth: Truth, stop: asyncio.Event, failed: asyncio.Future[None]
) -> None:
    """Upload, and return when all is settled or *stop* is set; raise the first error."""

    def uploaded(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) and not failed.done():
            failed.set_exception(error)

    upload = asyncio.create_task(_upload(uploader, truth.settings))
    upload.add_done_callback(uploaded)
    ends = [asyncio.create_task(event.wait()) for event in (truth.settled, stop)]
    try:
        await asyncio.wait({*ends, failed}, return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            failed.result()
    finally:
        failed.cancel()
        for task in (upload, *ends):
            task.cancel()
        await asyncio.gather(upload, *ends, return_exceptions=True)


async def _upload(uploader: Instance, settings: RunSettings) -> None:
    """Publish the images one after another, image *n* not before n / rate seconds."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    numbers = range(settings.images) if settings.images else count()
    for number in numbers:
        if settings.rate > 0:
            await asyncio.sleep(max(0.0, started + number / settings.rate - loop.time()))
        image = Image(seed=settings.seed, number=number)
        await uploader.publish("image", image, causes=(), parent=None)
