"""How a message or a delivery stands to a publisher: was it given to it, to another connection of its service, to others?

Pure. Names count as far as they are believed: two connections without a name of their own may be one service's or not.
"""

from enum import IntEnum

from events.identity import position_of
from events.values import Text, shown
from projector.linker.document import is_direct_reply
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.match import IN_HAND
from projector.linker.memory import Memory
from projector.linker.model import WAITING, Endpoint, LiveAttempt, LiveCopy, LiveMessage
from projector.linker.services import host_in
from projector.linker.settle import NO_ACK
from projector.linker.threads import Given

NAMED = 0.6
"""From this confidence on two different names are two services."""
SAME_NAME = 0.5
"""From this confidence on one name is one service."""
SERVER_NAMED = "amq.gen-"


class Standing(IntEnum):
    """From the best to the worst: what is known of whether a publisher was given a message."""

    OWN = 0
    SERVICE = 1
    POSSIBLE = 2
    NOT_YET = 3
    OTHERS = 4


def same_service(one: Endpoint, other: Endpoint) -> bool:
    """Return whether two connections are believed to be one service's."""
    mine, others = one.party, other.party
    return (
        mine.service is not None
        and mine.service == others.service
        and min(mine.confidence, others.confidence) >= SAME_NAME
    )


def same_party(one: Endpoint, other: Endpoint) -> bool:
    """Return whether two connections are one, or believed to be one service's."""
    return one is other or same_service(one, other)


def other_service(one: Endpoint, other: Endpoint) -> bool:
    """Return whether two connections are known to be two services'."""
    mine, others = one.party, other.party
    return mine.service != others.service and min(mine.confidence, others.confidence) >= NAMED


def standing(message: LiveMessage, endpoint: Endpoint) -> Standing:
    """Return how *message* stands to the publisher *endpoint*."""
    found: Standing | None = None
    waits = False
    for copy in message.copies:
        waits = waits or copy.state == WAITING
        for attempt in copy.attempts:
            if attempt.endpoint is endpoint:
                return Standing.OWN
            if same_service(attempt.endpoint, endpoint):
                found = Standing.SERVICE
            elif found is not Standing.SERVICE:
                if not other_service(attempt.endpoint, endpoint):
                    found = Standing.POSSIBLE
                elif found is None:
                    found = Standing.OTHERS
    if found is None:
        return Standing.NOT_YET if waits else Standing.POSSIBLE
    return found


def other_hands(message: LiveMessage, endpoint: Endpoint) -> bool:
    """Return whether *message* is known to have gone to other services than *endpoint*'s."""
    return standing(message, endpoint) is Standing.OTHERS


def may_be_one(publisher: LinkedEndpoint, consumer: LinkedEndpoint) -> bool:
    """Return whether a connection that only publishes and one that only consumes look like one client's."""
    return (
        not other_service(publisher, consumer)
        and publisher.consumed == 0
        and consumer.published == 0
        and publisher.user == consumer.user
        and _host(publisher) == _host(consumer)
    )


def _host(endpoint: LinkedEndpoint) -> str:
    return shown(endpoint.peer_host) or host_in(endpoint.connection)


def unfinished(memory: Memory, given: Given) -> bool:
    """Return whether the handling of *given* may still go on: nothing shows that it was settled, returned or died."""
    message = memory.messages.get(given.position)
    if message is None:
        return False
    for copy in message.copies:
        if copy.queue != given.queue or not copy.attempts:
            continue
        last = copy.attempts[-1]
        if last.position == given.event:
            return unfinished_attempt(copy, last)
    return False


def in_hand(memory: Memory, position: int, endpoint: Endpoint) -> bool:
    """Return whether *endpoint* was given the message at *position* and may still be handling it."""
    message = memory.messages.get(position)
    if message is None:
        return False
    return any(
        attempt.endpoint is endpoint and unfinished_attempt(copy, attempt)
        for copy in message.copies
        for attempt in copy.attempts[-1:]
    )


def unfinished_attempt(copy: LiveCopy, last: LiveAttempt) -> bool:
    """Return whether the *last* delivery of *copy* may still be in hand; who never acknowledges tells nothing."""
    if last.returned:
        return False
    return last.settled == NO_ACK or (last.settled is None and copy.state in IN_HAND)


def own_reply(memory: Memory, given: Given, endpoint: LinkedEndpoint) -> bool:
    """Return whether *given* is a message that :func:`answers` a request of *endpoint*'s service."""
    message = memory.messages.get(given.position)
    return message is not None and answers(memory, message, given.queue, endpoint)


def answers(memory: Memory, message: LiveMessage, queue: Text, endpoint: Endpoint) -> bool:
    """Return whether *message* in *queue* answers a request of *endpoint*'s service through a queue for answers alone.

    Whoever asks so goes on with what it was doing when it asked.
    """
    if message.parent is None or message.parent.evidence != "rpc-reply":
        return False
    if not transient(memory, message.vhost, queue):
        return False
    request = message_of(memory, message.parent.uid)
    asked = None if request is None else request.publisher
    return asked is endpoint or (asked is not None and same_service(asked, endpoint))


def transient(memory: Memory, vhost: Text, queue: Text) -> bool:
    """Return whether *queue* exists for one client only."""
    if is_direct_reply(queue) or shown(queue).startswith(SERVER_NAMED):
        return True
    declared = memory.topology.queues.get((vhost, queue))
    return declared is not None and declared.transient


def own_message(memory: Memory, given: Given, endpoint: LinkedEndpoint) -> bool:
    """Return whether *endpoint*'s service published what it was *given*."""
    message = memory.messages.get(given.position)
    by = None if message is None else message.publisher
    return by is endpoint or (by is not None and same_service(by, endpoint))


def message_of(memory: Memory, uid: str) -> LiveMessage | None:
    """Return the remembered message called *uid*."""
    position = position_of(uid, memory.stream)
    return None if position is None else memory.messages.get(position)


def leads_to(memory: Memory, earlier: int, later: int, steps_max: int) -> bool:
    """Return whether the message at *earlier* is among the first *steps_max* causes of the one at *later*."""
    message = memory.messages.get(later)
    for _ in range(steps_max):
        if message is None or message.parent is None:
            return False
        message = message_of(memory, message.parent.uid)
        if message is not None and message.position == earlier:
            return True
    return False
