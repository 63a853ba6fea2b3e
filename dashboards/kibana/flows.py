"""The dashboard of who talks to whom: the topology as a picture, and as tables. Pure."""

from dashboards.kibana import fields
from dashboards.kibana.columns import count, latest, over_time, percentile, top
from dashboards.kibana.data_view import data_view_id
from dashboards.kibana.grid import Dashboard, Picture, Place, Row, Text
from dashboards.kibana.lens import Chart, series, table
from dashboards.kibana.topology_marks import topology
from dashboards.kibana.traffic import CHOICES


def flows(prefix: str, public_url: str) -> Dashboard:
    """Return the dashboard `service flows`."""
    said = (
        "**Who talks to whom**, as seen in messages of the time chosen; dashed red: died here, went there. A click in the "
        "picture narrows everything to what was clicked. What is declared but unused is not here: "
        f"[hoptrail's topology]({public_url}/topology) has both."
    )
    return Dashboard(
        id=f"{prefix}-dashboard-flows",
        title=f"{prefix}: service flows",
        description="Publishers, exchanges, queues and consumers, and what passes between them.",
        choices=CHOICES,
        rows=[
            Row(height=4, places=[Place(what=Text(markdown=said), width=48)]),
            Row(
                height=26,
                places=[
                    Place(
                        what=Picture(title="Topology", spec=topology(data_view_id(prefix))),
                        width=48,
                    )
                ],
            ),
            Row(height=15, places=[Place(what=_relations(), width=48)]),
            Row(
                height=14,
                places=[Place(what=_routing(), width=26), Place(what=_given(), width=22)],
            ),
            Row(
                height=12,
                places=[Place(what=_publishers(), width=48)],
            ),
        ],
    )


def _relations() -> Chart:
    return table(
        "Who is given what whom published",
        [
            top("publisher", "publisher", fields.PUBLISHER, by="messages", size=30, missing=True),
            top("type", "type", fields.TYPE, by="messages", size=12, missing=True),
            top("consumer", "consumer", fields.CONSUMER, by="messages", size=30),
        ],
        [
            count("messages", "messages"),
            percentile("p50", "p50 ms", fields.LATENCY, 50),
            percentile("p95", "p95 ms", fields.LATENCY, 95),
            count("again", "redelivered", f"{fields.AGAIN} : true"),
            latest("newest", "newest"),
        ],
    )


def _routing() -> Chart:
    return table(
        "Where exchanges route",
        [
            top("exchange", "exchange", fields.EXCHANGE, by="messages", size=30),
            top("routing_key", "routing key", fields.ROUTING_KEY, by="messages", size=20),
            top("queue", "queue", fields.ROUTED_QUEUES, by="messages", size=30, missing=True),
        ],
        [count("messages", "messages")],
    )


def _given() -> Chart:
    return table(
        "Which queue gives to whom",
        [top("way", "queue → service", fields.GIVEN, by="messages", size=100)],
        [
            count("messages", "messages"),
            count("again", "redelivered", f"{fields.AGAIN} : true"),
            latest("newest", "newest"),
        ],
    )


def _publishers() -> Chart:
    return series(
        "Messages by publisher",
        over_time(),
        [count("messages", "messages")],
        split=top("publisher", "publisher", fields.PUBLISHER, by="messages", size=8, rest=True),
    )
