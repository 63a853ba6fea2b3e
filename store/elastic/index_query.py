"""A query as Elasticsearch's query DSL: filters only, because nothing is ordered by relevance.

Pure. Words are compared with the tokens that were indexed, never analysed again, so that they mean what they mean in
every other store. A phrase never reaches from one value into the next: a hundred positions lie between two values.
"""

import math
from collections.abc import Iterable
from typing import Any, assert_never

from store.elastic.index_document import divided
from store.elastic.index_fields import (
    BODY_WORDS,
    HEADER_WORDS,
    NAME_WORDS,
    pair,
    pairs_of,
    stored_as,
)
from store.elastic.mappings import is_fraction
from store.fields import FIELDS, Kind, field_of
from store.matching import bounds, is_text
from store.query import And, Exists, MatchAll, Not, Or, Prefix, Query, Range, Term
from store.query_values import INTEGER_MAX
from store.tokens import tokens

Dsl = dict[str, Any]

FREE = (NAME_WORDS, HEADER_WORDS, BODY_WORDS)
"""The fields that a word without a field is looked for in."""

EVERY: Dsl = {"match_all": {}}
NONE: Dsl = {"match_none": {}}


def dsl(query: Query, now_ns: int) -> Dsl:
    """Return *query* as a filter; *now_ns* is what ``now`` in it means."""
    match query:
        case MatchAll():
            return EVERY
        case Term() | Prefix():
            return _valued(query)
        case Range():
            return _range(query, now_ns)
        case Exists():
            return _exists(query.field)
        case And():
            return all_of(dsl(part, now_ns) for part in query.parts)
        case Or():
            return _any_of(dsl(part, now_ns) for part in query.parts)
        case Not():
            return _none_of(dsl(query.part, now_ns))
        case _:
            assert_never(query)


def all_of(parts: Iterable[Dsl]) -> Dsl:
    """Return the filter for which all of *parts* hold; as few levels of it as possible, because they are limited."""
    wanted: list[Dsl] = []
    unwanted: list[Dsl] = []
    for part in parts:
        inner: Dsl = part.get("bool", {})
        if part == NONE:
            return NONE
        if part == EVERY:
            continue
        if "filter" in inner or "must_not" in inner:
            wanted += inner.get("filter", ())
            unwanted += inner.get("must_not", ())
        else:
            wanted.append(part)
    if not unwanted and len(wanted) < 2:
        return wanted[0] if wanted else EVERY
    told = {"filter": wanted, "must_not": unwanted}
    return {"bool": {name: of for name, of in told.items() if of}}


def _any_of(parts: Iterable[Dsl]) -> Dsl:
    found: list[Dsl] = []
    equal: dict[str, list[object]] = {}
    for part in parts:
        if part == EVERY:
            return EVERY
        for each in part["bool"]["should"] if _is_choice(part) else (part,):
            if "term" in each:
                ((field, value),) = each["term"].items()
                equal.setdefault(field, []).append(value)
            elif "terms" in each:
                ((field, values),) = each["terms"].items()
                equal.setdefault(field, []).extend(values)
            elif each != NONE:
                found.append(each)
    for field, values in equal.items():
        one = len(values) == 1
        found.append({"term": {field: values[0]}} if one else {"terms": {field: values}})
    if not found:
        return NONE
    return found[0] if len(found) == 1 else {"bool": {"should": found, "minimum_should_match": 1}}


def _is_choice(part: Dsl) -> bool:
    return "should" in part.get("bool", ())


def _none_of(part: Dsl) -> Dsl:
    if part in (EVERY, NONE):
        return NONE if part == EVERY else EVERY
    inner: Dsl = part.get("bool", {})
    if _is_choice(part):
        return {"bool": {"must_not": inner["should"]}}
    if "filter" not in inner and len(inner.get("must_not", ())) == 1:
        return inner["must_not"][0]
    return {"bool": {"must_not": [part]}}


def _valued(query: Term | Prefix) -> Dsl:
    is_prefix, name = isinstance(query, Prefix), query.field
    if name is None or is_text(name):
        fields = FREE if name is None else (stored_as(name),)
        found = divided(tokens(query.text))
        return _any_of(_phrase(field, found, is_prefix) for field in fields) if found else NONE
    known = FIELDS.get(name)
    if known is None:
        field, _, path = pairs_of(name)
        return {"prefix" if is_prefix else "term": {field: pair(path, query.text)}}
    if known.kind is Kind.BOOLEAN:
        told = [value for value in ("true", "false") if _is_like(value, query)]
        return {"terms": {stored_as(name): told}} if told else NONE
    return {"prefix" if is_prefix else "term": {stored_as(name): query.text}}


def _is_like(value: str, query: Term | Prefix) -> bool:
    return value.startswith(query.text) if isinstance(query, Prefix) else value == query.text


def _phrase(field: str, found: list[str], is_prefix: bool) -> Dsl:
    """Return the filter for the words *found* one after another, the last one only begun if *is_prefix*."""
    if len(found) == 1:
        return {"prefix" if is_prefix else "term": {field: found[0]}}
    if not is_prefix:
        return {"match_phrase": {field: {"query": " ".join(found), "analyzer": "whitespace"}}}
    *before, last = found
    clauses: list[Dsl] = [{"span_term": {field: word}} for word in before]
    clauses.append({"span_multi": {"match": {"prefix": {field: last}}}})
    return {"span_near": {"clauses": clauses, "slop": 0, "in_order": True}}


def _exists(name: str) -> Dsl:
    if field_of(name) is not None and name not in FIELDS:
        _, field, path = pairs_of(name)
        return {"term": {field: path}}
    return {"exists": {"field": stored_as(name)}}


def _range(query: Range, now_ns: int) -> Dsl:
    low, high = bounds(query, now_ns)
    if is_fraction(query.field):
        told = _of_fractions(low, high, query)
    else:
        least = None if low is None else _least(low, query.include_low)
        most = None if high is None else -_least(-high, query.include_high)
        if (least or 0) > INTEGER_MAX or (most or 0) < -INTEGER_MAX:
            return NONE
        told = {"gte": least, "lte": most}
    told = {sign: value for sign, value in told.items() if value is not None}
    field = stored_as(query.field)
    return {"range": {field: told}} if told else {"exists": {"field": field}}


def _least(low: float, is_included: bool) -> int:
    """Return the least integer that is beyond *low*, or not below it."""
    return max(-INTEGER_MAX, math.ceil(low) if is_included else math.floor(low) + 1)


def _of_fractions(low: float | None, high: float | None, query: Range) -> dict[str, float | None]:
    """Return the bounds as binary fractions; of an integer that is none of them, what lies beyond it."""
    told: dict[str, float | None] = {}
    if low is not None:
        near = float(low)
        told["gte" if (near == low and query.include_low) or near > low else "gt"] = near
    if high is not None:
        near = float(high)
        told["lte" if (near == high and query.include_high) or near < high else "lt"] = near
    return told
