"""One batch of a retry whose source is the log. A shell."""

from collector.operations.retry.copies import Copy, from_log, refused
from collector.operations.retry.link import Link
from collector.operations.retry.work import Around, Work, publish
from events.facts import RetryOutcome
from events.operations import Retry


async def publish_batch(
    work: Work, retry: Retry, around: Around, link: Link, count: int
) -> list[RetryOutcome]:
    """Publish at most *count* of the next items and return what became of them, in order.

    Raises:
        AmqpError: what was under way is in doubt.
        LogUnavailable: the store does not answer; nothing was published.
    """
    told: list[RetryOutcome] = []
    copies: list[Copy] = []
    numbers = await _next(work, retry, link, count)
    for number in numbers:
        exchange = retry.items[number].exchange
        if exchange in work.closed:
            told.append(refused(number, work.closed[exchange]))
            continue
        found = await _copy(retry, number, around)
        (copies if isinstance(found, Copy) else told).append(found)  # type: ignore[arg-type]
    assert work.todo is not None
    for _ in numbers:
        work.todo.popleft()
    told += await publish(work, link, copies)
    return sorted(told, key=lambda each: each.item)


async def _next(work: Work, retry: Retry, link: Link, count: int) -> list[int]:
    """Return the next items: one where care is needed, and none to an exchange that is new but the first."""
    assert work.todo is not None
    await work.look_at(retry.items[work.todo[0]].exchange, link)
    if work.careful:
        work.careful -= 1
        return [work.todo[0]]
    numbers: list[int] = []
    for number in work.todo:
        if len(numbers) >= count or retry.items[number].exchange not in work.known:
            break
        numbers.append(number)
    return numbers


async def _copy(retry: Retry, number: int, around: Around) -> Copy | RetryOutcome:
    item = retry.items[number]
    envelope = await around.sources.envelope(item.source)
    ref = None if envelope is None else getattr(envelope.fact, "body", None)
    body = await around.sources.body(ref)
    return from_log(retry.id, number, item, envelope, body, around.key)
