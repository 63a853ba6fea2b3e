"""Rebus: every message has an id of its own in a header, which a forwarded failure and a deferral keep."""

from projector.linker.dialects.reading import (
    Dialect,
    Reading,
    What,
    before,
    count,
    error_line,
    text,
)

DIALECT = Dialect(
    "Rebus",
    headers={
        "rbs2-msg-id": Reading(What.TASK, "rbs2-msg-id", text),
        "rbs2-in-reply-to": Reading(What.CAUSE, "rbs2-in-reply-to", text),
        "rbs2-corr-id": Reading(What.CONVERSATION, "rbs2-corr-id", text),
        "rbs2-sender-address": Reading(What.SERVICE, "rbs2-sender-address", before("@")),
        "rbs2-source-queue": Reading(What.SERVICE, "rbs2-source-queue", before("@")),
        "rbs2-msg-type": Reading(What.TYPE, "rbs2-msg-type", before(",")),
        "rbs2-error-details": Reading(What.ERROR, "rbs2-error-details", error_line),
        "rbs2-delivery-count": Reading(What.RETRIES, "rbs2-delivery-count", count),
    },
    passed_on=frozenset({"rbs2-source-queue"}),
    notes="an address is the name of a queue; a failure is published to the queue `error`",
)
