"""Copies that an operator had published again are linked to what they come from, and nothing else is."""

from typing import Any

import pytest

from events.facts import RetryItem, RetryPlanned
from events.republish import MARKER, Mark
from projector.linker.linker import Linker
from projector.linker.retries import EVIDENCE
from tests.unit.linker_log import Log

RETRY = "0123456789abcdef"


def retried(log: Log, *positions: int, first: int = 0) -> None:
    """A plan to publish the messages at *positions* again, to the queue ``work``."""
    items = tuple(RetryItem(each, each, "dead", "", "work", b"body") for each in positions)
    log.add(RetryPlanned("c", "local", RETRY, first, items))


def copy(log: Log, position: int, item: int = 0, *, key: str = "work", **properties: Any) -> int:
    """A publish with the marker of a retry."""
    headers = {MARKER: str(Mark(RETRY, position, item))}
    return log.publish("work", exchange="", key=key, by="hoptrail", headers=headers, **properties)


def test_a_copy_is_linked_to_its_message() -> None:
    """The plan in the log proves where a copy comes from, against all other evidence."""
    log = Log()
    message = log.publish("work", message_id="m", correlation_id="c")
    retried(log, message)
    link = log.document(copy(log, message, message_id="m", correlation_id="c")).parent

    assert link is not None
    assert (link.uid, link.evidence, link.confidence) == (f"main-{message}", EVIDENCE, 1.0)


@pytest.mark.parametrize("how", ["unknown", "other message", "other item", "other target"])
def test_a_forged_marker_says_nothing(how: str) -> None:
    """A marker that no plan knows, or that went elsewhere than planned, is no link."""
    log = Log()
    message, other = log.publish("work"), log.publish("work", body=b"other")
    if how != "unknown":
        retried(log, message)
    forged = copy(
        log,
        other if how == "other message" else message,
        7 if how == "other item" else 0,
        key="elsewhere" if how == "other target" else "work",
    )

    assert log.document(forged).parent is None


def test_a_marker_that_is_carried_over_says_nothing() -> None:
    """Each item is published once: who passes all headers on gets no link by the marker."""
    log = Log()
    message = log.publish("work")
    retried(log, message)
    copy(log, message)
    carried = copy(log, message)

    assert log.parent(carried) is None


def test_plans_outlive_a_snapshot() -> None:
    """A copy after a restart is linked as one without."""
    log = Log()
    message = log.publish("work")
    retried(log, message)
    saved = log.linker.save()
    log.linker = Linker("main")
    log.linker.restore(saved)

    assert log.parent(copy(log, message)) == (message, EVIDENCE)
