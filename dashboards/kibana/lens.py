"""Lens charts over the messages' data view: figures, series over time, bars and tables. Pure; a chart has one layer."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.kibana.columns import Column
from dashboards.kibana.saved import Json, kuery

LAYER = "main"
REFERENCE = f"indexpattern-datasource-layer-{LAYER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart by value. *only* is the KQL of the messages it looks at."""

    title: str
    kind: str
    columns: Sequence[Column]
    visualization: Json
    only: str = ""
    description: str = ""

    def attributes(self, data_view: str) -> Json:
        """Return the chart as a dashboard keeps it, over the data view of that id."""
        layer: Json = {
            "columnOrder": [column.id for column in self.columns],
            "columns": {column.id: column.state() for column in self.columns},
            "ignoreGlobalFilters": False,
            "incompleteColumns": {},
            "sampling": 1,
        }
        return {
            "description": self.description,
            "references": [{"id": data_view, "name": REFERENCE, "type": "index-pattern"}],
            "state": {
                "adHocDataViews": {},
                "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
                "filters": [],
                "internalReferences": [],
                "query": kuery(self.only),
                "visualization": self.visualization,
            },
            "title": self.title,
            "type": "lens",
            "visualizationType": self.kind,
        }


def figure(title: str, column: Column, *, subtitle: str = "", only: str = "") -> Chart:
    """Show one figure."""
    visualization: Json = {
        "layerId": LAYER,
        "layerType": "data",
        "metricAccessor": column.id,
    }
    if column.color:
        visualization["color"] = column.color
    if subtitle:
        visualization["subtitle"] = subtitle
    return Chart(
        title=title, kind="lnsMetric", columns=[column], visualization=visualization, only=only
    )


def series(
    title: str,
    across: Column,
    figures: Sequence[Column],
    *,
    shape: str = "bar_stacked",
    split: Column | None = None,
    only: str = "",
) -> Chart:
    """Show *figures* across a bucket, one series each, or one per bucket of *split*.

    *shape* is one of bar_stacked, bar_horizontal, bar_horizontal_stacked and line.
    """
    layer: Json = {
        "accessors": [column.id for column in figures],
        "layerId": LAYER,
        "layerType": "data",
        "position": "top",
        "seriesType": shape,
        "showGridlines": False,
        "xAccessor": across.id,
        "yConfig": [
            {"axisMode": "left", "color": column.color, "forAccessor": column.id}
            for column in figures
            if column.color
        ],
    }
    if split is not None:
        layer["splitAccessor"] = split.id
    several = split is not None or len(figures) > 1
    visible = {"x": True, "yLeft": True, "yRight": True}
    visualization: Json = {
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
        "fittingFunction": "None",
        "gridlinesVisibilitySettings": visible,
        "labelsOrientation": {"x": 0, "yLeft": 0, "yRight": 0},
        "layers": [layer],
        "legend": {"isVisible": several, "position": "right", "shouldTruncate": True},
        "preferredSeriesType": shape,
        "tickLabelsVisibilitySettings": visible,
        "valueLabels": "hide",
    }
    buckets = [across] if split is None else [split, across]
    return Chart(
        title=title,
        kind="lnsXY",
        columns=[*buckets, *figures],
        visualization=visualization,
        only=only,
    )


def table(
    title: str, buckets: Sequence[Column], figures: Sequence[Column], *, only: str = ""
) -> Chart:
    """Show a row for each combination of *buckets*, with *figures*, most of the first figure on top."""
    visualization: Json = {
        "columns": [
            {"columnId": column.id, "isTransposed": False} for column in (*buckets, *figures)
        ],
        "layerId": LAYER,
        "layerType": "data",
        "paging": {"enabled": True, "size": 10},
        "sorting": {"columnId": figures[0].id, "direction": "desc"},
    }
    return Chart(
        title=title,
        kind="lnsDatatable",
        columns=[*buckets, *figures],
        visualization=visualization,
        only=only,
    )
