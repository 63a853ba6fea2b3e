"""Walk a whole log and tell every damage in it, as data.

Checked are: numbers without holes, every block's digest and its link to the block before, positions, that the envelopes
can be read, and every stored body against the keyed digest in the envelopes that refer to it. The store's own head
record is what makes a removed tail visible. Memory is bounded by the digests of one segment's bodies.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from events.block import NO_DIGEST, Block, BlockDamaged, open_block
from events.facts import TRAFFIC, BodyRef, Envelope
from events.identity import body_digest, key_id
from events.upcast import FactUnknown
from store.errors import LogDamaged, LogUnavailable
from store.ports import EventLog

MISSING_RUN_MAX = 1_000
"""After so many blocks missing one after another the rest is not looked for."""


class Damage(msgspec.Struct, frozen=True):
    """One thing that is wrong. `block` is None where no block can be named.

    `kind`: head, missing, unreadable, digest, chain, positions, body, bodies-unreadable, newer.
    """

    block: int | None
    kind: str
    detail: str


class Verified(msgspec.Struct, frozen=True):
    """What was walked and what was found. `bodies_unchecked` counts bodies without a reference or without the key."""

    first_block: int
    last_block: int
    blocks: int
    events: int
    bodies: int
    bodies_dropped: int
    bodies_unchecked: int
    head_digest: bytes | None
    damages: tuple[Damage, ...]


@dataclass(slots=True)
class _Walk:
    key: bytes | None
    damages: list[Damage] = field(default_factory=list[Damage])
    blocks: int = 0
    events: int = 0
    bodies: int = 0
    dropped: int = 0
    unchecked: int = 0
    previous: bytes | None = None
    position: int | None = None
    segment: int = -1
    # (block, index) -> digest of what stands there, of the segment being walked
    places: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])
    unread: set[int] = field(default_factory=set[int])
    told: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    lost: int = 0  # blocks missing in a row up to here

    def found(self, block: int | None, kind: str, detail: str) -> None:
        self.damages.append(Damage(block, kind, detail))


async def verify(log: EventLog, *, progress: Callable[[int, int], None] | None = None) -> Verified:
    """Walk *log* from its first retained block to its end and return what was found.

    *progress* is called with (blocks done, blocks in all) after each block.

    Raises:
        LogUnavailable, LogRefused: the log cannot be read at all.
    """
    walk = _Walk(key=await _key(log))
    first, last, digest = await _ends(log, walk)
    for number in range(first, last + 1):
        block = await _read(log, walk, number)
        if block is not None:
            _check_block(walk, block, first=number == first)
            if (envelopes := _envelopes(walk, block)) is not None:
                await _check_bodies(log, walk, block, envelopes)
        elif walk.lost == MISSING_RUN_MAX:
            break
        if progress is not None:
            progress(number - first + 1, last - first + 1)
    return Verified(
        first_block=first,
        last_block=last,
        blocks=walk.blocks,
        events=walk.events,
        bodies=walk.bodies,
        bodies_dropped=walk.dropped,
        bodies_unchecked=walk.unchecked,
        head_digest=digest,
        damages=tuple(walk.damages),
    )


async def _key(log: EventLog) -> bytes | None:
    try:
        return await log.fingerprint_key()
    except LogUnavailable:
        return None  # a reader cannot make one: bodies stay unchecked, and are counted as such


async def _ends(log: EventLog, walk: _Walk) -> tuple[int, int, bytes | None]:
    """Return the first and last number there should be, and the head's digest where the head is whole."""
    first, last = 0, -1
    try:
        first = await log.first()
        head = await log.head()
    except LogDamaged as error:
        walk.found(None, "head", str(error))
    else:
        return (first, -1, None) if head is None else (first, head.number, head.digest)
    try:
        last = max((segment.last_block for segment in await log.segments()), default=-1)
    except LogDamaged as error:
        walk.found(None, "head", str(error))
    last = max(last, first - 1)
    while await _is_there(log, last + 1):
        last += 1
    return first, last, None


async def _is_there(log: EventLog, number: int) -> bool:
    try:
        return await log.block(number) is not None
    except LogDamaged:
        return False


async def _read(log: EventLog, walk: _Walk, number: int) -> Block | None:
    try:
        block = await log.block(number)
    except LogDamaged as error:
        walk.found(number, "unreadable", str(error))
        block = None
    else:
        if block is None:
            walk.found(number, "missing", f"block {number} is missing")
    if block is None:
        walk.previous = walk.position = None
        walk.unread.add(number)
        walk.lost += 1
        return None
    walk.lost = 0
    walk.blocks += 1
    return block


def _check_block(walk: _Walk, block: Block, *, first: bool) -> None:
    header = block.header
    if first:
        walk.previous = NO_DIGEST if header.number == 0 else None
        walk.position = 0 if header.number == 0 else None
    if walk.previous is not None and header.previous != walk.previous:
        walk.found(
            header.number, "chain", f"block {header.number} does not follow the block before it"
        )
    if walk.position is not None and header.first_position != walk.position:
        walk.found(
            header.number,
            "positions",
            f"block {header.number} begins with position {header.first_position}, not {walk.position}",
        )
    walk.previous, walk.position = block.digest, header.first_position + header.count
    if header.segment != walk.segment:
        walk.segment = header.segment
        walk.places.clear()
        walk.unread.clear()


def _envelopes(walk: _Walk, block: Block) -> list[Envelope] | None:
    number = block.number
    try:
        envelopes = open_block(block)
    except FactUnknown as error:
        walk.found(number, "newer", str(error))
    except (BlockDamaged, msgspec.DecodeError) as error:
        walk.found(number, "digest", str(error))
        walk.previous = walk.position = None  # what its header says is in doubt
    else:
        walk.events += len(envelopes)
        return envelopes
    walk.unread.add(number)
    return None


async def _check_bodies(
    log: EventLog, walk: _Walk, block: Block, envelopes: list[Envelope]
) -> None:
    """Check the bodies that the block stores, and those that its envelopes refer to."""
    await _take_bodies(log, walk, block)
    for reference in filter(None, (body_of(envelope) for envelope in envelopes)):
        place = (reference.block, reference.index)
        if reference.block in walk.unread or place in walk.told:
            continue
        if walk.places.get(place) != reference.digest:
            walk.told.add(place)
            what = "another body than" if place in walk.places else "no body where"
            walk.found(
                reference.block,
                "body",
                f"block {reference.block} holds, at place {reference.index}, {what} block {block.number} refers to",
            )


async def _take_bodies(log: EventLog, walk: _Walk, block: Block) -> None:
    header = block.header
    if not header.body_count:
        return
    try:
        bodies = await log.bodies(header.number)
    except LogDamaged as error:
        walk.found(header.number, "bodies-unreadable", str(error))
        walk.unread.add(header.number)
        return
    if bodies is None:
        walk.dropped += header.body_count
        walk.unread.add(header.number)
    elif walk.key is None or key_id(walk.key) != header.key_id:
        walk.unchecked += len(bodies)
        walk.unread.add(header.number)
    else:
        walk.bodies += len(bodies)
        for index, body in enumerate(bodies):
            walk.places[header.number, index] = body_digest(walk.key, body)


def body_of(envelope: Envelope) -> BodyRef | None:
    """Return where the body of an envelope's message is kept; None for a fact without one."""
    return envelope.fact.body if isinstance(envelope.fact, TRAFFIC) else None
