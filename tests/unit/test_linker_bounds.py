"""The linker's work per event is bounded: beyond a bound it says that it does not know, below it nothing changes."""

from dataclasses import replace

import pytest

from projector.linker.limits import Limits
from projector.linker.linker import EXPIRE_EVERY
from projector.linker.model import ChangeKind
from projector.linker.timing import TIMING
from tests.support.histories import long_history
from tests.unit.linker_log import Log, death

SMALL = Limits(causes_scanned_max=4, effects_per_delivery_max=3, rivals_scanned_max=4)


def given(log: Log, count: int) -> None:
    """Deliver *count* different messages to one consumer, which settles none."""
    for number in range(count):
        body = b"%d" % number
        log.publish("work", body=body, by="other")
        log.deliver("work", body=body, to="worker")


@pytest.mark.parametrize(("unfinished", "known"), [(4, True), (5, False)])
def test_one_of_very_many_unfinished_deliveries_is_no_parent(unfinished: int, known: bool) -> None:
    """With more unfinished deliveries than are looked at, the cause of a publish is not known."""
    log = Log(SMALL)
    given(log, unfinished)
    sent = log.publish("next", body=b"result", by="worker")

    assert (log.document(sent).parent is not None) is known


def test_old_deliveries_do_not_count_among_the_unfinished() -> None:
    """What was delivered more than a minute ago is neither a parent nor a rival."""
    log = Log(SMALL)
    given(log, 10)
    log.wait(61)
    given(log, 1)
    parent = log.document(log.publish("next", body=b"result", by="worker")).parent

    assert parent is not None
    assert (parent.rivals, parent.confidence) == (0, TIMING)


def test_a_delivery_has_so_many_effects_and_no_more() -> None:
    """Publishes of ever new kinds while one delivery is unfinished: the first are its effects, the rest not known."""
    log = Log(SMALL)
    given(log, 1)
    sent = [log.publish("next", body=b"r", key=f"k{n}", by="worker") for n in range(5)]

    assert [log.document(each).parent is not None for each in sent] == [True] * 3 + [False] * 2


def test_bounds_that_are_not_reached_change_nothing() -> None:
    """With all bounds ten times as wide the same log gives the same state."""
    wide = Limits(causes_scanned_max=640, effects_per_delivery_max=640, rivals_scanned_max=640)
    digests: set[bytes] = set()
    for limits in (Limits(), wide, replace(wide, held_events_backlog_max=200_000)):
        log = Log(limits)
        for envelope in long_history(7, 2_000):
            log.linker.fold(envelope)
        digests.add(log.linker.digest())

    assert len(digests) == 1


def test_identical_messages_that_die_keep_only_the_newest_deaths() -> None:
    """Copies that cannot be told apart are remembered as dead up to a bound."""
    log = Log(SMALL)
    for _ in range(20):
        log.publish("work")
        log.deliver("work")
        log.dead_letter([death("work")])

    assert len(log.told(ChangeKind.COPY_DIED)) == 20
    assert [len(entries) for entries in log.linker._memory.died.values()] == [4]


def test_a_queue_nobody_declared_is_dropped_with_its_last_copy() -> None:
    """Queues that come and go by the thousand, as reply queues do, leave nothing behind."""
    log = Log(Limits(passed_messages_max=10))
    for number in range(EXPIRE_EVERY // 2 + 10):
        log.publish(f"reply-{number}", body=b"%d" % number)
        log.deliver(f"reply-{number}", body=b"%d" % number)

    assert len(log.linker._memory.lines) < 50
