"""What can go wrong with a store, named for what the caller should do."""


class StoreError(Exception):
    """Base of all errors of a store."""


class Fenced(StoreError):
    """Another writer's block holds this number. Nothing was written; stop writing."""


class LogUnavailable(StoreError):
    """The store cannot be reached or is busy; try the same again, it may be there already."""


class LogRefused(StoreError):
    """The store refuses for good (no space, no permission, too large). Nothing was written; stop and tell."""


class LogDamaged(StoreError):
    """Below the head a block is missing or wrong; the message says which and how."""


class WrongBroker(StoreError):
    """The log belongs to another broker than the one connected."""


class CopyRefused(StoreError):
    """A log cannot be copied there: it holds another log, or one the source no longer continues. Nothing was written."""


class QueryInvalid(ValueError):
    """A query cannot be understood; `position` is the 0-based character where, `end` the one behind what is wrong.

    `end` is None where there is no text to point into.
    """

    def __init__(self, message: str, position: int, end: int | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.end = end
