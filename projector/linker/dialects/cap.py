"""CAP for .NET: a callback bears the id of the message it answers as its correlation id, any other message its own."""

from projector.linker.dialects.reading import Dialect, Reading, What, error_line, text

DIALECT = Dialect(
    "CAP",
    headers={
        "cap-msg-id": Reading(What.TASK, "cap-msg-id", text),
        "cap-corr-id": (
            Reading(What.CAUSE, "cap-corr-id", text),
            Reading(What.CONVERSATION, "cap-corr-id", text),
        ),
        "cap-msg-name": Reading(What.TYPE, "cap-msg-name", text),
        "cap-msg-type": Reading(What.TYPE, "cap-msg-type", text),
        "cap-exception": Reading(What.ERROR, "cap-exception", error_line),
    },
)
