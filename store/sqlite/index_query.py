"""A query as SQL over the index's tables.

A condition is SQL about one message, whose position it writes as ``{at}``; columns stand in ``messages AS m``. What the
full-text table can answer is gathered into as few of its expressions as possible, because it intersects and unites by
itself, and skips. Conditions bound their inner selects by ``:low`` and ``:high``, so that a search can go through the
index part by part.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from store.fields import FIELDS, Kind, field_of
from store.flatten import VALUE_CHARS_MAX
from store.matching import bounds
from store.query import And, Exists, MatchAll, Not, Or, Prefix, Query, Range, Term
from store.sqlite import index_terms as terms
from store.tokens import tokens

WITHIN = "{at} >= :low AND {at} < :high"
PROBED_LABELS_MAX = 8


@dataclass(frozen=True, slots=True)
class Words:
    """An expression of the full-text table."""

    expression: str


@dataclass(frozen=True, slots=True)
class Labels:
    """Having one of these labels; none of them is none at all."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """A condition on ``m``. `is_rare`: an index finds the few that it holds for."""

    sql: str
    is_rare: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    part: "Node"


Node = Words | Labels | Columns | AllOf | AnyOf | NoneOf

EVERY = AllOf(())
NONE = Labels(())


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
                return none_of(self.node(query.part))
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
        return Words(f'{_keys(name)} : "{terms.key(name, query.text)}"{"*" if is_prefix else ""}')

    def _free(self, text: str, is_prefix: bool) -> Node:
        expression = _phrase("names headers body", text, is_prefix)
        named = _phrase("value", text, is_prefix)
        if not isinstance(expression, Words) or not isinstance(named, Words):
            return NONE
        ids = self.db.execute(
            "SELECT rowid FROM label_words WHERE label_words MATCH ?", (named.expression,)
        )
        return any_of([expression, Labels(tuple(sorted(row[0] for row in ids)))])

    def _column(self, column: str, text: str, is_prefix: bool) -> Node:
        if is_prefix:
            return Columns(f"substr(m.{column}, 1, {len(text)}) = {self.put(text)}")
        if column != "uid":
            return Columns(f"m.{column} = {self.put(text)}", is_rare=True)
        position = position_in(text)
        if position is None:
            return NONE
        return Columns(
            f"m.position = {self.put(position)} AND m.uid = {self.put(text)}", is_rare=True
        )

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
            return Columns(f"m.{column} IS NOT NULL")
        known = FIELDS.get(name)
        if known is None or name in terms.KEYS:
            return Words(f'{_keys(name)} : "{terms.has(name)}"')
        match known.kind:
            case Kind.TEXT:
                return (
                    Words(f'keys : "{terms.has_words(name)}"')
                    if name == "headers"
                    else self._body()
                )
            case Kind.NUMBER | Kind.TIME:
                return self._numbers(name, "")
            case _:
                rows = self.db.execute("SELECT id FROM labels WHERE field = ?", (name,))
                return Labels(tuple(sorted(row[0] for row in rows)))

    def _body(self) -> Node:
        return Words(f'body_keys : "{terms.has_words("body")}"')

    def _range(self, query: Range) -> Node:
        low, high = bounds(query, self.now_ns)
        sql = ""
        if low is not None:
            sql += f" AND {{value}} {'>=' if query.include_low else '>'} {self.put(low)}"
        if high is not None:
            sql += f" AND {{value}} {'<=' if query.include_high else '<'} {self.put(high)}"
        return self._numbers(query.field, sql)

    def _numbers(self, name: str, condition: str) -> Node:
        """Return the condition that any value of a number or time field meets *condition*, about ``{value}``."""
        if (column := terms.NUMBER_COLUMNS.get(name)) is not None:
            value = f"m.{column}"
            return Columns(f"{value} IS NOT NULL{condition.replace('{value}', value)}")
        return Columns(
            "EXISTS (SELECT 1 FROM numbers AS n"
            f" WHERE n.field = {terms.NUMBER_IDS[name]} AND n.position = {{at}}"
            f"{condition.replace('{value}', 'n.value')})"
        )

    def sql(self, node: Node) -> str:
        """Return *node* as a condition on the message at ``{at}``."""
        match node:
            case Words():
                return (
                    "{at} IN (SELECT rowid FROM words WHERE words MATCH"
                    f" {self.put(node.expression)} AND {WITHIN.replace('{at}', 'rowid')})"
                )
            case Labels():
                return self._labels_sql(node.ids)
            case Columns():
                return f"({node.sql})"
            case AllOf():
                return "(" + " AND ".join([self.sql(part) for part in node.parts] or ["1"]) + ")"
            case AnyOf():
                return "(" + " OR ".join([self.sql(part) for part in node.parts] or ["0"]) + ")"
            case NoneOf():
                return f"NOT ifnull({self.sql(node.part)}, 0)"  # of a missing value nothing holds
            case _:
                assert_never(node)

    def _labels_sql(self, ids: Sequence[int]) -> str:
        if not ids:
            return "0"
        listed = ",".join(map(str, ids))
        if len(ids) <= PROBED_LABELS_MAX:
            return (
                "EXISTS (SELECT 1 FROM labelled AS l"
                f" WHERE l.label IN ({listed}) AND l.position = {{at}})"
            )
        return (
            f"{{at}} IN (SELECT position FROM labelled WHERE label IN ({listed})"
            f" AND {WITHIN.replace('{at}', 'position')})"
        )


def _keys(name: str) -> str:
    return "body_keys" if name.startswith("body.") else "keys"


def _phrase(columns: str, text: str, is_prefix: bool) -> Node:
    found = tokens(text)
    if not found:
        return NONE
    return Words(f'{{{columns}}} : "{terms.phrase(found)}"{"*" if is_prefix else ""}')


def position_in(uid: str) -> int | None:
    """Return the position that a uid ends with; None when it ends with none."""
    tail = uid.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) <= 18 else None


def _merged(parts: Iterable[Node], operator: str) -> list[Node]:
    """Return *parts* with their full-text expressions made one."""
    expressions = [part.expression for part in parts if isinstance(part, Words)]
    rest = [part for part in parts if not isinstance(part, Words)]
    if len(expressions) > 1:
        expressions = [f" {operator} ".join(f"({expression})" for expression in expressions)]
    return [*(Words(expression) for expression in expressions), *rest]


def all_of(parts: Sequence[Node]) -> Node:
    """Return the node for which all of *parts* hold."""
    flat = [q for part in parts for q in (part.parts if isinstance(part, AllOf) else (part,))]
    if NONE in flat:
        return NONE
    merged = _merged(flat, "AND")
    excluded = [p for p in merged if isinstance(p, NoneOf) and isinstance(p.part, Words)]
    if excluded and isinstance(merged[0], Words):
        without = any_of([p.part for p in excluded])
        if isinstance(without, Words):
            kept = [p for p in merged[1:] if p not in excluded]
            merged = [Words(f"({merged[0].expression}) NOT ({without.expression})"), *kept]
    return merged[0] if len(merged) == 1 else AllOf(tuple(merged))


def any_of(parts: Sequence[Node]) -> Node:
    """Return the node for which any of *parts* holds."""
    flat = [q for part in parts for q in (part.parts if isinstance(part, AnyOf) else (part,))]
    if EVERY in flat:
        return EVERY
    ids = {i for part in flat if isinstance(part, Labels) for i in part.ids}
    rest = _merged([part for part in flat if not isinstance(part, Labels)], "OR")
    merged = [*rest, Labels(tuple(sorted(ids)))] if ids else rest
    if not merged:
        return NONE
    return merged[0] if len(merged) == 1 else AnyOf(tuple(merged))


def none_of(part: Node) -> Node:
    """Return the node for which *part* does not hold."""
    if part == NONE:
        return EVERY
    if part == EVERY:
        return NONE
    return part.part if isinstance(part, NoneOf) else NoneOf(part)
