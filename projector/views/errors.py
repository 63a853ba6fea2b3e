"""Why a message failed, as its headers tell: what error-handling frameworks write there.

Pure. The first line is kept, and for grouping its numbers and ids are masked, so that a thousand failures of one kind
are one group.
"""

import re
from collections.abc import Mapping
from typing import Any

from events.facts import Table
from events.values import shown

ERROR_CHARS_MAX = 200
HEADERS = (
    "x-exception-message",  # Spring AMQP
    "mt-fault-message",  # MassTransit
    "nservicebus.exceptioninfo.message",
    "rbs2-error-details",  # Rebus
    "cap-exception",
    "x-error-message",
    "x-error",
    "x-last-error",
    "x-exception",
    "x-death-reason",
    "error",
    "exception",
    "x-exception-stacktrace",  # Spring AMQP, where the message is empty
    "mt-fault-stacktrace",
)
_NAMES = frozenset(HEADERS)
_VARYING = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\b[0-9a-fA-F]{16,}\b|\d+")


def error_in(headers: Table | None) -> str | None:
    """Return the first line of the error that *headers* tell of, capped; None where they tell of none."""
    if not headers:
        return None
    told = _told(headers)
    for name in HEADERS:
        lines = told.get(name, "").strip().splitlines()
        if lines:
            return lines[0].strip()[:ERROR_CHARS_MAX]
    return None


def masked(error: str) -> str:
    """Return *error* with its numbers and ids masked: what failures of one kind share."""
    return _VARYING.sub("#", error)


def _told(headers: Mapping[Any, Any]) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, value in headers.items():
        if isinstance(name, str) and isinstance(value, str | bytes) and name.lower() in _NAMES:
            told.setdefault(name.lower(), shown(value))
    return told
