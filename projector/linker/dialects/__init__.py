"""How frameworks say in headers what caused a message, who sent it and what it belongs to: one small file each.

Pure. Names are matched without regard to case. A changed reading is a new VERSION, since it changes what is derived.
"""

from events.facts import Table
from events.values import Text
from projector.linker.dialects import (
    b3,
    cap,
    celery,
    masstransit,
    nameko,
    nservicebus,
    rebus,
    vendors,
    w3c,
    wolverine,
)
from projector.linker.dialects.reading import Reading, What

VERSION = "1"
NAMES_CACHED_MAX = 4_096
NAME_LENGTH_MAX = 64

READINGS: dict[str, Reading] = {}
for _dialect in (celery, cap, nameko, wolverine, rebus, masstransit, nservicebus, vendors, b3, w3c):
    READINGS.update(_dialect.HEADERS)


class Dialects:
    """Reads headers; remembers what names it has met, so that a known one costs one lookup."""

    def __init__(self) -> None:
        self._known: dict[Text, Reading | None] = {}

    def read(self, headers: Table) -> list[tuple[What, str, str]]:
        """Return what *headers* say as (what, evidence, value), traces first; nothing twice from one name."""
        known = self._known
        found: list[tuple[What, str, str]] = []
        for name, value in headers.items():
            try:
                reading = known[name]
            except KeyError:
                reading = self._meet(name)
            if reading is not None:
                told = reading.read(value)
                if told is not None:
                    found.append((reading.what, reading.evidence, told))
        if len(found) > 1:
            found.sort()
        return found

    def _meet(self, name: Text) -> Reading | None:
        if len(self._known) >= NAMES_CACHED_MAX:
            self._known.clear()
        reading = (
            READINGS.get(name.lower())
            if isinstance(name, str) and len(name) <= NAME_LENGTH_MAX
            else None
        )
        self._known[name] = reading
        return reading
