"""CAP for .NET."""

from projector.linker.dialects.reading import Reading, What, text

HEADERS = {
    "cap-msg-id": Reading(What.IDENTITY, "cap-msg-id", text),
    "cap-corr-id": Reading(What.CONVERSATION, "cap-corr-id", text),
}
