"""Wolverine."""

from projector.linker.dialects.reading import Reading, What, text, w3c_trace

HEADERS = {
    "parent-id": Reading(What.TRACE, "wolverine parent-id", w3c_trace),
    "causation-id": Reading(What.CAUSE, "causation-id", text),
    "conversation-id": Reading(What.CONVERSATION, "conversation-id", text),
}
