"""Dashboards: panels put on Kibana's grid of 48 columns, with the references they need.

Pure. Charts, texts and Vega pictures travel inside the dashboard; saved searches are referred to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dashboards.kibana.lens import Chart
from dashboards.kibana.saved import Json, Reference, SavedObject, kuery, packed, searching

WIDTH = 48
REFRESH_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A panel of Markdown."""

    markdown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A panel drawn by Vega. *spec* is the specification, whose data ask Elasticsearch themselves."""

    title: str
    spec: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A saved search, by its id."""

    title: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What stands in a row, and how many of its 48 columns it takes."""

    what: Chart | Text | Picture | Search
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels beside each other; *height* in Kibana's rows of about 20 px."""

    height: int
    places: Sequence[Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard: rows from top to bottom, and the fields to choose values of."""

    id: str
    title: str
    description: str
    rows: Sequence[Row]
    choices: Sequence[tuple[str, str]] = field(default=())

    def saved(self, data_view: str) -> SavedObject:
        """Return the dashboard as a saved object over the data view of that id."""
        panels: list[Json] = []
        references: list[Reference] = []
        y = 0
        for row in self.rows:
            x = 0
            for place in row.places:
                name = f"p{len(panels) + 1:02}"
                grid = {"h": row.height, "i": name, "w": place.width, "x": x, "y": y}
                panel, needed = _panel(name, place.what, data_view)
                panels.append({"gridData": grid, "panelIndex": name, **panel})
                references += needed
                x += place.width
            y += row.height
        controls, needed = _controls(self.choices, data_view)
        return SavedObject(
            type="dashboard",
            id=self.id,
            attributes={
                "controlGroupInput": controls,
                "description": self.description,
                "kibanaSavedObjectMeta": searching(),
                "optionsJSON": packed(_OPTIONS),
                "panelsJSON": packed(panels),
                "refreshInterval": {"pause": True, "value": REFRESH_MS},
                "timeFrom": "now-1h",
                "timeRestore": True,
                "timeTo": "now",
                "title": self.title,
            },
            references=[*references, *needed],
        )


_OPTIONS: Json = {
    "hidePanelTitles": False,
    "syncColors": False,
    "syncCursor": True,
    "syncTooltips": False,
    "useMargins": True,
}


def _panel(
    name: str, what: Chart | Text | Picture | Search, data_view: str
) -> tuple[Json, list[Reference]]:
    match what:
        case Chart():
            attributes = what.attributes(data_view)
            needed = [
                Reference(name=f"{name}:{one['name']}", type=one["type"], id=one["id"])
                for one in attributes["references"]
            ]
            config: Json = {"attributes": attributes, "enhancements": {}, "title": what.title}
            return {"embeddableConfig": config, "title": what.title, "type": "lens"}, needed
        case Text():
            params: Json = {"fontSize": 12, "markdown": what.markdown, "openLinksInNewTab": True}
            return _drawn("", "markdown", params, hidden=True), []
        case Picture():
            return _drawn(what.title, "vega", {"spec": packed(what.spec)}, hidden=False), []
        case Search():
            reference = f"panel_{name}"
            panel: Json = {
                "embeddableConfig": {"enhancements": {}, "title": what.title},
                "panelRefName": reference,
                "title": what.title,
                "type": "search",
            }
            return panel, [Reference(name=f"{name}:{reference}", type="search", id=what.id)]


def _drawn(title: str, kind: str, params: Json, *, hidden: bool) -> Json:
    config: Json = {
        "enhancements": {},
        "hidePanelTitles": hidden,
        "savedVis": {
            "data": {"aggs": [], "searchSource": {"filter": [], "query": kuery("")}},
            "description": "",
            "params": params,
            "title": title,
            "type": kind,
            "uiState": {},
        },
        "title": title,
    }
    return {"embeddableConfig": config, "title": title, "type": "visualization"}


def _controls(choices: Sequence[tuple[str, str]], data_view: str) -> tuple[Json, list[Reference]]:
    """Return the fields to choose values of, as a group of option lists."""
    panels: Json = {}
    references: list[Reference] = []
    for order, (of, title) in enumerate(choices):
        name = f"c{order + 1:02}"
        panels[name] = {
            "explicitInput": {
                "enhancements": {},
                "fieldName": of,
                "id": name,
                "selectedOptions": [],
                "title": title,
            },
            "grow": True,
            "order": order,
            "type": "optionsListControl",
            "width": "medium",
        }
        references.append(
            Reference(
                name=f"controlGroup_{name}:optionsListDataView", type="index-pattern", id=data_view
            )
        )
    ignored = dict.fromkeys(
        ("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations"), False
    )
    group: Json = {
        "chainingSystem": "HIERARCHICAL",
        "controlStyle": "oneLine",
        "ignoreParentSettingsJSON": packed(ignored),
        "panelsJSON": packed(panels),
        "showApplySelections": False,
    }
    return group, references
