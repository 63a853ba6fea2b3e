"""What each field of the query language is, for who completes a query: in a sentence, with an example.

Pure. The fields themselves and their kinds stand in ``store/fields.py``; a test holds the two together.
"""

import msgspec

from store.fields import BODY, FIELDS, HEADER, Kind

STATES = (
    "unroutable",
    "dead-lettered",
    "redelivered",
    "delivered",
    "waiting",
    "gone",
    "settled",
    "unknown",
)
BOOLEANS = ("true", "false")


class Help(msgspec.Struct, frozen=True):
    """`told` in a sentence; `example` is a whole query; `values` are all there can be, where these are few."""

    told: str
    example: str
    values: tuple[str, ...] | None = None


def _party(prefix: str, who: str) -> dict[str, Help]:
    return {
        f"{prefix}.service": Help(f"The service that {who}.", f"{prefix}.service:billing"),
        f"{prefix}.connection": Help(
            f"The broker's name of the connection that {who}.", f"{prefix}.connection:*"
        ),
        f"{prefix}.user": Help(f"The broker user that {who}.", f"{prefix}.user:guest"),
        f"{prefix}.evidence": Help(
            f"What tells the name of the service that {who}.", f"{prefix}.evidence:app_id"
        ),
        f"{prefix}.confidence": Help(
            f"How sure the name of the service that {who} is, 0 to 1.", f"{prefix}.confidence:<0.5"
        ),
    }


def _link(prefix: str, which: str) -> dict[str, Help]:
    return {
        f"{prefix}.uid": Help(f"The uid of {which}.", f"{prefix}.uid:main-4711"),
        f"{prefix}.evidence": Help(f"Why {which} is believed.", f"{prefix}.evidence:traceparent"),
        f"{prefix}.confidence": Help(f"How sure {which} is, 0 to 1.", f"{prefix}.confidence:>=0.8"),
    }


HELP: dict[str, Help] = {
    "uid": Help("hoptrail's id of the message.", "uid:main-4711"),
    "time_quality": Help(
        "How the publish was timed: as it happened, late, or by the broker.",
        "time_quality:backlog",
        ("live", "backlog", "broker"),
    ),
    "vhost": Help("The vhost.", "vhost:/"),
    "exchange": Help("The exchange it was published to.", "exchange:orders"),
    "message_id": Help("The property message_id.", "message_id:4711"),
    "correlation_id": Help("The property correlation_id.", "correlation_id:4711"),
    "type": Help("The property type.", "type:order.placed"),
    "content_type": Help("The property content_type.", "content_type:application/json"),
    "content_encoding": Help("The property content_encoding.", "content_encoding:gzip"),
    "reply_to": Help("The property reply_to.", "reply_to:*"),
    "app_id": Help("The property app_id.", "app_id:billing"),
    "state": Help("What became of the message.", "state:dead-lettered", STATES),
    "trace_id": Help(
        "The conversation it is part of.", "trace_id:0af7651916cd43dd8448eb211c80319c"
    ),
    "not_observed": Help("Why its publish was not seen.", "not_observed:*"),
    "message_type": Help(
        "The property type, else what the framework calls its type.", "message_type:OrderPlaced"
    ),
    "message_type_evidence": Help("What tells message_type.", "message_type_evidence:*"),
    "framework": Help("The framework that wrote it.", "framework:Celery"),
    "error": Help("Why it failed, as a framework wrote.", "error:*"),
    "publish_observed": Help("Whether its publish was seen.", "publish_observed:false", BOOLEANS),
    "published_at": Help("When it was published.", "published_at:[now-15m TO now]"),
    "latency_ms": Help("From publish to first delivery, in ms.", "latency_ms:>500"),
    "retry_rounds": Help("How often it came back to a queue it was in before.", "retry_rounds:>2"),
    "position": Help("The position of its first fact in the log.", "position:>=4711"),
    "body.size": Help("The size of the body in bytes.", "body.size:>100000"),
    "body.truncated": Help(
        "Whether the log keeps only the body's beginning.", "body.truncated:true", BOOLEANS
    ),
    "routing_keys": Help("A routing key, CC and BCC included.", "routing_keys:order.placed"),
    "routing_key": Help("A routing key, CC and BCC included.", "routing_key:order.*"),
    "routed_queues": Help("A queue that the broker routed it to.", "routed_queues:billing"),
    "queue": Help("A queue it was routed to, or that any copy of it was in.", "queue:billing"),
    "service": Help("The service at either end.", "service:billing"),
    "copies.queue": Help("A queue that a copy of it was in.", "copies.queue:dead"),
    "copies.origin": Help(
        "How a copy came to its queue.",
        "copies.origin:dead-letter",
        ("routed", "dead-letter", "inferred"),
    ),
    "copies.state": Help("What became of a copy.", "copies.state:waiting", STATES),
    "copies.cause": Help("Why the state of a copy is inferred.", "copies.cause:*"),
    "copies.enqueued_at": Help("When a copy came to its queue.", "copies.enqueued_at:>now-1h"),
    "copies.attempts.delivered_at": Help(
        "When it was delivered.", "copies.attempts.delivered_at:>now-1m"
    ),
    "copies.attempts.redelivered": Help(
        "Whether the broker said of a delivery that it was one before.",
        "copies.attempts.redelivered:true",
        BOOLEANS,
    ),
    "copies.attempts.processing_ms": Help(
        "How long a consumer worked on it, in ms: an estimate.",
        "copies.attempts.processing_ms:>1000",
    ),
    "end_to_end_ms": Help(
        "From the beginning of its conversation to the last work on it, in ms.",
        "end_to_end_ms:>5000",
    ),
    "framework_retries": Help("How often a framework published it again.", "framework_retries:>0"),
    "copies.dead_letter.reason": Help(
        "Why a copy died.",
        "copies.dead_letter.reason:rejected",
        ("rejected", "expired", "maxlen", "delivery_limit"),
    ),
    "copies.dead_letter.exchange": Help(
        "The exchange a copy was dead-lettered to.", "copies.dead_letter.exchange:dlx"
    ),
    "copies.dead_letter.routing_key": Help(
        "The routing key a copy was dead-lettered with.", "copies.dead_letter.routing_key:orders"
    ),
    "copies.dead_letter.to_queues": Help(
        "A queue that a dead letter went to.", "copies.dead_letter.to_queues:dead"
    ),
    "copies.dead_letter.count": Help(
        "How often it died in one queue.", "copies.dead_letter.count:>3"
    ),
    "copies.dead_letter.timer": Help(
        "Whether a death was an expiry used as a delay.",
        "copies.dead_letter.timer:false",
        BOOLEANS,
    ),
    "copies.dead_letter.at": Help("When a copy died.", "copies.dead_letter.at:>now-1h"),
    **_party("publisher", "published it"),
    **_party("copies.attempts.consumer", "was given it"),
    **_link("parent", "the message that caused it"),
    **_link("other_parents", "another message that caused it"),
    "body": Help("Words in the body.", 'body:"card declined"'),
    "headers": Help("Words in the values of headers.", "headers:acme"),
}
"""Of every field of the table."""

PREFIXES: dict[str, Help] = {
    HEADER: Help("The value of a header, by its path.", "header.tenant:acme"),
    BODY: Help("A value in a JSON body, by its path.", "body.order.id:4711"),
}
"""Of what names of fields can begin with; a path follows."""


def is_counted(name: str) -> bool:
    """Return whether the values of the field, or of those that begin with the prefix *name*, are counted in facets."""
    return name != BODY and (name == HEADER or FIELDS[name].kind is not Kind.TEXT)
