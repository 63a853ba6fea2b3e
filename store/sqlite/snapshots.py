"""Snapshots beside a SQLite log: one file each in ``DIR/snapshots``.

A snapshot is a cache, so a file that cannot be read is as good as none. Files are written whole under another name and
then renamed, so that readers in other processes never see half of one.
"""

import os
import re
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from store.ports import Snapshot
from store.sqlite.engine import Worker
from store.thinning import superfluous

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Snapshot).decode
_NAME = re.compile(r"([a-z0-9_-]+)\.([0-9a-f]{16})\.(\d+)\.snapshot")


class SqliteSnapshotStore:
    """A :class:`store.ports.SnapshotStore` in the directory *directory*."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "snapshots"
        self._worker = Worker(self._directory, "snapshots")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._worker.stop()

    async def save(self, snapshot: Snapshot) -> None:
        await self._worker.run(self._save, snapshot)

    async def newest(
        self, projection: str, version: str, *, block: int | None = None
    ) -> Snapshot | None:
        return await self._worker.run(self._newest, projection, version, block)

    async def delete_all(self) -> None:
        await self._worker.run(self._delete_all)

    def _save(self, snapshot: Snapshot) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._path(snapshot.projection, snapshot.version, snapshot.block)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(_encode(snapshot))
        draft.replace(path)
        kept = self._files(snapshot.projection, snapshot.version)
        for block in superfluous(kept):
            kept[block].unlink(missing_ok=True)
        self._delete_other_versions(snapshot.projection, snapshot.version)

    def _newest(self, projection: str, version: str, block: int | None) -> Snapshot | None:
        kept = self._files(projection, version)
        for number in sorted(kept, reverse=True):
            if block is None or number <= block:
                try:
                    return _decode(kept[number].read_bytes())
                except (FileNotFoundError, msgspec.DecodeError):
                    continue
        return None

    def _delete_all(self) -> None:
        for path in self._all():
            path.unlink(missing_ok=True)

    def _delete_other_versions(self, projection: str, version: str) -> None:
        # Two programs side by side may each keep theirs; of older ones only the newest few stay.
        mark, others = _mark(version), dict[str, list[Path]]()
        for path in self._all():
            found = _NAME.fullmatch(path.name)
            if found and found[1] == projection and found[2] != mark:
                others.setdefault(found[2], []).append(path)
        latest = sorted(others, key=lambda each: max(p.stat().st_mtime_ns for p in others[each]))
        for each in latest[:-1]:
            for path in others[each]:
                path.unlink(missing_ok=True)

    def _path(self, projection: str, version: str, block: int) -> Path:
        return self._directory / f"{projection}.{_mark(version)}.{block}.snapshot"

    def _files(self, projection: str, version: str) -> dict[int, Path]:
        found = ((path, _NAME.fullmatch(path.name)) for path in self._all())
        wanted = (projection, _mark(version))
        return {int(name[3]): path for path, name in found if name and name.group(1, 2) == wanted}

    def _all(self) -> list[Path]:
        return list(self._directory.glob("*.snapshot")) if self._directory.is_dir() else []


def _mark(version: str) -> str:
    return sha256(version.encode()).hexdigest()[:16]
