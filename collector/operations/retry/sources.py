"""Read from the log what a retry needs: the facts and bodies of its items, and later the copies of it. A shell.

Bounded: the blocks and bodies used last stay in memory. Items come in the order of their positions, so each block is read
once or twice.
"""

from collections import OrderedDict
from collections.abc import Sequence

from events.block import open_block
from events.facts import BodyRef, Envelope, GapClosed, MessagePublished
from events.republish import MARKER
from store.ports import EventLog

BLOCKS_KEPT_MAX = 8
BODIES_KEPT_MAX = 8
_TELLING = ("MessagePublished", "GapClosed")


class Sources:
    """Reader of *log*. Everything raises LogUnavailable where the store does not answer."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._blocks: OrderedDict[int, list[Envelope]] = OrderedDict()
        self._bodies: OrderedDict[int, Sequence[bytes] | None] = OrderedDict()

    async def envelope(self, position: int) -> Envelope | None:
        """Return the event at *position*; None where it is not retained."""
        for envelopes in self._blocks.values():
            if envelopes and 0 <= position - envelopes[0].position < len(envelopes):
                return envelopes[position - envelopes[0].position]
        number = await self._log.block_at(position)
        block = None if number is None else await self._log.block(number)
        if number is None or block is None:
            return None
        envelopes = self._blocks[number] = open_block(block)
        if len(self._blocks) > BLOCKS_KEPT_MAX:
            self._blocks.popitem(last=False)
        return envelopes[position - envelopes[0].position]

    async def body(self, ref: BodyRef | None) -> bytes | None:
        """Return the stored bytes at *ref*, empty where there is none; None where they are not retained."""
        if ref is None:
            return b""
        if ref.block not in self._bodies:
            self._bodies[ref.block] = await self._log.bodies(ref.block)
            if len(self._bodies) > BODIES_KEPT_MAX:
                self._bodies.popitem(last=False)
        kept = self._bodies[ref.block]
        return None if kept is None or ref.index >= len(kept) else kept[ref.index]

    async def telling_of_copies(self, *, after: int) -> list[Envelope] | None:
        """Return the publishes that bear a marker and the gaps that ended, from position *after* to the head.

        None where the log does not reach back so far.
        """
        start = await self._log.block_at(after)
        if start is None:
            return None
        found: list[Envelope] = []
        async for block in self._log.blocks(start=start):
            if block.header.kinds.keys().isdisjoint(_TELLING):
                continue
            found += [each for each in open_block(block) if _tells(each)]
        return found


def _tells(envelope: Envelope) -> bool:
    fact = envelope.fact
    if isinstance(fact, MessagePublished):
        return MARKER in (fact.properties.headers or ())
    return isinstance(fact, GapClosed)
