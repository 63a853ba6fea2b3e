"""Snapshots in memory."""

from types import TracebackType
from typing import Self

from store.ports import Snapshot
from store.snapshots import superfluous


class MemorySnapshotStore:
    """A :class:`store.ports.SnapshotStore` without a disk."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[int, Snapshot]] = {}

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
        held = self._held.setdefault((snapshot.projection, snapshot.version), {})
        held[snapshot.block] = snapshot
        for block in superfluous(list(held)):
            del held[block]

    async def newest(
        self, projection: str, version: str, *, block: int | None = None
    ) -> Snapshot | None:
        held = self._held.get((projection, version), {})
        found = [at for at in held if block is None or at <= block]
        return held[max(found)] if found else None

    async def delete_all(self) -> None:
        self._held.clear()
