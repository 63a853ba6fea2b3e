"""Walk over all that an export holds, page by page, and write down that it left.

Bounded: one page of rows is in memory at a time (of edges and queues, the table itself). What is published while an
export runs is not part of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

import structlog

from api.asking import new_id, send
from api.bodies import show
from api.ports import ApiPorts
from api.problems import Problem
from api.stored import Stored
from collector.operations.command import ID_HEX_DIGITS
from events.facts import MessagesExported
from projector import tables
from projector.answers import QueueState
from projector.tables import Column, Row
from store import query as ast
from store.documents import MessageDocument
from store.ports import Page, Sort

POSITION = "position"
QUERY_CHARS_MAX = 1_000

log_line = structlog.get_logger("hoptrail.serve")


class Export:
    """The rows of table *kind* for *query*, as of the index's position *before*; `rows` counts those given out.

    With *bodies* messages have theirs. *now_ns* is what ``now`` in the query means.
    """

    def __init__(
        self,
        ports: ApiPorts,
        stored: Stored,
        kind: str,
        query: ast.Query | None,
        *,
        before: int,
        bodies: bool,
        now_ns: int,
    ) -> None:
        self.kind = kind
        self.rows = 0
        self.bodies = bodies and kind == tables.MESSAGES
        self._ports = ports
        self._stored = stored
        self._query = query
        self._before = before
        self._now_ns = now_ns

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table."""
        return tables.COLUMNS[self.kind] + (tables.BODY_COLUMNS if self.bodies else ())

    async def total(self) -> int | None:
        """Return how many rows there will be, where that is known before."""
        if self.kind != tables.MESSAGES:
            return None
        page = await self._page(None, limit=1, exact_total=True)
        return page.total

    async def pages(self) -> AsyncIterator[list[Row]]:
        """Yield the rows, a page at a time."""
        match self.kind:
            case tables.MESSAGES:
                pages = self._messages()
            case tables.DELIVERIES:
                pages = self._of_each(tables.delivery_rows)
            case tables.DEAD_LETTERS:
                pages = self._of_each(tables.dead_letter_rows)
            case tables.EDGES:
                pages = self._edges()
            case _:
                pages = self._queues()
        async for page in pages:
            self.rows += len(page)
            yield page

    async def _messages(self) -> AsyncIterator[list[Row]]:
        async for documents in self._documents():
            rows: list[Row] = []
            for document in documents:
                row = tables.message_row(document)
                rows.append((*row, *await self._body(document)) if self.bodies else row)
            yield rows

    async def _body(self, document: MessageDocument) -> tuple[str | None, str | None]:
        """Return a message's body and how it is written; None where it has none or retention removed it."""
        kept = None if document.body is None else await self._stored.body(document.body)
        if kept is None or document.body is None:
            return None, None
        shown = show(
            kept,
            content_type="text/plain",
            content_encoding=document.content_encoding,
            truncated=document.body.truncated,
        )
        return str(shown.value), shown.encoding

    async def _of_each(
        self, rows_of: Callable[[MessageDocument], Iterable[Row]]
    ) -> AsyncIterator[list[Row]]:
        async for documents in self._documents():
            yield [row for document in documents for row in rows_of(document)]

    async def _edges(self) -> AsyncIterator[list[Row]]:
        edges = tables.Edges()
        async for documents in self._documents():
            for document in documents:
                edges.add(document)
        yield list(edges.rows())

    async def _queues(self) -> AsyncIterator[list[Row]]:
        states = self._ports.views.queues()
        if self._query is None:
            yield [tables.queue_row(state, None) for state in states]
            return
        matching: dict[tuple[object, object], int] = {}
        async for documents in self._documents():
            for document in documents:
                for queue in {copy.queue for copy in document.copies}:
                    place = (document.vhost, queue)
                    matching[place] = matching.get(place, 0) + 1
        yield [
            tables.queue_row(state, matching[_place(state)])
            for state in states
            if _place(state) in matching
        ]

    async def _documents(self) -> AsyncIterator[list[MessageDocument]]:
        """Yield the matches in the order of their first facts."""
        after: tuple[int | str, ...] | None = None
        while True:
            page = await self._page(after, limit=self._ports.limits.page_items_max)
            if page.items:
                yield list(page.items)
            if page.after is None:
                return
            after = page.after

    async def _page(
        self, after: tuple[int | str, ...] | None, *, limit: int, exact_total: bool = False
    ) -> Page:
        within = ast.Range(POSITION, None, self._before, include_high=False)
        query: ast.Query = within if self._query is None else ast.And((self._query, within))
        if self.kind == tables.DEAD_LETTERS:
            query = ast.And((query, ast.Exists("copies.dead_letter.reason")))
        return await self._ports.index.search(
            query,
            sort=Sort(POSITION, descending=False),
            limit=limit,
            after=after,
            exact_total=exact_total,
            now_ns=self._now_ns,
        )


def _place(state: QueueState) -> tuple[object, object]:
    return (state.vhost, state.name)


class Trail:
    """Writes down what was exported, without holding up who exports: *ports* lead to the log."""

    def __init__(self, ports: ApiPorts) -> None:
        self._ports = ports
        self._sending: set[asyncio.Task[None]] = set()

    def exported(self, by: str, export: Export, query: str) -> None:
        """Note that rows left, also where the export was broken off."""
        told = {"by": by, "kind": export.kind, "rows": export.rows, "payloads": export.bodies}
        log_line.info("exported", query=query[:QUERY_CHARS_MAX], **told)
        if self._ports.commands is None:
            return
        name = new_id(ID_HEX_DIGITS)
        fact = MessagesExported(
            name, by, export.kind, query[:QUERY_CHARS_MAX], export.rows, export.bodies
        )
        task = asyncio.create_task(self._tell(name, fact))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _tell(self, name: str, fact: MessagesExported) -> None:
        try:
            await send(self._ports, name, (fact,))
        except Problem as problem:
            log_line.warning("an export is not in the log", why=problem.detail, rows=fact.rows)
