"""The promises of ``store.ports.MessageIndex``, one test per sentence; queries are cases as data."""

import random
from itertools import product

import msgspec
import pytest

from store.documents import Copy, MessageDocument, Party
from store.errors import QueryInvalid
from store.ports import MessageIndex, Page, Sort
from store.query_parser import parse
from store.ranking import HISTOGRAM_BUCKETS_MAX, TOTAL_MAX
from tests.contract import matrix, text_cases
from tests.contract.cases import CASES, DOCUMENTS, TEXTS
from tests.contract.conversations import ConversationsContract
from tests.contract.documents import NOW, checkpoint, fill, message

MANY = 12_500


async def found(index: MessageIndex, query: str) -> set[int]:
    page = await index.search(parse(query), sort=Sort(), limit=100, now_ns=NOW)
    return {document.position for document in page.items}


async def found_or_refused(index: MessageIndex, query: str) -> set[int] | None:
    try:
        return await found(index, query)
    except QueryInvalid:
        return None


async def pages(
    index: MessageIndex, query: str, sort: Sort, limit: int, most: int = 1000
) -> list[Page]:
    """Return every page of a search, at most *most* of them."""
    told: list[Page] = []
    after = None
    while len(told) < most and (not told or after is not None):
        told.append(
            await index.search(parse(query), sort=sort, limit=limit, after=after, now_ns=NOW)
        )
        after = told[-1].after
    return told


def many() -> list[MessageDocument]:
    """Return more documents than a total counts, whose publish times are a little out of order and repeat."""
    dice = random.Random(4711)
    return [
        message(
            position,
            published_at=NOW - (position + dice.randrange(-300, 300)) // 4,
            exchange=f"e{position % 3}",
            state="delivered" if position % 2 else "waiting",
            latency_ms=float(dice.randrange(50)) if position % 5 else None,
        )
        for position in range(MANY)
    ]


def in_order(
    documents: list[MessageDocument], field: str, descending: bool
) -> list[MessageDocument]:
    def key(document: MessageDocument) -> tuple[float, int]:
        value = getattr(document, field)
        if value is None:
            return (-1.0 if descending else 1e9, document.position)
        return (value, document.position)

    return sorted(documents, key=key, reverse=descending)


class MessageIndexContract(ConversationsContract):
    """A subclass gives the fixture ``index``, empty."""

    @pytest.mark.parametrize(("query", "expected"), CASES, ids=[query for query, _ in CASES])
    async def test_a_query_finds(self, index: MessageIndex, query: str, expected: set[int]) -> None:
        """Each query of the table finds exactly the messages that stand beside it."""
        await fill(index, DOCUMENTS, TEXTS)

        assert await found(index, query) == expected

    @pytest.mark.parametrize(
        ("documents", "texts", "cases"),
        [
            (matrix.DOCUMENTS, matrix.TEXTS, matrix.CASES),
            (text_cases.WORD_DOCUMENTS, text_cases.WORD_TEXTS, text_cases.WORD_CASES),
            (text_cases.JSON_DOCUMENTS, text_cases.JSON_TEXTS, text_cases.JSON_CASES),
        ],
        ids=["operators", "words", "nested"],
    )
    async def test_a_table_of_queries_holds(
        self,
        index: MessageIndex,
        documents: list[MessageDocument],
        texts: dict[str, str],
        cases: list[tuple[str, set[int] | None]],
    ) -> None:
        """Every operator on every kind of field, hard words and nested values find what the table says, or are refused."""
        await fill(index, documents, texts)

        told = {query: await found_or_refused(index, query) for query, _ in cases}

        wrong = {query: told[query] for query, expected in cases if told[query] != expected}
        assert wrong == {}

    async def test_a_document_is_read_back(self, index: MessageIndex) -> None:
        """A document comes back as it was saved, bytes and times included; an unknown uid is None."""
        await fill(index, DOCUMENTS)

        assert [await index.get(document.uid) for document in DOCUMENTS] == DOCUMENTS
        assert await index.get("main-99") is None
        assert await index.get("other-1") is None
        assert await index.get("\x00") is None

    async def test_documents_and_checkpoint_are_one_step(self, index: MessageIndex) -> None:
        """The checkpoint saved last is there; an empty index has none."""
        assert await index.checkpoint() is None

        await index.save(DOCUMENTS[:1], {}, checkpoint(7))
        await index.save([], {}, checkpoint(9))

        assert await index.checkpoint() == checkpoint(9)

    async def test_an_older_version_is_ignored(self, index: MessageIndex) -> None:
        """A document whose version is not above the stored one changes nothing, also within one call."""
        newer = message(0, version=3, state="delivered")
        await fill(index, [newer, message(0, version=2, state="gone")], {"main-0": "kept"})

        await fill(index, [message(0, version=3, state="unknown")], {"main-0": "lost"})

        assert await index.get("main-0") == newer
        assert await found(index, "state:delivered kept") == {0}
        assert await found(index, "lost OR state:unknown OR state:gone") == set()

    async def test_a_newer_version_replaces_what_is_searched(self, index: MessageIndex) -> None:
        """After an update the message is found by what it is now, and by nothing it was."""
        await fill(index, DOCUMENTS, TEXTS)
        changed = msgspec.structs.replace(
            DOCUMENTS[0],
            version=2,
            state="settled",
            exchange="other",
            headers={"tenant": "globex"},
            latency_ms=50.0,
            trace_id="t9",
            copies=(Copy("late", "inferred", "settled"),),
            publisher=Party("Renamed", None, None, "rule", 1.0),
        )

        await fill(index, [changed])

        for query in (
            "exchange:other", "state:settled", "header.tenant:globex", "queue:late", "renamed",
            "latency_ms:50", "trace_id:t9", "globex", "other", "late",
        ):  # fmt: skip
            assert await found(index, query) == {0}, query
        for query in ("header.tenant:acme", "uploader", "acme", "latency_ms:12.5", "header.ok:*"):
            assert await found(index, query) == set(), query

    async def test_a_uid_without_text_keeps_its_text(self, index: MessageIndex) -> None:
        """An update without a body's text leaves body words and values searchable; one with it replaces them."""
        await fill(index, DOCUMENTS, TEXTS)
        await fill(index, [msgspec.structs.replace(DOCUMENTS[0], version=2, exchange="other")])
        assert await found(index, "body.image:4711 declined exchange:other") == {0}

        again = msgspec.structs.replace(DOCUMENTS[0], version=3)
        await fill(index, [again], {"main-0": '{"image": 4712}'})

        assert await found(index, "body.image:4712") == {0}
        assert await found(index, "body.image:4711 OR body.error:*") == set()

    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
    async def test_pages_go_through_ties(
        self, index: MessageIndex, limit: int, descending: bool
    ) -> None:
        """Equal sort values are ordered by position, and no page repeats or leaves out a message."""
        await fill(index, [message(i, published_at=NOW - i // 3) for i in range(8)])

        told = await pages(index, "", Sort("published_at", descending), limit)

        expected = sorted(range(8), key=lambda i: (NOW - i // 3, i), reverse=descending)
        assert [item.position for page in told for item in page.items] == expected
        assert all(page.total == 8 for page in told)
        assert [len(page.items) for page in told[:-1]] == [limit] * (len(told) - 1)

    @pytest.mark.parametrize("descending", [True, False])
    async def test_a_missing_sort_value_comes_last(
        self, index: MessageIndex, descending: bool
    ) -> None:
        """Messages without the value come behind all others, whichever the direction."""
        latencies = [5.0, None, 1.25, None, 5.0]
        await fill(index, [message(i, latency_ms=value) for i, value in enumerate(latencies)])

        told = await pages(index, "", Sort("latency_ms", descending), 2)

        order = [4, 0, 2, 3, 1] if descending else [2, 0, 4, 1, 3]
        assert [item.position for page in told for item in page.items] == order

    async def test_only_known_fields_sort(self, index: MessageIndex) -> None:
        """Sorting by a field that cannot be sorted by is refused."""
        with pytest.raises(QueryInvalid, match="cannot sort"):
            await index.search(parse(""), sort=Sort("exchange"), limit=1, now_ns=NOW)

    async def test_totals_are_capped(self, index: MessageIndex) -> None:
        """The total counts to 10,000, then says at least; exact on request, and exact below."""
        await fill(index, many())

        async def total(query: str, *, exact: bool = False) -> tuple[int, bool]:
            page = await index.search(
                parse(query), sort=Sort(), limit=1, exact_total=exact, now_ns=NOW
            )
            return page.total, page.total_is_exact

        assert await total("") == (TOTAL_MAX, False)
        assert await total("", exact=True) == (MANY, True)
        assert await total("-exchange:nowhere") == (TOTAL_MAX, False)
        assert await total("state:delivered") == (MANY // 2, True)
        both = len(range(1, MANY, 6))  # every third exchange, every second state
        assert await total("exchange:e1 state:delivered", exact=True) == (both, True)

    async def test_many_matches_are_paged_in_order(self, index: MessageIndex) -> None:
        """With more matches than are counted the pages are in order all the same, out of order as times may be."""
        documents = many()
        await fill(index, documents)

        for field, descending in product(("published_at", "position", "latency_ms"), (True, False)):
            told = await pages(index, "vhost:/", Sort(field, descending), 700, most=6)

            expected = in_order(documents, field, descending)[: 6 * 700]
            assert [d.uid for page in told for d in page.items] == [d.uid for d in expected], field

    async def test_facets_count_the_commonest_values(self, index: MessageIndex) -> None:
        """Each field's commonest values among the matches are counted, each once per message."""
        await fill(index, DOCUMENTS, TEXTS)

        facets = await index.facets(
            parse("-vhost:/a/b"), ["state", "queue", "header.tenant"], size=2, now_ns=NOW
        )

        assert facets == {
            "state": {"waiting": 2, "dead-lettered": 1},
            "queue": {"work": 3, "audit": 1},
            "header.tenant": {"acme": 1},
        }

    async def test_facets_can_begin_with_something(self, index: MessageIndex) -> None:
        """Only values that begin with the prefix are told, upper and lower case alike, whatever the field is."""
        await fill(
            index,
            [
                message(0, exchange="Orders", latency_ms=12.5, headers={"a.b": "x=Y"}),
                message(1, exchange="orders.new", latency_ms=1.25, headers={"a.b": "x"}),
                message(2, exchange="orders", latency_ms=3.0, headers={"a": {"b": "X=y"}}),
                message(3, exchange="other.*", publish_observed=False),
                message(4, exchange="ÖRE"),
            ],
        )

        async def told(field: str, prefix: str) -> dict[str, int]:
            found = await index.facets(parse(""), [field], size=9, now_ns=NOW, prefix=prefix)
            return dict(found[field])

        assert await told("exchange", "ORDERS") == {"Orders": 1, "orders": 1, "orders.new": 1}
        assert await told("exchange", "orders.") == {"orders.new": 1}
        assert await told("exchange", "Other.*") == {"other.*": 1}
        assert await told("exchange", "öre") == {"ÖRE": 1}
        assert await told("exchange", "rders") == {}
        assert await told("latency_ms", "1") == {"1.25": 1, "12.5": 1}
        assert await told("publish_observed", "F") == {"false": 1}
        assert await told("header.a.b", "X=") == {"x=Y": 1, "X=y": 1}

    async def test_an_unknown_facet_is_refused(self, index: MessageIndex) -> None:
        """Facets of a field that does not exist are an error that names it."""
        await fill(index, DOCUMENTS)

        with pytest.raises(QueryInvalid, match="nothing"):
            await index.facets(parse(""), ["nothing"], size=2, now_ns=NOW)

    async def test_a_bucket_begins_with_its_border(self, index: MessageIndex) -> None:
        """A message on a border counts in the bucket that begins there, to the nanosecond; those outside in none."""
        times = [-1, 0, 9, 10, 19, 20, 29, 30, 31]
        await fill(index, [message(i, published_at=NOW + ns) for i, ns in enumerate(times)])

        told = await index.histogram(parse(""), since=NOW, width_ns=10, buckets=3, now_ns=NOW)
        one = await index.histogram(parse(""), since=NOW + 30, width_ns=1, buckets=1, now_ns=NOW)

        assert list(told) == [2, 2, 2]
        assert list(one) == [1]

    async def test_a_histogram_counts_what_a_query_matches(self, index: MessageIndex) -> None:
        """Only matches are counted, whatever the query asks, times of its own included."""
        await fill(index, DOCUMENTS, TEXTS)
        since = min(document.published_at for document in DOCUMENTS)

        async def told(query: str) -> list[int]:
            width = 1 + max(document.published_at for document in DOCUMENTS) - since
            found = parse(query)
            return list(
                await index.histogram(found, since=since, width_ns=width, buckets=1, now_ns=NOW)
            )

        for query, expected in CASES:
            assert await told(query) == [len(expected)], query

    async def test_a_histogram_counts_every_match(self, index: MessageIndex) -> None:
        """More matches than a total counts are counted all the same; an empty index has none."""
        empty = await index.histogram(parse(""), since=0, width_ns=NOW, buckets=2, now_ns=NOW)
        documents = many()
        await fill(index, documents)

        for query, states in (("", ("delivered", "waiting")), ("state:delivered", ("delivered",))):
            told = await index.histogram(
                parse(query), since=NOW - 3200, width_ns=100, buckets=30, now_ns=NOW
            )
            places = [(d.published_at - NOW + 3200) // 100 for d in documents if d.state in states]
            assert list(told) == [places.count(bucket) for bucket in range(30)]
        assert list(empty) == [0, 0]

    async def test_a_histogram_is_told_apart_by_state(self, index: MessageIndex) -> None:
        """Each bucket tells how many of its matches have each state, as they are now; an empty one names none."""
        told = await index.histogram_by(
            parse(""), "state", since=0, width_ns=NOW, buckets=2, now_ns=NOW
        )
        documents = many()
        await fill(index, documents)
        await fill(index, [msgspec.structs.replace(documents[-1], version=2, state="settled")])
        ask = {"since": NOW - 3200, "width_ns": 100, "buckets": 34, "now_ns": NOW}

        states = [dict(each) for each in await index.histogram_by(parse(""), "state", **ask)]
        waiting = await index.histogram_by(parse("state:waiting e1"), "state", **ask)

        assert [dict(each) for each in told] == [{}, {}]
        assert [sum(each.values()) for each in states] == list(
            await index.histogram(parse(""), **ask)
        )
        assert sum(each.get("settled", 0) for each in states) == 1
        assert states[-1] == {}
        assert {state for each in waiting for state in each} == {"waiting"}

    async def test_a_histogram_is_told_apart_by_some_fields_only(self, index: MessageIndex) -> None:
        """A field of which a message may have several values, or none, is refused."""
        with pytest.raises(ValueError, match="queue"):
            await index.histogram_by(parse(""), "queue", since=0, width_ns=1, buckets=1, now_ns=NOW)

    @pytest.mark.parametrize(
        ("since", "width_ns", "buckets"),
        [
            (0, 1, 0),
            (0, 1, HISTOGRAM_BUCKETS_MAX + 1),
            (0, 0, 1),
            (NOW, 2**62, 4),
            (-(2**64), 1, 1),
        ],
    )
    async def test_an_impossible_histogram_is_refused(
        self, index: MessageIndex, since: int, width_ns: int, buckets: int
    ) -> None:
        """Too many buckets, none, buckets without width, and times beyond 64 bits are errors."""
        with pytest.raises(ValueError, match=r"histogram|bucket"):
            await index.histogram(
                parse(""), since=since, width_ns=width_ns, buckets=buckets, now_ns=NOW
            )

    async def test_clearing_deletes_everything(self, index: MessageIndex) -> None:
        """After clear there is no document and no checkpoint, and saving works again."""
        await fill(index, DOCUMENTS, TEXTS)

        await index.clear()

        assert await index.checkpoint() is None
        assert await found(index, "") == set()
        await fill(index, DOCUMENTS, TEXTS)
        assert await found(index, "card") == {0, 1}

    async def test_dropping_deletes_what_was_before(self, index: MessageIndex) -> None:
        """Documents first seen before a position go, are counted, and are found no more."""
        await fill(index, DOCUMENTS, TEXTS)

        assert await index.drop_before(2) == 2
        assert await index.drop_before(2) == 0

        assert await found(index, "") == {2, 3}
        assert await found(index, "card OR queue:audit OR latency_ms:*") == set()
        assert await index.get("main-1") is None
        assert await index.checkpoint() == checkpoint()
