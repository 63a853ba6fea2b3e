"""What the message documents in Elasticsearch are called: the fields of the query language under ECS and OTel names.

Pure. Where ECS or OpenTelemetry has a name, the value stands under it and hoptrail's own name is an alias in the mapping,
so that what is typed into Kibana and into hoptrail is the same, but for three: ``service`` (either end) is `SERVICES`, the
words of ``body`` and ``headers`` are `BODY_WORDS` and `HEADER_WORDS`.
"""

from store.fields import BODY, HEADER

TIMESTAMP = "@timestamp"
UID = "event.id"
POSITION = "event.sequence"
PUBLISHED_AT = "published_at"
STATE = "state"
EXCHANGE = "messaging.destination.name"
ROUTING_KEY = "messaging.rabbitmq.destination.routing_key"
MESSAGE_ID = "messaging.message.id"
CORRELATION_ID = "messaging.message.conversation_id"
BODY_SIZE = "messaging.message.body.size"
TRACE_ID = "trace.id"
PUBLISHER = "service.name"
SERVICES = "services"
LATENCY_US = "latency_us"

MESSAGE = "message"
"""The body as text, to be read; it is searched by its words and its pairs."""

NAME_WORDS = "names.words"
HEADER_WORDS = "headers.words"
BODY_WORDS = "body.words"
HEADER_PAIRS = "headers.pairs"
HEADER_PATHS = "headers.paths"
BODY_PAIRS = "body.pairs"
BODY_PATHS = "body.paths"

FLOW_GIVEN = "flow.given"
"""Which queue gave the message to which service: ``queue → service``. What the copies' own fields cannot tell together."""
FLOW_DIED = "flow.died"
"""In which queue it died, why, and where it went: ``queue → reason → queue``."""
ARROW = " → "

DOCUMENT = "hoptrail.document"
"""The message document itself, as MessagePack: what reads give back."""
REDUCED = "hoptrail.reduced"
REFUSED = "hoptrail.refused"

RENAMED = {
    "uid": UID,
    "position": POSITION,
    "exchange": EXCHANGE,
    "routing_key": ROUTING_KEY,
    "routing_keys": ROUTING_KEY,
    "message_id": MESSAGE_ID,
    "correlation_id": CORRELATION_ID,
    "body.size": BODY_SIZE,
    "trace_id": TRACE_ID,
    "publisher.service": PUBLISHER,
    "service": SERVICES,
    "body": BODY_WORDS,
    "headers": HEADER_WORDS,
}
"""Fields of the query language that stand under another name."""

ALIASES = {name: to for name, to in RENAMED.items() if name not in ("service", "body", "headers")}
"""Those whose own name is an alias in the mapping."""

SORTED_BY = {
    "published_at": PUBLISHED_AT,
    "position": POSITION,
    "latency_ms": LATENCY_US,
    "body.size": BODY_SIZE,
    "retry_rounds": "retry_rounds",
}
"""The long that stands for each field that results can be ordered by."""


def stored_as(name: str) -> str:
    """Return the field of the documents that holds the query language's field *name*, of its table."""
    return RENAMED.get(name, name)


def pairs_of(name: str) -> tuple[str, str, str]:
    """Return of a ``header.<path>`` or ``body.<path>`` the field of its pairs, that of its paths, and the path."""
    if name.startswith(HEADER):
        return HEADER_PAIRS, HEADER_PATHS, name.removeprefix(HEADER)
    return BODY_PAIRS, BODY_PATHS, name.removeprefix(BODY)


def pair(path: str, value: str) -> str:
    r"""Return a pair as one term, ``path=value``; ``=`` and ``\`` in the path are escaped: no two pairs are the same."""
    if "=" in path or "\\" in path:
        path = path.replace("\\", "\\\\").replace("=", "\\=")
    return f"{path}={value}"
