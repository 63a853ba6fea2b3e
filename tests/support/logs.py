"""Logs filled with made-up histories."""

from collections.abc import Iterator, Sequence
from itertools import cycle

import msgspec
import zstandard

from events.block import Block, BlockHead, digest_of, head_of, seal, start_of_log
from events.facts import BrokerBound, Envelope
from events.identity import key_id
from store.ports import EventLog
from tests.support.histories import KEY

STREAM = "main"


def sealed(
    history: Sequence[Envelope],
    *,
    sizes: Sequence[int] = (50,),
    after: BlockHead | None = None,
    epoch: int = 1,
) -> Iterator[Block]:
    """Yield *history* as blocks of *sizes*, over and over, in the order of their numbers."""
    head = after or start_of_log(STREAM, key_id(KEY))
    start = 0
    for size in cycle(sizes):
        if start >= len(history):
            return
        block = seal(history[start : start + size], (), head, epoch=epoch, segment=0)
        yield block
        head, start = head_of(block), start + size


async def fill(log: EventLog, history: Sequence[Envelope], *, sizes: Sequence[int] = (50,)) -> None:
    """Append *history* to *log*."""
    for block in sealed(history, sizes=sizes, after=await log.head()):
        await log.append(block)


def from_the_future(after: BlockHead) -> Block:
    """Return a block that follows *after* and holds one event of a type that is not known yet."""
    position, at = after.next_position, after.last_observed_at
    fact = ["MessageForeseen.1", "tomorrow"]
    packed = msgspec.msgpack.encode([[position, at, 0, fact]])
    told = next(sealed([_stand_in(position, at)], after=after))
    header = msgspec.structs.replace(told.header, envelope_bytes=len(packed))
    return Block(header, digest_of(header, packed), _compressed(packed))


def _stand_in(position: int, at: int) -> Envelope:
    return Envelope(position, at, 0, BrokerBound("made-up", "3.10.8"))


def _compressed(packed: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(packed)
