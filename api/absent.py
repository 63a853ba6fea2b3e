"""Why there is nothing under an id or a name.

Of a message it can be told: it was removed, is of another log, is still to come, or never was one. Of a name it cannot,
once retention has removed anything: the views may still know what was seen before, and need not.
"""

from api.ports import ApiPorts
from api.problems import Problem
from api.wire import time
from events.block import open_block
from events.facts import MessagePublished
from events.identity import position_of


async def absent(ports: ApiPorts, uid: str) -> Problem:
    """Return the problem that says why there is no message *uid*, which neither the views nor the index have.

    It is `not-retained` where retention removed what stood there, else `not-found`.
    """
    stream = uid.rpartition("-")[0]
    position = position_of(uid, stream)
    missing = f"There is no message {uid!r}."
    if not stream or position is None:
        return Problem(
            "not-found",
            f"{missing} An id of a message is the name of a log and a position, such as main-123.",
        )
    head = await ports.log.head()
    if head is None:
        return Problem("not-found", f"{missing} Nothing was captured yet.")
    if stream != head.stream:
        return Problem("not-found", f"{missing} This log is {head.stream}; the id is of another.")
    if position >= head.next_position:
        told = f"The log ends at position {head.next_position - 1}"
        return Problem("not-found", f"{missing} {told}; the id may be of another log.")
    return await _removed_or_other(ports, position, missing)


async def _removed_or_other(ports: ApiPorts, position: int, missing: str) -> Problem:
    number = await ports.log.block_at(position)
    block = None if number is None else await ports.log.block(number)
    if block is None:
        removed = f"{missing} Retention has removed position {position}."
        return _removed(removed, await _kept_from(ports))
    fact = next(each.fact for each in open_block(block) if each.position == position)
    if isinstance(fact, MessagePublished):
        return Problem("not-found", f"{missing} It was published and is not indexed yet.")
    kind = type(fact).__name__
    return Problem("not-found", f"{missing} What stands there, {kind}, is no publish of a message.")


async def absent_trace(ports: ApiPorts, trace_id: str) -> Problem:
    """Return the problem that says why no message of a trace is there.

    It is `not-retained` where the views know the trace still and all of it is from before what is kept, else
    :func:`unknown`.
    """
    kept_from = await _kept_from(ports)
    if kept_from is not None:
        known = (each.last_at for each in ports.views.conversations() if each.trace_id == trace_id)
        if next(known, kept_from) < kept_from:
            return _removed(f"Retention has removed the messages of trace {trace_id!r}.", kept_from)
    return await unknown(ports, "trace", trace_id)


async def unknown(ports: ApiPorts, what: str, name: str) -> Problem:
    """Return the problem of a name that the views do not know, with from when on they must."""
    missing, kept_from = f"There is no {what} {name!r}.", await _kept_from(ports)
    if kept_from is None:
        return Problem("not-found", missing)
    told = time(kept_from)
    why = f"It is not known, or was removed by retention before {told}."
    return Problem("not-found", f"{missing} {why}", kept_from=told)


def _removed(removed: str, kept_from: int | None) -> Problem:
    if kept_from is None:
        return Problem("not-retained", removed)
    told = time(kept_from)
    return Problem(
        "not-retained", f"{removed} What is kept was observed from {told} on.", kept_from=told
    )


async def _kept_from(ports: ApiPorts) -> int | None:
    """Return from when on (ns) what was observed is kept; None where retention has removed nothing."""
    if await ports.log.block_at(0) is not None:
        return None
    return min([each.first_observed_at for each in await ports.log.segments()], default=None)
