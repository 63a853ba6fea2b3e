"""Latencies of chosen messages, worked out from their documents instead of from a view.

Pure. The same distributions as the latencies view's, but of exactly those messages.
"""

from events.values import Text
from projector.answers import Latencies
from projector.linker.processing import EVIDENCE
from projector.views.ends import UNKNOWN_SERVICE
from projector.views.latencies import Times
from projector.views.latency_table import Group, answer, group_of
from projector.views.sketch import add
from store.documents import MessageDocument

NS_PER_MS = 1e6
RANKS = {evidence: rank for rank, evidence in enumerate(EVIDENCE)}


class Timed:
    """Counts the times of documents, told apart *by* edge, queue or type."""

    def __init__(self, by: str) -> None:
        self.by = by
        self.documents = 0
        self._groups: dict[Group, Times] = {}

    def add(self, document: MessageDocument) -> None:
        """Count the waits, the work and the end of a message; the latter at its first delivery."""
        self.documents += 1
        ended = document.end_to_end_ms
        for copy in document.copies:
            for number, attempt in enumerate(copy.attempts):
                group = group_of(
                    self.by,
                    document.publisher.service or UNKNOWN_SERVICE,
                    document.vhost,
                    copy.queue,
                    attempt.consumer.service or UNKNOWN_SERVICE,
                    label_of(document),
                )
                times = self._groups.get(group)
                if times is None:
                    times = self._groups[group] = Times()
                if ended is not None:
                    add(times.ends, round(ended * NS_PER_MS))
                    ended = None
                if number == 0 and copy.queue_wait_ms is not None:
                    add(times.waits, round(copy.queue_wait_ms * NS_PER_MS))
                elif number == 0:
                    times.left_out += 1
                if attempt.processing_ms is not None:
                    add(times.work, round(attempt.processing_ms * NS_PER_MS))
                    rank = RANKS.get(attempt.processing_evidence, 0)
                    times.worked_by[rank] = times.worked_by.get(rank, 0) + 1

    def answer(self, *, since: int | None, until: int | None) -> Latencies:
        """Return what was counted; *since* and *until* (ns) are what the messages were chosen by."""
        return answer(self.by, self._groups, since=since, until=until)


def label_of(document: MessageDocument) -> Text:
    """Return the type of a message, or its routing key where it has none."""
    keys = document.routing_keys
    return document.type or document.message_type or (keys[0] if keys else "")
