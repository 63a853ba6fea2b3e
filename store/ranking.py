"""The order of search results, and what is counted about them: the same in every store.

Pure. There is no relevance: results are ordered by one field, ties by position; a missing value comes last either way.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from store.documents import MessageDocument
from store.errors import QueryInvalid
from store.ports import Sort
from store.query import And, Query, Range

TOTAL_MAX = 10_000
"""A total is counted to here, then it says at least."""

FACET_MATCHES_MAX = 10_000
"""Facets are counted over so many matches, the newest by publish time."""

HISTOGRAM_BUCKETS_MAX = 500
"""A histogram has so many buckets at most."""

HISTOGRAM_FIELDS = ("state",)
"""The fields by whose values a histogram can be told apart: of these every message has exactly one value."""

_MISSING = 2**62
_TIME_MAX = 2**63


def _latency_us(document: MessageDocument) -> int | None:
    return None if document.latency_ms is None else round(document.latency_ms * 1000)


SORT_VALUES: dict[str, Callable[[MessageDocument], int | None]] = {
    "published_at": lambda document: document.published_at,
    "position": lambda document: document.position,
    "latency_ms": _latency_us,
    "body.size": lambda document: document.body.size if document.body else None,
    "retry_rounds": lambda document: document.retry_rounds,
}


def check_sort(sort: Sort) -> None:
    """Refuse a field that results cannot be ordered by.

    Raises:
        QueryInvalid: it is not one of SORT_VALUES.
    """
    if sort.field not in SORT_VALUES:
        raise QueryInvalid(f"cannot sort by {sort.field!r}; one of {', '.join(SORT_VALUES)}", 0)


def missing(sort: Sort) -> int:
    """Return the sort value that stands for none: behind all others."""
    return -_MISSING if sort.descending else _MISSING


def sort_key(document: MessageDocument, sort: Sort) -> tuple[int, int]:
    """Return (sort value, position): a page's `after` is that of its last item. Latencies count in µs."""
    value = SORT_VALUES[sort.field](document)
    return (missing(sort) if value is None else value, document.position)


def within_histogram(query: Query, since: int, width_ns: int, buckets: int) -> Query:
    """Return the query for the matches that a histogram's buckets hold.

    Raises:
        ValueError: there can be no such histogram.
    """
    until = since + width_ns * buckets
    if not 1 <= buckets <= HISTOGRAM_BUCKETS_MAX:
        raise ValueError(f"a histogram has 1 to {HISTOGRAM_BUCKETS_MAX} buckets, not {buckets}")
    if width_ns < 1:
        raise ValueError(f"a bucket is at least 1 ns wide, not {width_ns}")
    if since < -_TIME_MAX or until >= _TIME_MAX or until - since >= _TIME_MAX:
        raise ValueError("a histogram's times are ns of 64 bits")
    parts = query.parts if isinstance(query, And) else (query,)
    return And((*parts, Range("published_at", since, until, include_high=False)))


def check_histogram_field(field: str) -> None:
    """Refuse a field by which no histogram is told apart.

    Raises:
        ValueError: it is not one of HISTOGRAM_FIELDS.
    """
    if field not in HISTOGRAM_FIELDS:
        raise ValueError(f"a histogram is not told apart by {field!r}")


def commonest(values: Iterable[Iterable[str]], size: int, *, prefix: str = "") -> Mapping[str, int]:
    """Return the *size* commonest of the values, each counted once per message; equals by value.

    Told are only those that begin with *prefix*, as :func:`begins` says.
    """
    counts = Counter(value for of_one in values for value in set(of_one))
    return ranked(beginning(counts, prefix), size)


def beginning(counts: Mapping[str, int], prefix: str) -> Mapping[str, int]:
    """Return those of *counts* whose values begin with *prefix*, as :func:`begins` says."""
    if not prefix:
        return counts
    return {value: count for value, count in counts.items() if begins(value, prefix)}


def begins(value: str, prefix: str) -> bool:
    """Return whether *value* begins with *prefix*, character by character, upper and lower case alike."""
    return len(value) >= len(prefix) and all(
        found in same_letters(asked) for found, asked in zip(value, prefix, strict=False)
    )


def same_letters(letter: str) -> frozenset[str]:
    """Return *letter* and the single letters that it is in upper and in lower case."""
    return frozenset(c for c in (letter, letter.lower(), letter.upper()) if len(c) == 1)


def ranked(counts: Mapping[str, int], size: int) -> Mapping[str, int]:
    """Return the *size* largest of *counts*; equals by value."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered[:size])
