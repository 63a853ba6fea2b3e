"""The exit codes: one table for every command, documented and stable."""

from enum import IntEnum

from store.errors import (
    CopyRefused,
    Fenced,
    LogDamaged,
    LogRefused,
    LogUnavailable,
    QueryInvalid,
    StoreError,
    WrongBroker,
)


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PARKED = 3
    UNAVAILABLE = 4
    NOT_LEADER = 5
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "Done.",
    Exit.FAILED: "It failed, or damage was found.",
    Exit.USAGE: "Wrong usage or settings, or the store belongs to another broker or holds another log.",
    Exit.PARKED: "Finished, but some events could not be folded and are parked.",
    Exit.UNAVAILABLE: "Something needed is down, or the store refuses to take more.",
    Exit.NOT_LEADER: "Another collector leads, or has taken over.",
    Exit.INTERRUPTED: "Interrupted by Ctrl-C.",
}

FINAL = frozenset({Exit.OK, Exit.USAGE, Exit.UNAVAILABLE, Exit.NOT_LEADER})


class Stop(Exception):
    """End the command with *code* after telling *message* on stderr."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


def code_of(error: StoreError | QueryInvalid) -> Exit:
    """Return the exit code that an error of the store stands for."""
    match error:
        case WrongBroker() | CopyRefused() | QueryInvalid():
            return Exit.USAGE
        case Fenced():
            return Exit.NOT_LEADER
        case LogUnavailable() | LogRefused():
            return Exit.UNAVAILABLE
        case LogDamaged() | StoreError():
            return Exit.FAILED
