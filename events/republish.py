"""A message published again: what it takes over from before, what it cannot, and the header that marks it.

Pure. Planner and executor use the same rules, so that a plan tells what will happen. The marker is what makes a retry
provable: it stands in the copy, hence in the log, and names the retry, the message and the item of the plan.
"""

import re
from typing import Any, NamedTuple, cast

from msgspec.structs import replace

from events.facts import (
    Fact,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    Properties,
    Table,
)
from events.values import Text

MARKER = "x-hoptrail-retry"
REDACTED = "***"
"""What stands in the log in place of a header's value that must not enter it."""
TIMESTAMP_S_OFF_MAX = 86_400
"""A `timestamp` further from the time of its publish was cut to 32 bits by the firehose, or meant nothing as seconds."""
CC, BCC = "CC", "BCC"
_BROKERS_OWN = (
    "x-death",
    "x-first-death-",
    "x-last-death-",
    "x-delivery-count",
    "x-acquired-count",
    "x-opt-deaths",
)
_mark = re.compile(r"([0-9a-f]{16})\.([0-9]{1,18})\.([0-9]{1,9})")

Source = MessagePublished | MessageDelivered | MessageDeadLettered


class Mark(NamedTuple):
    """What the marker says: retry (16 hex digits), position of the message it came from, number of the item."""

    retry: str
    position: int
    item: int

    def __str__(self) -> str:
        return f"{self.retry}.{self.position}.{self.item}"


class Again(NamedTuple):
    """Properties to publish with, without the marker, and the names of those that cannot be as they were."""

    properties: Properties
    unrestored: tuple[str, ...]


def mark_in(headers: Table | None) -> Mark | None:
    """Return what the marker in *headers* says; None without one, or where it is none of ours."""
    value: Any = headers.get(MARKER) if headers else None
    found = _mark.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else Mark(found[1], int(found[2]), int(found[3]))


def marked(properties: Properties, mark: Mark) -> Properties:
    """Return *properties* with the marker, whatever marker they had."""
    return replace(properties, headers={**(properties.headers or {}), MARKER: str(mark)})


def as_source(fact: Fact) -> Source | None:
    """Return *fact* where a message can be published again from it; None otherwise."""
    return (
        fact
        if isinstance(fact, MessagePublished | MessageDelivered | MessageDeadLettered)
        else None
    )


def is_redacted(properties: Properties) -> bool:
    """Return whether a header's value was kept out of the log."""
    return REDACTED in (properties.headers or {}).values()


def again(source: Source, *, observed_at: int, to_queue: bool, user: Text | None) -> Again:
    """Return what *source*, observed at *observed_at* ns, is published with again by *user* (None: not known).

    Of a publish the expiration is the publisher's; of a later sight it is that of the oldest death. *to_queue*: it goes to
    one queue by name, so the keys in ``CC`` must not send it elsewhere too.
    """
    properties = source.properties
    lost: list[str] = []
    headers = {name: value for name, value in (properties.headers or {}).items() if _stays(name)}
    published = isinstance(source, MessagePublished)
    if published and "x-death" in (properties.headers or {}):
        lost.append("x-death")
    for name in (CC, BCC):
        if name in headers and (to_queue or name == BCC):
            del headers[name]
            lost.append(name)
    if published and not to_queue and _has_blind_copies(source, headers):
        lost.append(BCC)
    changed: dict[str, Any] = {"headers": headers or None}
    if properties.user_id is not None and properties.user_id != user:
        changed["user_id"] = None
        lost.append("user_id")
    if properties.timestamp is not None and not _is_near(properties.timestamp, observed_at):
        changed["timestamp"] = None
        lost.append("timestamp")
    if not published and properties.expiration is None:
        changed["expiration"] = original_expiration(properties.headers)
    return Again(replace(properties, **changed), tuple(dict.fromkeys(lost)))


def original_expiration(headers: Table | None) -> Text | None:
    """Return the expiration that a message had before a death took it away; None without one."""
    for death in reversed(deaths(headers)):
        value = death.get("original-expiration")
        if isinstance(value, str | bytes):
            return value
    return None


def deaths(headers: Table | None) -> list[Table]:
    """Return the entries of ``x-death`` that are tables, newest first."""
    told: Any = headers.get("x-death") if headers else None
    if not isinstance(told, list):
        return []
    return [cast("Table", each) for each in cast("list[object]", told) if isinstance(each, dict)]


def _stays(name: Text) -> bool:
    return name != MARKER and not (isinstance(name, str) and name.startswith(_BROKERS_OWN))


def _has_blind_copies(source: Source, headers: Table) -> bool:
    """Return whether *source* went to more keys than the first and those that ``CC`` tells; ``BCC`` is hidden from all."""
    told: Any = headers.get(CC)
    visible = len(cast("list[object]", told)) if isinstance(told, list) else 0
    return len(source.routing_keys) > 1 + visible


def _is_near(timestamp_s: int, observed_at: int) -> bool:
    return abs(timestamp_s - observed_at // 1_000_000_000) <= TIMESTAMP_S_OFF_MAX


QUORUM, STREAM = "quorum", "stream"
LIMIT_OF_4 = 20
"""The delivery limit that RabbitMQ 4 gives a quorum queue that has none."""


def delivery_limit(kind: Text, arguments: Table, policy: Table, version: str) -> int | None:
    """Return after how many returns a queue of type *kind* drops a message; None where it never does.

    Source: `x-delivery-limit`, the policy's `delivery-limit` (the smaller counts), and from RabbitMQ 4.0 a default. There -1
    means none; before, a negative limit means that the first return drops.
    """
    if kind != QUORUM:
        return None
    told = [
        value
        for value in (arguments.get("x-delivery-limit"), policy.get("delivery-limit"))
        if isinstance(value, int)
    ]
    major = version.partition(".")[0]
    if not (major.isdigit() and int(major) < 4):
        return next((limit for limit in sorted(told) if limit >= 0), None if told else LIMIT_OF_4)
    return max(0, min(told)) if told else None
