"""Our saved objects, opened: each panel with its chart, its queries and the fields it names."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.support import kql
from tests.support.kibana_forms import (
    ATTRIBUTES,
    Dashboard,
    DataView,
    Lens,
    Panel,
    SavedVis,
    Search,
    Stored,
)

RECORDS = "___records___"
Json = dict[str, Any]


@dataclass(frozen=True)
class Objects:
    """The objects of an import file, by id."""

    stored: dict[str, Stored]
    views: dict[str, DataView]
    searches: dict[str, Search]
    dashboards: dict[str, Dashboard]

    def panels(self) -> Iterator[tuple[str, Panel]]:
        """Yield every panel with the id of its dashboard."""
        for name, dashboard in self.dashboards.items():
            for panel in msgspec.json.decode(dashboard.panels_json, type=tuple[Panel, ...]):
                yield name, panel

    def charts(self) -> Iterator[tuple[str, Lens]]:
        """Yield every Lens chart, under a name that tells where it is."""
        for dashboard, panel in self.panels():
            if panel.type == "lens":
                chart = msgspec.convert(panel.embeddable_config["attributes"], Lens)
                yield f"{dashboard}/{panel.panel_index} {chart.title}", chart

    def drawn(self, kind: str) -> Iterator[tuple[str, SavedVis]]:
        """Yield the panels of *kind*, markdown or vega."""
        for dashboard, panel in self.panels():
            if panel.type == "visualization":
                drawn = msgspec.convert(panel.embeddable_config["savedVis"], SavedVis)
                if drawn.type == kind:
                    yield f"{dashboard}/{panel.panel_index}", drawn

    def specs(self) -> Iterator[tuple[str, Json]]:
        """Yield every Vega specification."""
        for name, drawn in self.drawn("vega"):
            yield name, json.loads(drawn.params["spec"])

    def queries(self) -> Iterator[tuple[str, str]]:
        """Yield every KQL, under a name that tells where it is."""
        for name, search in self.searches.items():
            yield name, search.kibana_saved_object_meta.source.query.query
        for name, dashboard in self.dashboards.items():
            yield name, dashboard.kibana_saved_object_meta.source.query.query
        for name, chart in self.charts():
            yield name, chart.state.query.query
            for column in columns(chart):
                if column.filter is not None:
                    yield f"{name}, {column.label}", column.filter.query

    def fields(self) -> Iterator[tuple[str, str]]:
        """Yield every field that is named anywhere, with where."""
        for name, view in self.views.items():
            yield name, view.time_field_name
            for text in (view.field_attrs, view.field_format_map):
                yield from ((name, each) for each in json.loads(text))
            yield from ((name, each["value"]) for each in json.loads(view.source_filters))
        for name, search in self.searches.items():
            yield from ((name, each) for each in search.columns)
            yield from ((name, each) for each, _ in search.sort)
        for name, text in self.queries():
            yield from ((name, each) for each in kql.parse(text).fields)
        for name, dashboard in self.dashboards.items():
            controls = json.loads(dashboard.control_group_input.panels_json).values()
            yield from ((name, each["explicitInput"]["fieldName"]) for each in controls)
        for name, chart in self.charts():
            named = (column.source_field for column in columns(chart))
            yield from ((name, each) for each in named if each != RECORDS)
        for name, spec in self.specs():
            yield from ((name, each) for each in vega_fields(spec))


def opened(file: bytes) -> Objects:
    """Return the objects in an import file.

    Raises:
        msgspec.ValidationError: one does not have the form that Kibana accepts.
    """
    found = Objects({}, {}, {}, {})
    kept: dict[str, dict[str, Any]] = {
        "dashboard": found.dashboards,
        "index-pattern": found.views,
        "search": found.searches,
    }
    for line in file.splitlines():
        stored = msgspec.json.decode(line, type=Stored)
        assert stored.id not in found.stored
        found.stored[stored.id] = stored
        kept[stored.type][stored.id] = msgspec.json.decode(
            stored.attributes, type=ATTRIBUTES[stored.type]
        )
    return found


def columns(chart: Lens) -> list[Any]:
    """Return a chart's columns in their order."""
    (layer,) = chart.state.datasource_states.form_based.layers.values()
    return [layer.columns[name] for name in layer.column_order]


def vega_fields(spec: Json) -> Iterator[str]:
    """Yield the fields that a Vega specification asks Elasticsearch for, or narrows by when clicked."""
    for data in spec["data"]:
        if "url" in data:
            yield data["url"]["%timefield%"]
            yield from _asked(data["url"]["body"])
    for signal in spec.get("signals", ()):
        for on in signal.get("on", ()):
            yield from re.findall(r"match_phrase: \{'([^']+)'", on["update"])


def _asked(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _asked(each)
    elif isinstance(part, dict):
        for name, inner in part.items():
            if name == "field":
                yield inner
            elif name in ("term", "match", "match_phrase", "range"):
                yield from inner
            else:
                yield from _asked(inner)
