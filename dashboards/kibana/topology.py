"""The topology as Vega's data: publishers, exchanges, queues and consumers in four lanes, and what passes between them.

Pure. Each lane shows what most messages pass through, at most `LANE_MAX`; a line is as wide as its messages are many.
"""

from collections.abc import Sequence

from dashboards.kibana import fields
from dashboards.kibana.saved import Json
from store.elastic.index_fields import ARROW

LANE_MAX = 40
WAYS_MAX = 400
LANES = ("publisher", "exchange", "queue", "consumer")
TITLES = ("Publishers", "Exchanges", "Queues", "Consumers")
NODE = ("id", "lane", "name", "key")
NOWHERE = "(no queue)"
UNKNOWN = "(unknown)"
DEFAULT = "(default)"
SHAPES = ("circle", "diamond", "square", "circle")
FILLS = (fields.BLUE, fields.ORANGE, "#3D7A5A", fields.BLUE)


def asked(index: str, aggs: Json) -> Json:
    """Return where Kibana gets data: what *aggs* asks of *index*, in the dashboard's time and with its filters."""
    body: Json = {"aggs": aggs, "size": 0, "track_total_hits": False}
    return {"%context%": True, "%timefield%": fields.TIME, "body": body, "index": index}


def topology_data(index: str) -> list[Json]:
    """Return the data sets, up to nodes and lines with their places."""
    return [
        {"name": "lanes", "values": [{"lane": lane} for lane in LANES]},
        _between(
            index,
            "published",
            {"field": fields.PUBLISHER, "missing": UNKNOWN},
            fields.EXCHANGE,
            ("publisher", "exchange"),
        ),
        _between(
            index,
            "routed",
            {"field": fields.EXCHANGE},
            fields.ROUTED_QUEUES,
            ("exchange", "queue"),
        ),
        _unroutable(index),
        _way(index, "given", fields.GIVEN, ("queue", "consumer"), last=1),
        _way(index, "died", fields.DIED, ("queue", "queue"), last=2),
        *_layout(),
    ]


def _between(index: str, name: str, left: Json, right: str, lanes: tuple[str, str]) -> Json:
    """Return the lines from the values of one field to those of another."""
    inner: Json = {"right": {"terms": {"field": right, "size": LANE_MAX}}}
    return {
        "name": name,
        "url": asked(index, {"left": {"aggs": inner, "terms": {**left, "size": LANE_MAX}}}),
        "format": {"property": "aggregations.left.buckets"},
        "transform": [
            {"type": "flatten", "fields": ["right.buckets"], "as": ["right"]},
            *_line(name, lanes, "datum.key", "datum.right.key", "datum.right.doc_count"),
        ],
    }


def _unroutable(index: str) -> Json:
    """Return the lines from exchanges to nowhere."""
    inner: Json = {"left": {"terms": {"field": fields.EXCHANGE, "size": LANE_MAX}}}
    lost: Json = {"aggs": inner, "filter": {"term": {fields.STATE: "unroutable"}}}
    return {
        "name": "lost",
        "url": asked(index, {"lost": lost}),
        "format": {"property": "aggregations.lost.left.buckets"},
        "transform": _line(
            "lost", ("exchange", "queue"), "datum.key", f"'{NOWHERE}'", "datum.doc_count"
        ),
    }


def _way(index: str, name: str, field: str, lanes: tuple[str, str], *, last: int) -> Json:
    """Return the lines that a field holds whole, stops with arrows between; *last* counts from 0."""
    stops: Json = {"type": "formula", "as": "stops", "expr": f"split(datum.key, '{ARROW}')"}
    reason: Json = {"type": "formula", "as": "reason", "expr": "datum.stops[1]"}
    arrived: Json = {"type": "filter", "expr": f"datum.stops[{last}] !== ''"}
    line = _line(name, lanes, "datum.stops[0]", f"datum.stops[{last}]", "datum.doc_count")
    return {
        "name": name,
        "url": asked(index, {"ways": {"terms": {"field": field, "size": WAYS_MAX}}}),
        "format": {"property": "aggregations.ways.buckets"},
        "transform": [stops, *([reason, arrived] if last == 2 else []), *line],
    }


def _line(kind: str, lanes: tuple[str, str], left: str, right: str, messages: str) -> list[Json]:
    """Return the transforms that make lines of data: ends, their lanes and names, and how many messages pass."""
    start, end = lanes
    made = {
        "kind": f"'{kind}'",
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


def _layout() -> list[Json]:
    """Return lines and nodes with their places: a node stands near those it has lines from, so that few cross."""
    lines: Json = {
        "name": "lines",
        "source": ["published", "routed", "lost", "given", "died"],
    }
    placed = [each for lane in LANES for each in _lane(lane)]
    return [lines, *map(_ends, ("from", "to")), _busiest(), *placed, _nodes(), _drawn()]


def _ends(side: str) -> Json:
    """Return the nodes that lines have on one *side*, from or to, with the messages of all those lines."""
    node = [side, f"{side}Lane", f"{side}Name", f"{side}Key"]
    named: Json = {"type": "project", "fields": [*node, "messages"], "as": [*NODE, "messages"]}
    return {
        "name": f"{side}s",
        "source": "lines",
        "transform": [_messages(node, "sum"), named],
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
    near: list[Json] = [{"type": "formula", "as": "near", "expr": "datum.rank"}]
    if lane != LANES[0]:
        before, near = _near(lane, above=LANES[LANES.index(lane) - 1])
    order: Json = {
        "type": "window",
        "sort": {"field": ["near", "name"], "order": ["ascending", "ascending"]},
        "ops": ["row_number"],
        "as": ["order"],
    }
    count: Json = {"type": "joinaggregate", "ops": ["count"], "as": ["beside"]}
    nodes: Json = {
        "name": f"{lane}Nodes",
        "source": "busiest",
        "transform": [own, *near, order, count],
    }
    return [*before, nodes]


def _near(lane: str, *, above: str) -> tuple[list[Json], list[Json]]:
    """Return where the nodes of *lane* stand, as data sets and as transforms of the nodes.

    Each stands near those *above* that it has lines from; a queue that only dead letters reach, below the queue that they
    died in.
    """
    data = [_mean_of(f"{lane}Near", lane, above, f"{above}Nodes")]
    if lane != "queue":
        return data, [_found(f"{lane}Near", "to", "near", "near"), _placed(f": {LANE_MAX}")]
    aside = _mean_of("queueAside", lane, lane, "queueReached")
    transforms = [
        _found("queueReached", "id", "order", "near"),
        _found("queueAside", "to", "near", "aside"),
        _placed(f": isValid(datum.aside) ? datum.aside + 0.5 : {LANE_MAX}"),
    ]
    return [*data, _reached(), aside], transforms


def _placed(otherwise: str) -> Json:
    expr = f"isValid(datum.near) ? datum.near {otherwise}"
    return {"type": "formula", "as": "near", "expr": expr}


def _reached() -> Json:
    """Return the queues that exchanges route to, in their order."""
    order: Json = {
        "type": "window",
        "sort": {"field": ["near", "name"], "order": ["ascending", "ascending"]},
        "ops": ["row_number"],
        "as": ["order"],
    }
    reached = "datum.lane === 'queue' && isValid(datum.near)"
    return {
        "name": "queueReached",
        "source": "busiest",
        "transform": [
            _found("queueNear", "to", "near", "near"),
            {"type": "filter", "expr": reached},
            order,
        ],
    }


def _found(data: str, key: str, value: str, as_: str) -> Json:
    """Return the transform that gives a node what stands under its id in *data*."""
    return {
        "type": "lookup",
        "from": data,
        "key": key,
        "fields": ["id"],
        "values": [value],
        "as": [as_],
    }


def _mean_of(name: str, lane: str, above: str, places: str) -> Json:
    """Return for each node of *lane* the mean order, in *places*, of the nodes of *above* that it has lines from."""
    looked: Json = {
        "type": "lookup",
        "from": places,
        "key": "id",
        "fields": ["from"],
        "values": ["order"],
        "as": ["place"],
    }
    mean: Json = {
        "type": "aggregate",
        "groupby": ["to"],
        "fields": ["place"],
        "ops": ["mean"],
        "as": ["near"],
    }
    between = f"datum.toLane === '{lane}' && datum.fromLane === '{above}'"
    return {
        "name": name,
        "source": "lines",
        "transform": [
            {"type": "filter", "expr": between},
            looked,
            {"type": "filter", "expr": "isValid(datum.place)"},
            mean,
        ],
    }


def _nodes() -> Json:
    y = "34 + (datum.order - 0.5) * (height - 40) / datum.beside"
    return {
        "name": "nodes",
        "source": [f"{lane}Nodes" for lane in LANES],
        "transform": [
            {"type": "formula", "as": "x", "expr": "scale('lanes', datum.lane)"},
            {"type": "formula", "as": "y", "expr": y},
        ],
    }


def _drawn() -> Json:
    """Return the lines between nodes that are shown, with their path; within a lane down on the right and up on the left."""
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
    aside = "datum.fromX === datum.toX ? (datum.fromY < datum.toY ? 95 : -95) : 0"
    bent: Json = {"type": "formula", "as": "bent", "expr": aside}
    half = "(datum.fromX + datum.toX) / 2 + datum.bent"
    path = (
        f"'M' + datum.fromX + ',' + datum.fromY + 'C' + ({half}) + ',' + datum.fromY + ' '"
        f" + ({half}) + ',' + datum.toY + ' ' + datum.toX + ',' + datum.toY"
    )
    return {
        "name": "drawn",
        "source": "lines",
        "transform": [
            *found,
            {"type": "filter", "expr": "isValid(datum.fromX) && isValid(datum.toX)"},
            bent,
            {"type": "formula", "as": "path", "expr": path},
        ],
    }
