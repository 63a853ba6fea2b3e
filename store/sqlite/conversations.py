"""Conversations in the SQLite message index. All calls block; they belong into the adapter's worker thread."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from events.values import decode_extension
from store.conversations import (
    FAILURES,
    LABELLED_MAX,
    Conversation,
    Figures,
    Key,
    Match,
)
from store.documents import MessageDocument
from store.ports import Sort
from store.query import Query
from store.sqlite.engine import Worker
from store.sqlite.index_query import Translation
from store.sqlite.index_search import POSITION_MAX, Search
from store.sqlite.index_writer import unpacked

Answer = TypeVar("Answer")

_document = msgspec.msgpack.Decoder(MessageDocument, ext_hook=decode_extension)
_json = msgspec.json.Encoder()

_MEMBERS = (
    " FROM json_each(:asked) AS a"
    " CROSS JOIN documents AS x INDEXED BY documents_by_trace ON x.trace_id = a.value"
    " CROSS JOIN messages AS m ON m.position = x.position"
)
_FIGURES = (
    "SELECT a.value, count(*), min(m.published_at), max(m.published_at), max(m.last_at),"
    " sum(m.state IN (SELECT value FROM json_each(:failures)))"
    + _MEMBERS
    + " WHERE m.position < :before GROUP BY a.key"
)
_STATES = "SELECT a.value, m.state, count(*)" + _MEMBERS + " GROUP BY a.key, m.state"
_DIED = (
    "SELECT a.value, count(*)"
    + _MEMBERS
    + " CROSS JOIN labelled AS l ON l.label = :died AND l.position = x.position GROUP BY a.key"
)
_FIRST = (
    "SELECT labels FROM documents INDEXED BY documents_by_trace WHERE trace_id = ?"
    " ORDER BY position LIMIT ?"
)
_ROOT = (
    "SELECT x.document FROM documents AS x INDEXED BY documents_by_trace"
    " CROSS JOIN messages AS m ON m.position = x.position WHERE x.trace_id = ?"
    " ORDER BY x.parent_uid IS NOT NULL, m.published_at, m.position LIMIT 1"
)


class SqliteFinder:
    """A :class:`store.conversations.Finder`; *connected* gives the connection in the *worker*'s thread."""

    def __init__(self, worker: Worker, connected: Callable[[], sqlite3.Connection | None]) -> None:
        self._worker = worker
        self._connected = connected

    async def newest(
        self, query: Query, *, before: Key | None, limit: int, now_ns: int
    ) -> Sequence[Match]:
        return await self._ask(lambda db: newest(db, query, before, limit, now_ns), [])

    async def seen(
        self, query: Query, trace_ids: Sequence[str], *, since: Key, now_ns: int
    ) -> set[str]:
        return await self._ask(lambda db: seen(db, query, trace_ids, since, now_ns), set())

    async def figures(
        self, trace_ids: Sequence[str], *, before: int | None
    ) -> Mapping[str, Figures]:
        return await self._ask(lambda db: figures(db, trace_ids, before), {})

    async def told(self, trace_ids: Sequence[str]) -> Sequence[Conversation]:
        return await self._ask(lambda db: told(db, trace_ids), [])

    async def _ask(self, question: Callable[[sqlite3.Connection], Answer], none: Answer) -> Answer:
        return await self._worker.run(self._answer, question, none)

    def _answer(self, question: Callable[[sqlite3.Connection], Answer], none: Answer) -> Answer:
        if (db := self._connected()) is None:
            return none
        db.execute("BEGIN")  # one moment for all that is asked at once
        try:
            return question(db)
        finally:
            db.execute("COMMIT")


def newest(
    db: sqlite3.Connection, query: Query, before: Key | None, limit: int, now_ns: int
) -> list[Match]:
    """Return the newest matches, see :meth:`store.conversations.Finder.newest`."""
    keys = Search(db, query, now_ns).page(Sort(), limit, before, exact_total=False).keys
    rows = db.execute(
        "SELECT d.position, d.trace_id FROM json_each(?) AS a"
        " CROSS JOIN documents AS d ON d.position = a.value",
        (_json.encode([position for _, position in keys]).decode(),),
    )
    traces = dict(rows)
    return [Match(at, position, traces.get(position) or "") for at, position in keys]


def seen(
    db: sqlite3.Connection, query: Query, trace_ids: Sequence[str], since: Key, now_ns: int
) -> set[str]:
    """Return those with a match at or after *since*."""
    translation = Translation(db, now_ns)
    matching = translation.sql(translation.node(query), probing=True).replace("{at}", "m.position")
    rows = db.execute(
        "SELECT a.value FROM json_each(:asked) AS a WHERE EXISTS (SELECT 1"
        " FROM documents AS x INDEXED BY documents_by_trace"
        " CROSS JOIN messages AS m ON m.position = x.position WHERE x.trace_id = a.value"
        f" AND (m.published_at, m.position) >= (:at, :position) AND {matching})",
        {
            **translation.values,
            "asked": _asked(trace_ids),
            "at": since[0],
            "position": since[1],
            "low": 0,
            "high": 2**62,
        },
    )
    return {row[0] for row in rows}


def figures(
    db: sqlite3.Connection, trace_ids: Sequence[str], before: int | None = None
) -> dict[str, Figures]:
    """Return the figures of conversations, of their messages before position *before*."""
    failures = [id_ for name in FAILURES for id_ in _ids(db, "state", name)]
    asked = {
        "asked": _asked(trace_ids),
        "failures": _json.encode(failures).decode(),
        "before": POSITION_MAX if before is None else before,
    }
    return {row[0]: Figures(*row[1:]) for row in db.execute(_FIGURES, asked)}


def told(db: sqlite3.Connection, trace_ids: Sequence[str]) -> list[Conversation]:
    """Return conversations, each with its services, states and root."""
    names = dict(db.execute("SELECT id, value FROM labels WHERE field = 'state'"))
    services = dict(db.execute("SELECT id, value FROM labels WHERE field = 'service'"))
    states = defaultdict[str, dict[str, int]](dict)
    for trace_id, state, count in db.execute(_STATES, {"asked": _asked(trace_ids)}):
        states[trace_id][names[state]] = count
    died = _died(db, trace_ids)
    found: list[Conversation] = []
    for trace_id, counted in figures(db, trace_ids).items():
        (raw,) = db.execute(_ROOT, (trace_id,)).fetchone()
        found.append(
            Conversation(
                trace_id=trace_id,
                figures=counted,
                states=states[trace_id],
                dead_letters=died.get(trace_id, 0),
                services=tuple(sorted(_services(db, trace_id, services))),
                services_of=min(counted.messages, LABELLED_MAX),
                root=_document.decode(raw),
            )
        )
    return found


def _died(db: sqlite3.Connection, trace_ids: Sequence[str]) -> Mapping[str, int]:
    ids = _ids(db, "copies.dead_letter.timer", "false")
    if not ids:
        return {}
    return dict(db.execute(_DIED, {"asked": _asked(trace_ids), "died": ids[0]}))


def _services(db: sqlite3.Connection, trace_id: str, names: Mapping[int, str]) -> Iterable[str]:
    ids: set[int] = set()
    for (packed,) in db.execute(_FIRST, (trace_id, LABELLED_MAX)):
        ids.update(unpacked(packed))
    return (names[each] for each in ids.intersection(names))


def _ids(db: sqlite3.Connection, field: str, value: str) -> list[int]:
    rows = db.execute("SELECT id FROM labels WHERE field = ? AND value = ?", (field, value))
    return [row[0] for row in rows]


def _asked(trace_ids: Sequence[str]) -> str:
    return _json.encode(list(trace_ids)).decode()
