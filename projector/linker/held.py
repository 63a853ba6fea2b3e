"""Events that came before the publish they belong to, kept for it a while.

Pure. Dead letters arrive through a tap of their own and may overtake; in a cluster a delivery may overtake its publish
too. They wait for a bounded number of events, and no longer than the log's own time allows while it is live.
"""

from collections import deque
from itertools import islice

from events.facts import Envelope, MessageDeadLettered, MessageDelivered
from projector.linker.limits import Limits


class Held:
    """What waits: by position, by fingerprint, and in the order of arrival (`_queue` also holds what waits no longer)."""

    def __init__(self) -> None:
        self.waiting: dict[int, Envelope] = {}
        self.by_fingerprint: dict[bytes, deque[Envelope]] = {}
        self._queue: deque[Envelope] = deque()

    def envelopes(self) -> list[Envelope]:
        """Return what waits, in the order of arrival."""
        return [envelope for envelope in self._queue if envelope.position in self.waiting]

    def hold(self, envelope: Envelope, fingerprint: bytes) -> None:
        """Keep *envelope* until a publish with *fingerprint* arrives, or too long has passed."""
        self.waiting[envelope.position] = envelope
        self._queue.append(envelope)
        self.by_fingerprint.setdefault(fingerprint, deque()).append(envelope)

    def alike(self, fingerprint: bytes, most: int) -> list[Envelope]:
        """Return what waits for *fingerprint*, the oldest first and at most *most*."""
        return list(islice(self.by_fingerprint.get(fingerprint, ()), most))

    def drop(self, envelope: Envelope, fingerprint: bytes) -> None:
        """Let *envelope*, one of the oldest that wait for *fingerprint*, wait no longer."""
        del self.waiting[envelope.position]
        alike = self.by_fingerprint[fingerprint]
        for place, other in enumerate(alike):
            if other is envelope:
                del alike[place]
                break
        if not alike:
            del self.by_fingerprint[fingerprint]

    def overdue(self, now: Envelope, limits: Limits) -> list[Envelope]:
        """Return what has waited too long by *now*, oldest first; it waits no longer."""
        live = now.lag_ms == 0
        events_max = limits.held_events_max if live else limits.held_events_backlog_max
        found: list[Envelope] = []
        while self.waiting:
            oldest = self._queue[0]
            if self.waiting.get(oldest.position) is not oldest:
                self._queue.popleft()
                continue
            expired = live and now.observed_at - oldest.observed_at > limits.hold_ns_max
            crowded = len(self.waiting) > limits.held_events_backlog_max
            if not expired and not crowded and now.position - oldest.position <= events_max:
                break
            self._queue.popleft()
            fact = oldest.fact
            assert isinstance(fact, MessageDelivered | MessageDeadLettered)
            self.drop(oldest, fact.fingerprint)
            found.append(oldest)
        return found
