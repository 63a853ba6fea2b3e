"""What a tap would cost the broker, estimated before it is switched on. Pure.

An estimate, no promise: the message rates are those of now, the price of an event was measured once per version, on another
machine, with small messages. The source of :data:`MEASURED` and the way to measure it again is docs/reference/costs.md.
"""

from collections.abc import Sequence

import msgspec

from collector.taps.modes import ALL, EXCHANGES, PUBLISHES

HEADER_BYTES = 1_000
"""What the broker adds to the body of a tap event, about."""
ASSUMED_BODY_BYTES = 1_000
"""The size of a body where no queue holds a message that could be measured."""
FREED_LATE = 2
"""A quorum queue frees its files behind the oldest event only, so that it may hold twice what is in it."""
REPLICAS_MAX = 3
CORES_SHARE_MAX = 0.25
"""The share of the broker's cores that a mode may take to be recommended without a second thought."""
QUEUE_TYPES = ("quorum", "classic")


class Price(msgspec.Struct, frozen=True):
    """The broker's CPU in µs per message that is published once and delivered once, at 1,000 messages a second."""

    off: float
    firehose_classic: float
    firehose_quorum: float
    binding_classic: float
    binding_quorum: float


MEASURED: dict[tuple[int, int], Price] = {
    (3, 10): Price(139, 389, 554, 236, 346),
    (4, 0): Price(153, 352, 539, 205, 333),
    (4, 3): Price(176, 469, 590, 237, 430),
}
"""By version: messages of 200 bytes, one publisher, one consumer, broker and clients on two cores."""


class Load(msgspec.Struct, frozen=True):
    """What the broker does now: rates per second of the vhosts to tap, without what the tap itself does.

    `body_bytes` is the mean size of the messages in its queues, None where there are none. `cores` are those of all its
    nodes, 0 where it does not tell.
    """

    published: float
    delivered: float
    body_bytes: float | None
    cores: int
    nodes: int


class Cost(msgspec.Struct, frozen=True):
    """What one mode would cost: `events` per second, `cores` of the broker's CPU, and the disk its queue may fill.

    `of_all` is the share of `cores` in all of the broker's, None where it does not tell how many it has. In the mode
    ``exchanges`` it is what it would cost at most, with every exchange chosen.
    """

    mode: str
    queue_type: str
    events: float
    cores: float
    of_all: float | None
    disk_bytes_max: int


def price_of(version: str) -> tuple[str, Price]:
    """Return the measured version nearest to *version* below it, or the oldest, with its price; unknown ones are new."""
    numbers = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
    wanted = (numbers[0], numbers[1]) if len(numbers) == 2 else max(MEASURED)
    found = max((known for known in MEASURED if known <= wanted), default=min(MEASURED))
    return f"{found[0]}.{found[1]}", MEASURED[found]


def estimate(load: Load, version: str, *, messages_max: int, bytes_max: int) -> list[Cost]:
    """Return what each mode would cost with each type of queue; the limits are those of a vhost's tap queue."""
    _, price = price_of(version)
    both, publishes = load.published + load.delivered, load.published
    found: list[Cost] = []
    for mode, events in ((ALL, both), (PUBLISHES, publishes), (EXCHANGES, publishes)):
        for queue_type in QUEUE_TYPES:
            per_event_us = event_us(price, queue_type, bound=mode == EXCHANGES)
            cores = events * per_event_us / 1e6
            found.append(
                Cost(
                    mode=mode,
                    queue_type=queue_type,
                    events=events,
                    cores=cores,
                    of_all=cores / load.cores if load.cores else None,
                    disk_bytes_max=_disk(load, queue_type, messages_max, bytes_max),
                )
            )
    return found


def event_us(price: Price, queue_type: str, *, bound: bool) -> float:
    """Return the broker's CPU in µs that one captured event costs, with the firehose or *bound* to exchanges."""
    total: float = getattr(price, f"{'binding' if bound else 'firehose'}_{queue_type}")
    return (total - price.off) / (1 if bound else 2)


def _disk(load: Load, queue_type: str, messages_max: int, bytes_max: int) -> int:
    """Return what the tap queue of a vhost may fill. Its limit in bytes counts bodies only, not what is added to them."""
    body = ASSUMED_BODY_BYTES if load.body_bytes is None else load.body_bytes
    messages = min(messages_max, bytes_max / body) if body else messages_max
    copies = FREED_LATE * min(load.nodes, REPLICAS_MAX) if queue_type == "quorum" else 1
    return int(messages * (body + HEADER_BYTES) * copies)


def recommended(costs: Sequence[Cost], load: Load) -> tuple[Cost | None, str]:
    """Return the mode to begin with and why; None where nothing is known to decide by."""
    if not load.published and not load.delivered:
        return None, "no messages flow now, so this says nothing of busier hours; run it again then"
    if not load.cores:
        return None, "the broker does not tell how many cores it has; compare with what it has left"
    for cost in costs:
        if cost.mode != EXCHANGES and (cost.of_all or 0.0) <= CORES_SHARE_MAX:
            return (
                cost,
                f"it takes no more than {CORES_SHARE_MAX:.0%} of the broker's {load.cores} cores",
            )
    return costs[-1], (
        "everything else takes more than "
        f"{CORES_SHARE_MAX:.0%} of the broker's {load.cores} cores; choose the exchanges that matter"
    )


def basis(load: Load, version: str) -> str:
    """Return what an estimate rests on, for a person."""
    measured, _ = price_of(version)
    sizes = (
        f"bodies of {ASSUMED_BODY_BYTES:,} bytes assumed"
        if load.body_bytes is None
        else f"bodies of {load.body_bytes:,.0f} bytes, the mean in its queues"
    )
    return (
        f"an estimate: {load.published:,.0f} publishes and {load.delivered:,.0f} deliveries a second in the last minute, "
        f"{sizes}, the price of an event as measured on RabbitMQ {measured} with messages of 200 bytes on two cores"
    )
