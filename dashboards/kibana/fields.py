"""The fields of message documents that the objects name, and the colours of states. Pure.

Wherever the query language has a name for a field, that is the name used here (in the index it is the field itself or an
alias of it), so that what stands in a saved search can be typed into hoptrail too.
"""

from collections.abc import Mapping

TIME = "@timestamp"
UID = "uid"
POSITION = "position"
TRACE = "trace_id"
VHOST = "vhost"
EXCHANGE = "exchange"
ROUTING_KEY = "routing_key"
ROUTED_QUEUES = "routed_queues"
QUEUE = "queue"
TYPE = "type"
STATE = "state"
LATENCY = "latency_ms"
SIZE = "body.size"
QUALITY = "time_quality"
ROUNDS = "retry_rounds"
OBSERVED = "publish_observed"
WHY_NOT = "not_observed"
SERVICES = "services"
"""Services at either end; the query language calls it ``service``."""
PUBLISHER = "publisher.service"
PUBLISHER_EVIDENCE = "publisher.evidence"
CONSUMER = "copies.attempts.consumer.service"
CONSUMER_EVIDENCE = "copies.attempts.consumer.evidence"
AGAIN = "copies.attempts.redelivered"
REASON = "copies.dead_letter.reason"
PARENT = "parent.uid"
PARENT_EVIDENCE = "parent.evidence"
OTHER_PARENTS = "other_parents.uid"
GIVEN = "flow.given"
DIED = "flow.died"
REDUCED = "hoptrail.reduced"
REFUSED = "hoptrail.refused"
DOCUMENT = "hoptrail.document"
BODY = "message"


BLUE, SKY, ORANGE, RED, PURPLE = "#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#CC79A7"
GREY, DARK, PALE = "#98A2B3", "#5B6672", "#C4C9D0"

STATES: Mapping[str, str] = {
    "delivered": BLUE,
    "settled": SKY,
    "redelivered": ORANGE,
    "dead-lettered": RED,
    "unroutable": PURPLE,
    "waiting": GREY,
    "gone": DARK,
    "unknown": PALE,
}
"""Every state of a message and its colour, which colour-blind readers can tell apart; good ones first."""

LONG_NAMES: Mapping[str, str] = {UID: "event.id", TRACE: "trace.id"}
"""Where uid and trace stand in the documents; the short names are aliases of these."""
