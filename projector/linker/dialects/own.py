"""Ids that no framework writes by itself, under names that many systems of their own agree on."""

from projector.linker.dialects.reading import Dialect, Reading, What, text

DIALECT = Dialect(
    name=None,
    headers={
        "causation-id": Reading(What.CAUSE, "causation-id", text),
        "conversation-id": Reading(What.CONVERSATION, "conversation-id", text),
    },
)
