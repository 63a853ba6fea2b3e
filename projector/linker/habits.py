"""How services usually publish: after what, how often on one account, and whether also of their own accord.

Pure. Learned only from publishes whose cause left no doubt, and used only where several messages could be the cause.
"""

from typing import Any

from events.values import Text
from projector.linker.endpoints import LinkedEndpoint, Signature
from projector.linker.recent import Recent

QUEUES_MAX = 8
LEARNED_AFTER = 3
RARE = 20
NAMED = 0.5
"""From this confidence on a name stands for a service, so that its connections share their habits."""

Key = tuple[str, Text, Text | None, Text | None]


class Habit:
    """Of one service's publishes alike: on account of a delivery `once`, or `again` on the same one's, or `unprompted`.

    `after` counts, by queue, the deliveries that led to one without any doubt.
    """

    __slots__ = ("after", "again", "once", "unprompted")

    def __init__(self) -> None:
        self.once = 0
        self.again = 0
        self.unprompted = 0
        self.after: dict[Text, int] = {}

    @property
    def single(self) -> bool:
        """Whether one delivery is known to lead to one such publish."""
        return self.once >= LEARNED_AFTER and self.again * RARE <= self.once

    @property
    def own_accord(self) -> bool:
        """Whether such publishes are known to come without a cause too."""
        return self.unprompted * 5 > self.once + self.again

    def lead(self, queue: Text) -> None:
        """Note that a delivery from *queue* led to such a publish."""
        if queue in self.after or len(self.after) < QUEUES_MAX:
            self.after[queue] = self.after.get(queue, 0) + 1

    def row(self) -> list[Any]:
        return [self.once, self.again, self.unprompted, [list(each) for each in self.after.items()]]


class Habits:
    """The habits of the services that published last."""

    def __init__(self, limit: int) -> None:
        self.table: Recent[Key, Habit] = Recent(limit)

    def of(self, endpoint: LinkedEndpoint, signature: Signature) -> Habit:
        """Return the habit of *endpoint*'s service with publishes like *signature*."""
        party = endpoint.party
        named = party.service if party.confidence >= NAMED else None
        key = (named or f"#{endpoint.number}", *signature)
        found = self.table.get(key)
        if found is None:
            found = Habit()
            self.table.put(key, found)
        return found

    def rows(self) -> list[Any]:
        """Return all as builtins."""
        return [
            [[list(key), habit.row()] for key, habit in part.items()]
            for part in (self.table.young, self.table.old)
        ]

    def restore(self, rows: list[Any]) -> None:
        """Take what :meth:`rows` returned; a habit in both generations is one."""
        young, old = ({_key(key): _habit(row) for key, row in part} for part in rows)
        self.table.young = young
        self.table.old = {key: young.get(key, habit) for key, habit in old.items()}


def _key(row: list[Any]) -> Key:
    return (row[0], row[1], row[2], row[3])


def _habit(row: list[Any]) -> Habit:
    habit = Habit()
    habit.once, habit.again, habit.unprompted = row[:3]
    habit.after = dict(map(tuple, row[3]))
    return habit
