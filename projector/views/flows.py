"""Who published where, who was given what from where, and which way dead letters went: counted, and bounded.

Pure. Rows are counted under slots (``ends``) and become services in answers. Beyond `ROWS_MAX` rows of a table its keys
are made coarser, step by step: names made by brokers and clients first, then types, then the rarest rows become one.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from events.values import Text
from projector.views.rows import Row, gather

ROWS_MAX = 50_000
REST = "(others)"
_MADE_NAME = re.compile(
    r"^(amq\.gen-|amq\.rabbitmq\.reply-to|amq\.ctag-|spring\.gen-|aliveness-).*"
    r"|^(.*?)[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}.*$"
)

Published = tuple[int, Any, Any, tuple[Any, ...], Any]
Delivered = tuple[int, int, Any, Any, Any]
Died = tuple[Any, Any, Any, Any, str]
Failed = tuple[int, str, Any, Any, str]

PUBLISH, DELIVER = "publish", "deliver"


class Flows(msgspec.Struct, array_like=True):
    """The tables.

    `published` by (slot, vhost, exchange, routed queues, type), `delivered` by (publisher's slot,
    consumer's slot, vhost, queue, type), `died` by (vhost, queue, dead-letter exchange, queue it arrived in or None
    for the death itself, reason), `failed` by (slot, `PUBLISH` or `DELIVER`, vhost, exchange or queue, what went wrong).
    """

    published: dict[Published, Row] = {}
    delivered: dict[Delivered, Row] = {}
    died: dict[Died, Row] = {}
    published_max: int = ROWS_MAX
    delivered_max: int = ROWS_MAX
    died_max: int = ROWS_MAX
    failed: dict[Failed, Row] = {}
    failed_max: int = ROWS_MAX

    def move(self, slots: dict[int, int]) -> None:
        """Count what stands under a slot of *slots* under the slot it moved to."""
        if not slots:
            return
        to = slots.get
        self.published = gather(
            self.published, lambda key: (to(key[0], key[0]), *key[1:]) if key[0] in slots else key
        )
        self.delivered = gather(
            self.delivered,
            lambda key: (
                (to(key[0], key[0]), to(key[1], key[1]), *key[2:])
                if key[0] in slots or key[1] in slots
                else key
            ),
        )
        self.failed = gather(
            self.failed, lambda key: (to(key[0], key[0]), *key[1:]) if key[0] in slots else key
        )

    def is_full(self) -> bool:
        """Return whether a table has no room for another row."""
        return (
            len(self.published) >= self.published_max
            or len(self.delivered) >= self.delivered_max
            or len(self.died) >= self.died_max
            or len(self.failed) >= self.failed_max
        )

    def bound(self) -> None:
        """Make the tables that grew too long coarser."""
        if len(self.published) >= self.published_max:
            self.published = _coarser(
                self.published, (_publish_names, _publish_types, _publish_rest)
            )
            self.published_max = max(ROWS_MAX, 2 * len(self.published))
        if len(self.delivered) >= self.delivered_max:
            self.delivered = _coarser(
                self.delivered, (_deliver_names, _deliver_types, _deliver_rest)
            )
            self.delivered_max = max(ROWS_MAX, 2 * len(self.delivered))
        if len(self.died) >= self.died_max:
            self.died = _coarser(self.died, (_death_names, _death_rest))
            self.died_max = max(ROWS_MAX, 2 * len(self.died))
        if len(self.failed) >= self.failed_max:
            self.failed = _coarser(self.failed, (_failure_names, _failure_rest))
            self.failed_max = max(ROWS_MAX, 2 * len(self.failed))


def pattern(name: Text) -> Text:
    """Return the family of a name that a broker or a client made up, e.g. ``amq.gen-*``; other names unchanged."""
    if not isinstance(name, str):
        return name
    found = _MADE_NAME.match(name)
    if found is None:
        return name
    return (found.group(1) or found.group(2)) + "*"


def _coarser(rows: dict[Any, Row], steps: tuple[Callable[[Any], Any], ...]) -> dict[Any, Row]:
    for step in steps:
        rows = gather(rows, step)
        if len(rows) <= ROWS_MAX // 2:
            break
    return rows


def _publish_names(key: Published) -> Published:
    slot, vhost, exchange, routed, label = key
    return (slot, vhost, exchange, tuple(map(pattern, routed)), pattern(label))


def _publish_types(key: Published) -> Published:
    return (*key[:4], REST)


def _publish_rest(key: Published) -> Published:
    return (key[0], key[1], REST, (), REST)


def _deliver_names(key: Delivered) -> Delivered:
    return (*key[:3], pattern(key[3]), pattern(key[4]))


def _deliver_types(key: Delivered) -> Delivered:
    return (*key[:4], REST)


def _deliver_rest(key: Delivered) -> Delivered:
    return (key[0], key[1], key[2], REST, REST)


def _death_names(key: Died) -> Died:
    vhost, queue, exchange, to, reason = key
    return (vhost, pattern(queue), exchange, None if to is None else pattern(to), reason)


def _death_rest(key: Died) -> Died:
    return (key[0], REST, REST, None, key[4])


def _failure_names(key: Failed) -> Failed:
    return (*key[:3], pattern(key[3]), key[4])


def _failure_rest(key: Failed) -> Failed:
    return (*key[:3], REST, key[4])
