"""A query as SQL over the index's tables.

A condition is SQL about one message, whose position it writes as ``{at}``; columns stand in ``messages AS m``. Conditions
bound their inner selects by ``:low`` and ``:high``, so that a search can go through the index part by part.
"""

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from events.identity import position_of
from store.fields import FIELDS, Kind, field_of
from store.flatten import VALUE_CHARS_MAX
from store.matching import bounds
from store.query import And, Exists, MatchAll, Not, Or, Prefix, Query, Range, Term
from store.sqlite import index_terms as terms
from store.sqlite.index_nodes import (
    EVERY,
    NONE,
    AllOf,
    AnyOf,
    Columns,
    Drive,
    Labels,
    Node,
    NoneOf,
    Words,
    all_of,
    any_of,
    none_of,
)
from store.tokens import tokens

WITHIN = "{at} >= :low AND {at} < :high"
PROBED_LABELS_MAX = 8
INTEGER_MAX = 2**62

_INDEXES = {
    "latency_ms": ("messages_by_latency", "latency_us", 1000),
    "body_size": ("messages_by_size", "body_size", 1),
    "retry_rounds": ("messages_by_rounds", "retry_rounds", 1),
    "trace_id": ("documents_by_trace", "trace_id", 0),
    "parent_uid": ("documents_by_parent", "parent_uid", 0),
}
"""Columns with an index: its name, the column it orders, and by what that is larger."""


@dataclass(slots=True)
class Translation:
    """Translates queries for one search; collects the values of the placeholders."""

    db: sqlite3.Connection
    now_ns: int
    values: dict[str, object] = field(default_factory=dict[str, object])

    def put(self, value: object) -> str:
        """Return the placeholder of *value*."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def node(self, query: Query) -> Node:
        """Return what *query* asks, simplified."""
        match query:
            case MatchAll():
                return EVERY
            case Term() | Prefix():
                return self._valued(query)
            case Range():
                return self._range(query)
            case Exists():
                return self._exists(query.field)
            case And():
                return all_of([self.node(part) for part in query.parts])
            case Or():
                return any_of([self.node(part) for part in query.parts])
            case Not():
                return self._negated(query.part)
            case _:
                assert_never(query)

    def _valued(self, query: Term | Prefix) -> Node:
        is_prefix, name = isinstance(query, Prefix), query.field
        if name is None:
            return self._free(query.text, is_prefix)
        name = terms.SAME_AS.get(name, name)
        known = field_of(name)
        if known is not None and known.kind is Kind.TEXT:
            return _phrase("headers" if name == "headers" else "body", query.text, is_prefix)
        if (column := terms.COLUMNS.get(name)) is not None:
            return self._column(column, query.text, is_prefix)
        if name in FIELDS and name not in terms.KEYS:
            return Labels(self._label_ids(name, query.text, is_prefix))
        if len(query.text) > VALUE_CHARS_MAX:
            return NONE
        return Words(f'"{terms.key(name, query.text)}"{"*" if is_prefix else ""}')

    def _free(self, text: str, is_prefix: bool) -> Node:
        # Keys hold characters that no word has: only a beginning could be one of a key too.
        expression = _phrase("names headers body" if is_prefix else "", text, is_prefix)
        named = _phrase("", text, is_prefix)
        if not isinstance(expression, Words) or not isinstance(named, Words):
            return NONE
        ids = self.db.execute(
            "SELECT rowid FROM label_words WHERE label_words MATCH ?", (named.expression,)
        )
        return any_of([expression, Labels(tuple(sorted(row[0] for row in ids)))])

    def _negated(self, query: Query) -> Node:
        if isinstance(query, Exists) and (column := terms.COLUMNS.get(query.field)) is not None:
            return self._of_document(column, "IS NULL")
        node = self.node(query)
        if isinstance(node, Labels) and node.ids:
            listed = ",".join(map(str, node.ids))
            rows = self.db.execute(f"SELECT DISTINCT field FROM labels WHERE id IN ({listed})")
            fields = [row[0] for row in rows]
            if len(fields) == 1 and fields[0] in terms.ALWAYS_ONE:
                others = self.db.execute("SELECT id FROM labels WHERE field = ?", fields)
                return Labels(tuple(sorted({row[0] for row in others}.difference(node.ids))))
        return none_of(node)

    def _column(self, column: str, text: str, is_prefix: bool) -> Node:
        if is_prefix:
            return self._column_prefix(column, text)
        if column != "uid":
            return self._of_document(column, f"= {self.put(text)}")
        position = position_in(text)
        if position is None:
            return NONE
        told = f"= {self.put(position)} AND x.uid = {self.put(text)}"
        return self._of_document("position", told)

    def _column_prefix(self, column: str, text: str) -> Node:
        told = f"substr(x.{column}, 1, {len(text)}) = {self.put(text)}"
        after = _after(text)
        if column not in _INDEXES or after is None:
            return Columns(_document_has(told))
        told += f" AND x.{column} >= {self.put(text)} AND x.{column} < {self.put(after)}"
        return Columns(_document_has(told), _document_drive(column, told))

    def _of_document(self, column: str, test: str) -> Node:
        told = f"x.{column} {test}"
        return Columns(_document_has(told), _document_drive(column, told))

    def _label_ids(self, name: str, text: str, is_prefix: bool) -> tuple[int, ...]:
        if is_prefix:
            sql = "SELECT id FROM labels WHERE field = ? AND substr(value, 1, ?) = ?"
            rows = self.db.execute(sql, (name, len(text), text))
        else:
            rows = self.db.execute(
                "SELECT id FROM labels WHERE field = ? AND value = ?", (name, text)
            )
        return tuple(sorted(row[0] for row in rows))

    def _exists(self, name: str) -> Node:
        name = terms.SAME_AS.get(name, name)
        if (column := terms.COLUMNS.get(name)) is not None:
            return Columns(_document_has(f"x.{column} IS NOT NULL"))
        known = FIELDS.get(name)
        if known is None or name in terms.KEYS:
            return Words(f'"{terms.has(name)}"')
        match known.kind:
            case Kind.TEXT:
                return Words(f'"{terms.has_words(name)}"') if name == "headers" else self._body()
            case Kind.NUMBER | Kind.TIME:
                return self._numbers(name, "")
            case _:
                rows = self.db.execute("SELECT id FROM labels WHERE field = ?", (name,))
                return Labels(tuple(sorted(row[0] for row in rows)))

    def _body(self) -> Node:
        return Words(f'"{terms.has_words("body")}"')

    def _range(self, query: Range) -> Node:
        low, high = bounds(query, self.now_ns)
        sql = ""
        if low is not None:
            sql += f" AND {{value}} {'>=' if query.include_low else '>'} {self.put(low)}"
        if high is not None:
            sql += f" AND {{value}} {'<=' if query.include_high else '<'} {self.put(high)}"
        node = self._numbers(query.field, sql)
        column = terms.NUMBER_COLUMNS.get(query.field, "")
        if not sql or column not in _INDEXES:
            return node
        index, ordered, factor = _INDEXES[column]
        where = WITHIN.replace("{at}", "i.position") + sql.replace("{value}", f"i.{column}")
        for bound, sign, off in ((low, ">=", -1), (high, "<=", 1)):
            if bound is not None:  # one more on either side, for what was rounded
                edge = max(-INTEGER_MAX, min(INTEGER_MAX, math.floor(bound * factor) + off))
                where += f" AND i.{ordered} {sign} {self.put(edge)}"
        return Columns(node.sql, Drive(f"messages AS i INDEXED BY {index}", "i.position", where))

    def _numbers(self, name: str, condition: str) -> Columns:
        """Return the condition that any value of a number or time field meets *condition*, about ``{value}``."""
        if (column := terms.NUMBER_COLUMNS.get(name)) is not None:
            value = f"m.{column}"
            return Columns(f"{value} IS NOT NULL{condition.replace('{value}', value)}")
        condition = f"n.field = {terms.NUMBER_IDS[name]}{condition.replace('{value}', 'n.value')}"
        return Columns(
            f"EXISTS (SELECT 1 FROM numbers AS n WHERE n.position = {{at}} AND {condition})",
            Drive(
                "(SELECT DISTINCT n.position FROM numbers AS n INDEXED BY numbers_by_value"
                f" WHERE {condition}) AS i",
                "i.position",
                WITHIN.replace("{at}", "i.position"),
            ),
        )

    def sql(self, node: Node, *, probing: bool = False) -> str:
        """Return *node* as a condition on the message at ``{at}``; *probing*: looked up for each, not listed first."""
        match node:
            case Words():
                return self._words_sql(node, probing)
            case Labels():
                return self._labels_sql(node.ids, probing)
            case Columns():
                return f"({node.sql})"
            case AllOf():
                parts = [self.sql(part, probing=probing) for part in node.parts]
                return "(" + " AND ".join(parts or ["1"]) + ")"
            case AnyOf():
                parts = [self.sql(part, probing=probing) for part in node.parts]
                return "(" + " OR ".join(parts or ["0"]) + ")"
            case NoneOf():
                # Of a missing value nothing holds.
                return f"NOT ifnull({self.sql(node.part, probing=probing)}, 0)"
            case _:
                assert_never(node)

    def _words_sql(self, node: Words, probing: bool) -> str:
        found = f"SELECT rowid FROM words WHERE words MATCH {self.put(node.expression)}"
        if probing:
            return f"EXISTS ({found} AND rowid = {{at}})"
        return f"{{at}} IN ({found} AND {WITHIN.replace('{at}', 'rowid')})"

    def _labels_sql(self, ids: Sequence[int], probing: bool) -> str:
        if not ids:
            return "0"
        listed = ",".join(map(str, ids))
        if probing or len(ids) <= PROBED_LABELS_MAX:
            return (
                "EXISTS (SELECT 1 FROM labelled AS l"
                f" WHERE l.label IN ({listed}) AND l.position = {{at}})"
            )
        return (
            f"{{at}} IN (SELECT position FROM labelled WHERE label IN ({listed})"
            f" AND {WITHIN.replace('{at}', 'position')})"
        )


def _document_has(condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM documents AS x WHERE x.position = {{at}} AND {condition})"


def _document_drive(column: str, condition: str) -> Drive:
    source = "documents AS i"
    if column in _INDEXES:
        source += f" INDEXED BY {_INDEXES[column][0]}"
    where = f"{WITHIN.replace('{at}', 'i.position')} AND {condition.replace('x.', 'i.')}"
    # Equals stand in the index by position.
    is_ordered = column in _INDEXES and condition.startswith(f"x.{column} = ")
    return Drive(source, "i.position", where, is_ordered)


def _after(text: str) -> str | None:
    """Return the first text, by code points, behind all that begin with *text*; None where none is simple to say."""
    if not text or not 0 < ord(text[-1]) < 0xD7FF:
        return None
    return text[:-1] + chr(ord(text[-1]) + 1)


def _phrase(columns: str, text: str, is_prefix: bool) -> Node:
    found = tokens(text)
    if not found:
        return NONE
    phrase = f'"{terms.phrase(found)}"{"*" if is_prefix else ""}'
    return Words(f"{{{columns}}} : {phrase}" if columns else phrase)


def position_in(uid: str) -> int | None:
    """Return the position that a uid ends with; None when it ends with none."""
    return position_of(uid, uid.rpartition("-")[0])
