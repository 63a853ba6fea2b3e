"""One batch of a retry that takes its messages off their dead-letter queues. A shell.

Published, confirmed, then removed, then told: a crash between any two leaves the message in its queue or its copy in the
log, and both are looked at before the retry goes on.
"""

from collections import deque

from collector.operations.retry.copies import Copy, from_queue, refused
from collector.operations.retry.decide import OUT_FOUND, OUT_PUBLISHED, Matching
from collector.operations.retry.link import Link
from collector.operations.retry.taking import Taken, Taking, start_taking
from collector.operations.retry.work import Around, Work, publish
from events.facts import RetryOutcome
from events.operations import Retry
from events.values import Text

GOOD = (OUT_PUBLISHED, OUT_FOUND)


async def begin_queue(
    work: Work, retry: Retry, around: Around, link: Link
) -> Taking | list[RetryOutcome]:
    """Begin with the queue of the next item; return the outcomes of all its items where nothing may be taken off it.

    Raises:
        AmqpError: the connection is lost; nothing was taken.
    """
    assert work.todo is not None
    queue, requested = retry.items[work.todo[0]].queue, retry.requested
    numbers = [each for each in work.todo if retry.items[each].queue == queue]
    copied = [each for each in numbers if each in work.copied]
    still = [each for each in numbers if each not in work.copied]
    for exchange in dict.fromkeys(retry.items[each].exchange for each in still):
        await work.look_at(exchange, link)
    closed = [work.closed.get(retry.items[each].exchange) for each in still]
    channel = await link.channel()
    found = next(filter(None, closed), None) or await start_taking(
        channel,
        queue,
        around.topology.things.get(("queue", requested.vhost, queue)),
        around.version,
        retry=retry.id,
        remove=requested.remove,
        wanted=len(numbers),
        matching=lambda: Matching(retry.items, open_=still, copied=copied),
    )
    if isinstance(found, Taking):
        return found
    if channel.failure is None:
        await channel.close()
    leave_queue(work, retry, queue)
    told = [refused(each, found) for each in still]
    return told + [RetryOutcome(each, OUT_FOUND) for each in copied]


async def take_batch(
    work: Work, retry: Retry, around: Around, link: Link, taking: Taking, count: int
) -> list[RetryOutcome]:
    """Move at most *count* messages and return what became of them; at the end of a queue, of all its items.

    Raises:
        AmqpError: the connection or a channel is lost; what was under way is in doubt.
    """
    taken = await taking.take(1 if work.careful else count, around.key)
    work.careful = max(0, work.careful - 1)
    told = await _move(work, retry, link, taking, taken)
    if taking.ended:
        told += await taking.close()
        leave_queue(work, retry, taking.queue)
    return sorted(told, key=lambda each: each.item)


def leave_queue(work: Work, retry: Retry, queue: Text) -> None:
    """Take the items that lie in *queue* off what is to do."""
    assert work.todo is not None
    work.todo = deque(each for each in work.todo if retry.items[each].queue != queue)


async def _move(
    work: Work, retry: Retry, link: Link, taking: Taking, taken: list[Taken]
) -> list[RetryOutcome]:
    by_number = {each.number: each for each in taken}
    told: list[RetryOutcome] = []
    copies: list[Copy] = []
    for each in taken:
        if not each.publishes:
            told.append(RetryOutcome(each.number, OUT_FOUND))
            continue
        found = from_queue(retry.id, each.number, retry.items[each.number], each.delivery)
        (copies if isinstance(found, Copy) else told).append(found)  # type: ignore[arg-type]
    told += await publish(work, link, copies)
    work.doubt = True
    await taking.remove([by_number[each.item] for each in told if each.outcome in GOOD])
    for each in told:
        if each.outcome not in GOOD:
            taking.failed(by_number[each.item])
    work.doubt = False
    return [
        RetryOutcome(each.item, each.outcome, "queue", each.outcome in GOOD, each.why)
        for each in told
    ]
