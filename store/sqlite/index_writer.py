"""Saving message documents into the SQLite index: one transaction per call, and of a known message only what changed.

All calls block; they belong into the adapter's worker thread.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from events.values import encode_extension
from store.documents import MessageDocument, last_at
from store.ports import Checkpoint
from store.sqlite.index_schema import SPAN_BITS
from store.sqlite.index_terms import (
    NAMES,
    Label,
    body_keys,
    content,
    content_mark,
    labels,
    mark,
    number_rows,
    phrase,
    words,
)
from store.sqlite.segment_file import Transaction
from store.tokens import tokens

LABELS_KNOWN_MAX = 200_000
DROP_ROWS = 5_000

_encode = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode
_pack = msgspec.msgpack.Encoder().encode
_rows = msgspec.msgpack.Decoder(list[tuple[int, int | float]])


class _Known(msgspec.Struct, frozen=True):
    """What the index holds of a message."""

    version: int
    content: int
    body: int
    labels: bytes
    numbers: bytes


class IndexWriter:
    """Writes to the database *connection*; the only one that does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = self._db = connection
        self._labels: dict[Label, int] = {}

    def save(
        self,
        documents: Iterable[MessageDocument],
        texts: Mapping[str, str],
        checkpoint: Checkpoint,
    ) -> None:
        """Store the documents newer than those held, and the checkpoint, or nothing."""
        newest: dict[int, MessageDocument] = {}
        for document in documents:
            held = newest.get(document.position)
            if held is None or document.version > held.version:
                newest[document.position] = document
        try:
            with Transaction(self._db):
                known = self._known(list(newest))
                fresh = [
                    document
                    for document in newest.values()
                    if (held := known.get(document.position)) is None
                    or document.version > held.version
                ]
                self._save(fresh, known, texts)
                self._db.execute("INSERT OR REPLACE INTO state VALUES (0, ?)", (_pack(checkpoint),))
        except BaseException:
            self._labels.clear()  # ids given in a transaction that was rolled back
            raise

    def _known(self, positions: Sequence[int]) -> dict[int, _Known]:
        found = self._db.execute(
            "SELECT d.position, version, content, body, labels, numbers"
            " FROM json_each(?) AS asked CROSS JOIN documents AS d ON d.position = asked.value",
            (_json(positions),),
        )
        return {row[0]: _Known(*row[1:]) for row in found}

    def _save(
        self,
        documents: Sequence[MessageDocument],
        known: Mapping[int, _Known],
        texts: Mapping[str, str],
    ) -> None:
        ids = [labels(document) for document in documents]
        self._learn({label for of_one in ids for label in of_one})
        rows: list[tuple[object, ...]] = []
        labelled: list[tuple[int, int]] = []
        unlabelled: list[tuple[int, int]] = []
        numbers: list[tuple[int, int, int | float]] = []
        no_numbers: list[tuple[int, int, int | float]] = []
        for document, of_one in zip(documents, ids, strict=True):
            at = document.position
            held = known.get(at)
            told = array("q", sorted(self._labels[label] for label in of_one))
            before = unpacked(held.labels) if held else ()
            labelled += [(label, at) for label in set(told).difference(before)]
            unlabelled += [(label, at) for label in set(before).difference(told)]
            values = sorted(number_rows(document))
            values_before = _rows.decode(held.numbers) if held else []
            numbers += [(f, at, value) for f, value in set(values).difference(values_before)]
            no_numbers += [(f, at, value) for f, value in set(values_before).difference(values)]
            marks = self._save_words(document, held, texts.get(document.uid))
            rows.append(_document_row(document, *marks, told.tobytes(), _pack(values)))
        run = self._db.executemany
        run("DELETE FROM labelled WHERE label = ? AND position = ?", unlabelled)
        run("INSERT OR IGNORE INTO labelled VALUES (?, ?)", sorted(labelled))
        run("DELETE FROM numbers WHERE field = ? AND position = ? AND value = ?", no_numbers)
        run("INSERT OR IGNORE INTO numbers VALUES (?, ?, ?)", numbers)
        states = [self._labels["state", document.state] for document in documents]
        rows_of = map(_message_row, documents, states)
        run("INSERT OR REPLACE INTO messages VALUES (?,?,?,?,?,?,?,?)", rows_of)
        run("INSERT OR REPLACE INTO documents VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
        self._save_spans(documents)

    def _learn(self, asked: set[Label]) -> None:
        """Make the ids of all labels in *asked* known, giving new ones where needed."""
        if len(self._labels) > LABELS_KNOWN_MAX:
            self._labels.clear()
        unknown = [label for label in asked if label not in self._labels]
        if not unknown:
            return
        for field, value in unknown:
            made = self._db.execute(
                "INSERT INTO labels (field, value) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id",
                (field, value),
            ).fetchone()
            found = (
                made
                or self._db.execute(
                    "SELECT id FROM labels WHERE field = ? AND value = ?", (field, value)
                ).fetchone()
            )
            if made and field in NAMES:
                self._db.execute(
                    "INSERT INTO label_words (rowid, value) VALUES (?, ?)",
                    (made[0], phrase(tokens(value))),
                )
            self._labels[field, value] = found[0]

    def _save_words(
        self, document: MessageDocument, held: _Known | None, text: str | None
    ) -> tuple[int, int]:
        """Write the full-text row where it changed; return the marks of its content and its body."""
        at, told = document.position, content_mark(document)
        body = held.body if held else 0
        if text is not None:
            body = mark(text.encode("utf-8", "surrogatepass"))
        if held is None:
            new = content(document)
            self._db.execute(
                "INSERT INTO words (rowid, names, headers, body, body_keys, keys)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (at, new.names, new.headers, *_body(text or ""), new.keys),
            )
            return told, body
        if told != held.content:
            new = content(document)
            self._db.execute(
                "UPDATE words SET names = ?, headers = ?, keys = ? WHERE rowid = ?",
                (new.names, new.headers, new.keys, at),
            )
        if text is not None and body != held.body:
            self._db.execute(
                "UPDATE words SET body = ?, body_keys = ? WHERE rowid = ?",
                (*_body(text), at),
            )
        return told, body

    def _save_spans(self, documents: Iterable[MessageDocument]) -> None:
        spans: dict[int, tuple[int, int]] = {}
        for document in documents:
            at = document.published_at
            low, high = spans.get(document.position >> SPAN_BITS, (at, at))
            spans[document.position >> SPAN_BITS] = (min(low, at), max(high, at))
        self._db.executemany(
            "INSERT INTO spans VALUES (?, ?, ?) ON CONFLICT (span) DO UPDATE"
            " SET low = min(low, excluded.low), high = max(high, excluded.high)",
            [(span, low, high) for span, (low, high) in spans.items()],
        )

    def drop_before(self, position: int) -> int:
        """Delete the messages before *position*; return how many."""
        dropped = 0
        while True:
            with Transaction(self._db):
                found = self._db.execute(
                    "SELECT position, labels, numbers FROM documents WHERE position < ?"
                    " ORDER BY position LIMIT ?",
                    (position, DROP_ROWS),
                ).fetchall()
                self._delete(found)
                if len(found) < DROP_ROWS:
                    self._db.execute("DELETE FROM spans WHERE span < ?", (position >> SPAN_BITS,))
            dropped += len(found)
            if len(found) < DROP_ROWS:
                return dropped

    def _delete(self, found: Sequence[tuple[int, bytes, bytes]]) -> None:
        positions = [(row[0],) for row in found]
        run = self._db.executemany
        run(
            "DELETE FROM labelled WHERE label = ? AND position = ?",
            [(label, at) for at, packed, _ in found for label in unpacked(packed)],
        )
        run(
            "DELETE FROM numbers WHERE field = ? AND position = ? AND value = ?",
            [(f, at, value) for at, _, packed in found for f, value in _rows.decode(packed)],
        )
        for table, column in (
            ("words", "rowid"),
            ("documents", "position"),
            ("messages", "position"),
        ):
            run(f"DELETE FROM {table} WHERE {column} = ?", positions)


def _message_row(document: MessageDocument, state: int) -> tuple[object, ...]:
    latency = document.latency_ms
    return (
        document.position,
        document.published_at,
        None if latency is None else round(latency * 1000),
        latency,
        document.body.size if document.body else None,
        document.retry_rounds,
        state,
        last_at(document),
    )


def _document_row(
    document: MessageDocument, content: int, body: int, labels: bytes, numbers: bytes
) -> tuple[object, ...]:
    return (
        document.position,
        document.version,
        content,
        body,
        labels,
        numbers,
        document.uid,
        document.trace_id or None,
        document.parent.uid if document.parent else None,
        _encode(document),
    )


def _body(text: str) -> tuple[str, str]:
    found = words([text])
    return found, body_keys(text, has_any=bool(found))


def unpacked(packed: bytes) -> "array[int]":
    found = array("q")
    found.frombytes(packed)
    return found


def _json(numbers: Iterable[int]) -> str:
    return "[" + ",".join(map(str, numbers)) + "]"
