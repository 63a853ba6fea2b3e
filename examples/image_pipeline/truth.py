"""Keep what a run really did, and know when all of it is settled.

The record is made by the services themselves, beside the messages and not
through them: a service learns which publish it was given by the digest of the
body, which is unique within a run.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from examples.image_pipeline import topology
from examples.image_pipeline.plan import RETRY_ROUNDS, Outcome, images_with

TRUTH_FORMAT = 1


@dataclass(slots=True, kw_only=True)
class Publish:
    """One publish: *parents* are the publishes whose messages caused it, *parent* the last of them."""

    seq: int
    service: str
    connection: str
    exchange: str
    routing_key: str
    type: str
    image: str
    content_type: str
    body_sha256: str
    body_bytes: int
    message_id: str | None
    correlation_id: str | None
    traceparent: str | None
    parents: list[int]
    parent: int | None
    published_ns: int
    confirmed_ns: int | None = None


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One delivery that a service handled; *round* counts the rejections before it.

    *publish_seq* and *image* are None for a message that this run did not publish.
    """

    n: int
    queue: str
    service: str
    connection: str
    publish_seq: int | None
    image: str | None
    type: str | None
    redelivered: bool
    round: int
    delivered_ns: int
    outcome: str = "unfinished"
    settled_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What makes a run repeatable, as the truth file states it. 0 *images* means without end."""

    images: int
    seed: int
    rate: float
    modelers: int
    prefetch: int
    ids: bool
    vhost: str


@dataclass(slots=True)
class Truth:
    """The record of one run. Nothing is kept when *keep* is false, so that a run may be endless."""

    settings: RunSettings
    clock_ns: Callable[[], int]
    keep: bool = True
    publishes: list[Publish] = field(default_factory=list[Publish])
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    _seq_by_body: dict[str, int] = field(default_factory=dict[str, int])
    _open: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _counts: Counter[str] = field(default_factory=Counter[str])
    _started_ns: int = 0

    def __post_init__(self) -> None:
        """Note every image that each queue's reader still has to settle."""
        self._started_ns = self.clock_ns()
        if self.settings.images:
            self._open = expected_settlements(self.settings)

    def publishing(
        self,
        publish: Publish,
        body: bytes,
        *,
        causes: Sequence[int | None],
        parent: int | None,
    ) -> Publish:
        """Number *publish* and keep it; called before the message leaves."""
        self._counts["published"] += 1
        publish.seq = self._counts["published"]
        publish.body_sha256 = sha256(body).hexdigest()
        publish.body_bytes = len(body)
        publish.parents = [seq for seq in causes if seq is not None]
        publish.parent = parent
        publish.published_ns = self.clock_ns()
        if self.keep:
            self.publishes.append(publish)
            self._seq_by_body[publish.body_sha256] = publish.seq
        return publish

    def confirmed(self, publish: Publish) -> None:
        """Note that the broker took *publish* over."""
        publish.confirmed_ns = self.clock_ns()

    def delivered(self, delivery: Delivery, body: bytes) -> Delivery:
        """Number *delivery*, find out which publish it shows, and keep it."""
        self._counts["delivered"] += 1
        delivery.n = self._counts["delivered"]
        delivery.publish_seq = self._seq_by_body.get(sha256(body).hexdigest())
        delivery.delivered_ns = self.clock_ns()
        if self.keep:
            self.deliveries.append(delivery)
        return delivery

    def settle(self, delivery: Delivery, outcome: str, *, last: bool) -> None:
        """Note how *delivery* ended; *last* when its message will not come back to the queue."""
        delivery.outcome = outcome
        delivery.settled_ns = self.clock_ns()
        if last and self._open and delivery.image is not None:
            self._open[delivery.queue].discard(delivery.image)
            if not any(self._open.values()):
                self.settled.set()

    def unsettled(self) -> dict[str, int]:
        """Return per queue how many images its reader has not settled yet."""
        return {queue: len(images) for queue, images in self._open.items() if images}

    def document(self) -> dict[str, object]:
        """Return the whole record as JSON-ready values."""
        failed, retried = (
            self._images_seen(outcome) for outcome in (Outcome.FAILED, Outcome.RETRIED)
        )
        return {
            "format": TRUTH_FORMAT,
            "run": {
                **asdict(self.settings),
                "started_ns": self._started_ns,
                "ended_ns": self.clock_ns(),
                "settled": self.settled.is_set(),
            },
            "services": self._services(),
            "relationships": [asdict(r) for r in topology.relationships()],
            "exchanges": {name: kind.value for name, kind in topology.EXCHANGES.items()},
            "queues": [asdict(queue) for queue in topology.QUEUES],
            "publishes": [asdict(publish) for publish in self.publishes],
            "deliveries": [asdict(delivery) for delivery in self.deliveries],
            "failed_images": failed,
            "retried_images": retried,
            "dead_letters": [
                {
                    "queue": topology.MODELER_NORMALIZED.name,
                    "reason": "rejected",
                    "exchange": topology.FAILED,
                    "to_queue": topology.MODELER_FAILED.name,
                    "type": "normalized_image",
                    "service": topology.MODELER.name,
                    "count": len(failed),
                    "images": failed,
                }
            ],
            "retry_loops": [
                {
                    "queue": topology.ML_NORMALIZED.name,
                    "through": topology.ML_RETRY.name,
                    "exchange": topology.REJECTED,
                    "rounds": RETRY_ROUNDS,
                    "images": retried,
                }
            ],
        }

    def _images_seen(self, outcome: Outcome) -> list[str]:
        if self.settings.images:
            return images_with(outcome, seed=self.settings.seed, images=self.settings.images)
        published = {p.image for p in self.publishes if p.type == "image"}
        known = images_with(outcome, seed=self.settings.seed, images=len(published))
        return [image for image in known if image in published]

    def _services(self) -> list[dict[str, object]]:
        used: dict[str, set[str]] = {}
        for record in (*self.publishes, *self.deliveries):
            used.setdefault(record.service, set()).add(record.connection)
        return [
            {**asdict(service), "connections": sorted(used.get(service.name, ()))}
            for service in topology.SERVICES
        ]


def expected_settlements(settings: RunSettings) -> dict[str, set[str]]:
    """Return, per queue, the images whose messages its reader must settle for good."""
    images = {
        outcome: set(images_with(outcome, seed=settings.seed, images=settings.images))
        for outcome in Outcome
    }
    everything = set[str]().union(*images.values())
    read = {queue.name: set(everything) for queue in topology.QUEUES if queue.reader is not None}
    read[topology.COMBINER_MODELS.name] -= images[Outcome.FAILED]
    return read


def write_truth(path: Path, document: dict[str, object]) -> None:
    """Write *document* to *path*, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
