"""What a query is made of for the SQLite index, simplified: full-text expressions, labels, conditions on columns.

Pure. What the full-text table can answer is gathered into as few of its expressions as possible, because it intersects
and unites by itself, and skips.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drive:
    """Rows to begin with: FROM, the column of their positions, and WHERE, between ``:low`` and ``:high``.

    `is_ordered`: they come by position as they are read, in either direction.
    """

    source: str
    at: str
    where: str
    is_ordered: bool = False


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
    """A condition. `drive` finds those it holds for by an index, where there is one."""

    sql: str
    drive: Drive | None = None


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
