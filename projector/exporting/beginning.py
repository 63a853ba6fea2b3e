"""Where an export begins, and whether the log is still the one that it began with."""

from events.block import NO_DIGEST
from projector.replay import Place, opened
from store.ports import EventLog, ExportPoint, ExportPoints

NAME = "otlp"


class AlreadyBegan(Exception):
    """The export has begun before; to begin elsewhere is to send again what was sent."""

    def __init__(self, point: ExportPoint) -> None:
        super().__init__(
            f"the export has begun: everything from position {point.begin} to {point.position} has been sent"
        )
        self.point = point


async def begin(
    log: EventLog,
    points: ExportPoints,
    stream: str,
    *,
    since: int | None = None,
    again: bool = False,
    name: str = NAME,
) -> ExportPoint:
    """Return how far the export *name* has come; one that never began does so now, at position *since*, else at the head.

    With *again* it begins anew, at *since*, else with the first event that is retained.

    Raises:
        AlreadyBegan: *since* is given and the export has begun, and not *again*.
        Fenced: another exporter begins at this moment.
    """
    point = await points.load(name)
    if point is not None and not again:
        if since is not None:
            raise AlreadyBegan(point)
        return point
    first, next_position = await _retained(log)
    if since is None:
        since = first if again else next_position
    fresh = await point_at(log, name, stream, min(max(since, first), next_position))
    await points.save(fresh, after=point)
    return fresh


async def point_at(log: EventLog, name: str, stream: str, position: int) -> ExportPoint:
    """Return the point of an export that begins at *position*, which is retained or the next to be written."""
    number = await log.block_at(position)
    if number is None:
        head = await log.head()
        if head is None:
            return ExportPoint(name, stream, position, position, 0, NO_DIGEST)
        return ExportPoint(name, stream, position, position, head.number + 1, head.digest)
    block = await log.block(number)
    assert block is not None
    return ExportPoint(name, stream, position, position, number, block.header.previous)


async def is_of(point: ExportPoint, log: EventLog) -> bool:
    """Return whether *point* was reached in *log* as it is now; retention may have gone beyond it meanwhile."""
    head = await log.head()
    if head is None or point.stream != head.stream:
        return head is None and point.position == 0
    if point.position > head.next_position:
        return False
    if point.block < await log.first():
        return True
    before = await log.block(point.block - 1) if point.block else None
    if before is not None:
        return before.digest == point.log_digest
    following = await log.block(point.block)
    return following is not None and following.header.previous == point.log_digest


async def position_at(log: EventLog, observed_at: int) -> int:
    """Return the first retained position whose event was observed at or after *observed_at* ns."""
    number = await log.block_before(observed_at)
    if number is None:
        return (await _retained(log))[0]
    async for block in log.blocks(start=number):
        for envelope in opened(block, Place(block.number + 1)):
            if envelope.observed_at >= observed_at:
                return envelope.position
    return (await _retained(log))[1]


async def _retained(log: EventLog) -> tuple[int, int]:
    """Return the first position that is retained and the next to be written."""
    head = await log.head()
    if head is None:
        return 0, 0
    block = await log.block(await log.first())
    return (0 if block is None else block.header.first_position), head.next_position
