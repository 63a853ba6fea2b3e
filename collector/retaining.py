"""Let the log go of what is too old, beside the capture."""

import asyncio
import time

import structlog

from store import retention
from store.errors import LogRefused, LogUnavailable
from store.ports import EventLog
from store.retention import RetentionLimits

RETENTION_S = 3600.0

log_line = structlog.get_logger("hoptrail.collect")


async def retain(log: EventLog, limits: RetentionLimits) -> None:
    """Let *log* go of what is too old, for ever. Where this user may not, that is told once."""
    refused = ""
    while True:
        await asyncio.sleep(RETENTION_S)
        try:
            segments = await log.segments()
            drops = retention.plan(segments, limits, now_ns=time.time_ns())
            await retention.apply(log, drops)
        except LogUnavailable as error:
            log_line.debug("retention waits for the store", why=str(error))
        except LogRefused as error:
            if str(error) != refused:
                log_line.warning("retention is left to hoptrail log retain", why=str(error))
            refused = str(error)
