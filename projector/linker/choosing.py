"""Which of the deliveries of one conversation led to a publish, how sure that is, and who else could have.

Pure. What is known to be finished gives way to what may still be in hand, another channel to the publisher's own, what
already led to such a publish to what did not yet; who asked and was answered goes on with what made it ask. Where
several remain, the queues that such publishes are known to follow decide, or it needed them all, or it cannot be told.
"""

from collections.abc import Sequence
from typing import NamedTuple

from projector.linker.endpoints import LinkedEndpoint, Signature
from projector.linker.habits import Habit
from projector.linker.memory import Memory
from projector.linker.model import RIVALS_NAMED_MAX
from projector.linker.standing import leads_to, own_reply, unfinished
from projector.linker.threads import Given

SINGLE, BY_HABIT, JOINED, BELOW_SURE = 1.0, 0.93, 0.9, 0.8
ANCESTORS_MAX = 4


class Choice(NamedTuple):
    """The chosen delivery, how certain the choice is (1: there was none), how many rivals, and what had a part in it.

    `likeliest` are the positions of the likeliest rivals.
    """

    given: Given
    certainty: float
    rivals: int = 0
    others: tuple[int, ...] = ()
    likeliest: tuple[int, ...] = ()


class Publish(NamedTuple):
    """What is to be explained: who publishes, on which channel, what like; and how that service usually does.

    `before` is its position where it is explained later than it was told.
    """

    endpoint: LinkedEndpoint
    channel: int
    signature: Signature
    habit: Habit
    before: int | None = None


def choose(memory: Memory, given: Sequence[Given], publish: Publish) -> Choice | None:
    """Return which of *given*, oldest first, led to *publish*; None where there is none."""
    latest = {each.position: each for each in given}
    candidates = sorted(latest.values(), key=_event)
    if len(candidates) < 2:
        return Choice(candidates[0], SINGLE) if candidates else None
    pool = _narrower(candidates, [each for each in candidates if unfinished(memory, each)])
    pool = _narrower(pool, [each for each in pool if not own_reply(memory, each, publish.endpoint)])
    pool = _narrower(pool, [each for each in pool if each.channel == publish.channel])
    chosen = Choice(pool[0], SINGLE) if len(pool) < 2 else _of_several(memory, pool, publish)
    return chosen._replace(others=_others(candidates, chosen, publish.signature))


def _event(given: Given) -> int:
    return given.event


def _narrower(pool: list[Given], fewer: list[Given]) -> list[Given]:
    return fewer or pool


def _of_several(memory: Memory, pool: list[Given], publish: Publish) -> Choice:
    habit, signature = publish.habit, publish.signature
    fresh = [each for each in pool if signature not in each.caused]
    if not fresh:
        return _once_more(pool, signature)
    if len(fresh) == 1 and len(fresh) < len(pool):
        return Choice(fresh[0], SINGLE) if habit.single else _contested(fresh[0], BELOW_SURE, pool)
    return _of_fresh(memory, fresh, publish)


def _once_more(pool: list[Given], signature: Signature) -> Choice:
    """Return what led to the last such publish, of a *pool* that all led to one: what needed them all needs them again."""
    latest = max(each.caused[signature] for each in pool)
    last = [each for each in pool if each.caused[signature] == latest]
    if len(last) == len(pool):
        return Choice(last[-1], JOINED)
    earlier = [each for each in pool if each.caused[signature] != latest]
    return _contested(last[-1], 1 / len(pool), [*reversed(last), *reversed(earlier)])


def _of_fresh(memory: Memory, fresh: list[Given], publish: Publish) -> Choice:
    after = publish.habit.after
    known = [each for each in fresh if after.get(each.queue, 0) > 1]
    by_habit = 0 < len(known) < len(fresh) and len({each.queue for each in known}) == 1
    parts = len({each.queue for each in fresh}) == len(fresh) and not _lead_to_another(
        memory, fresh
    )
    if by_habit and len(known) == 1:
        if (
            parts and known[0] is not fresh[-1]
        ):  # or it needs them all, and this time another came last
            return _contested(fresh[-1], BELOW_SURE, known)
        return Choice(known[0], BY_HABIT)
    if parts and not by_habit:
        return Choice(fresh[-1], JOINED)
    pool = known if by_habit else fresh
    return _contested(pool[0], 1 / len(pool), pool)


def _contested(chosen: Given, certainty: float, pool: Sequence[Given]) -> Choice:
    """Return *chosen* with the others of *pool* as its rivals, the likeliest first."""
    rivals = [each.position for each in pool if each is not chosen]
    likeliest = tuple(rivals[:RIVALS_NAMED_MAX])
    return Choice(chosen, certainty, len(rivals), likeliest=likeliest)


def _lead_to_another(memory: Memory, pool: list[Given]) -> bool:
    """Return whether one of *pool* is a cause of another: then they are steps, and no two parts of one thing."""
    last = pool[-1].position
    return any(leads_to(memory, each.position, last, ANCESTORS_MAX) for each in pool[:-1])


def _others(candidates: list[Given], chosen: Choice, signature: Signature) -> tuple[int, ...]:
    """Return what came before the chosen one through another queue and led to nothing else: it may have been needed too."""
    return tuple(
        each.position
        for each in reversed(candidates)
        if each.queue != chosen.given.queue
        and each.event < chosen.given.event
        and (not each.caused or signature in each.caused)
    )
