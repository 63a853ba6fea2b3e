"""Commands as an operator's requests become them: sealed with a store's secret and sent to a real broker."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.operations.command import Command, key_of_store, seal
from collector.operations.sender import CommandSender
from events.facts import CommandRefused, Fact, NoteSet
from store.sqlite.key import read_key
from tests.support.captured import read

GROUP = "00112233445566aa"


@dataclass(frozen=True)
class Operator:
    """Somebody who may ask the leader of the store in *directory*, on the broker at *amqp_url*."""

    directory: Path
    amqp_url: str

    @property
    def key(self) -> bytes:
        """What commands are sealed with."""
        stored = read_key(self.directory / "key")
        assert stored is not None
        return key_of_store(stored)

    def send(self, *commands: Command) -> None:
        """Send *commands*, in order; each is kept by the broker when this returns."""
        asyncio.run(self._send(commands))

    async def _send(self, commands: Sequence[Command]) -> None:
        async def key() -> bytes:
            return self.key

        async with CommandSender(self.amqp_url, key) as sender:
            for command in commands:
                await sender.send(command)

    def sealed(self, command: Command) -> bytes:
        """Return *command* as it is sent."""
        return seal(command, self.key)

    def notes(self) -> Counter[str]:
        """Return how often each note stands in the log."""
        return Counter(fact.text for fact in read(self.directory).of(NoteSet))

    def refused(self) -> list[CommandRefused]:
        """Return what the leader refused."""
        return read(self.directory).of(CommandRefused)


def command(make: Callable[[str], Fact], *, age_s: float = 0.0) -> Command:
    """Return a command with the fact that *make* returns for its id, issued *age_s* seconds ago."""
    name = secrets.token_hex(16)
    return Command(name, time.time_ns() - int(age_s * 1e9), (make(name),))


def note(text: str, *, by: str = "local", **more: Any) -> Command:
    """Return a command that sets the note of a group."""
    return command(lambda name: NoteSet(name, by, GROUP, text), **more)
