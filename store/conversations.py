"""Conversations (traces) found in the message index: the newest first, or ranked by what is known of them.

Every store answers four small questions (:class:`Finder`); how they make a page stands here once. Going by time, a page
is found without looking at more than it shows. Any other order is over the conversations of the newest 10,000 matches.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from store.documents import MessageDocument, last_at
from store.errors import QueryInvalid
from store.query import And, Query, Range

MATCHES_MAX = 10_000
"""Over so many matches conversations are counted and ranked, the newest by publish time."""
WALKS_MAX = 5
"""So many times as many matches are gone through for one page; it may be short then, and the next one goes on."""
LABELLED_MAX = 1_000
"""The services of a conversation may be told of so many messages only, the first ones."""

FAILURES = ("dead-lettered", "unroutable")
"""The states of messages that count as failures of their conversation."""
NEWEST = "last_published_at"

Key = tuple[int, int]


class Match(NamedTuple):
    """A message that matches, and its conversation; a message without one is none."""

    published_at: int
    position: int
    trace_id: str


class Figures(msgspec.Struct, frozen=True):
    """What is counted over all messages of a conversation; times in ns, `last_at` the last that is known of any."""

    messages: int
    started_at: int
    last_published_at: int
    last_at: int
    failures: int


class Conversation(msgspec.Struct, frozen=True):
    """A conversation. `states` counts its messages by state, `dead_letters` those that ever died by a failure.

    `services` are those at either end of its first `services_of` messages. `root` is the first message without a parent,
    else the first one.
    """

    trace_id: str
    figures: Figures
    states: Mapping[str, int]
    dead_letters: int
    services: tuple[str, ...]
    services_of: int
    root: MessageDocument


class ConversationPage(msgspec.Struct, frozen=True):
    """One page of conversations. `total` counts those in the newest `matches` matches; `is_all`: there are no more matches.

    On a further page by time these are the matches from there on.

    `after` leads to the next page, None when there is none.
    """

    items: Sequence[Conversation]
    total: int
    matches: int
    is_all: bool
    after: tuple[int | str, ...] | None


class Finder(Protocol):
    """What a store answers about conversations."""

    async def newest(
        self, query: Query, *, before: Key | None, limit: int, now_ns: int
    ) -> Sequence[Match]:
        """Return the newest matches before (published_at, position) *before*, those without a conversation as ""."""
        ...

    async def seen(
        self, query: Query, trace_ids: Sequence[str], *, since: Key, now_ns: int
    ) -> set[str]:
        """Return which of *trace_ids* have a match at or after (published_at, position) *since*."""
        ...

    async def figures(
        self, trace_ids: Sequence[str], *, before: int | None
    ) -> Mapping[str, Figures]:
        """Return the figures of conversations, over all their messages, or those before position *before*."""
        ...

    async def told(self, trace_ids: Sequence[str]) -> Sequence[Conversation]:
        """Return conversations in any order, those that are gone left out."""
        ...


ORDERS: dict[str, Callable[[Figures], int]] = {
    "started_at": lambda figures: figures.started_at,
    "messages": lambda figures: figures.messages,
    "duration_ms": lambda figures: figures.last_at - figures.started_at,
    "failures": lambda figures: figures.failures,
}
"""By what conversations are ranked, the largest first, beside `NEWEST`."""


async def find(
    finder: Finder,
    query: Query,
    *,
    order: str,
    limit: int,
    after: tuple[int | str, ...] | None,
    before: int | None,
    now_ns: int,
) -> ConversationPage:
    """Return the page of conversations after *after*, of which a message before position *before* matches *query*.

    Raises:
        QueryInvalid: there is no such order, or *after* is none of its.
    """
    if order != NEWEST and order not in ORDERS:
        raise QueryInvalid(f"cannot order conversations by {order!r}", 0)
    if before is not None:
        query = And((query, Range("position", high=before, include_high=False)))
    if order == NEWEST:
        return await _by_time(finder, query, limit, after, now_ns)
    return await _ranked(finder, query, order, limit, after, before, now_ns)


async def _by_time(
    finder: Finder, query: Query, limit: int, after: tuple[int | str, ...] | None, now_ns: int
) -> ConversationPage:
    key = None if after is None else _key(after)
    found: dict[str, Key] = {}
    at, total, matches, is_all, is_last = key, 0, 0, False, True
    for walk in range(WALKS_MAX):
        walked = await finder.newest(query, before=at, limit=MATCHES_MAX + 1, now_ns=now_ns)
        is_last = len(walked) <= MATCHES_MAX
        walked = walked[:MATCHES_MAX]
        fresh = _first(walked, without=found)
        if key is not None and fresh:
            gone = await finder.seen(query, list(fresh), since=key, now_ns=now_ns)
            fresh = {trace_id: at for trace_id, at in fresh.items() if trace_id not in gone}
        found |= fresh
        if walk == 0:
            total, matches, is_all = len(found), len(walked), is_last
        if walked:
            at = (walked[-1].published_at, walked[-1].position)
        if is_last or len(found) > limit:
            break
    chosen = dict(list(found.items())[:limit])
    end = None
    if len(found) > limit:
        end = list(chosen.values())[-1]
    elif not is_last:
        end = at
    items = await _told(finder, list(chosen))
    return ConversationPage(items, total, matches, is_all, end)


async def _ranked(
    finder: Finder,
    query: Query,
    order: str,
    limit: int,
    after: tuple[int | str, ...] | None,
    before: int | None,
    now_ns: int,
) -> ConversationPage:
    begin: Key | None = None
    last: tuple[int, str] | None = None
    match after:
        case None:
            pass
        case (int() as published_at, int() as position, int() as value, str() as trace_id):
            begin, last = (published_at, position), (value, trace_id)
        case _:
            raise QueryInvalid("the place to go on from is of another order", 0)
    walked = await finder.newest(query, before=begin, limit=MATCHES_MAX + 1, now_ns=now_ns)
    is_all, walked = len(walked) <= MATCHES_MAX, walked[:MATCHES_MAX]
    figures = await finder.figures(list(_first(walked, without={})), before=before)
    value_of = ORDERS[order]
    ranked = sorted(((-value_of(each), trace_id) for trace_id, each in figures.items()))
    rest = [each for each in ranked if last is None or each > (-last[0], last[1])]
    page = rest[:limit]
    end = None
    if len(rest) > limit and walked:
        newest = walked[0]
        end = (newest.published_at, newest.position + 1, -page[-1][0], page[-1][1])
    items = await _told(finder, [trace_id for _, trace_id in page])
    return ConversationPage(items, len(figures), len(walked), is_all, end)


def _first(matches: Iterable[Match], *, without: Mapping[str, Key]) -> dict[str, Key]:
    """Return the conversations of *matches* with the first match of each, in their order."""
    found: dict[str, Key] = {}
    for match in matches:
        if match.trace_id and match.trace_id not in without and match.trace_id not in found:
            found[match.trace_id] = (match.published_at, match.position)
    return found


async def _told(finder: Finder, trace_ids: Sequence[str]) -> Sequence[Conversation]:
    """Return the conversations in the order of *trace_ids*."""
    told = {each.trace_id: each for each in await finder.told(trace_ids)} if trace_ids else {}
    return [told[trace_id] for trace_id in trace_ids if trace_id in told]


def _key(after: tuple[int | str, ...]) -> Key:
    match after:
        case (int() as published_at, int() as position):
            return published_at, position
        case _:
            raise QueryInvalid("the place to go on from is of another order", 0)


def figures_of(documents: Sequence[MessageDocument]) -> Figures:
    """Return the figures of a conversation of *documents*, at least one."""
    times = [document.published_at for document in documents]
    return Figures(
        messages=len(documents),
        started_at=min(times),
        last_published_at=max(times),
        last_at=max(map(last_at, documents)),
        failures=sum(document.state in FAILURES for document in documents),
    )


def has_died(document: MessageDocument) -> bool:
    """Return whether a copy of the message ever died by a failure."""
    return any(
        copy.dead_letter is not None and not copy.dead_letter.timer for copy in document.copies
    )


def root_of(documents: Iterable[MessageDocument]) -> MessageDocument:
    """Return the first of *documents* without a parent, else the first one."""
    return min(documents, key=lambda d: (d.parent is not None, d.published_at, d.position))
