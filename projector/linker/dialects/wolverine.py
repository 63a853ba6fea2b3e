"""Wolverine: `source` is the sender's service, `parent-id` a W3C id; id and type of a message stand in the properties.

Its names are everyday words, so that only several together show it. `causation-id` and `conversation-id` are read from
everybody.
"""

from projector.linker.dialects.reading import Dialect, Reading, What, count, text, w3c_trace

DIALECT = Dialect(
    "Wolverine",
    headers={
        "parent-id": Reading(What.TRACE, "wolverine parent-id", w3c_trace),
        "source": Reading(What.SERVICE, "wolverine source", text),
        "message-type": Reading(What.TYPE, "wolverine message-type", text),
        "attempts": Reading(What.RETRIES, "wolverine attempts", count),
    },
    marks=(
        frozenset({"conversation-id", "source"}),
        frozenset({"conversation-id", "parent-id"}),
        frozenset({"source", "sent-at"}),
    ),
)
