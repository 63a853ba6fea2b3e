"""The five services: what each does with the message it is given.

A service acknowledges a message only after the broker has confirmed what it
published because of it.
A message it cannot read is rejected and never requeued.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from aio_pika import Message
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage, AbstractQueue

from examples.image_pipeline import topology
from examples.image_pipeline.plan import (
    RETRY_ROUNDS,
    Image,
    Outcome,
    outcome,
    parse_image_id,
    processing_s,
)
from examples.image_pipeline.truth import Delivery, Publish, Truth
from examples.image_pipeline.wire import (
    body_of,
    content_type_of,
    ids_of,
    image_id_in,
    message_of,
)

HALVES_WAITING_MAX = 10_000
"""How many labels and models the Combiner holds; the oldest is dropped for a newer one."""


class Verdict(StrEnum):
    """What a handler does with its message: RETRY and REJECT are both a reject on the wire."""

    ACK = "ack"
    RETRY = "retry"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An image to be worked on: the publish it came with and how often it was turned away."""

    image: Image
    type: str
    seq: int | None
    round: int


Handler = Callable[[Work], Awaitable[Verdict]]


@dataclass(slots=True, kw_only=True)
class Instance:
    """One running instance of a service, on a connection of its own."""

    service: topology.Service
    connection: str
    exchanges: dict[str, AbstractExchange]
    truth: Truth
    ids: bool
    failed: asyncio.Future[None]
    """Set to the error of a handler, which ends the run."""
    handling: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def publish(
        self,
        type_: str,
        image: Image,
        *,
        causes: tuple[int | None, ...],
        parent: int | None,
    ) -> None:
        """Publish the message of *type_* about *image*; return when the broker confirmed it."""
        route = topology.ROUTES[type_]
        body = body_of(type_, image)
        ids = ids_of(type_, image) if self.ids else None
        publish = Publish(
            seq=0,
            service=self.service.name,
            connection=self.connection,
            exchange=route.exchange,
            routing_key=route.routing_key,
            type=type_,
            image=image.id,
            content_type=content_type_of(type_),
            body_sha256="",
            body_bytes=0,
            message_id=ids.message_id if ids else None,
            correlation_id=ids.correlation_id if ids else None,
            traceparent=ids.traceparent if ids else None,
            parents=[],
            parent=None,
            published_ns=0,
        )
        self.truth.publishing(publish, body, causes=causes, parent=parent)
        message: Message = message_of(type_, body, ids)
        await self.exchanges[route.exchange].publish(message, route.routing_key, mandatory=False)
        self.truth.confirmed(publish)

    async def consume(self, queue: AbstractQueue, handler: Handler) -> None:
        """Hand every message of *queue* to *handler*, as many at once as the prefetch allows."""

        async def on_message(message: AbstractIncomingMessage) -> None:
            handling = asyncio.create_task(self._handle(queue.name, message, handler))
            self.handling.add(handling)
            handling.add_done_callback(self._handled)

        await queue.consume(on_message)

    def _handled(self, handling: asyncio.Task[None]) -> None:
        self.handling.discard(handling)
        if handling.cancelled() or (error := handling.exception()) is None:
            return
        # The first error ends the run, and closing the connections causes the others.
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _handle(self, queue: str, message: AbstractIncomingMessage, handler: Handler) -> None:
        work = read_work(queue, message)
        delivery = Delivery(
            n=0,
            queue=queue,
            service=self.service.name,
            connection=self.connection,
            publish_seq=None,
            image=work.image.id if work else None,
            type=message.type,
            redelivered=bool(message.redelivered),
            round=rounds_before(queue, message),
            delivered_ns=0,
        )
        self.truth.delivered(delivery, message.body)
        verdict = Verdict.REJECT
        if work is not None:
            known = Work(
                image=work.image,
                type=work.type,
                seq=delivery.publish_seq,
                round=work.round,
            )
            await asyncio.sleep(processing_s(work.image, self.service.name))
            verdict = await handler(known)
        if verdict is Verdict.ACK:
            await message.ack()
        else:
            await message.reject(requeue=False)
        on_wire = "ack" if verdict is Verdict.ACK else "reject"
        self.truth.settle(delivery, on_wire, last=verdict is not Verdict.RETRY)


def read_work(queue: str, message: AbstractIncomingMessage) -> Work | None:
    """Return what *message* asks for, or None when it is not a message of this system."""
    try:
        image = parse_image_id(image_id_in(message.body))
    except ValueError:
        return None
    return Work(
        image=image,
        type=message.type or "",
        seq=None,
        round=rounds_before(queue, message),
    )


def rounds_before(queue: str, message: AbstractIncomingMessage) -> int:
    """Return how often *message* was rejected from *queue* before, as its headers say."""
    deaths = message.headers.get("x-death")
    if not isinstance(deaths, list):
        return 0
    for death in deaths:
        if isinstance(death, dict) and (death.get("queue"), death.get("reason")) == (
            queue,
            "rejected",
        ):
            count = death.get("count")
            return count if isinstance(count, int) else 0
    return 0


async def normalize(me: Instance, work: Work) -> Verdict:
    """Turn an image into a normalized image."""
    await me.publish("normalized_image", work.image, causes=(work.seq,), parent=work.seq)
    return Verdict.ACK


async def label(me: Instance, work: Work) -> Verdict:
    """Find labels; the images that the plan retries are turned away first."""
    if outcome(work.image) is Outcome.RETRIED and work.round < RETRY_ROUNDS:
        return Verdict.RETRY
    await me.publish("labels", work.image, causes=(work.seq,), parent=work.seq)
    return Verdict.ACK


async def model(me: Instance, work: Work) -> Verdict:
    """Build a 3D model, unless the plan says that this image has none."""
    if outcome(work.image) is Outcome.FAILED:
        return Verdict.REJECT
    await me.publish("3d_model", work.image, causes=(work.seq,), parent=work.seq)
    return Verdict.ACK


@dataclass(slots=True)
class Combiner:
    """Joins the labels and the model of one image, whichever comes first.

    The first half is acknowledged at once and held in memory, so that images
    without a second half cannot use up the prefetch.
    """

    waiting: OrderedDict[str, Work] = field(default_factory=OrderedDict[str, Work])

    async def combine(self, me: Instance, work: Work) -> Verdict:
        """Keep *work*, or publish the result when its other half is here."""
        other = self.waiting.get(work.image.id)
        if other is None or other.type == work.type:
            self.waiting[work.image.id] = work
            if len(self.waiting) > HALVES_WAITING_MAX:
                self.waiting.popitem(last=False)
            return Verdict.ACK
        del self.waiting[work.image.id]
        causes = (other.seq, work.seq)
        for type_ in topology.COMBINER.output_types:
            await me.publish(type_, work.image, causes=causes, parent=work.seq)
        return Verdict.ACK
