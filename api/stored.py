"""Read message bodies and facts back from the event log, keeping the blocks used last.

A body that retention removed is None; so is a fact. Reads are by block, so a page of neighbours costs few reads.
"""

from collections import OrderedDict
from collections.abc import Sequence
from copy import copy

from api.kibana_links import KibanaLinks
from api.problems import Problem
from api.wire_messages import BodyOut, MessageOut, body_left_out, message, shown_body
from api.wire_search import FoundOut, highlight
from events.block import open_block
from events.facts import BodyRef, Envelope
from events.operations import PAYLOAD
from projector.index import is_binary, text_in
from store.documents import MessageDocument
from store.highlight import Marker
from store.ports import EventLog

CACHED_BYTES_MAX = 32 * 1024 * 1024
CACHED_BLOCKS_MAX = 16


class Stored:
    """Reader of *log*. Bounded: at most 32 MiB of bodies and 16 opened blocks stay in memory.

    Messages link to *kibana*, where there is one.
    """

    def __init__(self, log: EventLog, kibana: KibanaLinks | None = None) -> None:
        self._log = log
        self._kibana = kibana
        self._bodies: OrderedDict[int, Sequence[bytes]] = OrderedDict()
        self._bodies_bytes = 0
        self._blocks: OrderedDict[int, list[Envelope]] = OrderedDict()
        self._hides = False

    def without_bodies(self) -> "Stored":
        """Return the same reader for somebody who may not see bodies: it leaves them out, and says why."""
        hiding = copy(self)
        hiding._hides = True
        return hiding

    async def body(self, ref: BodyRef) -> bytes | None:
        """Return the stored bytes of a body; None when they are not retained.

        Raises:
            LogDamaged: they are there but cannot be read.
            Problem: forbidden, to who may not see them.
        """
        if self._hides:
            raise Problem("forbidden", "This needs a key with the scope payload.", scope=PAYLOAD)
        kept = self._bodies.get(ref.block)
        if kept is None:
            kept = await self._log.bodies(ref.block)
            if kept is None:
                return None
            self._keep_bodies(ref.block, kept)
        else:
            self._bodies.move_to_end(ref.block)
        return kept[ref.index] if ref.index < len(kept) else None

    def _keep_bodies(self, number: int, bodies: Sequence[bytes]) -> None:
        size = sum(map(len, bodies))
        if size > CACHED_BYTES_MAX // 4 or number in self._bodies:
            return
        self._bodies[number] = bodies
        self._bodies_bytes += size
        while self._bodies_bytes > CACHED_BYTES_MAX:
            _, dropped = self._bodies.popitem(last=False)
            self._bodies_bytes -= sum(map(len, dropped))

    async def events(self, positions: Sequence[int]) -> list[Envelope]:
        """Return the facts at *positions* that are retained, in that order.

        Raises:
            BlockDamaged: a block of theirs is damaged.
        """
        found: list[Envelope] = []
        for position in positions:
            number = await self._log.block_at(position)
            envelopes = [] if number is None else await self._opened(number)
            if envelopes and 0 <= position - envelopes[0].position < len(envelopes):
                found.append(envelopes[position - envelopes[0].position])
        return found

    async def _opened(self, number: int) -> list[Envelope]:
        if number not in self._blocks:
            block = await self._log.block(number)
            self._blocks[number] = [] if block is None else open_block(block)
            if len(self._blocks) > CACHED_BLOCKS_MAX:
                self._blocks.popitem(last=False)
        return self._blocks[number]

    async def message(
        self, document: MessageDocument, *, body_bytes_max: int | None = None
    ) -> MessageOut:
        """Return a message with its body, left out when it is larger than *body_bytes_max*."""
        kept = await self._body_of(document, bytes_max=body_bytes_max)
        return message(document, self._body_out(document, kept, body_bytes_max), self._kibana)

    async def found(
        self, document: MessageDocument, marker: Marker, *, body_bytes_max: int
    ) -> FoundOut:
        """Return a message that a search found, with what *marker* finds in it, in a large body too."""
        bytes_max = None if marker.reads_bodies else body_bytes_max
        kept = await self._body_of(document, bytes_max=bytes_max)
        text = _text(document, kept) if marker.reads_bodies else None
        told = message(document, self._body_out(document, kept, body_bytes_max), self._kibana)
        marked = [highlight(each) for each in marker.highlights(document, text)] if marker else []
        return FoundOut(**dict(told), highlights=marked)

    async def _body_of(self, document: MessageDocument, *, bytes_max: int | None) -> bytes | None:
        ref = document.body
        if ref is None or self._hides or (bytes_max is not None and ref.size > bytes_max):
            return None
        return await self.body(ref)

    def _body_out(
        self, document: MessageDocument, kept: bytes | None, bytes_max: int | None
    ) -> BodyOut | None:
        ref = document.body
        if ref is None:
            return None
        if self._hides:
            return body_left_out(ref, "not permitted")
        if bytes_max is not None and ref.size > bytes_max:
            return body_left_out(ref, "large")
        if kept is None:
            return body_left_out(ref, "not retained")
        return shown_body(document, ref, kept)


def _text(document: MessageDocument, kept: bytes | None) -> str | None:
    """Return the text of a body as it is searched; None when it is none."""
    if kept is None or is_binary(document.content_type, document.content_encoding):
        return None
    return text_in(kept, truncated=document.body is not None and document.body.truncated)
