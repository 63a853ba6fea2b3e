"""Columns of Lens charts: the buckets and figures that Lens turns into one aggregation.

Pure. Where a chart tells states apart, each state is a figure of its own with a fixed colour, so that it looks the same
on every dashboard.
"""

from dataclasses import dataclass, field

from dashboards.kibana.saved import Json, kuery

RECORDS = "___records___"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A bucket or a figure of a chart.

    *id* names it within the chart. *only* is the KQL of the messages it looks at. *color* is used where figures are
    series. *per* is the unit of time (s, m, h) that a figure over time is scaled to.
    """

    id: str
    label: str
    operation: str
    of: str
    data_type: str = "number"
    bucketed: bool = False
    params: Json = field(default_factory=dict[str, object])
    only: str = ""
    color: str | None = None
    per: str | None = None

    def state(self) -> Json:
        """Return the column as Lens keeps it."""
        state: Json = {
            "customLabel": True,
            "dataType": self.data_type,
            "isBucketed": self.bucketed,
            "label": self.label,
            "operationType": self.operation,
            "params": self.params,
            "scale": self._scale(),
            "sourceField": self.of,
        }
        if self.only:
            state["filter"] = kuery(self.only)
        if self.per:
            state["timeScale"] = self.per
        return state

    def _scale(self) -> str:
        if not self.bucketed:
            return "ratio"
        return "interval" if self.data_type == "date" else "ordinal"


def count(
    id_: str, label: str, only: str = "", *, color: str | None = None, per: str | None = None
) -> Column:
    """Count messages."""
    return Column(
        id=id_,
        label=label,
        operation="count",
        of=RECORDS,
        params={"emptyAsNull": False},
        only=only,
        color=color,
        per=per,
    )


def unique(id_: str, label: str, of: str) -> Column:
    """Count the different values of a field, about."""
    return Column(
        id=id_,
        label=label,
        operation="unique_count",
        of=of,
        params={"emptyAsNull": False},
    )


def percentile(
    id_: str, label: str, of: str, percent: int, only: str = "", *, color: str | None = None
) -> Column:
    """Give a percentile of a number."""
    return Column(
        id=id_,
        label=label,
        operation="percentile",
        of=of,
        params={"percentile": percent, **DECIMALS},
        only=only,
        color=color,
    )


def largest(id_: str, label: str, of: str) -> Column:
    """Give the largest value of a number."""
    return Column(
        id=id_, label=label, operation="max", of=of, params={"emptyAsNull": True, **DECIMALS}
    )


def latest(id_: str, label: str) -> Column:
    """Give the time of the newest message."""
    return Column(
        id=id_,
        label=label,
        operation="max",
        of=TIME,
        data_type="date",
        params={"emptyAsNull": True},
    )


def over_time() -> Column:
    """Put messages into buckets of time, as wide as the range asks for."""
    return Column(
        id="time",
        label="time",
        operation="date_histogram",
        of=TIME,
        data_type="date",
        bucketed=True,
        params={"dropPartials": False, "includeEmptyRows": True, "interval": "auto"},
    )


def top(  # the order and the rest are what reading a chart depends on
    id_: str,
    label: str,
    of: str,
    *,
    by: str,
    size: int = 10,
    missing: bool = False,
    rest: bool = False,
) -> Column:
    """Put messages into buckets by the values of a field that have most of the column *by*.

    *missing* adds those without a value, *rest* those of all other values.
    """
    return Column(
        id=id_,
        label=label,
        operation="terms",
        of=of,
        data_type="string",
        bucketed=True,
        params={
            "exclude": [],
            "excludeIsRegex": False,
            "include": [],
            "includeIsRegex": False,
            "missingBucket": missing,
            "orderBy": {"columnId": by, "type": "column"},
            "orderDirection": "desc",
            "otherBucket": rest or missing,
            "parentFormat": {"id": "terms"},
            "size": size,
        },
    )


TIME = "@timestamp"
DECIMALS: Json = {"format": {"id": "number", "params": {"decimals": 1}}}
