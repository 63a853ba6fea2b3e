"""The four ports of a store: the event log, the message index, the snapshots, how far exports have come.

Every sentence in a docstring below has a test in ``tests/contract/``, and every adapter passes all of them. An adapter is
an async context manager; its constructor does no I/O.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

import msgspec

from events.block import Block, BlockHead
from store.conversations import ConversationPage
from store.documents import MessageDocument
from store.query import Query


class Resource(Protocol):
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Segment(msgspec.Struct, frozen=True):
    """A run of blocks that retention keeps or drops as a whole. Sizes in stored bytes, times in ns."""

    number: int
    first_block: int
    last_block: int
    envelope_bytes: int
    body_bytes: int
    first_observed_at: int
    last_observed_at: int
    has_bodies: bool


class EventLog(Resource, Protocol):
    """An append-only log of blocks, one total order per stream."""

    async def append(self, block: Block) -> None:
        """Make *block* and its bodies durable; return only once they would survive a crash.

        Appending the same block again succeeds and changes nothing. A block that names a new segment opens it.

        Raises:
            Fenced: another block holds this number, or this number does not follow the head. Nothing was written.
            LogUnavailable: try the same block again; it may be there already.
            LogRefused: it will never be taken (no space, no permission). Nothing was written.
        """
        ...

    async def begin(self, block: Block) -> None:
        """Make *block* the first of an empty log, whatever its number: so begins the copy of a log that retention shortened.

        Beginning with the same block again succeeds and changes nothing. Appending goes on after it.

        Raises:
            Fenced: the log is not empty. Nothing was written.
            LogUnavailable, LogRefused: as :meth:`append`.
        """
        ...

    async def head(self) -> BlockHead | None:
        """Return the head as it is durable now, also as other processes wrote it; None when the log is empty."""
        ...

    async def block(self, number: int) -> Block | None:
        """Return one block without its bodies; None when there is none (beyond the head, or dropped by retention)."""
        ...

    async def bodies(self, number: int) -> Sequence[bytes] | None:
        """Return the bodies stored with block *number*; None when they were dropped or there is no such block.

        Raises:
            LogDamaged: they are there but cannot be read.
        """
        ...

    def blocks(self, *, start: int, stop: int | None = None) -> AsyncIterator[Block]:
        """Yield blocks, without bodies, from number *start* (or the first retained, if later) to the head or before *stop*.

        Raises:
            LogDamaged: a number is missing below the head.
        """
        ...

    async def block_at(self, position: int) -> int | None:
        """Return the number of the block that holds *position*; None when it is not retained or not yet written."""
        ...

    async def block_before(self, observed_at: int) -> int | None:
        """Return the number of the last block whose first event was observed at or before *observed_at* ns; else None."""
        ...

    async def first(self) -> int:
        """Return the number of the first retained block; 0 for an empty log."""
        ...

    async def segments(self) -> Sequence[Segment]:
        """Return the retained segments, oldest first; the last one is being written."""
        ...

    async def drop_segment(self, number: int, *, bodies_only: bool = False) -> None:
        """Remove the oldest segment (or only its bodies). The segment being written is never removed.

        Raises:
            LogRefused: *number* is not the oldest (bodies: not among those older than the one being written).
        """
        ...

    async def fingerprint_key(self) -> bytes:
        """Return the store's secret key (32 bytes), made at the first call; its id stands in every block."""
        ...

    async def adopt_key(self, key: bytes) -> None:
        """Make *key* (32 bytes) the store's secret key, as a copy of another log needs it; again changes nothing.

        Raises:
            LogRefused: the store has another key, or *key* is none. Nothing was changed.
        """
        ...


class Checkpoint(msgspec.Struct, frozen=True):
    """How far a projection has durably folded: *position* is the next one to fold, *block* the next block."""

    projection: str
    version: str
    position: int
    block: int


class Page(msgspec.Struct, frozen=True):
    """One page of a search. `after` holds the sort values of the last item, None when there is no next page."""

    items: Sequence[MessageDocument]
    total: int
    total_is_exact: bool
    after: tuple[int | str, ...] | None


class Sort(msgspec.Struct, frozen=True):
    """One of the fields a search can be sorted by; ties are broken by position in the same direction."""

    field: str = "published_at"
    descending: bool = True


class MessageIndex(Resource, Protocol):
    """Message documents, found by the query language. Written by one projector, read by any number of processes.

    What was saved is found by them within about a second.
    """

    async def save(
        self, documents: Sequence[MessageDocument], texts: Mapping[str, str], checkpoint: Checkpoint
    ) -> None:
        """Store *documents* and *checkpoint*, which is never ahead of them; of a document only a higher `version` is taken.

        *texts* maps a uid to its body as text, for those whose body is text; a uid without an entry keeps what is indexed.
        """
        ...

    async def checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint saved last; None for an empty index."""
        ...

    async def get(self, uid: str) -> MessageDocument | None:
        """Return one document; None when there is none."""
        ...

    async def search(
        self,
        query: Query,
        *,
        sort: Sort,
        limit: int,
        after: tuple[int | str, ...] | None = None,
        exact_total: bool = False,
        now_ns: int,
    ) -> Page:
        """Return the page of matches after *after*. The total counts to 10,000, then says at least; exact on request.

        *now_ns* is what ``now`` in the query means.
        """
        ...

    async def facets(
        self, query: Query, fields: Sequence[str], *, size: int, now_ns: int, prefix: str = ""
    ) -> Mapping[str, Mapping[str, int]]:
        """Return for each of *fields* its *size* commonest values among the matches, with their counts.

        Told are only those that begin with *prefix*, upper and lower case alike.
        """
        ...

    async def histogram(
        self, query: Query, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[int]:
        """Return how many matches each of *buckets* spans of time holds, by `published_at`; every match is counted.

        Bucket i goes from *since* + i * *width_ns* to before *since* + (i + 1) * *width_ns*, in ns. A match published
        before the first or after the last is in none.

        Raises:
            ValueError: *buckets* is not 1 to 500, *width_ns* is not positive, or a border is beyond 64 bits.
        """
        ...

    async def histogram_by(
        self, query: Query, field: str, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[Mapping[str, int]]:
        """Return what :meth:`histogram` does, told apart by the value of *field*, one of HISTOGRAM_FIELDS.

        A value that no match of a bucket has is not named there.

        Raises:
            ValueError: as :meth:`histogram`; or *field* is another.
        """
        ...

    async def conversations(
        self,
        query: Query,
        *,
        order: str,
        limit: int,
        after: tuple[int | str, ...] | None = None,
        before: int | None = None,
        now_ns: int,
    ) -> ConversationPage:
        """Return the page after *after* of the conversations of which a message matches, with what is known of all of each.

        With *before*, messages from that position on neither match nor count for the order: pages asked with the same one
        stay in the same order, whatever is published meanwhile.

        They come by *order*, the largest first: last_published_at, by their newest match; or started_at, messages,
        duration_ms, failures, over the conversations of the newest 10,000 matches. Messages without one are left out.

        Raises:
            QueryInvalid: there is no such order, or *after* is none of its.
        """
        ...

    async def clear(self) -> None:
        """Delete every document and the checkpoint."""
        ...

    async def drop_before(self, position: int) -> int:
        """Delete documents first seen before *position*, as retention did to their facts; return how many."""
        ...


class Snapshot(msgspec.Struct, frozen=True):
    """A projection's state after folding every block before *block*: a cache, never needed for correctness."""

    projection: str
    version: str
    block: int
    position: int
    log_digest: bytes
    digest: bytes
    state: bytes


class SnapshotStore(Resource, Protocol):
    """Snapshots of projections, the newest few of each kept."""

    async def save(self, snapshot: Snapshot) -> None:
        """Keep *snapshot*; of one projection and version at most 5 stay: the newest, and older ones spread over the log."""
        ...

    async def newest(
        self, projection: str, version: str, *, block: int | None = None
    ) -> Snapshot | None:
        """Return the newest snapshot of that projection and version, at most at *block* if given; else None."""
        ...

    async def delete_all(self) -> None:
        """Delete every snapshot."""
        ...


class ExportPoint(msgspec.Struct, frozen=True):
    """How far the export *name* has come: all that was told from position *begin* to before *position* has been sent.

    *block* is at or before the one that holds *position*, *log_digest* the digest of the block before it, empty for none.
    *sent* and *rejected* count what was sent and what of it the receiver would not take.
    """

    name: str
    stream: str
    begin: int
    position: int
    block: int
    log_digest: bytes
    sent: int = 0
    rejected: int = 0


class ExportPoints(Resource, Protocol):
    """How far each export has come. It is no cache: it cannot be made again from the log, and no rebuild deletes it."""

    async def load(self, name: str) -> ExportPoint | None:
        """Return the point saved last; None for an export that never began."""
        ...

    async def save(self, point: ExportPoint, *, after: ExportPoint | None) -> None:
        """Keep *point* durably in the place of *after*, the one this exporter knows; saving the same again changes nothing.

        Raises:
            Fenced: another exporter has saved one. Nothing was written.
            LogUnavailable: save the same again.
        """
        ...
