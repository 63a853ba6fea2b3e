"""What a collector keeps from one leadership to the next, in memory."""

from dataclasses import dataclass, field
from typing import Protocol

from collector.amqp import AmqpAddress
from collector.taps.watchdog import Watchdog


class Tell(Protocol):
    """Who is told whether anything is captured."""

    def captures(self) -> None:
        """Take in that it captures from now on."""

    def lost(self, why: str) -> None:
        """Take in that nothing is captured, because of *why*; may be told again for as long as that is so."""


class Nobody:
    """Lets it pass."""

    def captures(self) -> None:
        """Do nothing."""

    def lost(self, why: str) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Memory:
    """What one process keeps between leaderships. `lost_at` is when the last one ended by a failure, in ns.

    `has_appended` says whether this leadership, or the last one, made a block durable; `fenced` how many in a row were
    fenced before they did. `store_is_away` says that the last one ended because the store did not answer;
    `store_answered` that it did once.
    `vhosts_known_at` (ns) is when the broker had no other vhosts than were tapped, 0 for never; `address` begins with the
    node that answered last.
    """

    has_led: bool = False
    has_captured: bool = False
    captures: bool = False
    has_appended: bool = False
    fenced: int = 0
    store_is_away: bool = False
    store_answered: bool = False
    refused_at: float | None = None
    lost_at: int | None = None
    vhosts_known_at: int = 0
    address: AmqpAddress | None = None
    own_connections: list[str] = field(default_factory=list[str])
    watchdog: Watchdog = field(default_factory=Watchdog)
    tell: Tell = field(default_factory=Nobody)
