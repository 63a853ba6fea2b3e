"""The topology as a Vega picture: publishers, exchanges, queues and consumers in four lanes, and what passes between them.

Pure. Each lane shows what most messages pass through, at most `LANE_MAX`. A line is as wide as its messages are many.
Documents tell which queues a message was in and which services were given it, but not which of them belong together where
there are several: such lines between queue and consumer are dashed, and their tooltip says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.kibana import fields
from dashboards.kibana.saved import Json

LANE_MAX = 40
LANES = ("publisher", "exchange", "queue", "consumer")
TITLES = ("Publishers", "Exchanges", "Queues", "Consumers")
NODE = ("id", "lane", "name", "key")
NOWHERE = "(no queue)"
UNKNOWN = "(unknown)"
DEFAULT = "(default)"
SHAPES = ("circle", "diamond", "square", "circle")
FILLS = (fields.BLUE, fields.ORANGE, "#3D7A5A", fields.BLUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines from one lane to the next: a field whose values stand left, and one whose values stand right.

    *missing* names what a message without the left value comes from. *only* is the query of the messages looked at.
    """

    name: str
    start: str
    end: str
    lanes: tuple[str, str]
    missing: str | None = None

    def data(self, index: str) -> list[Json]:
        """Return the data sets that end in the lines."""
        left: Json = {"field": self.start, "size": LANE_MAX}
        if self.missing:
            left["missing"] = self.missing
        body: Json = {
            "size": 0,
            "track_total_hits": False,
            "aggs": {
                "left": {
                    "terms": left,
                    "aggs": {"right": {"terms": {"field": self.end, "size": LANE_MAX}}},
                }
            },
        }
        return [
            {
                "name": self.name,
                "url": asked(index, body),
                "format": {"property": "aggregations.left.buckets"},
                "transform": [
                    {"type": "flatten", "fields": ["right.buckets"], "as": ["right"]},
                    *_line(*self.lanes, "datum.key", "datum.right.key", "datum.right.doc_count"),
                ],
            }
        ]


def asked(index: str, body: Json) -> Json:
    """Return where Kibana gets data: what *body* asks of *index*, in the dashboard's time and with its filters."""
    return {"%context%": True, "%timefield%": fields.TIME, "body": body, "index": index}


def _line(start: str, end: str, left: str, right: str, messages: str) -> list[Json]:
    """Return the transforms that make lines of data: ends, their lanes and names, and how many messages pass."""
    made = {
        "fromLane": f"'{start}'",
        "toLane": f"'{end}'",
        "fromName": f"{left} === '' ? '{DEFAULT}' : {left}",
        "toName": f"{right} === '' ? '{DEFAULT}' : {right}",
        "fromKey": left,
        "toKey": right,
        "messages": messages,
        "from": f"'{start}:' + {left}",
        "to": f"'{end}:' + {right}",
    }
    return [{"type": "formula", "as": name, "expr": expr} for name, expr in made.items()]


def _unroutable(index: str) -> Json:
    """Return the lines from exchanges to nowhere."""
    body: Json = {
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "lost": {
                "filter": {"term": {fields.STATE: "unroutable"}},
                "aggs": {"left": {"terms": {"field": fields.EXCHANGE, "size": LANE_MAX}}},
            }
        },
    }
    return {
        "name": "lost",
        "url": asked(index, body),
        "format": {"property": "aggregations.lost.left.buckets"},
        "transform": _line("exchange", "queue", "datum.key", f"'{NOWHERE}'", "datum.doc_count"),
    }


def topology_data(index: str) -> list[Json]:
    """Return the data sets, up to nodes and lines with their places."""
    groups = (
        Lines(
            name="published",
            start=fields.PUBLISHER,
            end=fields.EXCHANGE,
            lanes=("publisher", "exchange"),
            missing=UNKNOWN,
        ),
        Lines(
            name="routed",
            start=fields.EXCHANGE,
            end=fields.ROUTED_QUEUES,
            lanes=("exchange", "queue"),
        ),
        Lines(
            name="given",
            start=fields.ROUTED_QUEUES,
            end=fields.CONSUMER,
            lanes=("queue", "consumer"),
        ),
    )
    asked_for = [each for group in groups for each in group.data(index)]
    lanes: Json = {"name": "lanes", "values": [{"lane": lane} for lane in LANES]}
    return [lanes, *asked_for, _unroutable(index), *_layout()]


def _layout() -> list[Json]:
    """Return lines and nodes with their places: a node stands near those it has lines from, so that few cross."""
    placed = [each for lane in LANES for each in _lane(lane)]
    return [_lines(), *map(_ends, ("from", "to")), _busiest(), *placed, _nodes(), _drawn()]


def _lines() -> Json:
    """Return all lines, and whether they are certain."""
    ends: Json = {
        "type": "joinaggregate",
        "groupby": ["from", "toLane"],
        "ops": ["count"],
        "as": ["ends"],
    }
    certain = "datum.toLane !== 'consumer' || datum.ends === 1"
    return {
        "name": "lines",
        "source": ["published", "routed", "lost", "given"],
        "transform": [ends, {"type": "formula", "as": "sure", "expr": certain}],
    }


def _ends(side: str) -> Json:
    """Return the nodes that lines have on one *side*, from or to, with the messages of all those lines."""
    node = [side, f"{side}Lane", f"{side}Name", f"{side}Key"]
    return {
        "name": f"{side}s",
        "source": "lines",
        "transform": [
            _messages(node, "sum"),
            {
                "type": "project",
                "fields": [*node, "messages"],
                "as": [*NODE, "messages"],
            },
        ],
    }


def _messages(groups: Sequence[str], operation: str) -> Json:
    return {
        "type": "aggregate",
        "groupby": list(groups),
        "fields": ["messages"],
        "ops": [operation],
        "as": ["messages"],
    }


def _busiest() -> Json:
    """Return the nodes of each lane that most messages pass through."""
    rank: Json = {
        "type": "window",
        "groupby": ["lane"],
        "sort": {"field": ["messages", "name"], "order": ["descending", "ascending"]},
        "ops": ["row_number"],
        "as": ["rank"],
    }
    return {
        "name": "busiest",
        "source": ["froms", "tos"],
        "transform": [
            _messages(NODE, "max"),
            rank,
            {"type": "filter", "expr": f"datum.rank <= {LANE_MAX}"},
        ],
    }


def _lane(lane: str) -> list[Json]:
    """Return the nodes of a lane in their order; those of the first lane by their messages."""
    own: Json = {"type": "filter", "expr": f"datum.lane === '{lane}'"}
    before: list[Json] = []
    near: Json = {"type": "formula", "as": "near", "expr": "datum.rank"}
    if lane != LANES[0]:
        before = [_near(lane, above=LANES[LANES.index(lane) - 1])]
        near = {
            "type": "lookup",
            "from": f"{lane}Near",
            "key": "to",
            "fields": ["id"],
            "values": ["near"],
            "default": LANE_MAX,
        }
    order: Json = {
        "type": "window",
        "sort": {"field": ["near", "name"], "order": ["ascending", "ascending"]},
        "ops": ["row_number"],
        "as": ["order"],
    }
    count: Json = {"type": "joinaggregate", "ops": ["count"], "as": ["beside"]}
    return [
        *before,
        {"name": f"{lane}Nodes", "source": "busiest", "transform": [own, near, order, count]},
    ]


def _near(lane: str, *, above: str) -> Json:
    """Return for each node of *lane* the mean place of those it has lines from, in the lane *above*."""
    return {
        "name": f"{lane}Near",
        "source": "lines",
        "transform": [
            {"type": "filter", "expr": f"datum.toLane === '{lane}'"},
            {
                "type": "lookup",
                "from": f"{above}Nodes",
                "key": "id",
                "fields": ["from"],
                "values": ["order"],
                "as": ["fromOrder"],
                "default": LANE_MAX,
            },
            {
                "type": "aggregate",
                "groupby": ["to"],
                "fields": ["fromOrder"],
                "ops": ["mean"],
                "as": ["near"],
            },
        ],
    }


def _nodes() -> Json:
    return {
        "name": "nodes",
        "source": [f"{lane}Nodes" for lane in LANES],
        "transform": [
            {"type": "formula", "as": "x", "expr": "scale('lanes', datum.lane)"},
            {
                "type": "formula",
                "as": "y",
                "expr": "34 + (datum.order - 0.5) * (height - 40) / datum.beside",
            },
        ],
    }


def _drawn() -> Json:
    """Return the lines between nodes that are shown, with their path."""
    found = [
        {
            "type": "lookup",
            "from": "nodes",
            "key": "id",
            "fields": [side],
            "values": ["x", "y"],
            "as": [f"{side}X", f"{side}Y"],
        }
        for side in ("from", "to")
    ]
    return {
        "name": "drawn",
        "source": "lines",
        "transform": [
            *found,
            {"type": "filter", "expr": "isValid(datum.fromX) && isValid(datum.toX)"},
            {
                "type": "linkpath",
                "orient": "horizontal",
                "shape": "diagonal",
                "sourceX": "fromX",
                "sourceY": "fromY",
                "targetX": "toX",
                "targetY": "toY",
            },
        ],
    }
