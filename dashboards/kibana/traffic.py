"""The dashboard of what passes: how much, how fast, in which state, between whom. Pure."""

from dashboards.kibana import fields
from dashboards.kibana.columns import (
    Column,
    count,
    latest,
    over_time,
    percentile,
    top,
    unique,
)
from dashboards.kibana.grid import Dashboard, Place, Row, Search, Text
from dashboards.kibana.lens import Chart, figure, series, table
from dashboards.kibana.searches import search_id

CHOICES = (
    (fields.VHOST, "vhost"),
    (fields.SERVICES, "service, either end"),
    (fields.EXCHANGE, "exchange"),
    (fields.TYPE, "type"),
)
AGAIN = f"{fields.AGAIN} : true or {fields.ROUNDS} >= 1"


def traffic(prefix: str, public_url: str) -> Dashboard:
    """Return the dashboard `traffic`."""
    said = (
        "**What passes.** Messages by the time of their publish; a message counts once, however many queues it was in. "
        f"Its state is the worst of its last copies. [Open hoptrail]({public_url}/)"
    )
    return Dashboard(
        id=f"{prefix}-dashboard-traffic",
        title=f"{prefix}: traffic",
        description="How many messages pass, how fast, in which state, and between whom.",
        choices=CHOICES,
        rows=[
            Row(height=4, places=[Place(what=Text(markdown=said), width=48)]),
            Row(height=6, places=[Place(what=each, width=8) for each in _figures()]),
            Row(
                height=13,
                places=[
                    Place(what=states_over_time("Messages by state"), width=30),
                    Place(what=_latencies(), width=18),
                ],
            ),
            Row(height=12, places=[Place(what=each, width=12) for each in _busiest()]),
            Row(height=14, places=[Place(what=_routes(), width=48)]),
            Row(
                height=18,
                places=[
                    Place(what=Search(title="Messages", id=search_id(prefix, "all")), width=48)
                ],
            ),
        ],
    )


def _figures() -> list[Chart]:
    return [
        figure("Messages", count("messages", "messages")),
        figure(
            "Dead-lettered",
            count("dead", "dead-lettered", "state : dead-lettered", color=fields.RED),
        ),
        figure(
            "Unroutable",
            count("lost", "unroutable", "state : unroutable", color=fields.PURPLE),
        ),
        figure("Redelivered or retried", count("again", "messages", AGAIN, color=fields.ORANGE)),
        figure(
            "Latency, p95",
            percentile("p95", "ms to the first delivery", fields.LATENCY, 95),
        ),
        figure("Services", unique("services", "at either end", fields.SERVICES)),
    ]


def by_state(*states: str) -> list[Column]:
    """Return a figure for each of *states*, or of all, in the state's colour."""
    return [
        count(f"state-{state}", state, f"{fields.STATE} : {state}", color=fields.STATES[state])
        for state in states or fields.STATES
    ]


def states_over_time(title: str, *states: str) -> Chart:
    """Show messages over time, stacked by state: *states*, or all."""
    return series(title, over_time(), by_state(*states))


def _latencies() -> Chart:
    colors = {50: fields.SKY, 95: fields.BLUE, 99: fields.DARK}
    return series(
        "Latency to the first delivery, ms (seen live only)",
        over_time(),
        [
            percentile(f"p{percent}", f"p{percent}", fields.LATENCY, percent, color=color)
            for percent, color in colors.items()
        ],
        shape="line",
    )


def _busiest() -> list[Chart]:
    shown = (
        ("Exchanges", fields.EXCHANGE),
        ("Queues", fields.QUEUE),
        ("Types", fields.TYPE),
        ("Publishers", fields.PUBLISHER),
    )
    return [
        series(
            title,
            top("value", title.lower(), of, by="messages"),
            [count("messages", "messages", color=fields.BLUE)],
            shape="bar_horizontal",
        )
        for title, of in shown
    ]


def _routes() -> Chart:
    return table(
        "Who publishes what where",
        [
            top("publisher", "publisher", fields.PUBLISHER, by="messages", size=30, missing=True),
            top("exchange", "exchange", fields.EXCHANGE, by="messages", size=15),
            top("type", "type", fields.TYPE, by="messages", size=15, missing=True),
        ],
        [
            count("messages", "messages"),
            *by_state("dead-lettered", "unroutable", "redelivered", "waiting"),
            percentile("p95", "p95 ms", fields.LATENCY, 95),
            latest("newest", "newest"),
        ],
    )
