"""Writing many documents at once: every item's own result is honoured.

A document whose stored version is not older is left as it is; one that cannot be taken now is sent again, a bounded
number of times; one that is refused for good is handed back with the reason, so that nothing blocks and nothing is lost.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from store.elastic.connection import DISK_IS_FULL, UNAVAILABLE, Elastic, RequestRefused
from store.elastic.documents import NO_INDEX
from store.errors import LogRefused, LogUnavailable

CHUNK_BYTES = 6 << 20
CHUNK_COUNT = 2_000
PAUSES_S = (0.1, 0.2, 0.4, 0.8)
TIMEOUT_S = 60.0

TOO_LARGE = 413


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A document to store: its external *version*, and the JSON."""

    index: str
    id: str
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Results:
    """Of items sent: those *stored*, and those *refused* for good with the reason; the rest are older than what is there."""

    stored: list[Item]
    refused: list[tuple[Item, str]]


class _Cause(msgspec.Struct):
    type: str = ""
    reason: str | None = ""
    caused_by: "_Cause | None" = None


class _Result(msgspec.Struct):
    status: int
    error: _Cause | None = None

    @property
    def kind(self) -> str:
        return self.error.type if self.error else ""

    @property
    def why(self) -> str:
        told: list[str] = []
        cause = self.error
        while cause is not None:
            told.append(f"{cause.type}: {cause.reason}")
            cause = cause.caused_by
        return "; ".join(told) or f"HTTP status {self.status}"


class _Answer(msgspec.Struct):
    items: list[dict[str, _Result]] = []


_answer = msgspec.json.Decoder(_Answer)
_line = msgspec.json.Encoder().encode


def chunks(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Divide *items* so that a request stays below CHUNK_BYTES, unless a single one is larger, and CHUNK_COUNT."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        if chunk and (size + len(item.body) > CHUNK_BYTES or len(chunk) == CHUNK_COUNT):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item.body)
    if chunk:
        yield chunk


async def store(elastic: Elastic, items: Sequence[Item], *, refresh: bool = False) -> Results:
    """Store *items*; return what became of them.

    Raises:
        LogUnavailable: some were not taken, again and again.
        IndexIsGone: the index of some is not there.
        LogRefused: the user may not.
    """
    results = Results([], [])
    left, why = await _send(elastic, list(items), results, refresh)
    for pause_s in PAUSES_S:
        if not left:
            break
        await asyncio.sleep(pause_s)
        left, why = await _send(elastic, left, results, refresh)
    if left:
        raise LogUnavailable(f"{len(left)} documents were not taken: {why}")
    return results


class IndexIsGone(LogUnavailable):
    """The index of a document is not there; make it and send the document again."""


async def _send(
    elastic: Elastic, items: list[Item], results: Results, refresh: bool
) -> tuple[list[Item], str]:
    """Send *items* once; return those to send again, and why."""
    try:
        answer = await elastic.request(
            "POST",
            "/_bulk",
            body=_body(items),
            params={"filter_path": "items.*.status,items.*.error"}
            | ({"refresh": "true"} if refresh else {}),
            timeout_s=TIMEOUT_S,
            ndjson=True,
        )
    except RequestRefused as error:
        if error.status != TOO_LARGE:
            raise
        return await _send_parts(elastic, items, results, refresh, str(error))
    return _sorted_out(items, _answer.decode(answer.body), results)


async def _send_parts(
    elastic: Elastic, items: list[Item], results: Results, refresh: bool, why: str
) -> tuple[list[Item], str]:
    if len(items) == 1:
        results.refused.append((items[0], why))
        return [], ""
    half = len(items) // 2
    first, why_first = await _send(elastic, items[:half], results, refresh)
    second, why_second = await _send(elastic, items[half:], results, refresh)
    return first + second, why_first or why_second


def _sorted_out(items: list[Item], answer: _Answer, results: Results) -> tuple[list[Item], str]:
    again: list[Item] = []
    why = ""
    for item, told in zip(items, answer.items, strict=True):
        (result,) = told.values()
        if result.status < 300:
            results.stored.append(item)
        elif result.status == 409:
            continue
        elif result.status in UNAVAILABLE or DISK_IS_FULL in result.why:
            again.append(item)
            why = result.why
        elif result.kind == NO_INDEX:
            raise IndexIsGone(f"{item.index} is not there")
        elif result.status in (400, TOO_LARGE):
            results.refused.append((item, result.why))
        else:
            raise LogRefused(f"document {item.id} of {item.index}: {result.why}")
    return again, why


def _body(items: Sequence[Item]) -> bytes:
    lines: list[bytes] = []
    for item in items:
        action = {
            "_index": item.index,
            "_id": item.id,
            "version": item.version,
            "version_type": "external",
        }
        lines += (_line({"index": action}), item.body)
    lines.append(b"")
    return b"\n".join(lines)


async def delete(elastic: Elastic, index: str, ids: Sequence[str], *, refresh: bool) -> None:
    """Delete the documents *ids* of *index*; those not there are none to delete.

    Raises:
        LogUnavailable: some could not be deleted now.
    """
    lines = [_line({"delete": {"_index": index, "_id": each}}) for each in ids]
    answer = await elastic.request(
        "POST",
        "/_bulk",
        body=b"\n".join([*lines, b""]),
        params={"filter_path": "items.*.status,items.*.error"}
        | ({"refresh": "true"} if refresh else {}),
        timeout_s=TIMEOUT_S,
        ndjson=True,
    )
    for told in _answer.decode(answer.body).items:
        (result,) = told.values()
        if result.status >= 300 and result.status != 404:
            raise LogUnavailable(f"{index}: a document was not deleted: {result.why}")
