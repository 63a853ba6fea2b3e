"""MassTransit, where its ids stand in headers."""

from projector.linker.dialects.reading import Reading, What, text, w3c_trace

HEADERS = {
    "mt-activity-id": Reading(What.TRACE, "MT-Activity-Id", w3c_trace),
    "initiatorid": Reading(What.CAUSE, "MassTransit initiatorId", text),
    "mt-initiator-id": Reading(What.CAUSE, "MassTransit initiatorId", text),
    "conversationid": Reading(What.CONVERSATION, "MassTransit conversationId", text),
    "mt-conversation-id": Reading(What.CONVERSATION, "MassTransit conversationId", text),
    "mt-host-processname": Reading(What.SERVICE, "MT-Host-ProcessName", text),
}
