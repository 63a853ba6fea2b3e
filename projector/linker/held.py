"""Events that came before the publish they belong to, kept for it a while.

Pure. Dead letters arrive through a tap of their own and may overtake; in a cluster a delivery may overtake its publish
too. They wait for a bounded number of events, and no longer than the log's own time allows while it is live.
"""

from events.facts import Envelope, MessageDeadLettered, MessageDelivered
from projector.linker.limits import Limits


class Held:
    """What waits, in `order` of arrival by position, and by fingerprint."""

    def __init__(self) -> None:
        self.order: dict[int, Envelope] = {}
        self.by_fingerprint: dict[bytes, list[Envelope]] = {}

    def hold(self, envelope: Envelope, fingerprint: bytes) -> None:
        """Keep *envelope* until a publish with *fingerprint* arrives, or too long has passed."""
        self.order[envelope.position] = envelope
        self.by_fingerprint.setdefault(fingerprint, []).append(envelope)

    def take(self, fingerprint: bytes) -> list[Envelope]:
        """Return what waits for *fingerprint*, which waits no longer."""
        found = self.by_fingerprint.pop(fingerprint, [])
        for envelope in found:
            del self.order[envelope.position]
        return found

    def overdue(self, now: Envelope, limits: Limits) -> list[Envelope]:
        """Return what has waited too long by *now*, oldest first; it waits no longer."""
        live = now.lag_ms == 0
        events_max = limits.held_events_max if live else limits.held_events_backlog_max
        found: list[Envelope] = []
        while self.order:
            oldest = next(iter(self.order.values()))
            expired = live and now.observed_at - oldest.observed_at > limits.hold_ns_max
            crowded = len(self.order) > limits.held_events_backlog_max
            if not expired and not crowded and now.position - oldest.position <= events_max:
                break
            self._drop(oldest)
            found.append(oldest)
        return found

    def _drop(self, envelope: Envelope) -> None:
        del self.order[envelope.position]
        fact = envelope.fact
        if not isinstance(fact, MessageDelivered | MessageDeadLettered):
            return
        rest = [other for other in self.by_fingerprint[fact.fingerprint] if other is not envelope]
        if rest:
            self.by_fingerprint[fact.fingerprint] = rest
        else:
            del self.by_fingerprint[fact.fingerprint]
