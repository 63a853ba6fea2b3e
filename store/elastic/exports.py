"""How far exports have come: one document for each beside the checkpoints, changed only as it was last seen."""

import msgspec

from store.elastic import mappings
from store.elastic.connection import Elastic, OnElastic, escaped
from store.elastic.documents import make_index, when_ready
from store.errors import Fenced
from store.ports import ExportPoint

CONFLICT = 409


class _Held(msgspec.Struct):
    """A document as it is read, with what its next change has to name."""

    found: bool = False
    point: ExportPoint | None = msgspec.field(name="_source", default=None)
    seq_no: int = msgspec.field(name="_seq_no", default=-1)
    primary_term: int = msgspec.field(name="_primary_term", default=-1)


_held = msgspec.json.Decoder(_Held)
_encode = msgspec.json.Encoder().encode


class ElasticExportPoints(OnElastic):
    """:class:`store.ports.ExportPoints` under the names of *elastic*, which it opens and closes."""

    def __init__(self, elastic: Elastic) -> None:
        super().__init__(elastic)
        self._index = elastic.names.checkpoints
        self._is_made = False

    async def load(self, name: str) -> ExportPoint | None:
        return (await self._read(name)).point

    async def save(self, point: ExportPoint, *, after: ExportPoint | None) -> None:
        if not self._is_made:
            await make_index(self._elastic, self._index, mappings.checkpoints())
            self._is_made = True
        held = await self._read(point.name)
        if held.point == point:
            return
        if held.point != after:
            raise Fenced(f"another exporter sends {point.name}")
        unchanged = (
            {"if_seq_no": str(held.seq_no), "if_primary_term": str(held.primary_term)}
            if held.point is not None
            else {"op_type": "create"}
        )
        answer = await self._elastic.request(
            "PUT", self._path(point.name), body=_encode(point), params=unchanged, expect={CONFLICT}
        )
        if answer.status == CONFLICT and await self.load(point.name) != point:
            raise Fenced(f"another exporter sends {point.name}")

    async def _read(self, name: str) -> _Held:
        path = self._path(name)
        answer = await when_ready(lambda: self._elastic.request("GET", path, expect={404}))
        return _Held() if answer.status == 404 else _held.decode(answer.body)

    def _path(self, name: str) -> str:
        return f"/{self._index}/_doc/{escaped(f'export-{name}')}"
