"""A table that keeps what was used recently and lets go of the rest, at the price of a plain lookup.

Pure. Two generations: what is asked for or set lives in the young one; when that is full it becomes the old one, and the
old one is dropped. So at most twice the limit is kept, and nothing used within the last *limit* new keys is lost.
"""

from collections.abc import Hashable, Iterator
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """See the module; *limit* is the size of one generation."""

    __slots__ = ("limit", "old", "young")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.young: dict[Key, Value] = {}
        self.old: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """Return what is kept for *key*, and keep it longer."""
        found = self.young.get(key)
        if found is not None or not self.old:
            return found
        found = self.old.get(key)
        if found is not None:
            self.put(key, found)
        return found

    def put(self, key: Key, value: Value) -> None:
        """Keep *value* for *key*."""
        young = self.young
        young[key] = value
        if len(young) > self.limit:
            self.old, self.young = young, {}

    def rows(self) -> list[list[Any]]:
        """Return both generations as lists of pairs, in order."""
        return [[list(pair) for pair in part.items()] for part in (self.young, self.old)]

    def __iter__(self) -> Iterator[Value]:
        yield from self.young.values()
        yield from self.old.values()
