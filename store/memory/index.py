"""The message index in memory: every document is matched, one after another."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from store.conversations import ConversationPage, find
from store.documents import MessageDocument
from store.matching import Subject, facet_values, matches
from store.memory.conversations import MemoryFinder
from store.ports import Checkpoint, Page, Sort
from store.query import Query
from store.ranking import (
    FACET_MATCHES_MAX,
    TOTAL_MAX,
    check_histogram_field,
    check_sort,
    commonest,
    sort_key,
    within_histogram,
)


class MemoryMessageIndex:
    """A :class:`store.ports.MessageIndex` without a disk."""

    def __init__(self) -> None:
        self._subjects: dict[str, Subject] = {}
        self._checkpoint: Checkpoint | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def save(
        self,
        documents: Sequence[MessageDocument],
        texts: Mapping[str, str],
        checkpoint: Checkpoint,
    ) -> None:
        for document in documents:
            held = self._subjects.get(document.uid)
            if held is None or document.version > held.document.version:
                text = texts.get(document.uid, held.text if held else None)
                self._subjects[document.uid] = Subject(document, text)
        self._checkpoint = checkpoint

    async def checkpoint(self) -> Checkpoint | None:
        return self._checkpoint

    async def get(self, uid: str) -> MessageDocument | None:
        held = self._subjects.get(uid)
        return held.document if held else None

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
        check_sort(sort)
        found = self._ordered(query, sort, now_ns)
        sign = -1 if sort.descending else 1
        rest = [
            document
            for document in found
            if after is None or _signed(sort_key(document, sort), sign) > _signed(after, sign)
        ]
        items = rest[:limit]
        exact = exact_total or len(found) <= TOTAL_MAX
        return Page(
            items=items,
            total=len(found) if exact else TOTAL_MAX,
            total_is_exact=exact,
            after=sort_key(items[-1], sort) if len(rest) > limit and items else None,
        )

    async def facets(
        self, query: Query, fields: Sequence[str], *, size: int, now_ns: int, prefix: str = ""
    ) -> Mapping[str, Mapping[str, int]]:
        found = self._ordered(query, Sort(), now_ns)[:FACET_MATCHES_MAX]
        subjects = [self._subjects[document.uid] for document in found]
        return {
            field: commonest(
                (facet_values(field, subject) for subject in subjects), size, prefix=prefix
            )
            for field in fields
        }

    async def histogram(
        self, query: Query, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[int]:
        asked = within_histogram(query, since, width_ns, buckets)
        counts = [0] * buckets
        for subject in self._subjects.values():
            if matches(asked, subject, now_ns=now_ns):
                counts[(subject.document.published_at - since) // width_ns] += 1
        return counts

    async def histogram_by(
        self, query: Query, field: str, *, since: int, width_ns: int, buckets: int, now_ns: int
    ) -> Sequence[Mapping[str, int]]:
        check_histogram_field(field)
        asked = within_histogram(query, since, width_ns, buckets)
        counts: list[Counter[str]] = [Counter() for _ in range(buckets)]
        for subject in self._subjects.values():
            if matches(asked, subject, now_ns=now_ns):
                bucket = (subject.document.published_at - since) // width_ns
                counts[bucket].update(facet_values(field, subject))
        return counts

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
        return await find(
            MemoryFinder(self._subjects.values),
            query,
            order=order,
            limit=limit,
            after=after,
            before=before,
            now_ns=now_ns,
        )

    async def clear(self) -> None:
        self._subjects.clear()
        self._checkpoint = None

    async def drop_before(self, position: int) -> int:
        gone = [uid for uid, held in self._subjects.items() if held.document.position < position]
        for uid in gone:
            del self._subjects[uid]
        return len(gone)

    def _ordered(self, query: Query, sort: Sort, now_ns: int) -> list[MessageDocument]:
        found = [
            subject.document
            for subject in self._subjects.values()
            if matches(query, subject, now_ns=now_ns)
        ]
        return sorted(found, key=lambda d: sort_key(d, sort), reverse=sort.descending)


def _signed(key: Sequence[int | str], sign: int) -> tuple[int, ...]:
    return tuple(sign * int(part) for part in key)
