"""Snapshots on Elasticsearch: parts that fit into a document, then the document that names them.

A snapshot whose parts are not all there, or whose check fails, is as good as none: it is a cache.
"""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import zstandard

from store.elastic import log_indices
from store.elastic.connection import Elastic, OnElastic
from store.elastic.documents import Docs, Found, create, make_index, read, search
from store.errors import LogUnavailable
from store.ports import Snapshot
from store.snapshots import superfluous

STATE_BYTES_MAX = 4 << 30
PART_BYTES = 8 << 20
LISTED_MAX = 1_000
CHECK_BYTES = 16


class _Named(msgspec.Struct):
    """A snapshot as it is listed. Its parts are documents of their own."""

    projection: str
    version: str
    block: int
    parts: int
    check: bytes


class _Part(msgspec.Struct):
    part: bytes


class _Bulked(msgspec.Struct):
    errors: bool = False


_listed = msgspec.json.Decoder(Found[_Named])
_parts = msgspec.json.Decoder(Docs[_Part])
_encode = msgspec.json.Encoder().encode
_snapshot = msgspec.msgpack.Decoder(Snapshot)
_bulked = msgspec.json.Decoder(_Bulked)


class ElasticSnapshotStore(OnElastic):
    """A :class:`store.ports.SnapshotStore` under the names of *elastic*, which it opens and closes."""

    def __init__(self, elastic: Elastic) -> None:
        super().__init__(elastic)
        self._index = elastic.names.snapshots
        self._is_made = False

    async def save(self, snapshot: Snapshot) -> None:
        if not self._is_made:
            await make_index(self._elastic, self._index, log_indices.snapshots())
            self._is_made = True
        packed = zstandard.ZstdCompressor(level=3).compress(msgspec.msgpack.encode(snapshot))
        parts = [packed[at : at + PART_BYTES] for at in range(0, len(packed), PART_BYTES)]
        named = _Named(
            snapshot.projection, snapshot.version, snapshot.block, len(parts), _check(packed)
        )
        held = await self._list(snapshot.projection, snapshot.version)
        for where, part in zip(_places(named), parts, strict=True):
            await create(self._elastic, self._index, where, _encode(_Part(part)))
        superseded = superfluous([*{each.block for each in held} - {named.block}, named.block])
        gone = [_name(each) for each in held if each.block in superseded]
        for each in held:
            replaced = each.block == named.block and each.check != named.check
            if each.block in superseded or replaced:
                gone += _places(each)
        await self._change(named, gone)

    async def newest(
        self, projection: str, version: str, *, block: int | None = None
    ) -> Snapshot | None:
        for named in await self._list(projection, version):
            if block is None or named.block <= block:
                snapshot = await self._read(named)
                if snapshot is not None:
                    return snapshot
        return None

    async def delete_all(self) -> None:
        await self._elastic.request("DELETE", f"/{self._index}", expect={404})
        self._is_made = False

    async def _list(self, projection: str, version: str) -> Sequence[_Named]:
        """Return the snapshots of a projection and version, newest first."""
        query = {
            "size": LISTED_MAX,
            "sort": [{"block": {"order": "desc", "unmapped_type": "long"}}],
            "query": {
                "bool": {
                    "filter": [
                        {"term": {"projection": projection}},
                        {"term": {"version": version}},
                    ]
                }
            },
        }
        return await search(self._elastic, self._index, query, _listed)

    async def _change(self, named: _Named, gone: Sequence[str]) -> None:
        """Name the snapshot whose parts are there, and delete the documents *gone*."""
        lines = [_encode({"index": {"_id": _name(named)}}), _encode(named)]
        lines += [_encode({"delete": {"_id": each}}) for each in gone]
        path = f"/{self._index}/_bulk"
        body = b"\n".join([*lines, b""])
        params = {"refresh": "true", "filter_path": "errors,items.*.error"}
        answer = await self._elastic.request("POST", path, body=body, params=params, ndjson=True)
        if _bulked.decode(answer.body).errors:
            raise LogUnavailable(
                f"{self._index}: a snapshot could not be stored: {answer.body[:300]!r}"
            )

    async def _read(self, named: _Named) -> Snapshot | None:
        packed = bytearray()
        for where in _places(named):
            (doc,) = await read(self._elastic, self._index, [where], _parts)
            if doc.source is None:
                return None
            packed += doc.source.part
        if _check(packed) != named.check:
            return None
        try:
            state = zstandard.ZstdDecompressor().decompress(packed, max_output_size=STATE_BYTES_MAX)
            return _snapshot.decode(state)
        except (zstandard.ZstdError, msgspec.DecodeError):
            return None


def _name(named: _Named) -> str:
    """Return the id of a snapshot's document: of one projection, version and block there is one."""
    told = msgspec.msgpack.encode((named.projection, named.version, named.block))
    return blake2b(told, digest_size=CHECK_BYTES).hexdigest()


def _places(named: _Named) -> list[str]:
    """Return the ids of its parts. They hold the check, so a new snapshot never changes the parts of an old one."""
    return [f"{_name(named)}-{named.check.hex()}-{number}" for number in range(named.parts)]


def _check(packed: bytes | bytearray) -> bytes:
    return blake2b(packed, digest_size=CHECK_BYTES).digest()
