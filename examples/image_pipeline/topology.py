"""What the system is made of: services, exchanges, queues and who talks to whom.

The tables here are what the system declares about itself; `declare` makes the
broker agree.
All names are durable and stay after a run, so that what a run left in the
dead-letter queue can be looked at.
"""

from dataclasses import dataclass, field

from aio_pika.abc import AbstractChannel, ExchangeType

IMAGES = "images"
RESULTS = "results"
COMPLETED = "completed"
FAILED = "images.failed"
REJECTED = "images.rejected"

RETRY_TTL_MS = 200
UNREAD_MESSAGES_MAX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service and the message types it reads and writes."""

    name: str
    input_types: tuple[str, ...] = ()
    output_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where messages of one type are published."""

    exchange: str
    routing_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue, what it is bound to and who reads it (nobody: None)."""

    name: str
    exchange: str | None
    binding_key: str = ""
    reader: str | None = None
    arguments: dict[str, str | int] = field(default_factory=dict[str, str | int])


UPLOADER = Service(name="Image Uploader", output_types=("image",))
NORMALIZER = Service(
    name="Image Normalizer", input_types=("image",), output_types=("normalized_image",)
)
ML_STUFF = Service(name="ML Stuff", input_types=("normalized_image",), output_types=("labels",))
MODELER = Service(name="Modeler", input_types=("normalized_image",), output_types=("3d_model",))
COMBINER = Service(
    name="Combiner",
    input_types=("labels", "3d_model"),
    output_types=("3d_model_json", "completed_jpg"),
)
SERVICES = (UPLOADER, NORMALIZER, ML_STUFF, MODELER, COMBINER)

ROUTES = {
    "image": Route(exchange=IMAGES, routing_key="image.uploaded"),
    "normalized_image": Route(exchange=IMAGES, routing_key="image.normalized"),
    "labels": Route(exchange=RESULTS, routing_key="labels"),
    "3d_model": Route(exchange=RESULTS, routing_key="model.3d"),
    "3d_model_json": Route(exchange=COMPLETED, routing_key="completed.model"),
    "completed_jpg": Route(exchange=COMPLETED, routing_key="completed.image"),
}

EXCHANGES = {
    IMAGES: ExchangeType.TOPIC,
    RESULTS: ExchangeType.TOPIC,
    COMPLETED: ExchangeType.TOPIC,
    FAILED: ExchangeType.FANOUT,
    REJECTED: ExchangeType.DIRECT,
}

_UNREAD: dict[str, str | int] = {
    "x-max-length": UNREAD_MESSAGES_MAX,
    "x-overflow": "drop-head",
}

NORMALIZER_IMAGES = Queue(
    name="normalizer.images",
    exchange=IMAGES,
    binding_key="image.uploaded",
    reader=NORMALIZER.name,
)
ML_NORMALIZED = Queue(
    name="ml.normalized",
    exchange=IMAGES,
    binding_key="image.normalized",
    reader=ML_STUFF.name,
    arguments={"x-dead-letter-exchange": REJECTED, "x-dead-letter-routing-key": "ml"},
)
ML_RETRY = Queue(
    name="ml.normalized.retry",
    exchange=REJECTED,
    binding_key="ml",
    arguments={
        "x-message-ttl": RETRY_TTL_MS,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": ML_NORMALIZED.name,
    },
)
MODELER_NORMALIZED = Queue(
    name="modeler.normalized",
    exchange=IMAGES,
    binding_key="image.normalized",
    reader=MODELER.name,
    arguments={"x-dead-letter-exchange": FAILED},
)
MODELER_FAILED = Queue(name="modeler.normalized.failed", exchange=FAILED, arguments=_UNREAD)
COMBINER_LABELS = Queue(
    name="combiner.labels", exchange=RESULTS, binding_key="labels", reader=COMBINER.name
)
COMBINER_MODELS = Queue(
    name="combiner.models",
    exchange=RESULTS,
    binding_key="model.3d",
    reader=COMBINER.name,
)
COMPLETED_MODELS = Queue(
    name="completed.models",
    exchange=COMPLETED,
    binding_key="completed.model",
    arguments=_UNREAD,
)
COMPLETED_IMAGES = Queue(
    name="completed.images",
    exchange=COMPLETED,
    binding_key="completed.image",
    arguments=_UNREAD,
)
QUEUES = (
    NORMALIZER_IMAGES,
    ML_NORMALIZED,
    ML_RETRY,
    MODELER_NORMALIZED,
    MODELER_FAILED,
    COMBINER_LABELS,
    COMBINER_MODELS,
    COMPLETED_MODELS,
    COMPLETED_IMAGES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """*publisher* sends messages of *type* to *subscriber* through *queue*."""

    publisher: str
    subscriber: str
    type: str
    queue: str


def relationships() -> list[Relationship]:
    """Return who talks to whom, as the routes and the readers of the queues say it."""
    found: list[Relationship] = []
    for service in SERVICES:
        for type_ in service.output_types:
            route = ROUTES[type_]
            for queue in QUEUES:
                fed = (queue.exchange, queue.binding_key) == (
                    route.exchange,
                    route.routing_key,
                )
                if fed and queue.reader is not None:
                    found.append(
                        Relationship(
                            publisher=service.name,
                            subscriber=queue.reader,
                            type=type_,
                            queue=queue.name,
                        )
                    )
    return found


async def declare(channel: AbstractChannel) -> None:
    """Declare every exchange, queue and binding; what stands already stays as it is.

    Raises:
        aio_pika.exceptions.ChannelPreconditionFailed: one of them exists with other arguments.
    """
    exchanges = {
        name: await channel.declare_exchange(name, type_, durable=True)
        for name, type_ in EXCHANGES.items()
    }
    for queue in QUEUES:
        arguments = {"x-queue-type": "classic", **queue.arguments}
        declared = await channel.declare_queue(queue.name, durable=True, arguments=arguments)
        if queue.exchange is not None:
            await declared.bind(exchanges[queue.exchange], routing_key=queue.binding_key)
