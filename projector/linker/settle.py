"""What becomes of copies without anybody telling: settled, or gone from their queue.

Pure. Acknowledgements cannot be observed; that a copy was settled follows from a consumer that never acknowledges, or
from its consumer's prefetch once later deliveries exceed it. That a waiting copy is gone follows from its queue's
deletion, from later copies that overtook it, from its time to live, or from the queue's depth (``depth``).
"""

from heapq import heappush, heappushpop
from typing import Any

from events.facts import (
    ChannelClosed,
    ConnectionClosed,
    ConsumerStarted,
    ConsumerStopped,
    Envelope,
)
from events.values import Text
from projector.linker.believed import NO_QUEUE, UNDECLARED
from projector.linker.endpoints import Hand, Held, LinkedEndpoint
from projector.linker.match import IN_HAND, Entry, Line, key_of, leave
from projector.linker.memory import Memory
from projector.linker.model import GONE, SETTLED, WAITING, Change, ChangeKind, LiveCopy
from projector.linker.processing import displaced

COPY_STATE = ChangeKind.COPY_STATE
OVERTAKEN_AFTER = 100
TTL_SLACK_NS = 10_000_000_000
NS_PER_MS = 1_000_000

NO_ACK = "its consumer never acknowledges"
BEYOND_PREFETCH = "later deliveries exceeded the consumer's prefetch"
QUEUE_DELETED = "its queue was deleted"
OVERTAKEN = "a hundred later copies were delivered before it"
SEEN_EMPTY = "two samples in a row showed its queue empty"
TTL_PASSED = "its time to live passed"

EXCESS = "two samples in a row showed fewer in its queue"
RESTARTED = "its broker restarted, it was not persistent, and two samples in a row showed fewer"
REFUSED = "its queue was full, and refuses what it cannot hold"

CONFIDENCE = {
    QUEUE_DELETED: 0.99,
    OVERTAKEN: 0.9,
    SEEN_EMPTY: 0.9,
    TTL_PASSED: 0.9,
    EXCESS: 0.7,
    REFUSED: 0.9,
    RESTARTED: 0.9,
    NO_QUEUE: 0.9,
}


def settle_oldest(memory: Memory, line: Line, hand: Hand, told: list[Change]) -> None:
    """Take what exceeds the bound of a *hand* in *line* out of it; with a known prefetch it must have been settled."""
    bound, unsettled, messages = hand.limit, hand.unsettled, memory.messages
    while len(unsettled) > bound:
        held = unsettled.popleft()
        if held is None or not hand.prefetch:
            continue
        message, copy, attempt = held
        position = message.position
        if messages.get(position) is not message:
            continue
        displaced(memory, hand, held, told)
        attempt.settled = BEYOND_PREFETCH
        message.version += 1
        memory.changed[position] = message
        was = copy.state
        if was in IN_HAND and copy.attempts[-1] is attempt:
            copy.state, copy.cause = SETTLED, BEYOND_PREFETCH
            copy.confidence = 1.0 if bound == 1 else 0.9
            line.out_of_hand(copy)
            told.append((COPY_STATE, message, copy, was))


def release(memory: Memory, copy: LiveCopy) -> None:
    """Take the last attempt of *copy* out of the hand that holds it: it died, or was delivered again."""
    if not copy.attempts:
        return
    attempt = copy.attempts[-1]
    hand = memory.endpoints.hands.get(attempt.endpoint.number, {}).get(
        (attempt.channel, copy.queue)
    )
    if hand is None:
        return
    for place, held in enumerate(hand.unsettled):
        if held is not None and held[2] is attempt:
            del hand.unsettled[place]
            return


def consumer_started(memory: Memory, envelope: Envelope, fact: ConsumerStarted) -> list[Change]:
    """Learn how a consumer acknowledges and what it may hold; its connection may be told of later.

    What it was given before that was told is settled where it never acknowledges.
    """
    if not fact.connection:
        return []
    endpoint = memory.endpoints.current.get(fact.connection)
    if endpoint is None:
        endpoint = memory.endpoints.meet("", fact.connection, fact.vhost, "", envelope.observed_at)
    hand = memory.endpoints.hand(endpoint.number, fact.channel, fact.queue)
    hand.consumers[fact.consumer_tag] = (fact.ack_required, max(0, fact.prefetch))
    hand.learn()
    return [] if hand.acks else _settle_given(memory, memory.line(fact.vhost, fact.queue), hand)


def _settle_given(memory: Memory, line: Line, hand: Hand) -> list[Change]:
    """Settle what the consumer of *hand*, which never acknowledges, was given from *line*."""
    told: list[Change] = []
    for held in hand.unsettled:
        if held is None or memory.messages.get(held[0].position) is not held[0]:
            continue
        message, copy, attempt = held
        was = copy.state
        if was in IN_HAND and copy.attempts[-1] is attempt:
            copy.state, copy.confidence = SETTLED, 1.0
            attempt.settled = copy.cause = NO_ACK
            line.out_of_hand(copy)
            memory.touch(message)
            told.append((COPY_STATE, message, copy, was))
    return told


def consumer_stopped(memory: Memory, fact: ConsumerStopped) -> None:
    """Note that a consumer was cancelled; what it holds stays its own until its channel closes."""
    endpoint = memory.endpoints.current.get(fact.connection)
    if endpoint is None:
        return
    hand = memory.endpoints.hands.get(endpoint.number, {}).get((fact.channel, fact.queue))
    if hand is not None:
        hand.consumers.pop(fact.consumer_tag, None)


def channel_closed(memory: Memory, fact: ChannelClosed) -> None:
    """Note that what the channel held went back to its queues."""
    endpoint = memory.endpoints.current.get(fact.connection)
    if endpoint is not None:
        _return_all(memory, endpoint, fact.number)


def connection_closed(memory: Memory, envelope: Envelope, fact: ConnectionClosed) -> list[Change]:
    """Close the endpoint of a connection; what its channels held went back."""
    endpoint = memory.endpoints.current.get(fact.name)
    if endpoint is None or endpoint.closed_at is not None:
        return []
    if fact.pid and endpoint.pid and fact.pid != endpoint.pid:
        return []
    return close(memory, endpoint, envelope.observed_at)


def close(memory: Memory, endpoint: LinkedEndpoint, at: int) -> list[Change]:
    """Close *endpoint* at *at* ns."""
    endpoint.closed_at = at
    _return_all(memory, endpoint, None)
    memory.endpoints.closed(endpoint, memory.limits.closed_connections_max)
    return [(ChangeKind.ENDPOINT_CLOSED, endpoint, None, None)]


def _return_all(memory: Memory, endpoint: LinkedEndpoint, channel: int | None) -> None:
    hands = memory.endpoints.hands.get(endpoint.number)
    if hands is None:
        return
    memory.endpoints.consumers.clear()
    for key in [key for key in hands if channel is None or key[0] == channel]:
        for held in hands.pop(key).unsettled:
            if held is not None:
                held[2].returned = True
                line = memory.lines.get((held[0].vhost, held[1].queue))
                if line is not None:
                    line.gave_back = True
    if not hands:
        del memory.endpoints.hands[endpoint.number]


def overtake(memory: Memory, line: Line, seq: int, told: list[Change]) -> None:
    """Note that the copy *seq* got its first delivery while older ones wait in *line*."""
    passed = line.passed
    if len(passed) < OVERTAKEN_AFTER:
        heappush(passed, seq)
        return
    if seq > passed[0]:
        heappushpop(passed, seq)
    declared = memory.topology.queues.get((line.vhost, line.queue))
    if declared is not None and (declared.priorities or declared.type == "stream"):
        return
    for entry in memory.waiting_first(line):
        if entry[1].seq >= passed[0]:
            break
        told.append(gone(memory, line, entry, OVERTAKEN))


def gone(memory: Memory, line: Line, entry: Entry, cause: str) -> Change:
    """Believe that a waiting copy left its queue unseen, for *cause*."""
    message, copy = entry
    copy.state, copy.cause, copy.confidence = GONE, cause, CONFIDENCE[cause]
    leave(line, key_of(message.fingerprint, copy.history), entry)
    memory.left(message, line)
    memory.touch(message)
    return (ChangeKind.COPY_STATE, message, copy, WAITING)


def queue_deleted(memory: Memory, vhost: Text, queue: Text) -> list[Change]:
    """All that waited in the queue is gone."""
    line = memory.lines.get((vhost, queue))
    if line is None:
        return []
    told = [gone(memory, line, entry, QUEUE_DELETED) for entry in memory.waiting_first(line)]
    line.begin_anew()
    line.doubt = UNDECLARED
    memory.undeclared[vhost, queue] = None
    return told


def expire(memory: Memory, line: Line, now: int) -> list[Change]:
    """What has outlived its time to live by *now* (ns) is gone, the oldest first as the broker does it."""
    declared = memory.topology.queues.get((line.vhost, line.queue))
    if declared is not None and declared.type == "stream":
        return []
    of_queue = None if declared is None else declared.ttl_ms
    told: list[Change] = []
    for entry in memory.waiting_first(line):
        ttl_ms = _ttl_ms(entry, of_queue)
        if ttl_ms is None or entry[1].enqueued_at + ttl_ms * NS_PER_MS + TTL_SLACK_NS > now:
            break
        if entry[0].lag_ms > 0:
            break
        told.append(gone(memory, line, entry, TTL_PASSED))
    return told


def _ttl_ms(entry: Entry, of_queue: int | None) -> int | None:
    """Return the time to live of a copy; a dead letter has lost the one of its message."""
    own = None if entry[1].history is not None else expiration_ms(entry[0].properties.expiration)
    if own is None or of_queue is None:
        return of_queue if own is None else own
    return min(own, of_queue)


def expiration_ms(text: Text | None) -> int | None:
    """Return the `expiration` property in ms, or None where it is no number."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    return None


def saved_hands(memory: Memory) -> list[Any]:
    """Return the hands as builtins; what is held of forgotten messages keeps its place only."""
    return [
        [
            number,
            key[0],
            key[1],
            [[tag, *told] for tag, told in hand.consumers.items()],
            hand.acks,
            hand.prefetch,
            hand.limit,
            [_saved_held(memory, held) for held in hand.unsettled],
            hand.caused_rows(),
        ]
        for number, hands in memory.endpoints.hands.items()
        for key, hand in hands.items()
    ]


def restore_hands(memory: Memory, rows: list[Any]) -> None:
    """Take what :func:`saved_hands` returned; the messages must have been restored before."""
    for number, channel, queue, consumers, acks, prefetch, limit, unsettled, caused in rows:
        hand = memory.endpoints.hand(number, channel, queue)
        hand.consumers = {
            tag: (told_acks, told_prefetch) for tag, told_acks, told_prefetch in consumers
        }
        hand.acks, hand.prefetch, hand.limit = acks, prefetch, limit
        hand.take_caused(caused)
        for held in unsettled:
            if held is None:
                hand.unsettled.append(None)
                continue
            hand.unsettled.append(_held_at(memory, *held))


def _held_at(memory: Memory, position: int, number: int, attempt: int) -> Held:
    message = memory.messages[position]
    copy = message.copies[number]
    return message, copy, copy.attempts[attempt]


def _saved_held(memory: Memory, held: Any) -> list[int] | None:
    if held is None or memory.messages.get(held[0].position) is not held[0]:
        return None
    message, copy, attempt = held
    number = next((n for n, other in enumerate(message.copies) if other is copy), None)
    place = next((n for n, other in enumerate(copy.attempts) if other is attempt), None)
    return None if number is None or place is None else [message.position, number, place]
