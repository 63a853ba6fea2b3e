"""Saving message documents into Elasticsearch: documents first, then the checkpoint, so that it never runs ahead.

Documents have external versions: saving them again changes nothing, and a crash between the two costs only work that is
done again. One projector writes.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import structlog

from store.documents import MessageDocument
from store.elastic import index_bulk as bulk
from store.elastic.connection import Elastic
from store.elastic.documents import NO_INDEX
from store.elastic.index_bulk import IndexIsGone, Item
from store.elastic.index_document import encoded, reduced
from store.elastic.index_drop import drop_before
from store.elastic.index_fields import MESSAGE
from store.elastic.index_texts import RecentTexts
from store.elastic.index_versions import EMPTY_DAY_NS, Versions
from store.errors import LogRefused, LogUnavailable
from store.ports import Checkpoint

IN_FLIGHT = 2
PART = 5_000  # so many texts of a message that changed are held at a time
READ_TEXTS = 200  # of up to 64 KiB each

log_line = structlog.get_logger("hoptrail.project")


class _Text(msgspec.Struct):
    message: str | None = None


class _Failure(msgspec.Struct):
    type: str = ""
    reason: str | None = None


class _Doc(msgspec.Struct):
    source: _Text | None = msgspec.field(name="_source", default=None)
    error: _Failure | None = None


class _Docs(msgspec.Struct):
    docs: list[_Doc]


_docs = msgspec.json.Decoder(_Docs)
_encode = msgspec.json.Encoder().encode


class IndexWriter:
    """Writes the documents of *version*; `reduced` counts those that were refused and indexed in a reduced form."""

    def __init__(self, elastic: Elastic, version: str, *, refresh: bool) -> None:
        self.version = version
        self.reduced = 0
        self._elastic = elastic
        self._names = elastic.names
        self._refresh = refresh
        self._versions = Versions(elastic)
        self._texts = RecentTexts()
        self._is_open = False
        self._is_served = False
        self._indices: set[str] = set()
        self._checkpoint: Checkpoint | None = None

    async def checkpoint(self) -> Checkpoint | None:
        await self._open()
        return self._checkpoint

    async def _open(self) -> None:
        """Learn what there is. Documents without a checkpoint are none of ours, and a checkpoint without them is void."""
        if self._is_open:
            return
        aliased = await self._versions.aliased()
        self._is_served = {self._versions.version_of(name) for name in aliased} <= {self.version}
        self._indices = (await self._versions.all()).get(self.version, set())
        self._checkpoint = await self._versions.checkpoint(self.version)
        if self._indices and self._checkpoint is None:
            await self._versions.remove(self._indices)
            self._indices = set()
        elif self._checkpoint is not None and not self._indices:
            await self._versions.forget_checkpoint(self.version)
            self._checkpoint = None
        if self._is_served:
            await self._versions.add(self._indices - aliased)
        self._is_open = True

    async def save(
        self,
        documents: Sequence[MessageDocument],
        texts: Mapping[str, str],
        checkpoint: Checkpoint,
    ) -> None:
        """Store the documents newer than those held, then the checkpoint; serve this version when it is level.

        Raises:
            LogUnavailable: save the same again.
            LogRefused: the user may not.
        """
        await self._open()
        newest: dict[str, MessageDocument] = {}
        for document in documents:
            held = newest.get(document.uid)
            if held is None or document.version > held.version:
                newest[document.uid] = document
        await self._make_indices({self._index_of(document) for document in newest.values()})
        told = list(newest.values())
        for start in range(0, len(told), PART):
            await self._save_part(told[start : start + PART], texts)
        await self._versions.save_checkpoint(self.version, checkpoint)
        self._checkpoint = checkpoint
        if not self._is_served:
            await self._serve_if_level(checkpoint)

    def _index_of(self, document: MessageDocument) -> str:
        # The time of publishing is told by a message's first fact alone, so that no message is ever in two indices.
        return self._names.messages_index(self.version, document.published_at)

    async def _make_indices(self, asked: set[str]) -> None:
        """Make those of *asked* that are not there; there is always one, for the alias to stand on."""
        if not asked and not self._indices:
            asked = {self._names.messages_index(self.version, EMPTY_DAY_NS)}
        for index in sorted(asked - self._indices):
            await self._versions.make(index, is_served=self._is_served)
            self._indices.add(index)

    async def _known_texts(self, documents: Sequence[MessageDocument]) -> dict[str, str | None]:
        """Return the text that is indexed of each of *documents*: as remembered, else as stored."""
        found = {d.uid: self._texts.get(d.uid) for d in documents if d.uid in self._texts}
        asked = [document for document in documents if document.uid not in found]
        for start in range(0, len(asked), READ_TEXTS):
            part = asked[start : start + READ_TEXTS]
            docs = [{"_index": self._index_of(d), "_id": d.uid} for d in part]
            answer = await self._elastic.request(
                "POST",
                "/_mget",
                body=_encode({"docs": docs}),
                params={"_source_includes": MESSAGE},
            )
            for document, doc in zip(part, _docs.decode(answer.body).docs, strict=True):
                if doc.error is not None and doc.error.type != NO_INDEX:
                    raise LogUnavailable(f"the text of {document.uid}: {doc.error.reason}")
                found[document.uid] = doc.source.message if doc.source else None
        return found

    async def _save_part(
        self, documents: Sequence[MessageDocument], texts: Mapping[str, str]
    ) -> None:
        """Store *documents* with their texts, a few requests in flight at a time."""
        known = await self._known_texts([d for d in documents if d.uid not in texts])
        known |= {d.uid: texts[d.uid] for d in documents if d.uid in texts}
        by_uid = {document.uid: document for document in documents}
        sending: list[asyncio.Task[None]] = []
        try:
            for chunk in bulk.chunks(self._items(documents, known)):
                if len(sending) >= IN_FLIGHT:
                    await sending[-IN_FLIGHT]
                sending.append(asyncio.create_task(self._send(chunk, by_uid, known)))
                await asyncio.sleep(0)  # so that it is sent while the next one is made
            await asyncio.gather(*sending)
        finally:
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    def _items(
        self, documents: Sequence[MessageDocument], texts: Mapping[str, str | None]
    ) -> Iterator[Item]:
        for document in documents:
            yield Item(
                index=self._index_of(document),
                id=document.uid,
                version=document.version,
                body=encoded(document, texts[document.uid]),
            )

    async def _send(
        self,
        chunk: list[Item],
        documents: Mapping[str, MessageDocument],
        texts: Mapping[str, str | None],
    ) -> None:
        try:
            results = await bulk.store(self._elastic, chunk, refresh=self._refresh)
        except IndexIsGone:
            self._indices -= {item.index for item in chunk}
            raise
        for item in results.stored + [item for item, _ in results.refused]:
            self._texts.put(item.id, texts[item.id])
        if results.refused:
            await self._send_reduced(results.refused, documents)

    async def _send_reduced(
        self, refused: list[tuple[Item, str]], documents: Mapping[str, MessageDocument]
    ) -> None:
        again: list[Item] = []
        for item, why in refused:
            log_line.warning("indexed in a reduced form", uid=item.id, why=why)
            body = reduced(documents[item.id], why)
            again.append(Item(index=item.index, id=item.id, version=item.version, body=body))
        results = await bulk.store(self._elastic, again, refresh=self._refresh)
        for item, why in results.refused:
            raise LogRefused(f"{item.index} takes no messages, not even reduced: {item.id}: {why}")
        self.reduced += len(results.stored)

    async def _serve_if_level(self, checkpoint: Checkpoint) -> None:
        served = await self._versions.served()
        theirs = None if served is None else await self._versions.checkpoint(served)
        if theirs is None or checkpoint.position >= theirs.position:
            await self._versions.serve(self.version)
            self._is_served = True

    async def clear(self) -> None:
        """Delete every document of every version, and the checkpoints."""
        for version in {*await self._versions.all(), self.version}:
            await self._versions.delete(version)
        self._texts.clear()
        self._is_open = False

    async def drop_before(self, position: int) -> int:
        """Delete the messages before *position*; return how many. Days that are over are deleted as a whole."""
        await self._open()
        dropped, self._indices = await drop_before(
            self._elastic, self.version, position, refresh=self._refresh
        )
        return dropped
