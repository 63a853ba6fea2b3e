"""NServiceBus."""

from projector.linker.dialects.reading import Reading, What, text

HEADERS = {
    "nservicebus.messageid": Reading(What.IDENTITY, "NServiceBus.MessageId", text),
    "nservicebus.relatedto": Reading(What.CAUSE, "NServiceBus.RelatedTo", text),
    "nservicebus.conversationid": Reading(What.CONVERSATION, "NServiceBus.ConversationId", text),
    "nservicebus.originatingendpoint": Reading(
        What.SERVICE, "NServiceBus.OriginatingEndpoint", text
    ),
}
