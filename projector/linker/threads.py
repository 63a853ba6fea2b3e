"""What each connection was given and published in one trace or conversation.

Pure. A trace of any length is kept in the space of its connections: of each, what it was last given and what it published
last. What went for want of room is counted, so that a choice among the rest can say so.
"""

from typing import Any

from events.values import Text
from projector.linker.endpoints import LinkedEndpoint, Signature
from projector.linker.limits import Limits

PUBLISHED_KEPT = 16
SIGNATURES_MAX = 16
NOTHING: dict[Signature, int] = {}
"""What all deliveries share that led to nothing yet; it is replaced, never filled."""
NOBODY, UNSEEN = -1, -2
"""Who published first: nobody yet, or somebody whose publish was not observed."""


class Given:
    """One delivery: of the message at `position`, told by the event at `event`, and what was published on its account."""

    __slots__ = ("caused", "channel", "event", "position", "queue")

    def __init__(self, position: int, queue: Text, channel: int, event: int) -> None:
        self.position = position
        self.queue = queue
        self.channel = channel
        self.event = event
        self.caused: dict[Signature, int] = NOTHING

    def cause(self, signature: Signature, position: int) -> None:
        """Note that it led to the publish at *position*, one like *signature*."""
        if not self.caused:
            self.caused = {}
        self.caused[signature] = position
        if len(self.caused) > SIGNATURES_MAX:
            del self.caused[next(iter(self.caused))]

    def row(self) -> list[Any]:
        return [
            self.position,
            self.queue,
            self.channel,
            self.event,
            [[list(each), position] for each, position in self.caused.items()],
        ]


def given_of(row: list[Any]) -> Given:
    """Invert :meth:`Given.row`."""
    found = Given(row[0], row[1], row[2], row[3])
    found.caused = {(each[0], each[1], each[2]): position for each, position in row[4]}
    return found


class Part:
    """One connection's part in a thread, oldest first.

    `published` holds the positions of its last publishes, `began` is true when it published here before it was given
    anything, `cut` counts deliveries that went for want of room.
    """

    __slots__ = ("began", "cut", "endpoint", "given", "published")

    def __init__(self, endpoint: LinkedEndpoint) -> None:
        self.endpoint = endpoint
        self.given: list[Given] = []
        self.published: list[int] = []
        self.began = False
        self.cut = 0


class Thread:
    """All that is remembered of one trace or conversation.

    `evidence` and `confidence` are those of a link that rests on it, `first` is the number of the connection that published
    in it first, `cut` counts connections that went for want of room.
    """

    __slots__ = ("confidence", "cut", "evidence", "first", "parts")

    def __init__(self, evidence: str, confidence: float) -> None:
        self.evidence = evidence
        self.confidence = confidence
        self.parts: dict[int, Part] = {}
        self.first = NOBODY
        self.cut = 0

    def begun_by(self, endpoint: LinkedEndpoint) -> bool:
        """Return whether *endpoint* published in it before anybody else did."""
        return self.first == endpoint.number

    def published(self, endpoint: LinkedEndpoint, position: int, limits: Limits) -> None:
        """Note that *endpoint* published the message at *position*."""
        part = self._part(endpoint, limits)
        if self.first == NOBODY:
            self.first = endpoint.number
        if not part.given and not part.published and not part.cut:
            part.began = True
        part.published.append(position)
        del part.published[:-PUBLISHED_KEPT]

    def delivered(self, endpoint: LinkedEndpoint, given: Given, limits: Limits) -> tuple[int, ...]:
        """Note that *endpoint* was *given* a message; return what it had published after that, if that is told late."""
        part = self._part(endpoint, limits)
        if self.first == NOBODY:
            self.first = UNSEEN
        kept = part.given
        if kept and kept[-1].event > given.event:
            place = next(n for n, other in enumerate(kept) if other.event > given.event)
            kept.insert(place, given)
        else:
            kept.append(given)
        if len(kept) > limits.conversation_steps_max:
            part.cut += len(kept) // 2
            del kept[: len(kept) // 2]
        if part.published and part.published[-1] > given.event:
            if part.published[0] > given.event:
                part.began = False
                if self.first == endpoint.number:
                    self.first = UNSEEN
            return tuple(position for position in part.published if position > given.event)
        return ()

    def _part(self, endpoint: LinkedEndpoint, limits: Limits) -> Part:
        part = self.parts.get(endpoint.number)
        if part is None:
            if len(self.parts) >= limits.conversation_ends_max:
                del self.parts[next(iter(self.parts))]
                self.cut += 1
            part = self.parts[endpoint.number] = Part(endpoint)
        return part

    def row(self, ends: dict[int, LinkedEndpoint]) -> list[Any]:
        """Return it as builtins, and add the endpoints it refers to to *ends*."""
        parts: list[Any] = []
        for number, part in self.parts.items():
            ends[number] = part.endpoint
            given = [each.row() for each in part.given]
            parts.append([number, given, list(part.published), part.began, part.cut])
        return [self.evidence, self.confidence, self.first, self.cut, parts]


def thread_of(row: list[Any], ends: dict[int, LinkedEndpoint]) -> Thread:
    """Invert :meth:`Thread.row`."""
    thread = Thread(row[0], row[1])
    thread.first, thread.cut = row[2], row[3]
    for number, given, published, began, cut in row[4]:
        part = thread.parts[number] = Part(ends[number])
        part.given = [given_of(each) for each in given]
        part.published, part.began, part.cut = list(published), began, cut
    return thread
