"""How copies die, from the dead-letter taps and from the `x-death` header at the delivery behind a death.

Pure. A death that both tell of is one death, whichever tells first. Deaths nobody saw happen are filled in between the
last place the message was known at and the place it turned up in.
"""

from collections.abc import Sequence

import msgspec

from events.facts import Envelope, MessageDeadLettered, MessageDelivered
from events.values import Text
from projector.linker.document import path_to
from projector.linker.history import (
    Death,
    History,
    after,
    carried,
    contains,
    deaths_in,
    history_of,
    is_cycle,
)
from projector.linker.match import IN_HAND, Entry, key_of, leave
from projector.linker.memory import Memory
from projector.linker.model import (
    BY_DEAD_LETTER,
    DEAD_LETTERED,
    INFERRED,
    WAITING,
    Change,
    ChangeKind,
    LiveCopy,
    LiveMessage,
)
from projector.linker.processing import rejected
from projector.linker.routing import route
from projector.linker.settle import release
from projector.linker.timers import EXPIRED, delays, is_timer, is_worked
from projector.linker.walk import BY_HAND, Step, one_each, walk
from store.documents import DeadLetter

TOLD_BY_TAP = "tap"
TOLD_BY_DELIVERY = "delivery"


def dead_lettered(
    memory: Memory, envelope: Envelope, fact: MessageDeadLettered
) -> list[Change] | None:
    """Fold a dead letter seen on a dead-letter exchange; None: its message is not known (yet)."""
    deaths = deaths_in(fact.properties.headers)
    history = history_of(deaths)
    if history is None or memory.take_carried(fact.vhost, fact.exchange, fact.fingerprint, history):
        return []
    for message, copy in memory.died.get((fact.vhost, fact.fingerprint, history), ()):
        if copy.told_by == TOLD_BY_DELIVERY:
            copy.told_by = TOLD_BY_TAP
            memory.note(message, envelope.position)
            return _place(memory, envelope, fact, (message, copy), history)
    found = walk(memory, fact.vhost, fact.fingerprint, deaths, history)
    if found is None:
        return None
    told: list[Change] = []
    entry, steps = found
    memory.note(entry[0], envelope.position)
    _die_by_tap(memory, envelope, fact, entry, steps, told)
    return told


def dead_letter_unseen(
    memory: Memory, envelope: Envelope, fact: MessageDeadLettered
) -> list[Change]:
    """Fold a dead letter whose publish was not observed; the first change names its message."""
    deaths = deaths_in(fact.properties.headers)
    entry, steps, told = _unseen(memory, envelope, fact, deaths)
    _die_by_tap(memory, envelope, fact, entry, steps, told)
    return told


def _die_by_tap(
    memory: Memory,
    envelope: Envelope,
    fact: MessageDeadLettered,
    entry: Entry,
    steps: list[Step],
    told: list[Change],
) -> None:
    entry = _follow(memory, envelope, entry, steps, told)
    last = steps[0]
    queues = _targets(memory, fact)
    timer = is_timer(memory, fact.vhost, last.death, queues, fact.routing_keys)
    letter = DeadLetter(
        reason=last.death.reason,
        exchange=fact.exchange,
        routing_key=fact.routing_keys[0] if fact.routing_keys else None,
        to_queues=queues,
        count=last.count,
        timer=timer,
        at=envelope.observed_at,
    )
    if letter.reason in BY_HAND:
        told += rejected(memory, envelope, *entry)
    _die(memory, entry, last, letter, TOLD_BY_TAP, told)
    history = after(last.before, last.death.queue, last.death.reason, last.count)
    told.extend(
        _arrive(memory, envelope, entry, queue, history, BY_DEAD_LETTER, last.arrivals)
        for queue in queues
    )


def _place(
    memory: Memory, envelope: Envelope, fact: MessageDeadLettered, entry: Entry, history: History
) -> list[Change]:
    """Give a death known from a delivery the queues the tap tells of beside the one delivered from."""
    message, copy = entry
    number = _number(message, copy)
    there = {other.queue for other in message.copies if other.came_from == number}
    queues = _targets(memory, fact)
    if copy.dead_letter is not None:
        copy.dead_letter = msgspec.structs.replace(
            copy.dead_letter, exchange=fact.exchange, to_queues=queues or copy.dead_letter.to_queues
        )
    return [
        _arrive(memory, envelope, entry, queue, history, BY_DEAD_LETTER, 1)
        for queue in queues
        if queue not in there
    ]


def turned_up(
    memory: Memory, envelope: Envelope, fact: MessageDelivered, told: list[Change]
) -> Entry | None:
    """Return the copy that a delivery with a death history must be of, after filling in the deaths before it.

    None: no copy of such a message is known anywhere along its history.
    """
    deaths = deaths_in(fact.properties.headers)
    history = history_of(deaths)
    if history is None:
        return None
    for entry in memory.died.get((fact.vhost, fact.fingerprint, history), ()):
        message, dead = entry
        number = _number(message, dead)
        if any(copy.came_from == number and copy.queue == fact.queue for copy in message.copies):
            continue
        letter = dead.dead_letter
        if letter is not None:
            dead.dead_letter = msgspec.structs.replace(
                letter,
                to_queues=(*letter.to_queues, fact.queue),
                timer=letter.timer or delays(memory, message, dead),
            )
        told.append(_arrive(memory, envelope, entry, fact.queue, history, BY_DEAD_LETTER, 1))
        return (message, message.copies[-1])
    found = walk(memory, fact.vhost, fact.fingerprint, deaths, history)
    if found is None:
        return None
    return _die_by_delivery(memory, envelope, fact, *found, told)


def turned_up_unseen(
    memory: Memory, envelope: Envelope, fact: MessageDelivered, told: list[Change]
) -> Entry | None:
    """Return a copy of a new message, whose publish was not observed, with the deaths its history tells of."""
    deaths = deaths_in(fact.properties.headers)
    if not deaths:
        return None
    entry, steps, changes = _unseen(memory, envelope, fact, deaths)
    told.extend(changes)
    return _die_by_delivery(memory, envelope, fact, entry, steps, told)


def _die_by_delivery(
    memory: Memory,
    envelope: Envelope,
    fact: MessageDelivered,
    entry: Entry,
    steps: list[Step],
    told: list[Change],
) -> Entry:
    entry = _follow(memory, envelope, entry, steps, told)
    last = steps[0]
    letter = DeadLetter(
        reason=last.death.reason,
        exchange=fact.exchange,
        routing_key=fact.routing_keys[0] if fact.routing_keys else None,
        to_queues=(fact.queue,),
        count=last.count,
        timer=last.death.reason == EXPIRED and not is_worked(memory, fact.vhost, last.death.queue),
        at=envelope.observed_at,
    )
    _die(memory, entry, last, letter, TOLD_BY_DELIVERY, told)
    history = after(last.before, last.death.queue, last.death.reason, last.count)
    told.append(_arrive(memory, envelope, entry, fact.queue, history, INFERRED, last.arrivals))
    return (entry[0], entry[0].copies[-1])


def _follow(
    memory: Memory, envelope: Envelope, entry: Entry, steps: list[Step], told: list[Change]
) -> Entry:
    """Let *entry* die through all but the newest of *steps* (newest first); return the copy that died last."""
    for place in range(len(steps) - 1, 0, -1):
        step, following = steps[place], steps[place - 1]
        queue = following.death.queue
        letter = DeadLetter(
            reason=step.death.reason,
            exchange=following.death.exchange,
            routing_key=following.death.routing_key,
            to_queues=(queue,),
            count=step.count,
            timer=step.death.reason == EXPIRED
            and not is_worked(memory, entry[0].vhost, step.death.queue),
            at=envelope.observed_at,
        )
        _die(memory, entry, step, letter, TOLD_BY_DELIVERY, told)
        told.append(
            _arrive(memory, envelope, entry, queue, following.before, INFERRED, step.arrivals)
        )
        entry = (entry[0], entry[0].copies[-1])
    return entry


def _die(
    memory: Memory, entry: Entry, step: Step, letter: DeadLetter, told_by: str, told: list[Change]
) -> None:
    message, copy = entry
    was = copy.state
    claimed = memory.claimed(message)
    if claimed is not None and contains(step.before, claimed):
        own = step.count - carried(claimed, step.death.queue, step.death.reason)
        letter = msgspec.structs.replace(letter, count=max(1, own))
    copy.state, copy.dead_letter, copy.told_by, copy.cause = DEAD_LETTERED, letter, told_by, None
    copy.confidence = 1.0
    release(memory, copy)
    history = after(step.before, step.death.queue, step.death.reason, step.count)
    memory.remember_death(entry, history)
    if message.deaths is None:
        message.deaths = {}
    if len(message.deaths) < memory.limits.deaths_per_message_max:
        message.deaths[(step.death.queue, step.death.reason)] = step.count
    line = memory.line(message.vhost, copy.queue)
    line.deaths += step.arrivals
    if was in IN_HAND:
        line.out_of_hand(copy)
    elif was == WAITING:
        leave(line, key_of(message.fingerprint, copy.history), entry)
        memory.left(message, line)
    told.append((ChangeKind.COPY_DIED, message, copy, step.arrivals))


def _arrive(
    memory: Memory,
    envelope: Envelope,
    source: Entry,
    queue: Text,
    history: History | None,
    origin: str,
    arrivals: int,
) -> Change:
    """Give the message a copy in *queue*, into which *source* died."""
    message, dead = source
    if len(message.copies) >= memory.limits.copies_per_message_max:
        memory.drop_oldest_dead(message)
    copy = LiveCopy(
        queue,
        origin,
        WAITING,
        envelope.observed_at,
        envelope.position,
        history=history,
        came_from=_number(message, dead),
        arrivals=arrivals,
    )
    memory.enqueue(message, copy)
    message.retry_rounds = max(message.retry_rounds, _rounds(message))
    return (ChangeKind.COPY_ADDED, message, copy, None)


def _rounds(message: LiveMessage) -> int:
    """Return how often the last copy of *message* came back to the queue it was in most often."""
    arrivals: dict[Text, int] = {}
    for copy in path_to(message.copies, len(message.copies) - 1):
        arrivals[copy.queue] = arrivals.get(copy.queue, 0) + copy.arrivals
    return max(arrivals.values()) - 1


def _unseen(
    memory: Memory,
    envelope: Envelope,
    fact: MessageDelivered | MessageDeadLettered,
    deaths: Sequence[Death],
) -> tuple[Entry, list[Step], list[Change]]:
    first = deaths[-1]
    exchange = fact.exchange if first.exchange is None else first.exchange
    keys = fact.routing_keys if first.routing_key is None else (first.routing_key,)
    message = memory.remember_publish(envelope, exchange, keys, fact)
    history = history_of(deaths)
    assert history is not None
    steps = one_each(deaths, history)
    copy = LiveCopy(
        first.queue,
        INFERRED,
        WAITING,
        envelope.observed_at,
        envelope.position,
        history=steps[-1].before,
    )
    memory.enqueue(message, copy)
    return (message, copy), steps, [(ChangeKind.UNSEEN_PUBLISH, message, None, None)]


def _targets(memory: Memory, fact: MessageDeadLettered) -> tuple[Text, ...]:
    headers = fact.properties.headers
    found = route(memory.topology, fact.vhost, fact.exchange, fact.routing_keys, headers)
    deaths = deaths_in(headers)
    return tuple(queue for queue in found or () if not is_cycle(deaths, queue))


def _number(message: LiveMessage, copy: LiveCopy) -> int:
    for number, other in enumerate(message.copies):
        if other is copy:
            return number
    return -1
