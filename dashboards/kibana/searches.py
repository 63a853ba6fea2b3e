"""The saved searches: what people look for first, with the columns that answer it.

Pure. Each is KQL over the messages' data view and, where the query language of hoptrail can say it, says the same there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.kibana import fields
from dashboards.kibana.saved import Reference, SavedObject, searching

INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"
SLOW_MS = 1_000

WAY = (fields.PUBLISHER, fields.EXCHANGE, fields.ROUTING_KEY, fields.QUEUE, fields.CONSUMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """A saved search. *hoptrail* is the same question in hoptrail's own query language."""

    name: str
    title: str
    description: str
    kql: str
    hoptrail: str
    columns: Sequence[str]
    sort: Sequence[tuple[str, str]] = ((fields.TIME, "desc"),)

    def saved(self, prefix: str, data_view: str) -> SavedObject:
        """Return the saved object, over the data view of that id."""
        return SavedObject(
            type="search",
            id=search_id(prefix, self.name),
            attributes={
                "columns": list(self.columns),
                "description": self.description,
                "grid": {},
                "hideChart": False,
                "isTextBasedQuery": False,
                "kibanaSavedObjectMeta": searching(self.kql, INDEX),
                "sort": [list(each) for each in self.sort],
                "timeRestore": False,
                "title": f"hoptrail: {self.title}",
                "usesAdHocDataView": False,
            },
            references=[Reference(name=INDEX, type="index-pattern", id=data_view)],
        )


def search_id(prefix: str, name: str) -> str:
    """Return the id of the saved search called *name*."""
    return f"{prefix}-search-{name}"


SEARCHES = (
    Searching(
        name="all",
        title="all messages",
        description="Every message, newest first. uid opens the message in hoptrail.",
        kql="",
        hoptrail="",
        columns=(fields.STATE, *WAY, fields.TYPE, fields.LATENCY, fields.UID),
    ),
    Searching(
        name="failed",
        title="failed deliveries",
        description="Messages that lie dead: a copy was rejected, expired or pushed out, and has not come back since.",
        kql="state : dead-lettered",
        hoptrail="state:dead-lettered",
        columns=(fields.DIED, *WAY, fields.TYPE, fields.BODY, fields.UID),
    ),
    Searching(
        name="unroutable",
        title="unroutable",
        description="Messages that the broker routed to no queue.",
        kql="state : unroutable",
        hoptrail="state:unroutable",
        columns=(fields.PUBLISHER, fields.EXCHANGE, fields.ROUTING_KEY, fields.TYPE, fields.UID),
    ),
    Searching(
        name="redelivered",
        title="redelivered or retried",
        description="Messages that a consumer was given more than once, or that came back to a queue they had been in.",
        kql=f"{fields.AGAIN} : true or {fields.ROUNDS} >= 1",
        hoptrail=f"{fields.AGAIN}:true OR {fields.ROUNDS}:>=1",
        columns=(fields.STATE, fields.ROUNDS, fields.REASON, *WAY, fields.TYPE, fields.UID),
    ),
    Searching(
        name="slow",
        title="slow",
        description=f"Messages first delivered {SLOW_MS} ms or more after their publish, slowest first. Only what was"
        " seen live has a latency.",
        kql=f"{fields.LATENCY} >= {SLOW_MS}",
        hoptrail=f"{fields.LATENCY}:>={SLOW_MS}",
        columns=(fields.LATENCY, fields.STATE, *WAY, fields.TYPE, fields.UID),
        sort=((fields.LATENCY, "desc"),),
    ),
    Searching(
        name="conversation",
        title="one conversation",
        description="Messages by conversation, oldest first. To see one: choose + beside its trace_id, or write"
        ' trace_id : "..." in place of the query. trace_id opens it in hoptrail.',
        kql=f"{fields.TRACE} : *",
        hoptrail=f"{fields.TRACE}:*",
        columns=(
            fields.TRACE,
            fields.TYPE,
            *WAY,
            fields.STATE,
            fields.PARENT,
            fields.PARENT_EVIDENCE,
            fields.UID,
        ),
        sort=((fields.TRACE, "asc"), (fields.TIME, "asc")),
    ),
    Searching(
        name="not-observed",
        title="publish not observed",
        description="Messages whose deliveries were seen but not their publish, and why.",
        kql=f"{fields.OBSERVED} : false",
        hoptrail=f"{fields.OBSERVED}:false",
        columns=(fields.WHY_NOT, fields.VHOST, *WAY[1:], fields.TYPE, fields.UID),
    ),
    Searching(
        name="waiting",
        title="waiting",
        description="Messages with a copy that nobody has been given yet, oldest first.",
        kql="state : waiting",
        hoptrail="state:waiting",
        columns=(fields.QUEUE, fields.PUBLISHER, fields.EXCHANGE, fields.TYPE, fields.UID),
        sort=((fields.TIME, "asc"),),
    ),
)
