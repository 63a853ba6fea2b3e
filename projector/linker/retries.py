"""Which message a copy comes from that an operator had published again: proven by the plan, not by the header alone.

Pure. The marker in a copy names an item of a plan. It is believed once, and only for a publish that goes where that item was
to go: an application that carries all headers over, or forges one, gets no such link.
"""

from typing import Any

from events.facts import MessagePublished, RetryPlanned
from events.republish import MARKER, Mark, mark_in
from events.values import Text
from projector.linker.named import Cause

EVIDENCE = "hoptrail retry"
PLANNED_MAX = 100_000

Target = tuple[int, Text, Text]
"""Position of the message, exchange and routing key of its copy."""


class Retries:
    """The items of plans whose copies were not seen yet; of too many the oldest are forgotten."""

    def __init__(self) -> None:
        self._planned: dict[tuple[str, int], Target] = {}

    def planned(self, fact: RetryPlanned) -> None:
        """Expect the copies of a plan."""
        for number, item in enumerate(fact.items, fact.first):
            place = (item.position, item.exchange, item.routing_key)
            self._planned.setdefault((fact.retry, number), place)
        while len(self._planned) > PLANNED_MAX:
            del self._planned[next(iter(self._planned))]

    def cause(self, fact: MessagePublished) -> Cause | None:
        """Return the message that *fact* is a copy of; None where no plan says so."""
        headers = fact.properties.headers
        if not self._planned or not headers or MARKER not in headers:
            return None
        mark = mark_in(headers)
        place = None if mark is None else self._planned.get((mark.retry, mark.item))
        if mark is None or place is None or not _fits(mark, place, fact):
            return None
        del self._planned[mark.retry, mark.item]
        return Cause(mark.position, EVIDENCE, 1.0)

    def rows(self) -> list[Any]:
        """Return the table as builtins."""
        return [[*key, *place] for key, place in self._planned.items()]

    def restore(self, rows: list[Any]) -> None:
        """Take what :meth:`rows` returned."""
        self._planned = {
            (retry, item): (position, exchange, key)
            for retry, item, position, exchange, key in rows
        }


def _fits(mark: Mark, place: Target, fact: MessagePublished) -> bool:
    position, exchange, key = place
    first = fact.routing_keys[0] if fact.routing_keys else ""
    return mark.position == position and (exchange, key) == (fact.exchange, first)
