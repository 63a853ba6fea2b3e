"""Conversations in the message index in memory."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from store.conversations import (
    Conversation,
    Figures,
    Key,
    Match,
    figures_of,
    has_died,
    root_of,
)
from store.documents import MessageDocument
from store.fields import FIELDS, keywords
from store.matching import Subject, matches
from store.query import Query


class MemoryFinder:
    """A :class:`store.conversations.Finder` over the subjects that *every* gives."""

    def __init__(self, every: Callable[[], Iterable[Subject]]) -> None:
        self._every = every

    async def newest(
        self, query: Query, *, before: Key | None, limit: int, now_ns: int
    ) -> Sequence[Match]:
        found = sorted(self._matches(query, now_ns), reverse=True)
        return [each for each in found if before is None or each[:2] < before][:limit]

    async def seen(
        self, query: Query, trace_ids: Sequence[str], *, since: Key, now_ns: int
    ) -> set[str]:
        found = self._matches(query, now_ns)
        return {each.trace_id for each in found if each[:2] >= since}.intersection(trace_ids)

    async def figures(
        self, trace_ids: Sequence[str], *, before: int | None
    ) -> Mapping[str, Figures]:
        return {each: figures_of(found) for each, found in self._of(trace_ids, before).items()}

    async def told(self, trace_ids: Sequence[str]) -> Sequence[Conversation]:
        return [
            Conversation(
                trace_id=trace_id,
                figures=figures_of(found),
                states=Counter(document.state for document in found),
                dead_letters=sum(map(has_died, found)),
                services=tuple(
                    sorted({each for d in found for each in keywords(FIELDS["service"], d)})
                ),
                services_of=len(found),
                root=root_of(found),
            )
            for trace_id, found in self._of(trace_ids).items()
        ]

    def _matches(self, query: Query, now_ns: int) -> list[Match]:
        return [
            Match(s.document.published_at, s.document.position, s.document.trace_id)
            for s in self._every()
            if matches(query, s, now_ns=now_ns)
        ]

    def _of(
        self, trace_ids: Sequence[str], before: int | None = None
    ) -> Mapping[str, list[MessageDocument]]:
        asked, found = set(trace_ids), defaultdict[str, list[MessageDocument]](list)
        for document in (subject.document for subject in self._every()):
            if document.trace_id in asked and (before is None or document.position < before):
                found[document.trace_id].append(document)
        return found
