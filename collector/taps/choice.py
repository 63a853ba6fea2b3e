"""Which names a setting chooses: a list of names and patterns, with exclusions. Pure.

The order of a list does not matter: an exclusion wins over everything, and adding a pattern never takes a name away.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from events.values import Text

AUTO, OFF = "auto", "off"
ITEMS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice among names. `off` chooses none; without a wanted pattern everything is wanted that is not excluded."""

    off: bool
    wanted: tuple[re.Pattern[bytes], ...]
    excluded: tuple[re.Pattern[bytes], ...]

    def excludes(self, name: Text) -> bool:
        """Return whether *name* is excluded by a pattern of its own."""
        return _matches(self.excluded, name)

    def takes(self, name: Text) -> bool:
        """Return whether *name* is chosen."""
        return not self.off and _matches(self.wanted, name) and not self.excludes(name)


@lru_cache(maxsize=64)
def choice(text: str) -> Choice:
    """Return what *text* chooses: ``auto`` and ``*`` everything, ``off`` nothing, else names and patterns.

    Items stand between commas. ``*`` in an item stands for any characters, ``-`` before it excludes, and what means
    something here is written percent-encoded within a name: ``%2C``, ``%2A``, ``%2D``, ``%25``. Exclusions alone begin with
    everything.

    Raises:
        ValueError: ``off`` is not alone, or there are too many items.
    """
    items = [item.strip() for item in text.split(",") if item.strip()]
    if len(items) > ITEMS_MAX:
        raise ValueError(f"there are more than {ITEMS_MAX} names")
    if OFF in items:
        if len(set(items)) > 1:
            raise ValueError("off stands alone; a name that reads so is written o%66f")
        return Choice(off=True, wanted=(), excluded=())
    excluded = [item[1:].strip() for item in items if item.startswith("-")]
    wanted = ["*" if item == AUTO else item for item in items if not item.startswith("-")]
    if excluded and not wanted:
        wanted = ["*"]
    return Choice(
        off=False,
        wanted=tuple(_pattern(item) for item in wanted),
        excluded=tuple(_pattern(item) for item in excluded),
    )


def _pattern(item: str) -> re.Pattern[bytes]:
    parts = (re.escape(unquote_to_bytes(part)) for part in item.split("*"))
    return re.compile(b".*".join(parts), re.DOTALL)


def _matches(patterns: tuple[re.Pattern[bytes], ...], name: Text) -> bool:
    raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass")
    return any(pattern.fullmatch(raw) for pattern in patterns)
