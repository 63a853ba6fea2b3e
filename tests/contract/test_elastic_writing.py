"""What is saved into the message index in Elasticsearch, and what becomes of it when not all of it is taken."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from store.documents import MessageDocument
from store.elastic import index_bulk, mappings
from store.elastic.connection import Answer, Elastic, ElasticSettings
from store.elastic.index import ElasticMessageIndex, version_of
from store.elastic.index_document import encoded
from store.errors import LogRefused, LogUnavailable
from store.ports import Checkpoint
from store.query_parser import parse
from tests.contract.cases import DOCUMENTS, TEXTS
from tests.contract.documents import NOW, SECOND, checkpoint, fill, message
from tests.contract.message_index import found

DAY = 86_400 * SECOND
VERSION = version_of("1")
_encode = msgspec.json.Encoder().encode


class Watched(Elastic):
    """Does something, if it is told to, between the answer to the next bulk request and its arrival."""

    def __init__(self, settings: ElasticSettings) -> None:
        super().__init__(settings)
        self.once_answered: Callable[[], Awaitable[None]] | None = None

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        answer = await super().request(method, path, **options)
        if path == "/_bulk" and self.once_answered is not None:
            then, self.once_answered = self.once_answered, None
            await then()
        return answer


@pytest_asyncio.fixture
async def elastic(elastic_settings: ElasticSettings) -> AsyncIterator[Watched]:
    """A connection to look behind the index with."""
    async with Watched(elastic_settings) as opened:
        yield opened


def an_index(elastic: Elastic, version: str | None = "1") -> ElasticMessageIndex:
    """Return an index of its own connection and memory, as another process would have."""
    return ElasticMessageIndex(Elastic(elastic.settings), version=version, refresh=True)


async def indices(elastic: Elastic) -> list[str]:
    answer = await elastic.request("GET", f"/{elastic.names.messages_pattern}/_alias")
    return sorted(msgspec.json.decode(answer.body))


async def block(elastic: Elastic, index: str, *, is_blocked: bool) -> None:
    """Make *index* refuse writing for now, as on a full disk, or take that away."""
    body = _encode({"index.blocks.read_only_allow_delete": True if is_blocked else None})
    await elastic.request("PUT", f"/{index}/_settings", body=body)


def day_of(elastic: Elastic, document: MessageDocument) -> str:
    return elastic.names.messages_index(VERSION, document.published_at)


async def test_a_reader_of_nothing_finds_nothing(elastic: Elastic) -> None:
    """Before anything is indexed there is no checkpoint, no document, no facet and no count."""
    async with an_index(elastic, None) as index:
        assert await index.checkpoint() is None
        assert await index.get("main-0") is None
        assert await found(index, "") == set()
        assert await index.facets(parse(""), ["state"], size=1, now_ns=NOW) == {"state": {}}
        counts = await index.histogram(parse(""), since=0, width_ns=1, buckets=2, now_ns=NOW)
        assert list(counts) == [0, 0]


async def test_a_reader_writes_nothing(elastic: Elastic) -> None:
    """An index opened without a version refuses to save, to clear and to drop."""
    async with an_index(elastic, None) as index:
        with pytest.raises(LogRefused, match="reading only"):
            await index.save(DOCUMENTS, TEXTS, checkpoint())
        with pytest.raises(LogRefused, match="reading only"):
            await index.clear()
        with pytest.raises(LogRefused, match="reading only"):
            await index.drop_before(1)


async def test_a_checkpoint_is_read_before_there_is_a_message(elastic: Elastic) -> None:
    """A checkpoint without any document is there for readers too, and so is the alias."""
    async with an_index(elastic) as writer, an_index(elastic, None) as reader:
        await writer.save([], {}, checkpoint(7))

        assert await reader.checkpoint() == checkpoint(7)
        await elastic.request("GET", f"/_alias/{elastic.names.messages}")


async def test_messages_stand_by_the_day(elastic: Elastic) -> None:
    """Each UTC day of publishing has an index; days that retention has dropped go as a whole."""
    told = [message(i, published_at=NOW + i * DAY // 2) for i in range(8)]
    async with an_index(elastic) as index:
        await fill(index, told, {d.uid: "words" for d in told})
        assert await indices(elastic) == sorted({day_of(elastic, document) for document in told})

        assert await index.drop_before(5) == 5

        assert await indices(elastic) == sorted({day_of(elastic, d) for d in told[5:]})
        assert await found(index, "words") == {5, 6, 7}
        assert await index.drop_before(100) == 3
        assert await index.checkpoint() == checkpoint()
        assert await found(index, "") == set()
        await fill(index, [message(8)])
        assert await found(index, "") == {8}


async def test_text_is_kept_over_a_restart(elastic: Elastic) -> None:
    """A process that never saw a message's text keeps it when the message changes."""
    async with an_index(elastic) as index:
        await fill(index, DOCUMENTS, TEXTS)

    async with an_index(elastic) as index:
        await fill(index, [msgspec.structs.replace(d, version=2, vhost="v") for d in DOCUMENTS])

        assert await found(index, "card vhost:v") == {0, 1}
        assert await found(index, "body.image:4711 vhost:v") == {0}
        assert await found(index, "-body:* vhost:v") == {2}


async def test_a_new_version_is_built_beside_the_old(elastic: Elastic) -> None:
    """Searches see the old version until the new one has come as far; then the new one alone is there."""
    before = Checkpoint("messages", "1", 10, 1)
    after = [message(i, state="settled") for i in range(3)]
    async with (
        an_index(elastic, "1") as old,
        an_index(elastic, "2") as new,
        an_index(elastic, None) as reader,
    ):
        await old.save([message(i) for i in range(3)], {}, before)
        assert await new.checkpoint() is None
        await new.save(after[:2], {}, Checkpoint("messages", "2", 9, 1))
        assert await found(reader, "") == await found(reader, "state:waiting") == {0, 1, 2}
        assert await reader.checkpoint() == before

        level = Checkpoint("messages", "2", 10, 1)
        await new.save(after[2:], {}, level)

        assert await found(reader, "") == await found(reader, "state:settled") == {0, 1, 2}
        assert await reader.checkpoint() == level
    assert await indices(elastic) == [elastic.names.messages_index(version_of("2"), NOW - 1)]
    async with an_index(elastic, "1") as old:
        assert await old.checkpoint() is None


async def test_a_day_without_the_alias_gets_it(elastic: Elastic) -> None:
    """A crash between the making of an index and its alias leaves nothing that is not found."""
    async with an_index(elastic) as index:
        await fill(index, [message(0), message(1, published_at=NOW + DAY)])
    name = day_of(elastic, message(1, published_at=NOW + DAY))
    action = {"remove": {"index": name, "alias": elastic.names.messages}}
    await elastic.request("POST", "/_aliases", body=_encode({"actions": [action]}))

    async with an_index(elastic) as index:
        assert await found(index, "") == {0}
        await fill(index, [])
        assert await found(index, "") == {0, 1}


async def test_what_a_crash_left_is_begun_anew(elastic: Elastic) -> None:
    """Documents without a checkpoint are deleted before others are saved; a checkpoint without any is void."""
    async with an_index(elastic) as index:
        await fill(index, DOCUMENTS)
    where = f"/{elastic.names.checkpoints}/_doc/messages-v{VERSION}"
    await elastic.request("DELETE", where)
    async with an_index(elastic) as index:
        assert await index.checkpoint() is None
        await fill(index, DOCUMENTS[:1])
        assert await found(index, "") == {0}

    for name in await indices(elastic):
        await elastic.request("DELETE", f"/{name}")
    async with an_index(elastic) as index:
        assert await index.checkpoint() is None


async def test_a_refused_document_is_indexed_reduced(elastic: Elastic) -> None:
    """A document that Elasticsearch refuses is found by what it is, read as it was, and counted; the others are whole."""
    broken = message(7, published_at=NOW + DAY, vhost="no number", headers={"a": "b"})
    told = mappings.messages() | {"aliases": {elastic.names.messages: {}}}
    told["mappings"]["properties"]["vhost"] = {"type": "long"}
    async with an_index(elastic) as index:
        await fill(index, DOCUMENTS)
        await elastic.request("PUT", f"/{day_of(elastic, broken)}", body=_encode(told))

        await fill(index, [message(8), broken, message(9)], {"main-7": "some words"})

        assert index.reduced == 1
        assert await index.get("main-7") == broken
        assert await found(index, "uid:main-7 state:waiting position:7 published_at:>now") == {7}
        assert await found(index, "words OR header.a:b") == set()
        assert await found(index, "position:[8 TO 9] exchange:orders") == {8, 9}
        good = msgspec.structs.replace(broken, version=2, vhost="12")
        await fill(index, [good])
        assert await found(index, "words header.a:b") == {7}
        assert index.reduced == 1


async def test_every_result_of_many_is_honoured(elastic: Elastic) -> None:
    """Of one request some are stored, some are older than what is there, and some are refused with the reason."""
    name = f"{elastic.settings.prefix}-mix"
    await elastic.request("PUT", f"/{name}", body=_encode(mappings.messages()))

    def item(number: int, version: int, body: bytes = b"") -> index_bulk.Item:
        json = body or encoded(message(number), None)
        return index_bulk.Item(index=name, id=str(number), version=version, body=json)

    await index_bulk.store(elastic, [item(1, 5)])

    told = await index_bulk.store(
        elastic, [item(0, 1), item(1, 4), item(2, 1, b'{"event.sequence": "x"}'), item(3, 1)]
    )

    assert [stored.id for stored in told.stored] == ["0", "3"]
    ((refused, why),) = told.refused
    assert refused.id == "2"
    assert "event.sequence" in why


async def test_what_is_not_taken_now_is_sent_again(elastic: Watched) -> None:
    """Documents answered by 429 are sent again until they are taken, the checkpoint after them."""
    index = ElasticMessageIndex(elastic, version="1", refresh=True)
    await fill(index, DOCUMENTS[:1])
    name = day_of(elastic, DOCUMENTS[0])
    await block(elastic, name, is_blocked=True)
    meanwhile: list[Checkpoint | None] = []

    async def look_and_unblock() -> None:
        meanwhile.append(await index.checkpoint())
        await block(elastic, name, is_blocked=False)

    elastic.once_answered = look_and_unblock
    await index.save(DOCUMENTS, TEXTS, checkpoint(4))

    assert meanwhile == [checkpoint()]
    assert await found(index, "") == {0, 1, 2, 3}
    assert await index.checkpoint() == checkpoint(4)


async def test_what_is_never_taken_is_unavailable(elastic: Watched) -> None:
    """Documents answered by 429 again and again are unavailable, without a checkpoint; later they are saved."""
    index = ElasticMessageIndex(elastic, version="1", refresh=True)
    await fill(index, DOCUMENTS[:1], TEXTS)
    name = day_of(elastic, DOCUMENTS[0])
    await block(elastic, name, is_blocked=True)

    with pytest.raises(LogUnavailable, match="were not taken"):
        await index.save(DOCUMENTS, TEXTS, checkpoint(4))

    async with an_index(elastic) as other:
        assert await other.checkpoint() == checkpoint()
    await block(elastic, name, is_blocked=False)
    await index.save(DOCUMENTS, TEXTS, checkpoint(4))
    assert await found(index, "card") == {0, 1}


def test_requests_are_bounded() -> None:
    """Items are divided by bytes and by number; one that is larger than that goes alone."""
    large = index_bulk.CHUNK_BYTES + 1
    sizes = [1, large, 1, index_bulk.CHUNK_BYTES - 1, 1, *[1] * index_bulk.CHUNK_COUNT]
    items = [
        index_bulk.Item(index="i", id=str(i), version=1, body=b"x" * size)
        for i, size in enumerate(sizes)
    ]

    told = [[len(item.body) for item in chunk] for chunk in index_bulk.chunks(iter(items))]

    assert told[:3] == [[1], [large], [1, index_bulk.CHUNK_BYTES - 1]]
    assert [len(chunk) for chunk in told[3:]] == [index_bulk.CHUNK_COUNT, 1]


@pytest.mark.parametrize("version", ["", "a-b", "A", "a/b", "a*"])
def test_a_version_is_part_of_a_name(version: str) -> None:
    """A projection's version that cannot stand in an index's name is an error."""
    with pytest.raises(ValueError, match="letters and digits"):
        version_of(version)
