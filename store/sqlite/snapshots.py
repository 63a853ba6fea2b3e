"""Snapshots as files: ``DIR/snapshots/<projection>/<version>/<block>.snapshot``, compressed.

A file appears under its name whole or not at all. One that cannot be read is as good as none: a snapshot is a cache.
"""

import shutil
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import msgspec
import zstandard

from store.errors import LogRefused
from store.ports import Snapshot
from store.snapshots import superfluous
from store.sqlite import engine

STATE_BYTES_MAX = 4 << 30
_SUFFIX = ".snapshot"
_CHECK_BYTES = 16

_snapshot = msgspec.msgpack.Decoder(Snapshot)


class SqliteSnapshotStore:
    """A :class:`store.ports.SnapshotStore` in the directory *directory*."""

    def __init__(self, directory: Path, *, read_only: bool = False) -> None:
        self._root = directory / "snapshots"
        self._read_only = read_only
        self._worker = engine.Worker(directory, "snapshots")

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
        if self._read_only:
            raise LogRefused(f"{self._root} was opened for reading only")
        await self._worker.run(self._save, snapshot)

    async def newest(
        self, projection: str, version: str, *, block: int | None = None
    ) -> Snapshot | None:
        return await self._worker.run(self._newest, projection, version, block)

    async def delete_all(self) -> None:
        if self._read_only:
            raise LogRefused(f"{self._root} was opened for reading only")
        await self._worker.run(self._delete_all)

    # Below: in the worker thread.

    def _place(self, projection: str, version: str) -> Path:
        # A leading character keeps "." and ".." and the empty name from meaning another directory.
        return self._root / f"p{quote(projection, safe='')}" / f"v{quote(version, safe='')}"

    def _save(self, snapshot: Snapshot) -> None:
        place = self._place(snapshot.projection, snapshot.version)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        packed = zstandard.ZstdCompressor(level=3).compress(msgspec.msgpack.encode(snapshot))
        draft = place / f".{snapshot.block}.new"
        draft.write_bytes(_check(packed) + packed)
        draft.replace(place / f"{snapshot.block:012}{_SUFFIX}")
        held = dict(_files(place))
        for block in superfluous(list(held)):
            held[block].unlink(missing_ok=True)

    def _newest(self, projection: str, version: str, block: int | None) -> Snapshot | None:
        files = sorted(_files(self._place(projection, version)), reverse=True)
        for at, path in files:
            if block is not None and at > block:
                continue
            snapshot = _read(path)
            if snapshot is not None and snapshot.block == at:
                return snapshot
        return None

    def _delete_all(self) -> None:
        if self._root.exists():
            shutil.rmtree(self._root)


def _files(place: Path) -> Iterator[tuple[int, Path]]:
    try:
        names = list(place.iterdir())
    except FileNotFoundError:
        return
    for path in names:
        if path.suffix == _SUFFIX and path.stem.isdigit():
            yield int(path.stem), path


def _read(path: Path) -> Snapshot | None:
    try:
        raw = path.read_bytes()
        check, packed = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check != _check(packed):
            return None
        return _snapshot.decode(
            zstandard.ZstdDecompressor().decompress(packed, max_output_size=STATE_BYTES_MAX)
        )
    except (FileNotFoundError, zstandard.ZstdError, msgspec.DecodeError):
        return None


def _check(packed: bytes) -> bytes:
    return blake2b(packed, digest_size=_CHECK_BYTES).digest()
