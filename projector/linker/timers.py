"""Whether an expiry is a failure or a delay that did its work.

Pure. A copy that expired where nobody reads, with somebody reading behind it, waited there on purpose: a timer.
"""

from collections.abc import Sequence

import msgspec

from events.values import Text
from projector.linker.history import Death
from projector.linker.memory import Memory
from projector.linker.model import LiveCopy, LiveMessage
from projector.linker.routing import route

EXPIRED = "expired"
QUEUES_FOLLOWED_MAX = 32


def is_timer(memory: Memory, vhost: Text, death: Death, queues: Sequence[Text]) -> bool:
    """Return whether *death* is a delay that ended: expired where nobody reads, with somebody reading behind it."""
    if death.reason != EXPIRED or is_worked(memory, vhost, death.queue):
        return False
    return _leads_to_work(memory, vhost, queues)


def _leads_to_work(memory: Memory, vhost: Text, queues: Sequence[Text]) -> bool:
    seen: dict[Text, None] = {}
    todo = list(queues)
    while todo and len(seen) < QUEUES_FOLLOWED_MAX:
        queue = todo.pop()
        if queue in seen:
            continue
        seen[queue] = None
        if is_worked(memory, vhost, queue):
            return True
        declared = memory.topology.queues.get((vhost, queue))
        if (
            declared is not None
            and declared.dead_letter_exchange is not None
            and declared.ttl_ms is not None
        ):
            keys = (queue,) if declared.dead_letter_key is None else (declared.dead_letter_key,)
            todo.extend(
                route(memory.topology, vhost, declared.dead_letter_exchange, keys, None) or ()
            )
    return False


def is_worked(memory: Memory, vhost: Text, queue: Text) -> bool:
    """Return whether anybody consumes from *queue*, as declared or as seen."""
    line = memory.lines.get((vhost, queue))
    return bool(memory.topology.consumers.get((vhost, queue))) or (
        line is not None and line.deliveries > 0
    )


def delays(memory: Memory, message: LiveMessage, dead: LiveCopy) -> bool:
    """Return whether *dead*, a copy of *message* that died, expired where nobody reads."""
    letter = dead.dead_letter
    return (
        letter is not None
        and letter.reason == EXPIRED
        and not is_worked(memory, message.vhost, dead.queue)
    )


def worked_behind(memory: Memory, message: LiveMessage, copy: LiveCopy) -> None:
    """Note that *copy* was delivered: expiries on the way to it were delays where nobody reads in between."""
    number = copy.came_from
    while 0 <= number < len(message.copies):
        dead = message.copies[number]
        letter = dead.dead_letter
        if letter is not None and not letter.timer and delays(memory, message, dead):
            dead.dead_letter = msgspec.structs.replace(letter, timer=True)
        number = dead.came_from
