"""What the broker's own depths say of copies that wait: that they are there, that they left unseen, that they never came.

Pure. That a message was routed to a queue does not say that it arrived. A sample may be some seconds old, so it counts for
copies enqueued well before it; what takes a copy away is always two samples in a row, and nothing while capture lags.
"""

from events.facts import Envelope, Fact, GapOpened, NodeStarted, QueueSampled
from events.values import Text
from projector.linker.believed import NO_QUEUE, SUPPORTED, UNDECLARED
from projector.linker.match import Entry, Line, Sampled
from projector.linker.memory import Memory
from projector.linker.model import WAITING, Change, ChangeKind
from projector.linker.settle import EXCESS, REFUSED, RESTARTED, SEEN_EMPTY, expire, gone

SAMPLE_SLACK_NS = 5_000_000_000
DECLARED_WITHIN_NS = 15_000_000_000
"""A queue that lives is in a sample, or declared, at the latest so long after a publish was routed to it."""

MARKED_AT_ONCE_MAX = 1_000
BROKER_RESTART = "broker-restart"
PERSISTENT = 2


def sampled(memory: Memory, envelope: Envelope, fact: QueueSampled) -> list[Change]:
    """Take what a sample says of the copies in its queue."""
    told = unknown_queues(memory, envelope.observed_at)
    line = memory.lines.get((fact.vhost, fact.queue))
    if line is None:
        return told
    line.doubt = None
    told += expire(memory, line, envelope.observed_at)
    declared = memory.topology.queues.get((line.vhost, line.queue))
    since = envelope.observed_at - SAMPLE_SLACK_NS
    recent = _recent(line, since)
    _compare(line, envelope, fact, recent)
    told.append((ChangeKind.QUEUE_COMPARED, line, line.waiting + line.overflow, None))
    if declared is not None and declared.type == "stream":
        return told
    if envelope.lag_ms > 0:
        line.excess = 0
        return told
    excess = max(0, line.overflow + line.waiting - recent - fact.ready)
    if excess and (fact.ready == 0 or declared is None or not declared.priorities):
        leaving = min(line.excess, excess)
        excess -= leaving
        newest = declared is not None and fact.ready >= (declared.refuses_beyond or 1 << 63)
        told += _leave(memory, line, leaving, since, empty=fact.ready == 0, newest=newest)
    if not excess:
        _support(memory, line, since)
    line.excess = excess
    if line.sample is not None:
        line.sample.believed = line.waiting + line.overflow
    return told


def learn_restart(memory: Memory, envelope: Envelope, fact: Fact) -> None:
    """Note that a node of the broker restarted: what it held that was not persistent may be lost."""
    gap = isinstance(fact, GapOpened) and fact.why == BROKER_RESTART
    if gap or (isinstance(fact, NodeStarted) and fact.source == "event"):
        memory.restarted_at = envelope.observed_at


def _compare(line: Line, envelope: Envelope, fact: QueueSampled, recent: int) -> None:
    """Keep a sample beside what is believed, and how many copies two in a row show that were never seen."""
    before = 0 if line.sample is None else line.sample.deliveries
    believed = line.waiting + line.overflow
    moved = recent + line.deliveries - before
    lacking = max(0, fact.ready - believed - moved)
    line.unseen = min(lacking, line.lacking)
    line.lacking = lacking
    line.sample = Sampled(
        envelope.observed_at, fact.ready, fact.unacked, believed, moved, line.deliveries
    )


def _recent(line: Line, since: int) -> int:
    """Return how many of the copies that wait in *line* came after *since* (ns)."""
    count = 0
    for entry in reversed(line.order):
        if entry[1].enqueued_at < since:
            break
        count += entry[1].state == WAITING
    return count


def _support(memory: Memory, line: Line, since: int) -> None:
    """Believe what waits in *line* since before *since* (ns), as the depth shows no less; the newest of them are marked."""
    left = MARKED_AT_ONCE_MAX
    marked = line.supported
    for message, copy in reversed(line.order):
        if copy.seq <= marked or not left:
            break
        if copy.enqueued_at >= since or copy.state != WAITING:
            continue
        line.supported = max(line.supported, copy.seq)
        copy.cause = SUPPORTED
        memory.touch(message)
        left -= 1


def _leave(
    memory: Memory, line: Line, count: int, since: int, *, empty: bool, newest: bool
) -> list[Change]:
    """Let *count* copies that came before *since* (ns) be gone: the oldest, or the *newest* where those were refused."""
    forgotten = 0 if newest else min(line.overflow, count)
    line.overflow -= forgotten
    count -= forgotten
    if not newest:
        told = [] if empty else _lost_by_restart(memory, line, count, since)
        count -= len(told)
        for entry in memory.waiting_first(line):
            if not count or entry[1].enqueued_at >= since:
                break
            count -= 1
            told.append(gone(memory, line, entry, SEEN_EMPTY if empty else EXCESS))
        return told
    refused = [
        entry
        for entry in reversed(line.order)
        if entry[1].state == WAITING and entry[1].enqueued_at < since
    ][:count]
    return [gone(memory, line, entry, REFUSED) for entry in refused]


def _lost_by_restart(memory: Memory, line: Line, count: int, since: int) -> list[Change]:
    """Let up to *count* copies be gone that a restart of the broker since they came has not left: the oldest of them."""
    before = min(since, memory.restarted_at)
    declared = memory.topology.queues.get((line.vhost, line.queue))
    if not before or declared is None or declared.type != "classic":
        return []
    lost: list[Entry] = []
    for entry in line.order:
        if len(lost) >= count or entry[1].enqueued_at >= before:
            break
        if entry[1].state == WAITING and entry[0].properties.delivery_mode != PERSISTENT:
            lost.append(entry)
    return [gone(memory, line, entry, RESTARTED) for entry in lost]


def unknown_queues(memory: Memory, now: int) -> list[Change]:
    """What was sent to a queue that nobody tells of is gone: there is no such queue, or it went before anybody looked."""
    told: list[Change] = []
    for place in list(memory.undeclared):
        line = memory.lines.get(place)
        if line is None or line.doubt != UNDECLARED:
            del memory.undeclared[place]
            continue
        if not any(vhost == place[0] for vhost, _ in memory.topology.queues):
            continue
        for entry in memory.waiting_first(line):
            if entry[1].enqueued_at + DECLARED_WITHIN_NS > now:
                break
            told.append(gone(memory, line, entry, NO_QUEUE))
    return told


def declared(memory: Memory, vhost: Text, queue: Text) -> None:
    """Note that a queue is there after all."""
    line = memory.lines.get((vhost, queue))
    if line is None or line.doubt != UNDECLARED:
        return
    line.doubt = None
    memory.undeclared.pop((vhost, queue), None)
    for message, copy in line.order:
        if copy.state == WAITING and copy.cause == UNDECLARED:
            copy.cause = None
            memory.touch(message)
