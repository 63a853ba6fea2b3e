"""How long the work on a delivery took, as far as anything tells, and when its conversation began.

Pure. Nobody shows when a consumer is done: every end of work is estimated, and says on what evidence. In rising rank: the
last message that the consumer published because of the delivery, before anything better is known; the delivery that took
its place in the consumer's prefetch, where the message behind it had been waiting for that; its rejection as a tap on
the dead-letter exchange showed it.
"""

from events.facts import Envelope
from events.identity import position_of
from projector.linker.endpoints import Hand, LinkedEndpoint
from projector.linker.memory import Memory
from projector.linker.model import Change, ChangeKind, LiveAttempt, LiveCopy, LiveMessage

BY_NOTHING, BY_EFFECT, BY_PREFETCH, BY_DEATH = range(4)
EVIDENCE = (
    None,
    "the last message it published because of this one",
    "the delivery that took its place in the prefetch",
    "its rejection, seen on the dead-letter exchange",
)
"""What the end of work rests on, by rank."""

BELIEVED_ABOVE = 0.5
WAITED_NS_MIN = 20_000_000
"""A message that waited so long before its delivery waited for the consumer, not for the broker."""

SEEN_LATE = -1
"""As `began_at`: when the conversation began is not known well enough to measure from."""


def began(memory: Memory, message: LiveMessage) -> None:
    """Note when the conversation began that *message* is part of; again where its parent is known late."""
    parent: LiveMessage | None = None
    if message.parent is not None:
        position = position_of(message.parent.uid, memory.stream)
        parent = None if position is None else memory.messages.get(position)
    if parent is not None and parent.trace_id == message.trace_id:
        message.began_at = parent.began_at or _seen_at(parent)
        return
    if message.trace_id == memory.trace_id(message.position):
        return
    known = memory.begun.get(message.trace_id)
    if known is None:
        memory.begun.put(message.trace_id, _seen_at(message))
    else:
        message.began_at = known


def _seen_at(message: LiveMessage) -> int:
    live = message.publish_observed and message.lag_ms == 0
    return message.published_at if live else SEEN_LATE


def caused(memory: Memory, message: LiveMessage, endpoint: LinkedEndpoint) -> list[Change]:
    """Note that *endpoint* published *message* because of a delivery, which it worked on until then."""
    link = message.parent
    if link is None or link.confidence < BELIEVED_ABOVE or message.lag_ms > 0:
        return []
    position = position_of(link.uid, memory.stream)
    parent = None if position is None else memory.messages.get(position)
    if parent is None:
        return []
    found = _attempt_of(parent, endpoint)
    if found is None or found[1].settled is not None:
        return []
    return _ended(memory, parent, *found, message.published_at, BY_EFFECT)


def _attempt_of(
    parent: LiveMessage, endpoint: LinkedEndpoint
) -> tuple[LiveCopy, LiveAttempt] | None:
    """Return the last delivery of *parent* to *endpoint*, else to another connection of its service."""
    service = endpoint.party.service
    last: tuple[LiveCopy, LiveAttempt] | None = None
    last_rank = (False, -1)
    for copy in parent.copies:
        for attempt in copy.attempts:
            mine = attempt.endpoint is endpoint
            if not mine and (service is None or attempt.endpoint.party.service != service):
                continue
            rank = (mine, attempt.position)
            if rank > last_rank:
                last, last_rank = (copy, attempt), rank
    return last


def displaced(
    memory: Memory, hand: Hand, held: tuple[LiveMessage, LiveCopy, LiveAttempt], told: list[Change]
) -> None:
    """Note that *held* was just settled, since the last delivery in *hand* took its place."""
    newest = hand.unsettled[-1] if hand.unsettled else None
    if newest is None:
        return
    message, copy, attempt = newest
    if attempt.lag_ms > 0 or message.lag_ms > 0 or attempt.redelivered:
        return
    if attempt.at - copy.enqueued_at < WAITED_NS_MIN:
        return
    told += _ended(memory, *held, attempt.at, BY_PREFETCH)


def rejected(
    memory: Memory, envelope: Envelope, message: LiveMessage, copy: LiveCopy
) -> list[Change]:
    """Note that a consumer rejected the last delivery of *copy*, as a tap showed at once."""
    if not copy.attempts or envelope.lag_ms > 0:
        return []
    return _ended(memory, message, copy, copy.attempts[-1], envelope.observed_at, BY_DEATH)


def _ended(
    memory: Memory, message: LiveMessage, copy: LiveCopy, attempt: LiveAttempt, at: int, by: int
) -> list[Change]:
    if attempt.lag_ms > 0 or by < attempt.ended_by or at < attempt.at:
        return []
    was = (attempt.ended_at, attempt.ended_by)
    if was == (at, by):
        return []
    attempt.ended_at, attempt.ended_by = at, by
    memory.touch(message)
    return [(ChangeKind.WORK_ENDED, message, copy, (attempt, *was))]
