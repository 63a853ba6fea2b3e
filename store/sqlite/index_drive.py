"""What a search begins with: the part of a query that holds for the fewest messages, or all messages.

A part's count is taken up to a limit; where it reaches that, how soon it did tells how many there are about. Where few
rows are left by the first part, the full-text table is asked about each; where many are, its answer is listed first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from store.sqlite.index_nodes import (
    AllOf,
    AnyOf,
    Columns,
    Drive,
    Labels,
    Node,
    NoneOf,
    Words,
    any_of,
)
from store.sqlite.index_query import PROBED_LABELS_MAX, WITHIN, Translation
from store.sqlite.index_terms import has

FEW = 10_000
PROBES_MAX = 1_000
BRANCHES_MAX = 12
_ALL = Words(f'"{has("vhost")}"')  # every message has one
_UNKNOWN = 10.0**12


@dataclass(frozen=True, slots=True)
class Plan:
    """A search's FROM and WHERE, and the column of the positions.

    `is_sliced`: it is better run over one part of the positions after another. `probes_words`: looking whether one given
    message matches asks the full-text table. `branches` together give the same rows, each of them in order.
    """

    source: str
    at: str
    where: str
    is_sliced: bool
    probes_words: bool
    branches: tuple["Plan", ...] = ()


def plan(translation: Translation, node: Node, low: int, high: int) -> Plan:
    """Return how to search for *node* between two positions."""
    parts = node.parts if isinstance(node, AllOf) else (node,)
    drives = [_drive(translation, part) for part in parts]
    known = [i for i, drive in enumerate(drives) if drive is not None]
    others = any(_has_words(part) for i, part in enumerate(parts) if known != [i])
    costs = [_UNKNOWN * 10] * len(parts)
    for i in known:
        is_alone = len(known) == 1 and not others
        costs[i] = _cost(translation, parts[i], is_alone, low, high)
    best = min(range(len(parts)), key=costs.__getitem__, default=-1)
    led = Drive("messages AS m", "m.position", WITHIN.replace("{at}", "m.position"), True)
    cost, rest, chosen = _UNKNOWN, list(parts), None
    if best >= 0 and (drive := drives[best]) is not None and costs[best] <= _UNKNOWN:
        led, cost, chosen = drive, costs[best], rest.pop(best)
    elif negated := [part.part for part in parts if isinstance(part, NoneOf) and _is_words(part)]:
        without = any_of(negated)
        if isinstance(without, Words):
            told = Words(f"({_ALL.expression}) NOT ({without.expression})")
            led = _words_drive(translation, told)
            rest = [part for part in parts if not _is_words(part)]
    others_of = AllOf(tuple(rest))
    told = _planned(translation, node, led, others_of, cost)
    if cost <= FEW or chosen is None or _has_lists(others_of):
        return told
    drives = [_drive(translation, branch) for branch in _branches(chosen)]
    each = [_planned(translation, node, d, others_of, cost) for d in drives if d is not None]
    return replace(told, branches=tuple(each))


def _branches(part: Node) -> list[Node]:
    """Return alternatives that can each be read in order, of which *part* is any."""
    match part:
        case Labels() if 1 < len(part.ids) <= BRANCHES_MAX:
            return [Labels((label,)) for label in part.ids]
        case AnyOf() if len(part.parts) <= BRANCHES_MAX:
            found = [_branches(each) or [each] for each in part.parts]
            return [branch for branches in found for branch in branches]
        case _:
            return []


def _planned(translation: Translation, node: Node, led: Drive, rest: Node, cost: float) -> Plan:
    probing = cost <= PROBES_MAX
    source = led.source
    if led.at != "m.position":
        source += f" CROSS JOIN messages AS m ON m.position = {led.at}"
    listed = _has_lists(rest) and not probing
    return Plan(
        source=source,
        at=led.at,
        where=f"{led.where} AND {translation.sql(rest, probing=probing)}".replace("{at}", led.at),
        is_sliced=(listed or not led.is_ordered) and cost > FEW and not _has_prefix(node),
        probes_words=_has_words(node),
    )


def _is_words(part: Node) -> bool:
    return isinstance(part, NoneOf) and isinstance(part.part, Words)


def _inner(node: Node) -> Sequence[Node]:
    match node:
        case AllOf() | AnyOf():
            return node.parts
        case NoneOf():
            return (node.part,)
        case _:
            return ()


def _has_words(node: Node) -> bool:
    return isinstance(node, Words) or any(map(_has_words, _inner(node)))


def _has_prefix(node: Node) -> bool:
    if isinstance(node, Words):
        return '"*' in node.expression
    return any(map(_has_prefix, _inner(node)))


def _has_lists(node: Node) -> bool:
    if isinstance(node, Labels):
        return len(node.ids) > PROBED_LABELS_MAX
    return isinstance(node, Words) or any(map(_has_lists, _inner(node)))


def _words_drive(translation: Translation, words: Words) -> Drive:
    put, within = translation.put(words.expression), WITHIN.replace("{at}", "words.rowid")
    return Drive("words", "words.rowid", f"words MATCH {put} AND {within}", is_ordered=True)


def _drive(translation: Translation, part: Node) -> Drive | None:
    within = WITHIN.replace("{at}", "d.position")
    match part:
        case Words():
            return _words_drive(translation, part)
        case Labels() if len(part.ids) == 1:
            where = f"d.label = {part.ids[0]} AND {within}"
            return Drive("labelled AS d", "d.position", where, is_ordered=True)
        case Labels():
            return Drive(_united(translation, [part]), "d.position", within)
        case AnyOf() if all(isinstance(each, Words | Labels) for each in part.parts):
            return Drive(_united(translation, part.parts), "d.position", within)
        case Columns():
            return part.drive
        case _:
            return None


def _united(translation: Translation, parts: Sequence[Node]) -> str:
    return f"({' UNION '.join([_select(translation, part) for part in parts])}) AS d"


def _select(translation: Translation, part: Node) -> str:
    if isinstance(part, Words):
        put, within = translation.put(part.expression), WITHIN.replace("{at}", "rowid")
        return f"SELECT rowid AS position FROM words WHERE words MATCH {put} AND {within}"
    listed = ",".join(map(str, part.ids if isinstance(part, Labels) else ()))
    return (
        f"SELECT DISTINCT position FROM labelled WHERE label IN ({listed})"
        f" AND {WITHIN.replace('{at}', 'position')}"
    )


def _cost(translation: Translation, part: Node, is_alone: bool, low: int, high: int) -> float:
    """Return about how many messages *part* holds for; more than _UNKNOWN where it cannot lead to so many."""
    drives = [_drive(translation, each) for each in _branches(part) or [part]]
    if is_alone and all(drive is not None and drive.is_ordered for drive in drives):
        return _UNKNOWN  # nothing to compare with
    found = sum(_estimate(translation, drive, low, high) for drive in drives if drive is not None)
    return found if isinstance(part, Columns) else min(found, _UNKNOWN)


def _estimate(translation: Translation, drive: Drive, low: int, high: int) -> float:
    """Return about how many rows *drive* has; it is exact up to FEW, and unknown beyond where they are not in order."""
    sql = (
        f"SELECT count(*), max(p) FROM (SELECT {drive.at} AS p FROM {drive.source}"
        f" WHERE {drive.where} LIMIT {FEW})"
    )
    values = {**translation.values, "low": low, "high": high}
    count, last = translation.db.execute(sql, values).fetchone()
    if count < FEW:
        return count
    return count * (high - low) / (last - low + 1) if drive.is_ordered else _UNKNOWN * 2
