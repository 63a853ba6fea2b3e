"""What Kibana would ask Elasticsearch for our objects: searches, Lens charts and Vega pictures as requests, and as rows.

Kibana makes these requests in the browser; here they are made from the same saved state, field by field.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import vl_convert

from tests.support import kql
from tests.support.kibana_forms import Column, Lens, Search
from tests.support.kibana_objects import RECORDS, columns

Json = dict[str, Any]

TIME_BUCKETS = 50
MISSING = "(missing)"
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Span:
    """The time chosen in Kibana, in ns UTC; `until` is included."""

    since: int
    until: int

    def within(self, query: Json, field: str = "@timestamp") -> Json:
        """Return *query* narrowed to the time."""
        bounds = {"gte": self.since // 1_000_000, "lte": self.until // 1_000_000}
        time = {"range": {field: {**bounds, "format": "epoch_millis"}}}
        return {"bool": {"filter": [time, query]}}

    @property
    def step_s(self) -> int:
        return max(1, (self.until - self.since) // SECOND_NS // TIME_BUCKETS)


def search_request(search: Search, span: Span) -> Json:
    """Return what Discover asks for a saved search."""
    source = search.kibana_saved_object_meta.source
    return {
        "query": span.within(kql.parse(source.query.query).query),
        "sort": [{name: order} for name, order in search.sort],
        "fields": list(search.columns),
        "_source": False,
        "track_total_hits": True,
        "size": 500,
    }


def chart_request(chart: Lens, span: Span) -> Json:
    """Return the aggregation that Lens makes of a chart: buckets within each other, figures innermost."""
    told = dict(zip(_names(chart), columns(chart), strict=True))
    figures = {name: column for name, column in told.items() if not column.is_bucketed}
    aggs = {name: made for name, each in figures.items() if (made := _figure(each))}
    for name, column in reversed(told.items()):
        if column.is_bucketed:
            aggs = {name: {**_bucket(column, figures, span), **({"aggs": aggs} if aggs else {})}}
    return {
        "size": 0,
        "track_total_hits": True,
        "query": span.within(kql.parse(chart.state.query.query).query),
        "aggs": aggs,
    }


def _names(chart: Lens) -> tuple[str, ...]:
    (layer,) = chart.state.datasource_states.form_based.layers.values()
    return layer.column_order


def _figure(column: Column) -> Json | None:
    """Return the aggregation of a figure; None for the count of the bucket itself."""
    made: Json | None
    match column.operation_type:
        case "count":
            assert column.source_field == RECORDS
            made = None
        case "unique_count":
            made = {"cardinality": {"field": column.source_field}}
        case "percentile":
            percents = [column.params["percentile"]]
            made = {"percentiles": {"field": column.source_field, "percents": percents}}
        case "max":
            made = {"max": {"field": column.source_field}}
        case _:
            raise AssertionError(f"{column.operation_type} is no figure")
    if column.filter is None:
        return made
    inner = {"aggs": {"value": made}} if made else {}
    return {"filter": kql.parse(column.filter.query).query, **inner}


def _bucket(column: Column, figures: dict[str, Column], span: Span) -> Json:
    if column.operation_type == "date_histogram":
        step = f"{span.step_s}s"
        return {
            "date_histogram": {
                "field": column.source_field,
                "fixed_interval": step,
                "min_doc_count": 0,
            }
        }
    assert column.operation_type == "terms"
    by = figures[column.params["orderBy"]["columnId"]]
    assert by.operation_type == "count", "other orders are not used"
    assert by.filter is None
    terms: Json = {
        "field": column.source_field,
        "size": column.params["size"],
        "order": {"_count": column.params["orderDirection"]},
    }
    if column.params["missingBucket"]:
        terms["missing"] = MISSING
    return {"terms": terms}


def rows(chart: Lens, answer: Json) -> list[dict[str, Any]]:
    """Return the rows of an answer: the value of each column, by its name. Empty buckets of time are left out."""
    told = dict(zip(_names(chart), columns(chart), strict=True))
    buckets = [name for name, column in told.items() if column.is_bucketed]
    figures = {name: column for name, column in told.items() if not column.is_bucketed}

    def walk(level: list[str], within: Json, above: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if level:
            for bucket in within[level[0]]["buckets"]:
                if bucket["doc_count"]:
                    key = bucket.get("key_as_string", bucket["key"])
                    yield from walk(level[1:], bucket, {**above, level[0]: key})
        else:
            yield {**above, **{name: _value(c, name, within) for name, c in figures.items()}}

    whole = {**answer.get("aggregations", {}), "doc_count": answer["hits"]["total"]["value"]}
    return list(walk(buckets, whole, {}))


def _value(column: Column, name: str, within: Json) -> Any:
    if column.operation_type == "count":
        return within["doc_count"] if column.filter is None else within[name]["doc_count"]
    told = within[name]["value"] if column.filter else within[name]
    if column.operation_type == "percentile":
        (value,) = told["values"].values()
        return value
    return told["value"]


def picture_requests(spec: Json, span: Span) -> dict[str, tuple[str, Json]]:
    """Return the index and the request of each data set of a Vega specification, by its name."""
    found: dict[str, tuple[str, Json]] = {}
    for data in spec["data"]:
        if "url" in data:
            url = data["url"]
            assert url["%context%"] is True
            assert "query" not in url["body"], "Kibana refuses a query beside its context"
            query = span.within({"match_all": {}}, url["%timefield%"])
            found[data["name"]] = url["index"], {**url["body"], "query": query}
    return found


def drawn(spec: Json, answers: dict[str, Json], *, width: int, height: int) -> tuple[str, bytes]:
    """Return the picture of a Vega specification with the *answers* as its data, as SVG and as PNG.

    Raises:
        ValueError: Vega does not understand the specification.
    """
    whole = json.loads(json.dumps(spec).replace("kibanaAddFilter(", "warn("))
    for data in whole["data"]:
        if "url" in data:
            del data["url"]
            data["values"] = answers[data["name"]]
    whole |= {"width": width, "height": height, "background": "white"}
    return vl_convert.vega_to_svg(whole), vl_convert.vega_to_png(whole)
