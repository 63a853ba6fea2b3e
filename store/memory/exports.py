"""How far exports have come, in memory."""

from types import TracebackType
from typing import Self

from store.errors import Fenced
from store.ports import ExportPoint


class MemoryExportPoints:
    """:class:`store.ports.ExportPoints` without a disk."""

    def __init__(self) -> None:
        self._held: dict[str, ExportPoint] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def load(self, name: str) -> ExportPoint | None:
        return self._held.get(name)

    async def save(self, point: ExportPoint, *, after: ExportPoint | None) -> None:
        held = self._held.get(point.name)
        if held not in (after, point):
            raise Fenced(f"another exporter sends {point.name}")
        self._held[point.name] = point
