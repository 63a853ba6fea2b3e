"""Seal events into blocks, and open them again.

Pure. A block is the unit of append: all of it is durable or none of it is, and its digest covers the previous block's, so
a changed byte anywhere in the log is found by walking the chain. Bodies stand apart from the envelopes that refer to them,
so that they can be erased while the chain stays whole.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import msgspec
import zstandard

from events import upcast
from events.facts import ClockStepped, Envelope, kind_of

FORMAT = 1
EVENTS_MAX = 1_000
ENVELOPE_BYTES_MAX = 1 << 20
CLOCK_STEP_NS_MAX = 2_000_000_000
NO_DIGEST = bytes(32)
_LEVEL = 1

_header_encoder = msgspec.msgpack.Encoder(order="deterministic")


class BlockHeader(msgspec.Struct, frozen=True, array_like=True):
    """What can be known of a block without opening it.

    Sizes are bytes before compression; times are ns; `kinds` counts events by type name; `epoch` grows with every new
    writer; `key_id` names the fingerprint key; `previous` is the digest of the block before (32 zero bytes for block 0).
    """

    format: int
    stream: str
    segment: int
    number: int
    first_position: int
    count: int
    first_observed_at: int
    last_observed_at: int
    kinds: dict[str, int]
    envelope_bytes: int
    body_bytes: int
    body_count: int
    lag_ms: int
    epoch: int
    key_id: str
    previous: bytes


class Block(msgspec.Struct, frozen=True, array_like=True):
    """A sealed block. `envelopes` and `bodies` are zstd frames; `bodies` is empty when there are none or when not loaded."""

    header: BlockHeader
    digest: bytes
    envelopes: bytes
    bodies: bytes = b""

    @property
    def number(self) -> int:
        return self.header.number


class BlockHead(msgspec.Struct, frozen=True):
    """What the next block must know of the one before it."""

    stream: str
    segment: int
    number: int
    next_position: int
    last_observed_at: int
    epoch: int
    key_id: str
    digest: bytes


class BlockDamaged(ValueError):
    """A block's digest, its length or its link to the one before is wrong."""


def start_of_log(stream: str, key_id: str) -> BlockHead:
    """Return the head of an empty log: block 0 at position 0 follows it."""
    return BlockHead(stream, 0, -1, 0, 0, 0, key_id, NO_DIGEST)


def head_of(block: Block) -> BlockHead:
    """Return *block* as the head that the next one follows."""
    header = block.header
    return BlockHead(
        stream=header.stream,
        segment=header.segment,
        number=header.number,
        next_position=header.first_position + header.count,
        last_observed_at=header.last_observed_at,
        epoch=header.epoch,
        key_id=header.key_id,
        digest=block.digest,
    )


def seal(
    envelopes: Sequence[Envelope],
    bodies: Sequence[bytes],
    after: BlockHead,
    *,
    epoch: int,
    segment: int,
    lag_ms: int = 0,
) -> Block:
    """Return *envelopes* and the *bodies* not stored before as the block that follows *after*.

    Raises:
        ValueError: *envelopes* is empty, its positions do not continue *after*, or its times run backwards without a
            ``ClockStepped`` among them.
    """
    _check(envelopes, after)
    packed = upcast.encode(list(envelopes))
    header = BlockHeader(
        format=FORMAT,
        stream=after.stream,
        segment=segment,
        number=after.number + 1,
        first_position=after.next_position,
        count=len(envelopes),
        first_observed_at=envelopes[0].observed_at,
        last_observed_at=envelopes[-1].observed_at,
        kinds=dict(Counter(kind_of(envelope.fact) for envelope in envelopes)),
        envelope_bytes=len(packed),
        body_bytes=sum(map(len, bodies)),
        body_count=len(bodies),
        lag_ms=lag_ms,
        epoch=epoch,
        key_id=after.key_id,
        previous=after.digest,
    )
    return Block(
        header=header,
        digest=digest_of(header, packed),
        envelopes=_compressed(packed),
        bodies=packed_bodies(bodies),
    )


def packed_bodies(bodies: Sequence[bytes]) -> bytes:
    """Return *bodies* as a block holds them; :func:`open_bodies` inverts it."""
    return _compressed(msgspec.msgpack.encode(list(bodies))) if bodies else b""


def _compressed(packed: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(packed)


def _check(envelopes: Sequence[Envelope], after: BlockHead) -> None:
    if not envelopes:
        raise ValueError("a block holds at least one event")
    position, clock = after.next_position, after.last_observed_at
    for envelope in envelopes:
        if envelope.position != position:
            raise ValueError(f"position {envelope.position} where {position} belongs")
        if envelope.observed_at < clock and not isinstance(envelope.fact, ClockStepped):
            raise ValueError(f"the time of position {position} runs backwards")
        position, clock = position + 1, envelope.observed_at


def digest_of(header: BlockHeader, packed_envelopes: bytes) -> bytes:
    """Return SHA-256 over the previous digest, the header and the uncompressed envelopes."""
    hasher = sha256(header.previous)
    hasher.update(_header_encoder.encode(header))
    hasher.update(packed_envelopes)
    return hasher.digest()


def open_block(block: Block, *, expect: bytes | None = None) -> list[Envelope]:
    """Return the block's events, upcast to today's types.

    *expect* is the digest of the block before; None leaves the link unchecked.

    Raises:
        BlockDamaged: its digest, its length or its link to *expect* is wrong.
        FactUnknown: it was written by a newer hoptrail.
    """
    envelopes = upcast.decode(packed_envelopes(block, expect=expect))
    if len(envelopes) != block.header.count:
        raise BlockDamaged(
            f"block {block.number}: {len(envelopes)} events, not {block.header.count}"
        )
    return envelopes


def packed_envelopes(block: Block, *, expect: bytes | None = None) -> bytes:
    """Return the block's envelopes uncompressed, checked as :func:`open_block` does but not decoded.

    Raises:
        BlockDamaged, FactUnknown: as :func:`open_block`; the second for a newer form of block only.
    """
    header = block.header
    if expect is not None and header.previous != expect:
        raise BlockDamaged(f"block {header.number} does not follow the block before it")
    if header.format > FORMAT:
        raise upcast.FactUnknown(f"block {header.number} was written by a newer hoptrail")
    try:
        packed = zstandard.ZstdDecompressor().decompress(
            block.envelopes, max_output_size=header.envelope_bytes
        )
    except zstandard.ZstdError as error:
        raise BlockDamaged(f"block {header.number}: the envelopes cannot be read") from error
    if digest_of(header, packed) != block.digest:
        raise BlockDamaged(f"block {header.number}: its digest does not match its content")
    return packed


def open_bodies(header: BlockHeader, compressed: bytes) -> list[bytes]:
    """Return the bodies stored with a block, in the order their places name.

    Raises:
        BlockDamaged: they cannot be read, or are not as many or as large as the header says.
    """
    if not compressed:
        if header.body_count:
            raise BlockDamaged(f"block {header.number}: its bodies are missing")
        return []
    limit = header.body_bytes + 16 + 9 * header.body_count
    try:
        packed = zstandard.ZstdDecompressor().decompress(compressed, max_output_size=limit)
        bodies = msgspec.msgpack.decode(packed, type=list[bytes])
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise BlockDamaged(f"block {header.number}: the bodies cannot be read") from error
    if len(bodies) != header.body_count or sum(map(len, bodies)) != header.body_bytes:
        raise BlockDamaged(f"block {header.number}: its bodies are not those its header counts")
    return bodies
