"""The dashboard of failed deliveries: what died, why, where it went, what was routed to no queue. Pure."""

from dashboards.kibana import fields
from dashboards.kibana.columns import count, latest, over_time, top
from dashboards.kibana.grid import Dashboard, Place, Row, Search, Text
from dashboards.kibana.lens import Chart, figure, series, table
from dashboards.kibana.searches import search_id
from dashboards.kibana.traffic import CHOICES, states_over_time

DIED = f"{fields.REASON} : *"
DEAD = "state : dead-lettered"


def failures(prefix: str, public_url: str) -> Dashboard:
    """Return the dashboard `failed deliveries`."""
    said = (
        "**What failed.** *Dead-lettered*: a copy died by a failure and has not come back to a queue it was in. "
        "*Died on the way*: it died at least once, in a retry loop or a delay too, whatever became of it. "
        "A message that died in several queues stands in a row for each of them. "
        f"[Groups, trends and examples in hoptrail]({public_url}/dead-letters)"
    )
    return Dashboard(
        id=f"{prefix}-dashboard-failures",
        title=f"{prefix}: failed deliveries",
        description="What died, why, and where it went; what was routed to no queue.",
        choices=CHOICES,
        rows=[
            Row(height=5, places=[Place(what=Text(markdown=said), width=48)]),
            Row(
                height=6,
                places=[
                    Place(what=each, width=width)
                    for each, width in zip(_figures(), (10, 10, 10, 9, 9), strict=True)
                ],
            ),
            Row(
                height=12,
                places=[
                    Place(
                        what=states_over_time(
                            "Failed, by publish time", "dead-lettered", "unroutable"
                        ),
                        width=24,
                    ),
                    Place(what=_reasons(), width=24),
                ],
            ),
            Row(height=14, places=[Place(what=_ways(), width=48)]),
            Row(
                height=12,
                places=[Place(what=_given(), width=24), Place(what=_unroutable(), width=24)],
            ),
            Row(
                height=18,
                places=[
                    Place(
                        what=Search(title="Failed deliveries", id=search_id(prefix, "failed")),
                        width=48,
                    )
                ],
            ),
        ],
    )


def _figures() -> list[Chart]:
    return [
        figure("Dead-lettered", count("dead", "lie dead", DEAD, color=fields.RED)),
        figure(
            "Unroutable",
            count("lost", "routed to no queue", "state : unroutable", color=fields.PURPLE),
        ),
        figure("Died on the way", count("died", "at least once", DIED, color=fields.ORANGE)),
        figure(
            "Retried",
            count(
                "rounds",
                "came back to a queue",
                f"{fields.ROUNDS} >= 1",
                color=fields.ORANGE,
            ),
        ),
        figure("Gone", count("gone", "left unseen", "state : gone", color=fields.DARK)),
    ]


def _reasons() -> Chart:
    return series(
        "Died on the way, by reason",
        over_time(),
        [count("messages", "messages")],
        split=top("reason", "reason", fields.REASON, by="messages", size=6),
        only=DIED,
    )


def _ways() -> Chart:
    return table(
        "Where it died, why, and where it went",
        [
            top("way", "queue → reason → went to", fields.DIED, by="messages", size=50),
            top("exchange", "published to", fields.EXCHANGE, by="messages", size=10),
            top("type", "type", fields.TYPE, by="messages", size=15, missing=True),
        ],
        [
            count("dead", "lie dead", DEAD),
            count("messages", "died on the way"),
            latest("newest", "newest publish"),
        ],
        only=DIED,
    )


def _given() -> Chart:
    return series(
        "Services that were given what lies dead",
        top("consumer", "service", fields.CONSUMER, by="messages"),
        [count("messages", "messages", color=fields.RED)],
        shape="bar_horizontal",
        only=DEAD,
    )


def _unroutable() -> Chart:
    return table(
        "Routed to no queue",
        [
            top("publisher", "publisher", fields.PUBLISHER, by="messages", size=20, missing=True),
            top("exchange", "exchange", fields.EXCHANGE, by="messages", size=20),
            top("routing_key", "routing key", fields.ROUTING_KEY, by="messages", size=20),
        ],
        [count("messages", "messages"), latest("newest", "newest")],
        only="state : unroutable",
    )
