"""Nameko: each message carries the runs that led to it, first the one that started it all, last the one that sent it.

A run is called ``service.method.<uuid>``. What a run was called with is a message of the run before it, to that method.
Replies carry a correlation id only.
"""

from typing import Any, cast

from projector.linker.dialects.reading import (
    Dialect,
    Reading,
    What,
    error_line,
    first_text,
    last_text,
    text,
)

HEADER = "nameko.call_id_stack"
OUTSIDE = "standalone_rpc_proxy"
"""What a caller calls itself that is no service."""


def runs(value: Any) -> str | None:
    """Return the last two runs of a stack, divided by a space; the first is empty where there is one only."""
    if not isinstance(value, list | tuple) or not value:
        return None
    stack = cast("list[Any]", value)
    last = text(stack[-1])
    before = text(stack[-2]) if len(stack) > 1 else ""
    if last is None or before is None or " " in last or " " in before:
        return None
    return f"{before} {last}"


def service(value: Any) -> str | None:
    """Return the service whose run sent the message."""
    parts = (last_text(value) or "").rsplit(".", 2)
    return parts[0] if len(parts) == 3 and parts[0] != OUTSIDE else None


DIALECT = Dialect(
    "Nameko",
    headers={
        HEADER: (
            Reading(What.RUN, HEADER, runs),
            Reading(What.CONVERSATION, HEADER, first_text),
            Reading(What.SERVICE, HEADER, service),
        )
    },
    in_body={"nameko/error": Reading(What.ERROR, "nameko reply", error_line)},
    recorded=("nameko",),
    notes="the run that sent it, `service.method.<uuid>`, was called by a message of the run before it to that method",
)
