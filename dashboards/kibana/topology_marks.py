"""How the topology is drawn: its scales, marks, tooltips and what a click does. Pure."""

from dashboards.kibana import fields
from dashboards.kibana.saved import Json
from dashboards.kibana.topology import FILLS, LANES, SHAPES, TITLES, topology_data

LABEL_PX_MAX = 190
LINE = fields.GREY
LOST, DIED = fields.PURPLE, fields.RED
CHOSEN = fields.ORANGE
FILTERED = {
    "publisher": fields.PUBLISHER,
    "exchange": fields.EXCHANGE,
    "queue": fields.QUEUE,
    "consumer": fields.CONSUMER,
}
"""The field that a click on a node of each lane filters by."""


def topology(index: str) -> Json:
    """Return the Vega specification of the topology over *index*."""
    return {
        "$schema": "https://vega.github.io/schema/vega/v5.json",
        "autosize": {"contains": "padding", "type": "fit"},
        "data": topology_data(index),
        "description": "Publishers, exchanges, queues and consumers, and the messages between them",
        "marks": [_titles(), _lines(), _dots(), _names()],
        "padding": 5,
        "scales": _scales(),
        "signals": [_hovered(), _clicked(index)],
    }


def _scales() -> list[Json]:
    return [
        {
            "name": "lanes",
            "type": "point",
            "domain": list(LANES),
            "range": {"signal": "[width * 0.17, width * 0.83]"},
        },
        {
            "name": "titles",
            "type": "ordinal",
            "domain": list(LANES),
            "range": list(TITLES),
        },
        {
            "name": "widths",
            "type": "sqrt",
            "domain": {"data": "drawn", "field": "messages"},
            "zero": True,
            "range": [1, 9],
        },
        {
            "name": "sizes",
            "type": "sqrt",
            "domain": {"data": "nodes", "field": "messages"},
            "zero": True,
            "range": [60, 260],
        },
        {"name": "shapes", "type": "ordinal", "domain": list(LANES), "range": list(SHAPES)},
        {"name": "fills", "type": "ordinal", "domain": list(LANES), "range": list(FILLS)},
    ]


def _hovered() -> Json:
    return {
        "name": "hovered",
        "value": "",
        "on": [
            {"events": "@dots:pointerover, @names:pointerover", "update": "datum.id"},
            {"events": "@dots:pointerout, @names:pointerout", "update": "''"},
        ],
    }


def _clicked(index: str) -> Json:
    """Return the signal that narrows the whole dashboard to the node clicked; Kibana gives the function."""
    narrowed = "null"
    for lane, field in FILTERED.items():
        narrowed = (
            f"datum.lane === '{lane}' ? {{match_phrase: {{'{field}': datum.key}}}} : ({narrowed})"
        )
    update = f"kibanaAddFilter({narrowed}, '{index}', datum.lane + ' ' + datum.name)"
    return {"name": "clicked", "on": [{"events": "@dots:click, @names:click", "update": update}]}


def _titles() -> Json:
    """Return the title of each lane."""
    return {
        "type": "text",
        "style": "guide-title",
        "interactive": False,
        "from": {"data": "lanes"},
        "encode": {
            "enter": {
                "text": {"scale": "titles", "field": "lane"},
                "fontSize": {"value": 13},
                "align": {"value": "center"},
                "baseline": {"value": "top"},
            },
            "update": {"x": {"scale": "lanes", "field": "lane"}, "y": {"value": 0}},
        },
    }


def _lines() -> Json:
    touched = "hovered !== '' && (datum.from === hovered || datum.to === hovered)"
    said = (
        "datum.kind === 'died'"
        " ? {title: datum.fromName + ' → ' + datum.toName, died: datum.reason, messages: format(datum.messages, ',')}"
        " : {title: datum.fromName + ' → ' + datum.toName, messages: format(datum.messages, ',')}"
    )
    return {
        "type": "path",
        "name": "ways",
        "from": {"data": "drawn"},
        "encode": {
            "enter": {"fill": {"value": None}, "tooltip": {"signal": said}},
            "update": {
                "path": {"field": "path"},
                "stroke": [
                    {"test": touched, "value": CHOSEN},
                    {"test": "datum.kind === 'lost'", "value": LOST},
                    {"test": "datum.kind === 'died'", "value": DIED},
                    {"value": LINE},
                ],
                "strokeDash": [{"test": "datum.kind === 'died'", "value": [6, 3]}, {"value": []}],
                "strokeOpacity": [
                    {"test": f"hovered === '' || ({touched})", "value": 0.75},
                    {"value": 0.15},
                ],
                "strokeWidth": {"scale": "widths", "field": "messages"},
            },
        },
    }


def _dots() -> Json:
    return {
        "type": "symbol",
        "name": "dots",
        "from": {"data": "nodes"},
        "encode": {
            "enter": {
                "cursor": {"value": "pointer"},
                "fill": {"scale": "fills", "field": "lane"},
                "shape": {"scale": "shapes", "field": "lane"},
                "size": {"scale": "sizes", "field": "messages"},
                "tooltip": {
                    "signal": "{title: datum.name, kind: datum.lane, messages: format(datum.messages, ',')}"
                },
            },
            "update": {"x": {"field": "x"}, "y": {"field": "y"}},
        },
    }


def _names() -> Json:
    """Return the names: beside the outer lanes, above the inner ones, so that no line runs through them."""
    first, last = (f"datum.lane === '{lane}'" for lane in (LANES[0], LANES[-1]))
    outer = f"{first} || {last}"
    return {
        "type": "text",
        "name": "names",
        "style": "guide-label",
        "from": {"data": "nodes"},
        "encode": {
            "enter": {
                "align": [
                    {"test": first, "value": "right"},
                    {"test": last, "value": "left"},
                    {"value": "center"},
                ],
                "baseline": [{"test": outer, "value": "middle"}, {"value": "bottom"}],
                "cursor": {"value": "pointer"},
                "dx": [{"test": first, "value": -12}, {"test": last, "value": 12}, {"value": 0}],
                "dy": [{"test": outer, "value": 0}, {"value": -9}],
                "fontSize": {"value": 12},
                "limit": {"value": LABEL_PX_MAX},
                "text": {"field": "name"},
            },
            "update": {"x": {"field": "x"}, "y": {"field": "y"}},
        },
    }
