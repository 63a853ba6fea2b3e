"""Blocks as documents: what Elasticsearch stores of one, and how it is read back. Pure.

A block stands under its number. One that opens a segment stands in that segment's index under its number and digest, and
is committed by a *switch*: a document under its number in the index of the segment before. So of all that could follow a
block, in whichever segment, exactly one has the number; what lost is never read.
"""

import msgspec

from events.block import Block, BlockHead, BlockHeader
from store.elastic.documents import Docs, Found

ID_DIGEST_BYTES = 16
META = (
    "number,stream,segment,first_position,count,first_observed_at,last_observed_at,epoch,key_id,digest,"
    "body_count,held_envelope_bytes,held_body_bytes,opens,next_segment"
)
"""The fields of a stored block apart from the block itself."""
NOT_ITS_NUMBER = [{"exists": {"field": "opens"}}, {"exists": {"field": "next_segment"}}]
"""What a search for blocks that stand under their number excludes."""


class StoredBlock(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document of an index of blocks.

    `held_*_bytes` are the stored sizes of the segment up to this block. One that `opens` a segment may have lost its
    number to another. A switch has `next_segment`, and the number and digest of the block that opens it.
    """

    number: int
    digest: bytes
    stream: str = ""
    segment: int = 0
    first_position: int = 0
    count: int = 0
    first_observed_at: int = 0
    last_observed_at: int = 0
    epoch: int = 0
    key_id: str = ""
    body_count: int = 0
    held_envelope_bytes: int = 0
    held_body_bytes: int = 0
    opens: bool = False
    next_segment: int | None = None
    block: bytes = b""

    @property
    def head(self) -> BlockHead:
        """The block as the head that the next one follows."""
        return BlockHead(
            stream=self.stream,
            segment=self.segment,
            number=self.number,
            next_position=self.first_position + self.count,
            last_observed_at=self.last_observed_at,
            epoch=self.epoch,
            key_id=self.key_id,
            digest=self.digest,
        )


class StoredSegment(msgspec.Struct, frozen=True):
    """The document of a segment, written once: which block opens it."""

    segment: int
    first_block: int
    first_position: int
    first_observed_at: int
    digest: bytes

    def place(self, number: int) -> str:
        """Return the id under which block *number* of this segment stands."""
        return opening_id(number, self.digest) if number == self.first_block else str(number)


class StoredBodies(msgspec.Struct, frozen=True):
    bodies: bytes


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    header: BlockHeader
    envelopes: bytes


block_docs = msgspec.json.Decoder(Docs[StoredBlock])
blocks_found = msgspec.json.Decoder(Found[StoredBlock])
segment_docs = msgspec.json.Decoder(Docs[StoredSegment])
segments_found = msgspec.json.Decoder(Found[StoredSegment])
bodies_docs = msgspec.json.Decoder(Docs[StoredBodies])

_pack = msgspec.msgpack.Encoder().encode
_packed = msgspec.msgpack.Decoder(_Packed)
encode = msgspec.json.Encoder().encode


def stored(block: Block, before: StoredBlock | None) -> StoredBlock:
    """Return *block* as it is stored; *before* is the block before it in the same segment, None if it opens one."""
    header = block.header
    return StoredBlock(
        number=header.number,
        digest=block.digest,
        stream=header.stream,
        segment=header.segment,
        first_position=header.first_position,
        count=header.count,
        first_observed_at=header.first_observed_at,
        last_observed_at=header.last_observed_at,
        epoch=header.epoch,
        key_id=header.key_id,
        body_count=header.body_count,
        held_envelope_bytes=len(block.envelopes) + (before.held_envelope_bytes if before else 0),
        held_body_bytes=len(block.bodies) + (before.held_body_bytes if before else 0),
        block=_pack(_Packed(header, block.envelopes)),
    )


def opened(document: StoredBlock) -> Block:
    """Return the block of *document*, without its bodies.

    Raises:
        ValueError: it is none.
    """
    packed = _packed.decode(document.block)
    return Block(header=packed.header, digest=document.digest, envelopes=packed.envelopes)


def switch_to(block: Block) -> StoredBlock:
    """Return the switch that commits *block*, which opens a segment."""
    header = block.header
    return StoredBlock(number=header.number, digest=block.digest, next_segment=header.segment)


def segment_of(block: StoredBlock) -> StoredSegment:
    """Return the document of the segment that *block* opens."""
    return StoredSegment(
        segment=block.segment,
        first_block=block.number,
        first_position=block.first_position,
        first_observed_at=block.first_observed_at,
        digest=block.digest,
    )


def opening_id(number: int, digest: bytes) -> str:
    """Return the id of a block that opens a segment. Nothing comes before block 0: there the number decides."""
    return unique_id(number, digest) if number else "0"


def unique_id(number: int, digest: bytes) -> str:
    """Return an id that another block of the same number does not have."""
    return f"{number}-{digest[:ID_DIGEST_BYTES].hex()}"
