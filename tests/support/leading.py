"""A leader without a broker: it takes commands in as the collector's does, and appends to the log of the served API."""

import time
from collections.abc import Awaitable, Callable

from collector.operations.command import Command, CommandsUnavailable, key_of_store, seal
from collector.operations.intake import Asked, Intake
from collector.seal import Sealer, SealLimits
from events.block import Block, BlockHead
from events.facts import Fact
from events.operations import OperatorState

Append = Callable[[Block], Awaitable[None]]


class LocalLeader:
    """Takes each command at once, sealed and opened with the secret of *store_key*.

    *head* tells the head of the log at the moment, *append* makes a block durable. With `is_away` it does not answer, with
    `is_deaf` it keeps what is sent and appends nothing.
    """

    def __init__(self, store_key: bytes, head: Callable[[], BlockHead], append: Append) -> None:
        self.is_away = self.is_deaf = False
        self.state = OperatorState()
        self._key = key_of_store(store_key)
        self._store_key = store_key
        self._head = head
        self._append = append
        self._intake = Intake(self._key, self.state)

    async def send(self, command: Command) -> None:
        """Take *command* in."""
        if self.is_away:
            raise CommandsUnavailable("the broker does not take commands")
        sealed = seal(command, self._key)
        if self.is_deaf:
            return
        await self.tell(*self._intake.take(Asked(sealed, _nothing), time.time_ns()))

    async def tell(self, *facts: Fact) -> None:
        """Append *facts*, as a leader does what it did by itself."""
        now = max(time.time_ns(), self._head().last_observed_at)
        sealer = Sealer(self._head(), key=self._store_key, epoch=1, limits=SealLimits())
        for fact in facts:
            self.state.apply(sealer.add_fact(fact, now_ns=now))
        if len(sealer):
            await self._append(sealer.seal())


def _nothing() -> None:
    """Acknowledge to nobody."""
