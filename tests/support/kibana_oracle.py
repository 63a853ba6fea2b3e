"""What Kibana's charts must show, worked out from the message documents themselves, without Elasticsearch."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

from store.documents import MessageDocument
from store.fields import FIELDS, Kind, keywords, numbers
from tests.support import kql
from tests.support.kibana_forms import Column, Lens
from tests.support.kibana_objects import RECORDS, columns
from tests.support.kibana_requests import MISSING, Span

Json = dict[str, Any]
Told = dict[str, list[Any]]
"""The values of a message by the names that Kibana's objects use."""

IDENTITY = ("uid", "position", "state", "published_at")
"""What is searched of a document that was refused whole, and `hoptrail.*`."""


def told(document: MessageDocument) -> Told:
    """Return the values of a message, by field; each value once."""
    found: Told = {"@timestamp": [document.published_at // 1_000_000]}
    for name, field in FIELDS.items():
        if field.kind is Kind.TEXT:
            continue
        if field.kind in (Kind.KEYWORD, Kind.BOOLEAN):
            values: Iterable[Any] = keywords(field, document)
        else:
            values = numbers(field, document)
        found["services" if name == "service" else name] = list(dict.fromkeys(values))
    found["flow.given"] = list(
        dict.fromkeys(
            f"{copy.queue} → {attempt.consumer.service}"
            for copy in document.copies
            for attempt in copy.attempts
            if attempt.consumer.service is not None
        )
    )
    found["flow.died"] = list(
        dict.fromkeys(
            f"{copy.queue} → {copy.dead_letter.reason} → {queue}"
            for copy in document.copies
            if copy.dead_letter is not None
            for queue in copy.dead_letter.to_queues or ("",)
        )
    )
    return found


def told_reduced(document: MessageDocument, reason: str) -> Told:
    """Return the values of a message of which only identity, times and state are kept."""
    whole = told(document)
    kept = {name: whole[name] for name in ("@timestamp", *IDENTITY)}
    return {**kept, "hoptrail.reduced": ["true"], "hoptrail.refused": [reason]}


def matches(message: Told, query: Json) -> bool:
    """Whether a query of :mod:`tests.support.kql` matches."""
    ((kind, inner),) = query.items()
    match kind:
        case "match_all":
            return True
        case "exists":
            return bool(message.get(inner["field"]))
        case "match" | "match_phrase":
            ((name, value),) = inner.items()
            return value in map(str, message.get(name, ()))
        case "range":
            ((name, bounds),) = inner.items()
            return any(_within(value, bounds) for value in message.get(name, ()))
        case "bool" if "should" in inner:
            return any(matches(message, each) for each in inner["should"])
        case "bool" if "must_not" in inner:
            return not matches(message, inner["must_not"])
        case "bool":
            return all(matches(message, each) for each in inner["filter"])
        case _:
            raise AssertionError(f"{kind} is not known")


def _within(value: float, bounds: dict[str, str]) -> bool:
    ((sign, bound),) = bounds.items()
    other = float(bound)
    return {
        "lt": value < other,
        "lte": value <= other,
        "gt": value > other,
        "gte": value >= other,
    }[sign]


def rows(chart: Lens, messages: Sequence[Told], span: Span) -> list[dict[str, Any]]:
    """Return the rows that a chart must show: the value of each column, by its name, in no order."""
    (layer,) = chart.state.datasource_states.form_based.layers.values()
    names = dict(zip(layer.column_order, columns(chart), strict=True))
    buckets = {name: column for name, column in names.items() if column.is_bucketed}
    figures = {name: column for name, column in names.items() if not column.is_bucketed}
    only = kql.parse(chart.state.query.query).query
    grouped: dict[tuple[Any, ...], list[Told]] = defaultdict(list)
    if not buckets:
        grouped[()] = []
    for message in messages:
        if matches(message, only):
            keys = (_keys(column, message, span) for column in buckets.values())
            for combination in product(*keys):
                grouped[combination].append(message)
    return [
        {
            **dict(zip(buckets, combination, strict=True)),
            **{name: _figure(column, group) for name, column in figures.items()},
        }
        for combination, group in grouped.items()
    ]


def _keys(column: Column, message: Told, span: Span) -> list[Any]:
    if column.operation_type == "date_histogram":
        (at,) = message["@timestamp"]
        step = span.step_s * 1000
        return [at // step * step]
    values = message.get(column.source_field, [])
    return values or ([MISSING] if column.params["missingBucket"] else [])


def _figure(column: Column, group: list[Told]) -> Any:
    if column.filter is not None:
        only = kql.parse(column.filter.query).query
        group = [message for message in group if matches(message, only)]
    if column.source_field == RECORDS:
        return len(group)
    values = [value for message in group for value in message.get(column.source_field, ())]
    match column.operation_type:
        case "unique_count":
            return len(set(values))
        case "max":
            return max(values) if values else None
        case "percentile":
            return percentile(sorted(values), column.params["percentile"])
        case _:
            raise AssertionError(f"{column.operation_type} is no figure")


class Around(NamedTuple):
    """The neighbours of a percentile, between which every way to interpolate it lies."""

    low: float
    high: float


def percentile(values: list[float], percent: int) -> Around | None:
    """Return the neighbours of the value that *percent* of *values*, sorted, do not exceed."""
    if not values:
        return None
    place = max(0, math.ceil(len(values) * percent / 100) - 1)
    return Around(values[max(0, place - 1)], values[min(len(values) - 1, place + 1)])
