"""Snapshots in memory."""

from types import TracebackType
from typing import Self

from store.ports import Snapshot
from store.thinning import superfluous


class MemorySnapshotStore:
    """A :class:`store.ports.SnapshotStore` that ends with its process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], dict[int, Snapshot]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def save(self, snapshot: Snapshot) -> None:
        kept = self._kept.setdefault((snapshot.projection, snapshot.version), {})
        kept[snapshot.block] = snapshot
        for block in superfluous(kept):
            del kept[block]

    async def newest(
        self, projection: str, version: str, *, block: int | None = None
    ) -> Snapshot | None:
        kept = self._kept.get((projection, version), {})
        fits = [number for number in kept if block is None or number <= block]
        return kept[max(fits)] if fits else None

    async def delete_all(self) -> None:
        self._kept.clear()
