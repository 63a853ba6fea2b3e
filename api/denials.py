"""Refused requests, written down: in the log, at most once a minute for each key and scope, with how many there were."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import structlog

from api.asking import new_id, send
from api.ports import ApiPorts
from api.problems import Problem
from collector.operations.command import ID_HEX_DIGITS
from events.facts import AccessDenied

TOLD_EVERY_S = 60.0
OPERATION_CHARS_MAX = 200
ANY = "any"
"""Stands for the scope where no key that is known was shown."""

log_line = structlog.get_logger("hoptrail.serve")


@dataclass(slots=True)
class _Pending:
    """Denials that are not written down yet, since `since` (ns); `told_at` is when the last were, on the loop's clock."""

    operation: str = ""
    count: int = 0
    since: int = 0
    told_at: float | None = None
    is_due: bool = False


class Denials:
    """Counts who is refused (`by_scope`), and sends that to the log through *ports*."""

    def __init__(self, ports: ApiPorts) -> None:
        self.by_scope: Counter[str] = Counter()
        self._ports = ports
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def noted(self, by: str, scope: str, operation: str) -> None:
        """Note that *by* ("": no known key) was refused *operation* for want of *scope*."""
        self.by_scope[scope] += 1
        key = (by, scope)
        pending = self._pending.setdefault(key, _Pending())
        pending.since = pending.since if pending.count else self._ports.clock()
        pending.count += 1
        pending.operation = operation[:OPERATION_CHARS_MAX]
        self._plan(key, pending)

    def _plan(self, key: tuple[str, str], pending: _Pending) -> None:
        if pending.is_due:
            return
        pending.is_due = True
        loop = asyncio.get_running_loop()
        wait_s = 0.0 if pending.told_at is None else pending.told_at + TOLD_EVERY_S - loop.time()
        loop.call_later(max(0.0, wait_s), self._start, key, pending)

    def _start(self, key: tuple[str, str], pending: _Pending) -> None:
        task = asyncio.create_task(self._tell(key, pending))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _tell(self, key: tuple[str, str], pending: _Pending) -> None:
        count, since = pending.count, pending.since
        pending.count, pending.is_due = 0, False
        pending.told_at = asyncio.get_running_loop().time()
        by, scope = key
        operation = pending.operation
        log_line.warning("denied", by=by, scope=scope, operation=operation, count=count)
        if self._ports.commands is None:
            return
        name = new_id(ID_HEX_DIGITS)
        fact = AccessDenied(name, by, scope, operation, count, since)
        try:
            await send(self._ports, name, (fact,))
        except Problem as problem:
            log_line.warning("a denial is not in the log yet", why=problem.detail)
            pending.count, pending.since = pending.count + count, since
            self._plan(key, pending)
