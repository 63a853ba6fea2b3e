"""Symfony Messenger with a serializer of its own: the class in the header `type`, stamps as JSON in headers of their own.

PHP's serializer, which is the default, puts everything into the body, where nothing is read. A retry is published through a
queue that waits, with a stamp more; nothing names the message it repeats.
"""

import re
from typing import Any

import msgspec

from projector.linker.dialects.reading import Dialect, Reading, What, count, error_line, text

STAMP = "x-message-stamp-symfony\\component\\messenger\\stamp\\"
RETRY_COUNT = re.compile(r'"retryCount":\s?(\d{1,6})')
EXCEPTION = re.compile(r'"exceptionMessage":\s?"((?:[^"\\]|\\.){1,500})')
STAMPS = ("busnamestamp", "redeliverystamp", "delaystamp", "errordetailsstamp")


def most_retries(value: Any) -> str | None:
    """Return the highest count of retries: the stamp of the failure transport begins at 0 again."""
    counts = RETRY_COUNT.findall(value) if isinstance(value, str) else []
    return count(max(counts, key=int)) if counts else None


def exception(value: Any) -> str | None:
    """Return the message of the last exception."""
    found = EXCEPTION.findall(value) if isinstance(value, str) else []
    if not found:
        return None
    try:
        return error_line(msgspec.json.decode(f'"{found[-1]}"', type=str))
    except msgspec.DecodeError:
        return error_line(found[-1])


DIALECT = Dialect(
    "Symfony Messenger",
    headers={
        "type": Reading(What.TYPE, "Symfony type", text),
        f"{STAMP}redeliverystamp": Reading(What.RETRIES, "Symfony RedeliveryStamp", most_retries),
        f"{STAMP}errordetailsstamp": Reading(What.ERROR, "Symfony ErrorDetailsStamp", exception),
    },
    marks=tuple(frozenset({STAMP + name}) for name in STAMPS),
    recorded=("symfony",),
    notes="a retry waits in `delay_…`, and comes back as a dead letter",
)
