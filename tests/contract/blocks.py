"""Blocks to put into a log: small, deterministic, with real envelopes and bodies."""

from collections.abc import Iterator, Sequence

from events.block import Block, BlockHead, head_of, seal, start_of_log
from events.facts import BodyRef, Envelope, MessagePublished, Properties
from events.identity import body_digest, fingerprint, key_id

KEY = bytes(range(32))
STREAM = "main"
SECOND = 1_000_000_000


def start(key: bytes = KEY) -> BlockHead:
    """Return the head of an empty log of this key."""
    return start_of_log(STREAM, key_id(key))


def published(position: int, at: int, body: bytes, place: tuple[int, int], key: bytes) -> Envelope:
    """Return one publish of *body*, which stands at *place* (block, index)."""
    digest = body_digest(key, body)
    properties = Properties(message_id=f"m{position}")
    fact = MessagePublished(
        tap="obs.tap.traffic",
        delivery=position.to_bytes(16, "big"),
        vhost="/",
        exchange="orders",
        routing_keys=("new",),
        routed_queues=("work",),
        node="rabbit@here",
        connection="127.0.0.1:1 -> 127.0.0.1:5672",
        channel=1,
        user="guest",
        properties=properties,
        fingerprint=fingerprint(key, digest, properties),
        body=BodyRef(digest, len(body), *place),
    )
    return Envelope(position, at, 0, fact)


def sealed(
    after: BlockHead,
    *,
    epoch: int = 1,
    segment: int | None = None,
    bodies: Sequence[bytes] = (b"one", b"two"),
    key: bytes = KEY,
    at: int | None = None,
) -> Block:
    """Return a block of one publish per body that follows *after*; its events are a second apart."""
    number, first = after.number + 1, after.next_position
    begin = after.last_observed_at + SECOND if at is None else at
    envelopes = [
        published(first + i, begin + i * SECOND, body, (number, i), key)
        for i, body in enumerate(bodies)
    ]
    return seal(
        envelopes, bodies, after, epoch=epoch, segment=after.segment if segment is None else segment
    )


def chain(
    count: int,
    *,
    after: BlockHead | None = None,
    blocks_per_segment: int = 1_000_000,
    key: bytes = KEY,
    epoch: int = 1,
) -> Iterator[Block]:
    """Yield *count* blocks, each following the one before; bodies differ from block to block."""
    head = start(key) if after is None else after
    for _ in range(count):
        number = head.number + 1
        bodies = [f"body {number}.{i}".encode() for i in range(2)]
        block = sealed(
            head, bodies=bodies, segment=number // blocks_per_segment, key=key, epoch=epoch
        )
        yield block
        head = head_of(block)
