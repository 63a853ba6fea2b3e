"""The promises of ``MessageIndex.conversations``, one test per sentence."""

import msgspec
import pytest

from store.conversations import ORDERS, Conversation, ConversationPage
from store.documents import Attempt, Copy, DeadLetter, MessageDocument, ParentLink, Party
from store.errors import QueryInvalid
from store.ports import MessageIndex, Sort
from store.query_parser import parse
from tests.contract.documents import NOW, SECOND, fill, message

US = 1_000


def conversing(position: int, trace_id: str, **changes: object) -> MessageDocument:
    """Return a message of a conversation, published a second after the one before it."""
    return message(position, **({"trace_id": trace_id, "published_at": at(position)} | changes))


def at(position: int) -> int:
    return NOW + position * SECOND


def died(position: int, *, timer: bool) -> Copy:
    consumer = Party("worker", None, None, "app_id", 1.0)
    attempts = (Attempt(at(position) + SECOND // 2, False, consumer),)
    death = DeadLetter("rejected", timer=timer, at=at(position) + 3 * SECOND)
    return Copy("work", "routed", "dead-lettered", attempts, death, enqueued_at=at(position))


def link(position: int) -> ParentLink:
    return ParentLink(f"main-{position}", "w3c", 1.0)


SHOP = Party("shop", None, None, "app_id", 1.0)
TALKED = [
    conversing(0, "long", publisher=SHOP, exchange="begin"),
    conversing(1, "long", parent=link(0)),
    conversing(2, "sad", copies=(died(2, timer=False),), state="dead-lettered", publisher=SHOP),
    conversing(3, "short", parent=link(99), copies=(died(3, timer=True),), exchange="late"),
    conversing(4, ""),
    conversing(5, "sad", state="unroutable", parent=link(2)),
    conversing(6, "long", parent=link(1), exchange="late", state="delivered"),
]


async def page(
    index: MessageIndex, query: str = "", order: str = "last_published_at", limit: int = 9,
    after: tuple[int | str, ...] | None = None, before: int | None = None,
) -> ConversationPage:  # fmt: skip
    return await index.conversations(
        parse(query), order=order, limit=limit, after=after, before=before, now_ns=NOW
    )


async def paged(
    index: MessageIndex, query: str, order: str, limit: int, before: int | None = None
) -> list[str]:
    """Return the conversations of all pages."""
    found: list[str] = []
    after: tuple[int | str, ...] | None = None
    while not found or after is not None:
        told = await page(index, query, order, limit, after, before)
        found += names(told)
        after = told.after
    return found


def names(told: ConversationPage) -> list[str]:
    return [each.trace_id for each in told.items]


class ConversationsContract:
    """A subclass gives the fixture ``index``, empty."""

    async def test_the_newest_conversation_comes_first(self, index: MessageIndex) -> None:
        """They come by their newest message; a message of no conversation is none; an empty index has none."""
        empty = await page(index)
        await fill(index, TALKED)

        told = await page(index)

        assert (names(empty), empty.total, empty.is_all, empty.after) == ([], 0, True, None)
        assert names(told) == ["long", "sad", "short"]
        assert (told.total, told.matches, told.is_all, told.after) == (3, 7, True, None)

    async def test_all_of_a_conversation_is_counted(self, index: MessageIndex) -> None:
        """Messages, times, states, deaths by failure, services and root are of the whole, whatever matched."""
        await fill(index, TALKED)

        sad, short = (await page(index, "position:5 OR position:3")).items
        (long,) = (await page(index, "exchange:begin")).items

        assert figures(sad) == (2, at(2), at(5), 2)
        assert abs(sad.figures.last_at - at(5)) <= US
        assert (dict(sad.states), sad.dead_letters) == ({"dead-lettered": 1, "unroutable": 1}, 1)
        assert (sad.services, sad.services_of) == (("shop", "worker"), 2)
        assert (sad.root, long.root, short.root) == (TALKED[2], TALKED[0], TALKED[3])
        assert (short.dead_letters, short.figures.failures) == (0, 0)
        assert abs(short.figures.last_at - at(6)) <= US
        assert figures(long) == (3, at(0), at(6), 0)
        assert dict(long.states) == {"waiting": 2, "delivered": 1}

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            ("started_at", ["short", "sad", "long"]),
            ("messages", ["long", "sad", "short"]),
            ("duration_ms", ["long", "sad", "short"]),
            ("failures", ["sad", "long", "short"]),
        ],
    )
    async def test_they_are_ranked(
        self, index: MessageIndex, order: str, expected: list[str]
    ) -> None:
        """Each order puts the largest first, equals by id, over all pages."""
        await fill(index, TALKED)

        assert names(await page(index, order=order)) == expected
        assert await paged(index, "", order, 1) == expected
        assert names(await page(index, "exchange:late", order)) == [
            each for each in expected if each != "sad"
        ]

    @pytest.mark.parametrize("limit", [1, 2, 5])
    async def test_pages_by_time_repeat_none(self, index: MessageIndex, limit: int) -> None:
        """However its messages lie among those of others, each conversation comes once, by its newest match."""
        many = [conversing(i, f"t{i * i % 7}", published_at=at(i // 2)) for i in range(60)]
        await fill(index, many)

        for query in ("", "-position:>40 -position:17", "published_at:<=2027-01-15T08:00:09Z"):
            expected: list[str] = []
            for each in await matching(index, query):
                if each.trace_id not in expected:
                    expected.append(each.trace_id)
            assert await paged(index, query, "last_published_at", limit) == expected, query

    @pytest.mark.parametrize("order", ["last_published_at", "started_at", "messages"])
    async def test_what_is_published_meanwhile_moves_nothing(
        self, index: MessageIndex, order: str
    ) -> None:
        """Pages asked before a position stay whole and in order while conversations go on; one begun since is in none."""
        await fill(index, TALKED)
        expected = await paged(index, "", order, 1)
        first = await page(index, order=order, limit=1, before=len(TALKED))
        since = [expected[-1]] * 5 + [expected[0], "new"]
        await fill(index, [conversing(len(TALKED) + i, each) for i, each in enumerate(since)])

        rest = await page(index, order=order, after=first.after, before=len(TALKED))

        assert names(first) + names(rest) == expected
        assert await paged(index, "", order, 2, len(TALKED)) == expected
        assert rest.items[-1].figures.messages > 5  # what is told is of all, also of since

    async def test_a_message_that_changes_its_conversation_moves(self, index: MessageIndex) -> None:
        """After an update a message counts in the conversation that it is now part of, and in no other."""
        await fill(index, TALKED)
        await fill(
            index, [msgspec.structs.replace(TALKED[3], version=2, trace_id="sad", state="gone")]
        )

        told = {each.trace_id: each for each in (await page(index)).items}

        assert {each: told[each].figures.messages for each in told} == {"long": 3, "sad": 3}
        assert told["sad"].states["gone"] == 1

    async def test_what_matches_many_is_found_by_time_in_full(self, index: MessageIndex) -> None:
        """Beyond 10,000 matches the total is of the newest ones, and pages by time go on to the oldest."""
        many = [conversing(i, f"t{i // 1000}") for i in range(12_001)]
        await fill(index, many)

        first = await page(index, limit=2)
        ranked = await page(index, order="messages")

        assert (first.total, first.matches, first.is_all) == (11, 10_000, False)
        assert await paged(index, "", "last_published_at", 3) == [
            f"t{i}" for i in range(12, -1, -1)
        ]
        assert [each.figures.messages for each in ranked.items] == [1000] * 9
        assert (ranked.total, ranked.is_all) == (11, False)

    async def test_an_unknown_order_is_refused(self, index: MessageIndex) -> None:
        """Orders that there are not, and places of another order to go on from, are errors."""
        await fill(index, TALKED)

        for order in ("services", ""):
            with pytest.raises(QueryInvalid, match="order"):
                await page(index, order=order)
        for order in ("last_published_at", *ORDERS):
            with pytest.raises(QueryInvalid, match="order"):
                await page(index, order=order, after=("a", 1))


async def matching(index: MessageIndex, query: str) -> list[MessageDocument]:
    found = await index.search(parse(query), sort=Sort(), limit=100, now_ns=NOW)
    return list(found.items)


def figures(told: Conversation) -> tuple[int, int, int, int]:
    of = told.figures
    return of.messages, of.started_at, of.last_published_at, of.failures
