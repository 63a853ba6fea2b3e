"""Which span another one stands under: found from the messages alone, so that it needs no memory of what was sent.

Pure. A parent's event is never later than its child's, so that no span is among its own ancestors. Where a parent would be
a span that nobody sends, there is none: rather a second root than a hole in the trace.
"""

from collections.abc import Callable, Mapping

import msgspec

from events.identity import position_of
from projector.linker.model import LiveAttempt, LiveCopy, LiveMessage
from projector.otlp import ids
from projector.otlp.ids import DEAD_LETTER, PROCESS, PUBLISH, WAIT
from projector.otlp.model import Anchor
from projector.otlp.moments import Moment
from projector.otlp.names import shown
from projector.otlp.reported import Reported, reported
from store.documents import ParentLink

SURE = 0.8
"""A parent believed less than this becomes a link."""

GIVEN_BACK = ("rejected", "delivery_limit")
"""Deaths that follow from what a consumer did; the others happen to a copy that waits."""

NOWHERE: Mapping[int, str] = {}

Find = Callable[[int], LiveMessage | None]


class Cause(msgspec.Struct, frozen=True):
    """What led to a publish: the span to stand under or point at, and why it is believed."""

    to: Anchor
    link: ParentLink


class Places:
    """The spans there are of the log *stream* from position *begin* on.

    *find* gives messages in memory; *traces* the traces of those that have moved since their first spans were sent.
    """

    def __init__(
        self, stream: str, find: Find, *, begin: int = 0, traces: Mapping[int, str] = NOWHERE
    ) -> None:
        self.stream = stream
        self._find = find
        self._begin = begin
        self._traces = traces

    def trace(self, message: LiveMessage) -> bytes:
        """Return the trace (16 bytes) that *message* is part of."""
        position = message.position
        told = self._traces.get(position, message.trace_id)
        return ids.trace_id(told, self.stream, position)

    def root(self, message: LiveMessage) -> Anchor | None:
        """Return the span that created *message*: its publisher's own where it reports one, else ours."""
        told = self.told(message)
        if told is not None:
            return (
                Anchor(self.trace(message), told.span_id) if told.span_id and told.sampled else None
            )
        if not message.publish_observed or message.position < self._begin:
            return None
        return self.ours(message, message.position, PUBLISH)

    def told(self, message: LiveMessage) -> Reported | None:
        """Return what the publisher of *message* reports itself."""
        return reported(message.properties.headers, self.trace(message).hex())

    def arrival(self, message: LiveMessage, copy: LiveCopy) -> Anchor | None:
        """Return the span by which *copy* came into its queue: a death's, else that of the publish."""
        if copy.came_from < 0 or copy.position < self._begin:
            return self.root(message)
        return self.death(message, copy)

    def death(self, message: LiveMessage, copy: LiveCopy) -> Anchor:
        """Return the span of the death out of which *copy* came."""
        return self.ours(message, copy.position, f"{DEAD_LETTER} to {_place(copy)}")

    def last_death(self, message: LiveMessage, copy: LiveCopy, position: int) -> Anchor:
        """Return the span of the death that *copy* died, told at *position*, with nobody knowing where to."""
        return self.ours(message, position, f"{DEAD_LETTER} from {_place(copy)}")

    def attempt(self, message: LiveMessage, attempt: LiveAttempt) -> Anchor | None:
        """Return the span of a delivery: the consumer's, or the broker's where services report for themselves."""
        told = self.told(message)
        if attempt.position < self._begin or (told is not None and not told.sampled):
            return None
        return self.ours(message, attempt.position, WAIT if told else PROCESS)

    def before_death(self, message: LiveMessage, copy: LiveCopy, *, position: int) -> Anchor | None:
        """Return the span that the death of *copy*, told at *position*, follows from."""
        letter = copy.dead_letter
        if letter is not None and letter.reason in GIVEN_BACK and copy.attempts:
            last = copy.attempts[-1]
            if last.position < position and (found := self.attempt(message, last)) is not None:
                return found
        return self.arrival(message, copy)

    def causes(self, moment: Moment) -> list[Cause]:
        """Return what led to the publish of *moment*, the parent first."""
        message = moment.message
        if message.parent is None:
            return []
        known = {cause.position: cause for cause in moment.causes}
        found: list[Cause] = []
        for link in (message.parent, *message.other_parents):
            position = position_of(link.uid, self.stream)
            if position is None or position == message.position:
                continue
            cause = self._find(position) or known.get(position)
            to = None if cause is None else self._given(cause, message)
            if to is not None:
                found.append(Cause(to, link))
        return found

    def _given(self, cause: LiveMessage, message: LiveMessage) -> Anchor | None:
        """Return the span in which *cause* was given to the publisher of *message*, else the one that created it."""
        given: LiveAttempt | None = None
        nearest = (False, -1)
        for copy in cause.copies:
            for attempt in copy.attempts:
                near = self._nearness(attempt, message)
                if attempt.position < message.position and near is not None and near > nearest:
                    given, nearest = attempt, near
        if given is not None:
            return self.attempt(cause, given)
        return self.root(cause) if cause.position < message.position else None

    @staticmethod
    def _nearness(attempt: LiveAttempt, message: LiveMessage) -> tuple[bool, int] | None:
        """Return how well *attempt* fits as what the publisher was given; None: it was given to somebody else."""
        publisher = message.publisher
        if publisher is None:
            return None
        same = attempt.endpoint is publisher
        service = publisher.party.service
        if not same and (service is None or attempt.endpoint.party.service != service):
            return None
        return (same, attempt.position)

    def ours(self, message: LiveMessage, position: int, role: str) -> Anchor:
        """Return the span that shows the event at *position* in *role*, in the trace of *message*."""
        return Anchor(self.trace(message), ids.span_id(self.stream, position, role))


def _place(copy: LiveCopy) -> str:
    return f"{shown(copy.queue)} {copy.seq}"
