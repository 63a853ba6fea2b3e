"""NServiceBus: a message is related to the one whose handler sent it, and keeps its id through retries and error queue."""

from typing import Any

from projector.linker.dialects.reading import (
    Dialect,
    Reading,
    What,
    count,
    error_line,
    text,
)


def first_type(value: Any) -> str | None:
    """Return the first of several assembly-qualified types, without its assembly."""
    if isinstance(value, str):
        value = value.partition(";")[0].partition(",")[0]
    return text(value)


DIALECT = Dialect(
    "NServiceBus",
    headers={
        "nservicebus.messageid": Reading(What.TASK, "NServiceBus.MessageId", text),
        "nservicebus.relatedto": Reading(What.CAUSE, "NServiceBus.RelatedTo", text),
        "nservicebus.conversationid": Reading(
            What.CONVERSATION, "NServiceBus.ConversationId", text
        ),
        "nservicebus.originatingendpoint": Reading(
            What.SERVICE, "NServiceBus.OriginatingEndpoint", text
        ),
        "nservicebus.processingendpoint": Reading(
            What.SERVICE, "NServiceBus.ProcessingEndpoint", text
        ),
        "nservicebus.failedq": (),
        "nservicebus.enclosedmessagetypes": Reading(
            What.TYPE, "NServiceBus.EnclosedMessageTypes", first_type
        ),
        "nservicebus.retries": Reading(What.RETRIES, "NServiceBus.Retries", count),
        "nservicebus.flretries": Reading(What.RETRIES, "NServiceBus.FLRetries", count),
        "nservicebus.exceptioninfo.message": Reading(
            What.ERROR, "NServiceBus.ExceptionInfo.Message", error_line
        ),
        "nservicebus.exceptioninfo.exceptiontype": Reading(
            What.ERROR, "NServiceBus.ExceptionInfo.Type", error_line
        ),
    },
    passed_on=frozenset(
        {"nservicebus.failedq", "nservicebus.processingendpoint", "nservicebus.retries"}
    ),
    notes="a message published to all begins a trace of its own; a failure is published to the error queue",
)
