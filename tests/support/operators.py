"""Histories of what operators do, made up."""

from hypothesis import strategies as st

from events.facts import (
    CommandRefused,
    Envelope,
    Fact,
    GroupArchived,
    KeyCreated,
    KeyRevoked,
    MessagesArchived,
    NoteSet,
    RetryCancelled,
    RetryFinished,
    RetryItem,
    RetryOutcome,
    RetryPaused,
    RetryPlanned,
    RetryPublished,
    RetryRequested,
    RetryResumed,
)

STEP_NS = 60_000_000_000
GROUPS = ("0" * 16, "1" * 16)
KEYS = ("a" * 16, "b" * 16)
RETRIES = ("c" * 16, "d" * 16)
ITEMS = 4


def item(number: int) -> RetryItem:
    """Return an item of a retry."""
    return RetryItem(100 + number, 100 + number, "dead", "", "work", bytes([number]) * 16)


def requested(command: str, retry: str, items: int = ITEMS) -> RetryRequested:
    """Return that somebody asked for a retry."""
    return RetryRequested(
        command, "local", retry, "retry", "some", 0, "/", items, "where they died", "none", 10, 5.0
    )


def _of_retry(command: str, retry: str, choice: int, number: int) -> Fact:
    match choice:
        case 0:
            return requested(command, retry)
        case 1:
            return RetryPlanned(command, "local", retry, number, (item(number),))
        case 2:
            outcome = "unroutable" if number % 2 else "published"
            return RetryPublished(retry, (RetryOutcome(number, outcome, why=f"no {number}"),))
        case 3:
            return RetryPaused(command, "local", retry, "" if number else "what now")
        case 4:
            return RetryResumed(command, "local", retry)
        case 5:
            return RetryCancelled(command, "local", retry)
        case _:
            return RetryFinished(retry, "done", number, 0)


@st.composite
def deeds(draw: st.DrawFn) -> Fact:
    """Draw an operator fact, about few things so that they meet."""
    command = f"{draw(st.integers(0, 40)):032x}"
    choice, number = draw(st.integers(0, 12)), draw(st.integers(0, ITEMS - 1))
    group = draw(st.sampled_from(GROUPS))
    match choice:
        case 0:
            key = draw(st.sampled_from(KEYS))
            return KeyCreated(command, "root", key, "name", ("metadata",), bytes(32))
        case 1:
            return KeyRevoked(command, "root", draw(st.sampled_from(KEYS)))
        case 2:
            return NoteSet(command, "local", group, draw(st.sampled_from(("", "one", "two"))))
        case 3:
            return GroupArchived(command, "local", group, draw(st.booleans()))
        case 4:
            positions = tuple(draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)))
            return MessagesArchived(command, "local", positions, draw(st.booleans()))
        case 5:
            return CommandRefused(command, "local", "no")
        case _:
            return _of_retry(command, draw(st.sampled_from(RETRIES)), choice - 6, number)


@st.composite
def histories_of_operators(draw: st.DrawFn) -> list[Envelope]:
    """Draw what operators did, with hours in between at times."""
    found: list[Envelope] = []
    at = 1_790_000_000_000_000_000
    for position, fact in enumerate(draw(st.lists(deeds(), max_size=40))):
        at += STEP_NS * draw(st.sampled_from((0, 1, 90)))
        found.append(Envelope(position * 3, at, 0, fact))
    return found
