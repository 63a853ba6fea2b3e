"""Capture for ever: lead, and when the broker goes away, lead again.

Ends only when asked to, when another collector leads, when the log belongs to another broker, or when the log refuses for
good. Everything else is waited for.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

import structlog

from collector.amqp import AmqpError, AmqpRefused
from collector.append import PATIENCE_S
from collector.errors import LeaderHeld, Replan, VhostUnknown
from collector.leadership import take_leadership
from collector.management.broker import Management, ManagementRefused, ManagementUnavailable
from collector.memory import Memory, Nobody, Tell
from collector.session import Session
from collector.settings import CollectorSettings
from collector.taps.opening import open_home
from store.errors import Fenced, LogRefused, LogUnavailable, WrongBroker
from store.ports import EventLog

RETRY_S = 0.25
RETRY_LATER_S = 2.0
RETRY_SOON_S_MAX = 300.0
STANDBY_S = 1.0
YIELD_S = 3.0
"""So long one of a group that cannot reach the store lets the others try."""
FENCED_MAX = 3
"""A leader that is fenced before its first block met the last one of its predecessor; not often in a row."""
OWN_LEADER_S_MAX = 60.0
LEADER_GRACE_S = 1.0

WAITED_FOR = (AmqpError, ManagementUnavailable, ManagementRefused, VhostUnknown, LogUnavailable)
OK, WRONG, REFUSED, NOT_LEADER = 0, 2, 4, 5

log_line = structlog.get_logger("hoptrail.collect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a capture ended: the exit code, and the reason for a person."""

    code: int
    reason: str


async def collect(
    settings: CollectorSettings, log: EventLog, stop: asyncio.Event, *, tell: Tell | None = None
) -> Outcome:
    """Capture into *log*, which is open, until *stop* is set or there is no point in going on; *tell* who looks whether."""
    memory = Memory(tell=tell or Nobody())
    failing_since: float | None = None
    while not stop.is_set():
        try:
            await _lead(settings, log, stop, memory)
        except LeaderHeld as error:
            outcome = await _not_leader(settings, stop, memory, error)
            if outcome is not None:
                return outcome
            continue
        except Replan:
            log_line.info("the vhosts changed; the taps are opened again")
            continue
        except WAITED_FOR as error:
            memory.store_is_away = isinstance(error, LogUnavailable)
            if (outcome := _hopeless(error, memory, stopping=stop.is_set())) is not None:
                return outcome
            memory.tell.lost(str(error))
            failing_since = _report(error, failing_since)
        except Fenced as error:
            if not _goes_on(settings, memory, error):
                return Outcome(code=NOT_LEADER, reason=f"another collector took over: {error}")
        except (WrongBroker, LogRefused) as error:
            return _ended_by(error)
        if memory.captures:
            failing_since, memory.captures = None, False
        await _pause(
            stop, _delay_s(failing_since, yields=settings.standby and memory.store_is_away)
        )
    return Outcome(code=OK, reason="stopped as asked")


def _hopeless(error: Exception, memory: Memory, *, stopping: bool) -> Outcome | None:
    """Return how to end because of *error* if it met the first attempt, where waiting hides a wrong setting, or the last."""
    match error:
        case AmqpRefused() if not memory.has_led:
            return Outcome(code=WRONG, reason=str(error))
        case ManagementRefused() | VhostUnknown() if not memory.has_captured:
            return Outcome(code=WRONG, reason=str(error))
        case LogUnavailable() if stopping or not (memory.has_captured or memory.store_answered):
            return Outcome(code=REFUSED, reason=str(error))
        case _:
            return None


def _goes_on(settings: CollectorSettings, memory: Memory, error: Fenced) -> bool:
    """Say whether a leader who was fenced begins again.

    The block that a former leader had on its way may arrive just before the first of its successor, who then has to look at
    the log again. Whoever is fenced later was overtaken, and at most stands by.
    """
    memory.fenced = 1 if memory.has_appended else memory.fenced + 1
    overtaken = memory.has_appended or memory.fenced > FENCED_MAX
    if overtaken and not settings.standby:
        return False
    log_line.warning("fenced; beginning again", overtaken=overtaken, why=str(error))
    return True


def _ended_by(error: WrongBroker | LogRefused) -> Outcome:
    match error:
        case LogRefused():
            return Outcome(code=REFUSED, reason=f"the log refuses: {error}")
        case WrongBroker():
            return Outcome(code=WRONG, reason=str(error))


async def _lead(
    settings: CollectorSettings, log: EventLog, stop: asyncio.Event, memory: Memory
) -> None:
    memory.has_appended = False
    await _look_at_store(settings, log, memory)
    address = memory.address or settings.address
    async with await open_home(address) as home:
        memory.address = home.address.at(address.vhost)
        memory.own_connections.append(home.name)
        leadership = await take_leadership(home)
        memory.has_led = True
        memory.refused_at = None
        await Session(settings, log, home, leadership, memory).run(stop)


async def _look_at_store(settings: CollectorSettings, log: EventLog, memory: Memory) -> None:
    """Where others may lead, see that the store answers before leading.

    Raises:
        LogUnavailable: it does not, so another may do better.
    """
    if not settings.standby:
        return
    try:
        async with asyncio.timeout(PATIENCE_S):
            await log.head()
    except TimeoutError as error:
        raise LogUnavailable(f"the store does not answer within {PATIENCE_S:g} s") from error
    memory.store_is_away, memory.store_answered = False, True


async def _not_leader(
    settings: CollectorSettings, stop: asyncio.Event, memory: Memory, error: LeaderHeld
) -> Outcome | None:
    """Return how to end because another leads; None after waiting for another try."""
    now = time.monotonic()
    memory.refused_at = memory.refused_at or now
    holder = error.holder or await _holder(settings)
    refused_s = now - memory.refused_at
    own = any(holder is not None and name in holder for name in memory.own_connections)
    if settings.standby:
        await _pause(stop, STANDBY_S)
        return None
    if (own and refused_s < OWN_LEADER_S_MAX) or refused_s < LEADER_GRACE_S:
        await _pause(stop, RETRY_S)
        return None
    return Outcome(code=NOT_LEADER, reason=str(LeaderHeld(holder)))


async def _holder(settings: CollectorSettings) -> str | None:
    from collector.taps.plan import LEADER

    try:
        async with Management(settings.management_url, settings.management_tls) as management:
            return await management.leader_of(LEADER)
    except (ManagementUnavailable, ManagementRefused):
        return None


def _report(error: Exception, since: float | None) -> float:
    if since is None:
        log_line.warning("nothing is captured; trying until it works", why=str(error))
        return time.monotonic()
    log_line.debug("still nothing is captured", why=str(error))
    return since


def _delay_s(failing_since: float | None, *, yields: bool) -> float:
    if yields:
        return YIELD_S
    soon = failing_since is None or time.monotonic() - failing_since < RETRY_SOON_S_MAX
    return RETRY_S if soon else RETRY_LATER_S


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
