"""Give a message another parent when a better one becomes known late, and keep that it changed.

Pure. What was believed before stays in the message: when it changed, from what, to what, and why.
"""

from itertools import islice

from events.identity import uid
from projector.linker.memory import Memory
from projector.linker.model import Change, ChangeKind, LiveMessage
from projector.linker.named import Cause
from projector.linker.processing import began
from projector.linker.standing import leads_to
from store.documents import ParentChange, ParentLink

CYCLE_STEPS_MAX = 64
MOVED_SCAN_MAX = 5_000
INHERIT_ABOVE = 0.5

SEEN_LATE = "its delivery to the publisher was told after this publish"
NAMED_LATE = "the message that this one names was told after it"


def link(memory: Memory, message: LiveMessage, cause: Cause) -> ParentLink:
    """Return *cause* as a link of *message*, with those of its rivals by name that *message* came after."""
    stream, before = memory.stream, message.position
    return ParentLink(
        uid(stream, cause.position),
        cause.evidence,
        round(cause.confidence, 3),
        cause.rivals,
        tuple(
            uid(stream, each)
            for each in dict.fromkeys(cause.likeliest)
            if each != cause.position and each < before
        )
        if cause.likeliest
        else (),
    )


def relink(
    memory: Memory, message: LiveMessage, cause: Cause, *, why: str, at: tuple[int, int]
) -> list[Change]:
    """Make *cause* the parent of *message* if it is a surer one, told by the event *at* (position, ns).

    Return the changes of traces that follow, with the trace each message was in before.
    """
    before = message.parent
    parent = memory.messages.get(cause.position)
    if cause.position == message.position or (
        before is not None and before.confidence >= cause.confidence
    ):
        return []
    if parent is not None and leads_to(memory, message.position, cause.position, CYCLE_STEPS_MAX):
        return []
    message.parent = link(memory, message, cause)
    change = ParentChange(at=at[1], position=at[0], before=before, after=message.parent, why=why)
    most = memory.limits.parent_changes_max
    message.parent_changes = (*message.parent_changes[: most - 1], change)
    memory.note(message, at[0])
    if parent is None or cause.confidence <= INHERIT_ABOVE:
        return []
    return _move(memory, message, parent.trace_id)


def _move(memory: Memory, message: LiveMessage, trace_id: str) -> list[Change]:
    """Take *message*, and what inherited its trace, to *trace_id*, unless its own ids name its trace."""
    own = message.trace_id
    if own != memory.trace_id(message.position) or own == trace_id:
        return []
    told = [_to(memory, message, trace_id)]
    for position in islice(reversed(memory.messages), MOVED_SCAN_MAX):
        if position <= message.position:
            break
        other = memory.messages[position]
        if other.trace_id == own:
            told.append(_to(memory, other, trace_id))
            memory.touch(other)
    return told


def _to(memory: Memory, message: LiveMessage, trace_id: str) -> Change:
    before, message.trace_id = message.trace_id, trace_id
    began(memory, message)
    return (ChangeKind.TRACE_CHANGED, message, before, None)
