"""The guess by timing alone: what the publishing connection holds and has not finished.

Pure. Only where nothing names a cause. A delivery leads to one such publish; one on the publisher's own channel goes
before others; of services that publish so of their own accord as well, little is believed. One whose body is published
again goes before all others: that is a retry, a forward or a message put aside.
"""

from typing import NamedTuple

from projector.linker.endpoints import Hand, Hands, Held, Signature
from projector.linker.habits import Habit
from projector.linker.memory import Memory
from projector.linker.model import RIVALS_NAMED_MAX, LiveMessage
from projector.linker.named import Cause
from projector.linker.standing import answers

TIMING, ON_OTHER_CHANNEL, OWN_ACCORD = 0.78, 0.8, 0.5
SAME_BODY, SAME_BODY_TRIED = 0.5, 0.9
"""Sure only of what says that it was tried before: services that send each other the same by the clock look alike."""
BODY_BYTES_MIN = 16
"""A shorter body is likely to recur by itself."""
WINDOW_NS = 60_000_000_000
EVIDENCE = "single-unfinished-delivery"
BODY_EVIDENCE = "same body again"


class Found(NamedTuple):
    """All candidates, in no order, each with the hand that holds it; `same`: all of them have the same body."""

    candidates: list[tuple[Held, Hand]]
    same: bool


def guess(
    memory: Memory,
    message: LiveMessage,
    hands: Hands,
    signature: Signature,
    habit: Habit,
    *,
    tried: bool = False,
) -> Cause | None:
    """Return the oldest delivery not known to be finished that has not yet led to such a publish.

    *tried*: the publish says that its message was handled before, by a retry or an error in its headers. None also where
    there are more such deliveries than may be looked at: one of very many says nothing.
    """
    if len(hands) > memory.limits.causes_scanned_max:
        return None
    here = {
        key: hand for key, hand in hands.items() if key[0] == message.channel and hand.unsettled
    }
    found = _candidates(memory, message, here or hands, signature)
    factor = 1.0
    if found is None and 0 < len(here) < len(hands):
        found, factor = _candidates(memory, message, hands, signature), ON_OTHER_CHANNEL
    if found is None:
        habit.unprompted += 1
        return None
    habit.once += 1
    (held, hand), *rest = sorted(found.candidates, key=_delivered)
    rivals = list(dict.fromkeys(each[0].position for each, _ in rest if each[0] is not held[0]))
    hand.cause(held[2].position, signature)
    stated, evidence = TIMING * factor, EVIDENCE
    if found.same:
        stated, evidence = SAME_BODY_TRIED if tried else SAME_BODY, BODY_EVIDENCE
    if habit.own_accord:
        stated *= OWN_ACCORD
    confidence = round(stated / (len(rivals) + 1), 3)
    likeliest = tuple(rivals[:RIVALS_NAMED_MAX])
    return Cause(held[0].position, evidence, confidence, len(rivals), likeliest=likeliest)


def _delivered(candidate: tuple[Held, Hand]) -> int:
    return candidate[0][2].position


def _candidates(
    memory: Memory, message: LiveMessage, hands: Hands, signature: Signature
) -> Found | None:
    candidates: list[tuple[Held, Hand]] = []
    publisher = message.publisher
    assert publisher is not None
    effects_max = memory.limits.effects_per_delivery_max
    body = _telling(message)
    mine = frozenset(map(id, message.threads))
    same = False
    for held, hand in _in_hand(memory, hands, message.published_at - WINDOW_NS):
        effects = hand.caused.get(held[2].position)
        if effects is not None and (signature in effects or len(effects) >= effects_max):
            continue
        others = held[0].threads
        if mine and others and mine.isdisjoint(map(id, others)):
            continue  # both say what they belong to, and it is not the same
        if answers(memory, held[0], held[1].queue, publisher):
            continue
        if body is not None and (_telling(held[0]) == body) is not same:
            if same:
                continue
            candidates, same = [], True
        candidates.append((held, hand))
    return Found(candidates, same) if candidates else None


def _in_hand(memory: Memory, hands: Hands, since: int) -> list[tuple[Held, Hand]]:
    """Return what was delivered at *since* (ns) or later and may be unfinished; none where it is too much to look at."""
    messages, most = memory.messages, memory.limits.causes_scanned_max
    there: list[tuple[Held, Hand]] = []
    for hand in hands.values():
        for held in reversed(hand.unsettled):
            if held is None or messages.get(held[0].position) is not held[0]:
                continue
            if held[2].at < since:
                break
            there.append((held, hand))
            if len(there) > most:
                return []
    return there


def _telling(message: LiveMessage) -> bytes | None:
    """Return the digest of a body that is long enough to be told from others."""
    body = message.body
    return body.digest if body and body.size >= BODY_BYTES_MIN and not body.truncated else None
