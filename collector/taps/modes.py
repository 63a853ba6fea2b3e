"""How much the tap takes: everything, publishes only, or what passes chosen exchanges. Pure.

The lighter modes cost the broker less and show less; what they do not show is said, not guessed.
"""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from events.values import Text, to_text

ALL, PUBLISHES, EXCHANGES = "all", "publishes", "exchanges"
EXCHANGES_MAX = 1_000
_shown_as = {ALL: "firehose", PUBLISHES: PUBLISHES, EXCHANGES: EXCHANGES}
FIREHOSE_KEYS: dict[str, tuple[str, ...]] = {ALL: ("#",), PUBLISHES: ("publish.#",), EXCHANGES: ()}
"""What the tap is bound to the firehose by, in each mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapMode:
    """A mode: its `name`, and the names of the `exchanges` that are bound where it is ``exchanges``."""

    name: str
    exchanges: tuple[Text, ...] = ()

    @property
    def traces(self) -> bool:
        """Whether it needs the firehose switched on."""
        return self.name != EXCHANGES

    @property
    def keys(self) -> tuple[str, ...]:
        """The binding keys of the tap on the firehose."""
        return FIREHOSE_KEYS[self.name]

    def shown(self, queue_type: str) -> str:
        """Return what a plan says of the mode and the type of the tap queues."""
        return f"{_shown_as[self.name]}, {queue_type}"


@lru_cache(maxsize=64)
def mode_of(text: str) -> TapMode:
    """Return the mode that *text* names: ``all``, ``publishes``, or ``exchanges:`` and percent-encoded names after commas.

    Raises:
        ValueError: it is none of these.
    """
    name, colon, listed = text.strip().partition(":")
    if name in (ALL, PUBLISHES) and not colon:
        return TapMode(name=name)
    names = [to_text(unquote_to_bytes(item.strip())) for item in listed.split(",") if item.strip()]
    if name != EXCHANGES or not names:
        raise ValueError("write it as all, publishes, or exchanges:NAME,NAME")
    if len(names) > EXCHANGES_MAX:
        raise ValueError(f"there are more than {EXCHANGES_MAX} exchanges")
    return TapMode(name=name, exchanges=tuple(dict.fromkeys(names)))
