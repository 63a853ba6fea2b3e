"""Addresses in Kibana: where a message, or all of its trace, stands in Discover.

Pure. The one place that knows how Kibana writes its state into an address; Kibana calls that form unstable, so nothing
else may build one. Every address sets a time range, because without one Kibana shows the last quarter of an hour.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

Rison = str | int | float | bool | None | Sequence["Rison"] | Mapping[str, "Rison"]

COLUMNS = ("state", "publisher.service", "exchange", "queue", "type", "latency_ms", "uid")
MESSAGE_SPAN = timedelta(minutes=1)
TRACE_SPAN = timedelta(days=1)
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class KibanaLinks:
    """The Kibana at *url* (with its space, when it is not the default one), and the id of the messages' data view."""

    url: str
    data_view: str

    def message(self, uid: str, published_at: int) -> str:
        """Return where one message stands. *published_at* in ns UTC."""
        return self.discover(equal("uid", uid), published_at, MESSAGE_SPAN)

    def trace(self, trace_id: str, published_at: int) -> str:
        """Return where the messages of a trace stand, looking a day to both sides of *published_at* (ns UTC)."""
        return self.discover(equal("trace_id", trace_id), published_at, TRACE_SPAN)

    def discover(self, query: str, around: int, span: timedelta) -> str:
        """Return Discover with a KQL *query*, looking *span* to both sides of *around* (ns UTC), oldest first."""
        at = _EPOCH + timedelta(microseconds=around // 1_000)
        time: Rison = {"time": {"from": _instant(at - span), "to": _instant(at + span)}}
        state: Rison = {
            "columns": COLUMNS,
            "dataSource": {"dataViewId": self.data_view, "type": "dataView"},
            "query": {"language": "kuery", "query": query},
            "sort": [["@timestamp", "asc"]],
        }
        return f"{self.url.rstrip('/')}/app/discover#/?_g={_quoted(time)}&_a={_quoted(state)}"


def equal(field: str, value: str) -> str:
    """Return the KQL for messages whose *field* is *value*, whatever is in it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'{field} : "{escaped}"'


def rison(value: Rison) -> str:
    """Return *value* in Rison, the form of the state in Kibana's addresses."""
    match value:
        case None:
            return "!n"
        case bool():
            return "!t" if value else "!f"
        case int() | float():
            return str(value).replace("e+", "e")
        case str():
            return value if _BARE.fullmatch(value) else _string(value)
        case Mapping():
            pairs = (f"{rison(name)}:{rison(each)}" for name, each in sorted(value.items()))
            return f"({','.join(pairs)})"
        case _:
            return f"!({','.join(map(rison, value))})"


def _string(value: str) -> str:
    escaped = value.replace("!", "!!").replace("'", "!'")
    return f"'{escaped}'"


def _quoted(value: Rison) -> str:
    """Return *value* for an address: also brackets and quotes are encoded, at which programs cut addresses off."""
    return quote(rison(value), safe="!,:*@$")


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
