"""MassTransit: ids in the envelope that is its body, or in headers with the raw serializers.

`initiatorId` is the correlation id of the message whose consumer sent this one, not its message id. What failed is published
to `QUEUE_error` with its first sender's envelope; the headers tell where it failed.
"""

from typing import Any

from projector.linker.dialects.reading import (
    Dialect,
    Reading,
    What,
    count,
    error_line,
    text,
    w3c_trace,
)

NAMES_EVERYBODY = frozenset({"dotnet", "w3wp", "iisexpress", "testhost"})
"""Programs that run other people's code."""


def process_name(value: Any) -> str | None:
    """Return the name of a process that can name a service."""
    name = text(value)
    return None if name in NAMES_EVERYBODY else name


def first_type(value: Any) -> str | None:
    """Return the first of several types, without the scheme before it."""
    told = (value if isinstance(value, str) else "").partition(";")[0]
    return text(told.removeprefix("urn:message:"))


DIALECT = Dialect(
    "MassTransit",
    headers={
        "mt-activity-id": Reading(What.TRACE, "MT-Activity-Id", w3c_trace),
        "messageid": Reading(What.TASK, "MassTransit messageId", text),
        "mt-originalmessageid": Reading(What.CAUSE, "MT-OriginalMessageId", text),
        "mt-initiatorid": Reading(What.CAUSE, "MassTransit initiatorId", text),
        "initiatorid": Reading(What.CAUSE, "MassTransit initiatorId", text),
        "mt-initiator-id": Reading(What.CAUSE, "MassTransit initiatorId", text),
        "correlationid": Reading(What.IDENTITY, "MassTransit correlationId", text),
        "conversationid": Reading(What.CONVERSATION, "MassTransit conversationId", text),
        "mt-conversation-id": Reading(What.CONVERSATION, "MassTransit conversationId", text),
        "mt-host-processname": Reading(What.SERVICE, "MT-Host-ProcessName", process_name),
        "mt-messagetype": Reading(What.TYPE, "MT-MessageType", first_type),
        "mt-fault-message": Reading(What.ERROR, "MT-Fault-Message", error_line),
        "mt-fault-exceptiontype": Reading(What.ERROR, "MT-Fault-Type", error_line),
        "mt-redelivery-count": Reading(What.RETRIES, "MT-Redelivery-Count", count),
        "mt-fault-retrycount": Reading(What.RETRIES, "MT-Fault-RetryCount", count),
        "mt-reason": (),
    },
    in_body={
        "masstransit/messageId": Reading(What.TASK, "MassTransit messageId", text),
        "masstransit/initiatorId": Reading(What.CAUSE, "MassTransit initiatorId", text),
        "masstransit/correlationId": Reading(What.IDENTITY, "MassTransit correlationId", text),
        "masstransit/conversationId": Reading(
            What.CONVERSATION, "MassTransit conversationId", text
        ),
        "masstransit/host.processName": Reading(
            What.SERVICE, "MassTransit host.processName", process_name
        ),
        "masstransit/messageType": Reading(What.TYPE, "MassTransit messageType", first_type),
    },
    marks=(
        frozenset({"mt-activity-id"}),
        frozenset({"mt-host-processname"}),
        frozenset({"mt-messagetype"}),
        frozenset({"mt-source-address"}),
        frozenset({"mt-initiatorid"}),
        frozenset({"mt-initiator-id"}),
        frozenset({"mt-conversation-id"}),
        frozenset({"mt-reason"}),
        frozenset({"mt-redelivery-count"}),
        frozenset({"initiatorid"}),
        frozenset({"conversationid"}),
    ),
    passed_on=frozenset({"mt-host-processname", "mt-reason", "mt-redelivery-count"}),
    notes="faults go to `QUEUE_error`, what nobody consumes to `QUEUE_skipped`",
)
