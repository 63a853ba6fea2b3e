"""What a trace or a conversation makes likely to have led to a publish.

Pure. Of its messages, one that the publishing connection was given; else another connection of the same service; else the
only connection that could be the same client's. Who began a conversation may go on of its own accord.
"""

from collections.abc import Iterable

from projector.linker.choosing import BELOW_SURE, JOINED, SINGLE, Choice, Publish, choose
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.memory import Memory
from projector.linker.model import LiveMessage
from projector.linker.named import Cause
from projector.linker.standing import (
    NAMED,
    may_be_one,
    own_message,
    own_reply,
    same_service,
)
from projector.linker.threads import Given, Part, Thread

TRACE, CONVERSATION = 0.95, 0.85
SAME_NAME_SURE, SAME_NAME_WEAK, LOOKS_ALIKE = 0.95, 0.8, 0.87
BEGAN, BEGAN_CONVERSATION, WENT_ON, OWN_ACCORD, CUT = 0.9, 0.5, 0.4, 0.7, 0.8


def cause(memory: Memory, thread: Thread, publish: Publish) -> Cause | None:
    """Return the message of *thread* that likely led to *publish*; None where its publisher was given nothing of it."""
    endpoint = publish.endpoint
    own = thread.parts.get(endpoint.number)
    given, factor = _given(own, publish), 1.0
    parts: list[Part] = [] if own is None else [own]
    if not given:
        parts = [part for part in thread.parts.values() if same_service(part.endpoint, endpoint)]
        given = _together(parts, publish)
        factor = _name_factor(endpoint, parts)
    if not given:
        parts = _alike(thread, own, endpoint)
        given = _together(parts, publish)
        factor = LOOKS_ALIKE / max(1, len(parts))
    chosen = choose(memory, given, publish)
    if chosen is None:
        return None
    return _weigh(memory, thread, parts, chosen, publish, factor)


def learn(message: LiveMessage, publish: Publish, best: Cause | None) -> None:
    """Remember what led to a publish, and whether that left a doubt; or that nothing did though it belongs to a thread."""
    signature, habit = publish.signature, publish.habit
    if best is None:
        for thread in message.threads:
            part = thread.parts.get(publish.endpoint.number)
            if part is not None and len(part.published) > 1:
                habit.unprompted += 1
                return
        return
    given = best.given
    if given is not None:
        if best.certainty in (SINGLE, BELOW_SURE):
            if signature in given.caused:
                habit.again += 1
            else:
                habit.once += 1
                if best.certainty == SINGLE:
                    habit.lead(given.queue)
        elif signature in given.caused:
            habit.again += 1
        given.cause(signature, message.position)
    for thread in message.threads:
        part = thread.parts.get(publish.endpoint.number)
        for each in () if part is None else part.given:
            if each is not given and (
                each.position == best.position
                or (best.certainty == JOINED and each.position in best.others)
            ):
                each.cause(signature, message.position)


def _given(part: Part | None, publish: Publish) -> list[Given]:
    if part is None:
        return []
    if publish.before is None:
        return part.given
    return [each for each in part.given if each.event < publish.before]


def _together(parts: Iterable[Part], publish: Publish) -> list[Given]:
    return [each for part in parts for each in _given(part, publish)]


def _name_factor(endpoint: LinkedEndpoint, parts: list[Part]) -> float:
    least = min((part.endpoint.party.confidence for part in parts), default=1.0)
    sure = min(least, endpoint.party.confidence) >= NAMED
    return SAME_NAME_SURE if sure else SAME_NAME_WEAK


def _alike(thread: Thread, own: Part | None, endpoint: LinkedEndpoint) -> list[Part]:
    """Return the parts of connections that could be the same client's, unless *endpoint* began the conversation."""
    if own is not None and own.began and thread.begun_by(endpoint):
        return []
    return [
        part for part in thread.parts.values() if part.given and may_be_one(endpoint, part.endpoint)
    ]


def _weigh(
    memory: Memory,
    thread: Thread,
    parts: list[Part],
    chosen: Choice,
    publish: Publish,
    factor: float,
) -> Cause:
    given, endpoint, habit = chosen.given, publish.endpoint, publish.habit
    confidence = thread.confidence * factor * chosen.certainty
    rivals = chosen.rivals
    if _began(thread, parts, endpoint):
        confidence *= _began_factor(memory, thread, given, publish)
        if habit.own_accord:
            confidence *= OWN_ACCORD
    cut = thread.cut + sum(part.cut for part in parts)
    if cut and not _bounded(memory, endpoint, given):
        confidence, rivals = confidence * CUT, rivals + cut
    return Cause(
        given.position, thread.evidence, confidence, rivals, chosen.others, given, chosen.certainty,
        chosen.likeliest,
    )  # fmt: skip


def _began(thread: Thread, parts: list[Part], endpoint: LinkedEndpoint) -> bool:
    """Return whether *endpoint*'s service published in *thread* before anybody gave it a reason."""
    if thread.begun_by(endpoint) or any(
        part.began for part in parts if part.endpoint is endpoint and part.given
    ):
        return True
    first = thread.parts.get(thread.first)
    return first is not None and same_service(first.endpoint, endpoint)


def _began_factor(memory: Memory, thread: Thread, given: Given, publish: Publish) -> float:
    """Return how much less a cause is believed where the publisher began the conversation, and so may just go on."""
    endpoint = publish.endpoint
    if thread.confidence < TRACE:
        return BEGAN_CONVERSATION
    if own_reply(memory, given, endpoint):
        return WENT_ON
    echo = own_message(memory, given, endpoint) and given.channel != publish.channel
    return WENT_ON if echo else BEGAN


def _bounded(memory: Memory, endpoint: LinkedEndpoint, given: Given) -> bool:
    """Return whether a prefetch bounds what may be in hand beside *given*, so that what was forgotten is finished."""
    hands = memory.endpoints.hands.get(endpoint.number)
    hand = None if hands is None else hands.get((given.channel, given.queue))
    return hand is not None and hand.prefetch > 0
