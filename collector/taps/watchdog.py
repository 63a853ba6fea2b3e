"""Notice that consuming a tap ends in the same way again and again. Pure.

One message can make that happen: the broker, or this side, ends the connection that it is delivered on, gives it back to
the queue and delivers it first again. Two shapes are told apart from ordinary failures:

* The broker ends the connection with 541, which it does where it cannot write a delivery down. Once is enough, for looking
  costs little.
* Consuming ended twice in a row by the same close after the same first delivery, soon, and nothing new was stored in
  between. A connection that was merely cut must do so three times.

What a broker says when it stops or an operator closes a connection (320) is never held against a message.
"""

from dataclasses import dataclass
from typing import Final

CANNOT_WRITE: Final = 541
FORCED: Final = 320
CUT: Final = 0
SOON_S_MAX: Final = 10.0
"""Who consumed for longer than this was not stopped by what came first."""
ENDINGS_SUSPECT: Final = 2
CUTS_SUSPECT: Final = 3

TapKey = tuple[str, str]
"""(vhost, queue)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How consuming one tap ended.

    `code` is the broker's, :data:`CUT` where the connection just went away, -1 where this side ended it; `head` the digest
    of the first delivery, None when none came; `stored` whether anything new of the tap became durable; `lasted_s` how
    long it was consumed.
    """

    tap: TapKey
    code: int
    head: bytes | None
    stored: bool
    lasted_s: float


class Watchdog:
    """Says which taps may hold a message that ends whatever consumes them."""

    def __init__(self) -> None:
        self._last: dict[TapKey, Ending] = {}
        self._times: dict[TapKey, int] = {}
        self._suspects: dict[TapKey, int] = {}

    @property
    def suspects(self) -> dict[TapKey, int]:
        """The taps to look at before they are consumed again, with the code that their consuming ended with."""
        return dict(self._suspects)

    def ended(self, ending: Ending) -> bool:
        """Take in how consuming a tap ended; say whether the tap is suspect now.

        Laws: every loop of the same close after the same head, without anything stored, becomes suspect within three
        rounds; endings that stored something, lasted long, differ from the one before or were forced never do.
        """
        tap = ending.tap
        if ending.code == CANNOT_WRITE:
            self._suspects[tap] = ending.code
            return True
        if ending.code == FORCED or ending.stored or ending.lasted_s > SOON_S_MAX:
            self._forget(tap)
            return False
        self._times[tap] = self._times.get(tap, 0) + 1 if self._repeats(ending) else 1
        self._last[tap] = ending
        if self._times[tap] >= (CUTS_SUSPECT if ending.code == CUT else ENDINGS_SUSPECT):
            self._suspects[tap] = ending.code
        return tap in self._suspects

    def looked(self, tap: TapKey) -> None:
        """Note that *tap* was looked at and may be consumed."""
        self._suspects.pop(tap, None)
        self._forget(tap)

    def _repeats(self, ending: Ending) -> bool:
        last = self._last.get(ending.tap)
        return last is not None and (last.code, last.head) == (ending.code, ending.head)

    def _forget(self, tap: TapKey) -> None:
        self._last.pop(tap, None)
        self._times.pop(tap, None)
