"""Ask the leader for something, and answer when its fact is in the log and in the views: read your own writes."""

import asyncio
import secrets
from collections.abc import Callable

from api.ports import ApiPorts
from api.problems import Problem
from collector.operations.command import (
    ID_HEX_DIGITS,
    Command,
    CommandsUnavailable,
    CommandTooLarge,
)
from events.facts import Fact
from store.errors import StoreError

Make = Callable[[str], tuple[Fact, ...]]
"""Makes the facts of a command from its id."""


ASKED = ("refused", "commands-unavailable", "not-recorded-yet")
"""The problems of whatever goes through the leader."""


def new_id(digits: int = 16) -> str:
    """Return a random id of so many hex digits."""
    return secrets.token_hex(digits // 2)


async def ask(ports: ApiPorts, make: Make) -> str:
    """Send a command with the facts that *make* returns for its id; return the id once the views have folded them.

    Raises:
        Problem: commands-unavailable (nothing was sent), too-large, refused (by the leader), not-recorded-yet (it waits
            for a leader and is recorded when capture runs).
    """
    name = new_id(ID_HEX_DIGITS)
    await send(ports, name, make(name))
    try:
        async with asyncio.timeout(ports.limits.command_s_max):
            why = await ports.views.took(name)
    except TimeoutError as error:
        raise Problem(
            "not-recorded-yet",
            "It was sent, but no collector has recorded it yet: it will be recorded when capture runs, unless that takes "
            "longer than 10 minutes. Its id shows what became of it.",
            command=name,
        ) from error
    if why:
        raise Problem("refused", f"The collector refused it: {why}.", command=name)
    return name


async def send(ports: ApiPorts, name: str, facts: tuple[Fact, ...]) -> None:
    """Send a command without waiting for what becomes of it.

    Raises:
        Problem: commands-unavailable, too-large.
    """
    if ports.commands is None:
        raise Problem("commands-unavailable", "This hoptrail is set up for reading only.")
    try:
        await ports.commands.send(Command(name, ports.clock(), facts))
    except CommandTooLarge as error:
        raise Problem("too-large", f"That is too much at once: {error}.") from error
    except (CommandsUnavailable, StoreError) as error:
        raise Problem("commands-unavailable", f"Nothing was done: {error}.") from error
