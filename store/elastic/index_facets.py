"""The commonest values of fields among the newest matches, counted by Elasticsearch, exactly.

Where Elasticsearch would only estimate, or does not keep the values apart (of bodies), the matches themselves are read
and counted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from store.elastic.index_fields import BODY_PAIRS, pair, pairs_of, stored_as
from store.elastic.index_query import Dsl
from store.elastic.index_reader import IndexReader
from store.errors import QueryInvalid
from store.fields import BODY, FIELDS, Kind, field_of
from store.flatten import json_pairs
from store.matching import Subject, facet_values
from store.query import Query
from store.ranking import beginning, ranked, same_letters

SHARD_VALUES_MAX = 20_000
"""So many values of a field each shard tells; where it has more, its counts may be estimates."""


class _Bucket(msgspec.Struct, frozen=True):
    key: str | int | float
    doc_count: int
    key_as_string: str | None = None


class _Terms(msgspec.Struct, frozen=True):
    buckets: list[_Bucket] = []
    doc_count_error_upper_bound: int = 0
    sum_other_doc_count: int = 0


class _Answer(msgspec.Struct, frozen=True):
    aggregations: dict[str, _Terms] = {}


_answer = msgspec.json.Decoder(_Answer)


async def facets(
    reader: IndexReader,
    query: Query,
    fields: Sequence[str],
    *,
    size: int,
    now_ns: int,
    prefix: str = "",
) -> Mapping[str, Mapping[str, int]]:
    """Return for each of *fields* its *size* commonest values that begin with *prefix*, and their counts.

    Raises:
        QueryInvalid: there is no such field.
    """
    kinds = {field: _kind_of(field) for field in fields}
    asked = await reader.newest(query, now_ns)
    counted = {
        field: told
        for field in kinds
        if (told := _aggregation(field, kinds[field], size, prefix)) is not None
    }
    answer = _Answer()
    if counted:
        body = {
            "size": 0,
            "track_total_hits": False,
            "query": {"constant_score": {"filter": asked}},
            "aggs": {str(i): told for i, told in enumerate(counted.values())},
        }
        answer = _answer.decode(await reader.ask(body))
    found: dict[str, Mapping[str, int]] = {}
    for i, field in enumerate(counted):
        terms = answer.aggregations.get(str(i), _Terms())
        if _is_exact(terms, kinds[field]):
            found[field] = _values(terms, field, size, prefix)
    left = [f for f in kinds if f not in found and kinds[f] is not Kind.TEXT]
    if left:
        found |= await _read(reader, asked, left, size, prefix)
    return {field: found.get(field, {}) for field in fields}


def _kind_of(field: str) -> Kind:
    known = field_of(field)
    if known is None:
        raise QueryInvalid(f"unknown field {field!r}", 0)
    return known.kind


def _aggregation(field: str, kind: Kind, size: int, prefix: str) -> dict[str, Any] | None:
    """Return the aggregation that counts *field*; None where Elasticsearch does not keep its values."""
    if kind is Kind.TEXT:
        return None
    if field in FIELDS:
        # Equal counts are in the order of the values as text, which is not that of numbers: so all of them.
        count = SHARD_VALUES_MAX if kind in (Kind.NUMBER, Kind.TIME) else size
        told = _terms(stored_as(field), count, kind)
        if prefix and kind is Kind.KEYWORD:
            told["include"] = f"{_beginning(prefix)}.*"
        return {"terms": told}
    of_pairs, _, path = pairs_of(field)
    if of_pairs == BODY_PAIRS:
        return None
    include = f"{_plain(pair(path, ''))}{_beginning(prefix)}.*"
    return {"terms": _terms(of_pairs, size, kind) | {"include": include}}


def _terms(field: str, size: int, kind: Kind) -> dict[str, Any]:
    told: dict[str, Any] = {"field": field, "size": size, "shard_size": SHARD_VALUES_MAX}
    return told | ({"execution_hint": "map"} if kind is Kind.KEYWORD else {})


def _plain(text: str) -> str:
    """Return the regular expression of Lucene that is *text* alone."""
    return "".join(c if c.isalnum() or not c.isascii() else f"\\{c}" for c in text)


def _beginning(prefix: str) -> str:
    """Return the regular expression of Lucene for what begins with *prefix* in upper or lower case."""
    letters = (sorted(same_letters(letter)) for letter in prefix)
    return "".join(
        f"({'|'.join(map(_plain, each))})" if each[1:] else _plain(each[0]) for each in letters
    )


def _is_exact(terms: _Terms, kind: Kind) -> bool:
    if terms.doc_count_error_upper_bound != 0:
        return False
    return terms.sum_other_doc_count == 0 or kind not in (Kind.NUMBER, Kind.TIME)


def _values(terms: _Terms, field: str, size: int, prefix: str) -> Mapping[str, int]:
    start = 0 if field in FIELDS else len(pair(pairs_of(field)[2], ""))
    counts = {
        (bucket.key_as_string or str(bucket.key))[start:]: bucket.doc_count
        for bucket in terms.buckets
    }
    return ranked(beginning(counts, prefix), size)


async def _read(
    reader: IndexReader, asked: Dsl, fields: Sequence[str], size: int, prefix: str
) -> Mapping[str, Mapping[str, int]]:
    """Return what :func:`facets` does, by going through the matches."""
    counts: dict[str, Counter[str]] = {field: Counter() for field in fields}
    of_bodies = {
        field: field.removeprefix(BODY)
        for field in fields
        if field not in FIELDS and field.startswith(BODY)
    }
    if of_bodies:
        async for text in reader.texts(asked):
            pairs = json_pairs(text)
            for field, path in of_bodies.items():
                counts[field].update({value for name, value in pairs if name == path})
    if others := [field for field in fields if field not in of_bodies]:
        async for document in reader.documents(asked):
            subject = Subject(document, None)
            for field in others:
                counts[field].update(set(facet_values(field, subject)))
    return {field: ranked(beginning(counts[field], prefix), size) for field in fields}
