"""Rebus."""

from projector.linker.dialects.reading import Reading, What, text

HEADERS = {
    "rbs2-msg-id": Reading(What.IDENTITY, "rbs2-msg-id", text),
    "rbs2-in-reply-to": Reading(What.CAUSE, "rbs2-in-reply-to", text),
    "rbs2-corr-id": Reading(What.CONVERSATION, "rbs2-corr-id", text),
}
