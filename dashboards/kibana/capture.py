"""The dashboard of capture health: how well messages were seen, as far as they tell, and what they cannot. Pure."""

from dashboards.kibana import fields
from dashboards.kibana.columns import count, largest, latest, over_time, top
from dashboards.kibana.grid import Dashboard, Place, Row, Search, Text
from dashboards.kibana.lens import Chart, figure, series, table
from dashboards.kibana.searches import search_id
from dashboards.kibana.traffic import CHOICES

UNSEEN = f"{fields.OBSERVED} : false"
LATE = f"{fields.QUALITY} : backlog"
REDUCED = f"{fields.REDUCED} : true"
UNNAMED = f"{fields.OBSERVED} : true and not {fields.PUBLISHER} : *"


def capture(prefix: str, public_url: str) -> Dashboard:
    """Return the dashboard `capture health`."""
    return Dashboard(
        id=f"{prefix}-dashboard-capture",
        title=f"{prefix}: capture health",
        description="How well messages were seen, and on what evidence names and links rest.",
        choices=CHOICES[:1],
        rows=[
            Row(height=9, places=[Place(what=Text(markdown=_said(public_url)), width=48)]),
            Row(height=6, places=[Place(what=each, width=12) for each in _figures()]),
            Row(
                height=12,
                places=[Place(what=_qualities(), width=24), Place(what=_reasons(), width=24)],
            ),
            Row(
                height=12,
                places=[Place(what=_vhosts(), width=24), Place(what=_refused(), width=24)],
            ),
            Row(height=12, places=[Place(what=each, width=16) for each in _evidence()]),
            Row(
                height=16,
                places=[
                    Place(
                        what=Search(
                            title="Publish not observed", id=search_id(prefix, "not-observed")
                        ),
                        width=48,
                    )
                ],
            ),
        ],
    )


def _said(public_url: str) -> str:
    return (
        "**How well messages were seen**, as far as the messages tell.\n\n"
        "- *Not observed*: deliveries without a publish, with the likely reason.\n"
        "- *Seen late*: while capture caught up; such messages have no latency.\n"
        "- *Reduced*: Elasticsearch refused the whole document, so only identity, times and state are searched.\n\n"
        "**What cannot stand here:** gaps, overlaps, the lag of capture, the broker's own counts, dropped tap messages. "
        "They are facts of the log, which Kibana cannot read; and what was never seen has no document. An empty time here "
        f"may be quiet or a gap: [ask hoptrail]({public_url}/capture), or run `hoptrail capture`."
    )


def _figures() -> list[Chart]:
    return [
        figure("Not observed", count("unseen", "publishes", UNSEEN, color=fields.RED)),
        figure("Seen late", count("late", "while capture caught up", LATE, color=fields.ORANGE)),
        figure(
            "Reduced", count("reduced", "documents refused whole", REDUCED, color=fields.PURPLE)
        ),
        figure(
            "Publisher not named", count("unnamed", "publishes seen", UNNAMED, color=fields.DARK)
        ),
    ]


def _qualities() -> Chart:
    shown = (("live", fields.BLUE), ("backlog", fields.ORANGE), ("broker", fields.SKY))
    return series(
        "How times are known",
        over_time(),
        [
            count(quality, quality, f"{fields.QUALITY} : {quality}", color=color)
            for quality, color in shown
        ],
    )


def _reasons() -> Chart:
    return series(
        "Publishes not observed, by likely reason",
        over_time(),
        [count("messages", "messages")],
        split=top("reason", "reason", fields.WHY_NOT, by="messages", size=8, missing=True),
        only=UNSEEN,
    )


def _vhosts() -> Chart:
    return table(
        "By vhost",
        [top("vhost", "vhost", fields.VHOST, by="messages", size=100)],
        [
            count("messages", "messages"),
            count("unseen", "not observed", UNSEEN),
            count("late", "seen late", LATE),
            latest("newest", "newest message"),
            largest("position", "position", fields.POSITION),
        ],
    )


def _refused() -> Chart:
    return table(
        "Documents reduced, and why",
        [top("refused", "Elasticsearch said", fields.REFUSED, by="messages", size=20)],
        [count("messages", "messages"), latest("newest", "newest")],
        only=REDUCED,
    )


def _evidence() -> list[Chart]:
    shown = (
        ("Publishers are named by", fields.PUBLISHER_EVIDENCE),
        ("Consumers are named by", fields.CONSUMER_EVIDENCE),
        ("Causes are believed by", fields.PARENT_EVIDENCE),
    )
    return [
        series(
            title,
            top("evidence", "evidence", of, by="messages"),
            [count("messages", "messages", color=fields.BLUE)],
            shape="bar_horizontal",
        )
        for title, of in shown
    ]
