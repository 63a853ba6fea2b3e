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


def is_timer(
    memory: Memory, vhost: Text, death: Death, queues: Sequence[Text], routing_keys: Sequence[Text]
) -> bool:
    """Return whether *death* is a delay that ended: expired where nobody reads, with somebody reading behind it.

    *routing_keys* are those of the dead letter; they lead it on where queues do not replace them.
    """
    if death.reason != EXPIRED or is_worked(memory, vhost, death.queue):
        return False
    return _leads_to_work(memory, vhost, queues, routing_keys)


def _leads_to_work(
    memory: Memory, vhost: Text, queues: Sequence[Text], routing_keys: Sequence[Text]
) -> bool:
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
            key = declared.dead_letter_key
            keys = routing_keys if key is None else (key,)
            todo.extend(
                route(memory.topology, vhost, declared.dead_letter_exchange, keys, None) or ()
            )
    return False


def is_worked(memory: Memory, vhost: Text, queue: Text) -> bool:
    """Return whether anybody consumes from *queue*, or did.

    Who fetches its messages by basic.get is no consumer that is told of; so many deliveries as deaths tell such a one from
    somebody who only has a look at a queue that nobody reads.
    """
    if (vhost, queue) in memory.topology.consumers:
        return True
    line = memory.lines.get((vhost, queue))
    return line is not None and line.deliveries > 0 and line.deliveries >= line.deaths


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
