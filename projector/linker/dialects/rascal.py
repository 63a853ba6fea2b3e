"""Rascal, on amqplib: a nested header tells how often a message was published again, and after what error."""

from typing import Any, cast

from projector.linker.dialects.reading import (
    Dialect,
    Reading,
    What,
    count,
    error_line,
    within,
)


def republished(value: Any) -> str | None:
    """Return how often any one queue's consumer published the message again, the most of several."""
    if not isinstance(value, dict):
        return None
    queues = cast("dict[Any, Any]", value).values()
    counts = [told for told in map(within("republished", count), queues) if told]
    return max(counts, key=int, default=None)


DIALECT = Dialect(
    "Rascal",
    headers={
        "rascal": (
            Reading(What.ERROR, "rascal.error", within("error", within("message", error_line))),
            Reading(What.RETRIES, "rascal.recovery", within("recovery", republished)),
        )
    },
    recorded=("rascal",),
    notes="the message id stays with what is published again or forwarded",
)
