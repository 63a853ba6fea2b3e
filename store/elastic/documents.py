"""Documents by id: read in real time, created once. What every part of the store needs of Elasticsearch.

A document is *known not to be there* only where the answer says so; a shard that cannot answer now is unavailable.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from store.elastic.connection import TIMEOUT_S, Answer, Elastic, RequestRefused, ShardsNotReady

EXISTS = "resource_already_exists_exception"
NO_INDEX = "index_not_found_exception"
NOT_ALLOWED = "security_exception"

READY_TRIES = 20
READY_PAUSE_S = 0.1

T = TypeVar("T")
R = TypeVar("R")


class _Error(msgspec.Struct):
    type: str = ""
    reason: str | None = None


class _Created(msgspec.Struct):
    status: int
    error: msgspec.Raw = msgspec.Raw(b"null")


class _Item(msgspec.Struct):
    create: _Created


class _Items(msgspec.Struct):
    items: tuple[_Item]


_items = msgspec.json.Decoder(_Items)
_encode = msgspec.json.Encoder().encode


class Doc(msgspec.Struct, Generic[T]):
    """A document as it is read. `source` is None where it is not there, or its index is not (`index_is_missing`)."""

    id: str = msgspec.field(name="_id")
    source: T | None = msgspec.field(name="_source", default=None)
    error: _Error | None = None

    @property
    def index_is_missing(self) -> bool:
        return self.error is not None and self.error.type == NO_INDEX


class Docs(msgspec.Struct, Generic[T]):
    docs: list[Doc[T]]


class Hits(msgspec.Struct, Generic[T]):
    hits: list[Doc[T]] = []


class Found(msgspec.Struct, Generic[T]):
    """The answer to a search, as far as it is needed."""

    hits: Hits[T]

    @property
    def sources(self) -> list[T]:
        return [hit.source for hit in self.hits.hits if hit.source is not None]


async def read(
    elastic: Elastic,
    index: str,
    ids: Sequence[str],
    decoder: "msgspec.json.Decoder[Docs[T]]",
    *,
    fields: str | None = None,
) -> list[Doc[T]]:
    """Return the documents *ids* of *index* in their order, as they are now; *fields*: only those of the source.

    Raises:
        LogUnavailable: it is not known of one of them whether it is there.
        LogRefused: the user may not.
    """
    path = f"/{index}/_mget"

    async def once() -> list[Doc[T]]:
        answer = await elastic.request(
            "POST",
            path,
            body=_encode({"ids": ids}),
            params=None if fields is None else {"_source_includes": fields},
            expect={404},
        )
        if answer.status == 404:
            return [Doc(id=each, error=_Error(NO_INDEX)) for each in ids]
        docs = decoder.decode(answer.body).docs
        for doc in docs:
            if doc.error is not None and doc.error.type == NOT_ALLOWED:
                raise elastic.refusal("POST", path, Answer(403, _encode({"error": doc.error})))
            if doc.error is not None and not doc.index_is_missing:
                raise ShardsNotReady(f"{index}: document {doc.id}: {doc.error.reason}")
        return docs

    return await when_ready(once)


async def create(
    elastic: Elastic, index: str, number: str, body: bytes, *, refresh: bool = False
) -> bool:
    """Store a document that is not there yet; return False when there is one of that id already.

    *body* is JSON in one line. It goes as a bulk request of one, because that needs no privilege but to create: whoever may
    create by ``_create`` may also change the mapping.
    """
    path = f"/{index}/_bulk"
    answer = await elastic.request(
        "POST",
        path,
        body=b"".join((_encode({"create": {"_id": number}}), b"\n", body, b"\n")),
        params={"filter_path": "items.*.status,items.*.error"}
        | ({"refresh": "true"} if refresh else {}),
        ndjson=True,
    )
    (item,) = _items.decode(answer.body).items
    if item.create.status in (201, 409):
        return item.create.status == 201
    told = Answer(item.create.status, b'{"error":' + bytes(item.create.error) + b"}")
    raise elastic.refusal("POST", path, told)


async def search(
    elastic: Elastic,
    index: str,
    body: Mapping[str, Any],
    decoder: "msgspec.json.Decoder[Found[T]]",
) -> list[T]:
    """Return the sources that a search finds; an index that is not there has none."""
    return decoder.decode(await ask(elastic, index, body)).sources


async def ask(
    elastic: Elastic, index: str, body: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S
) -> bytes:
    """Return the whole answer to a search; an index that is not there holds nothing."""
    answer = await when_ready(
        lambda: elastic.request(
            "POST",
            f"/{index}/_search",
            body=_encode(body),
            params={
                "ignore_unavailable": "true",
                "allow_no_indices": "true",
                "allow_partial_search_results": "false",
            },
            timeout_s=timeout_s,
        )
    )
    return answer.body


async def when_ready(call: Callable[[], Awaitable[R]]) -> R:
    """Return what *call*, which only reads, returns. An index that another process has just made is waited for."""
    for _ in range(READY_TRIES - 1):
        try:
            return await call()
        except ShardsNotReady:
            await asyncio.sleep(READY_PAUSE_S)
    return await call()


async def make_index(elastic: Elastic, index: str, definition: Mapping[str, Any]) -> None:
    """Create *index* unless it is there."""
    try:
        await elastic.request("PUT", f"/{index}", body=_encode(definition))
    except RequestRefused as error:
        if error.kind != EXISTS:
            raise
