"""Find out what became of items that may be on their way: wait until capture has passed them, then read the log. A shell.

The wait begins when the lock is held, so nothing of a former leader comes after it. Only a time that was captured whole
says that what is not in the log was not published.
"""

import time
from dataclasses import dataclass

from collector.operations.retry.decide import Seen, seen_in
from collector.operations.retry.link import Links
from collector.operations.retry.sources import Sources
from collector.operations.retry.standing import Standing
from collector.topology.state import TopologyState
from events.facts import GapOpened
from events.operations import Retry
from events.values import shown

NOT_TAPPED = "the tap takes no publishes in this vhost"
NOT_RETAINED = "the log does not reach back to its begin"
CAPTURE_S, DURABLE_S = 0.2, 0.05


@dataclass(slots=True)
class Look:
    """A look that began at `since` (ns); `position` is where the log must be durable to, once capture has passed `since`."""

    since: int
    position: int | None = None


async def begin_look(links: Links, vhost: str) -> Look:
    """Begin: hold the lock of *vhost*.

    Raises:
        AmqpError: it cannot be had yet.
    """
    await links.get(vhost)
    return Look(time.time_ns())


def wait_s(look: Look, standing: Standing) -> float:
    """Return how long to wait before the log can be read, 0 when it can."""
    if standing.complete_until is None:
        return 0.0
    if look.position is None:
        if standing.complete_until < look.since:
            return CAPTURE_S
        look.position = standing.next_position
    return 0.0 if standing.durable_position >= look.position else DURABLE_S


async def seen(retry: Retry, sources: Sources, topology: TopologyState, standing: Standing) -> Seen:
    """Return what the log says of *retry*, once :func:`wait_s` allows it.

    A decision of the operator covers what was before it, so later only gaps from then on count.

    Raises:
        LogUnavailable: the store does not answer.
    """
    after = retry.deed.at
    if retry.resumed is not None and retry.resumed[1].unsure:
        after = max(after, retry.resumed[0].at)
    gaps: list[GapOpened] = topology.of("gap")
    envelopes = await sources.telling_of_copies(after=retry.deed.position)
    found = seen_in(envelopes or (), retry, gaps_after=after, open_gaps=gaps)
    missing = [*found.gaps]
    if standing.complete_until is None:
        missing.append(NOT_TAPPED)
    if envelopes is None:
        missing.append(NOT_RETAINED)
    return found._replace(gaps=missing)


def unsure_why(found: Seen, doubtful: int, *, removes: bool) -> str:
    """Return what an operator has to decide about *doubtful* items."""
    gaps = ", ".join(dict.fromkeys(shown(gap) for gap in found.gaps))
    choice = (
        "resume with unsure to publish what still lies in its queue, or cancel"
        if removes
        else "resume with unsure to publish them (perhaps again), with unsure_published to take them as published, or cancel"
    )
    return f"up to {doubtful} messages may be published already, and not everything was captured ({gaps}): {choice}"
