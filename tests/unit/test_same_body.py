"""A body that is published again by who still holds it: a retry, a forward, a message put aside, without any id."""

from typing import Any

import msgspec
import pytest

from events.facts import BodyRef, MessageDelivered, MessagePublished
from tests.unit.linker_log import Log, death

SURE = 0.8
LONG, SHORT = 100, 15


def ref(digest: bytes, size: int = LONG) -> BodyRef:
    return BodyRef(digest, size, 0, 0)


class Bodies(Log):
    """A log whose messages have bodies: what is published or delivered next has the one set before."""

    body: BodyRef | None = None

    def add(self, fact: object) -> int:
        """Append and fold *fact* with the body that is set."""
        if isinstance(fact, MessagePublished | MessageDelivered):
            fact = msgspec.structs.replace(fact, body=self.body)
        return super().add(fact)  # pyright: ignore[reportArgumentType]


def work(log: Bodies, names: str, size: int = LONG) -> list[int]:
    """Have a worker be given one message for each letter of *names*, none of them finished; return their positions."""
    given: list[int] = []
    for name in names:
        log.body = ref(name.encode(), size)
        given.append(log.publish("work", body=f"{len(given)}".encode(), by="web"))
        log.deliver("work", body=f"{len(given) - 1}".encode(), to="worker")
    return given


def link(log: Bodies, position: int) -> tuple[str, str, float]:
    parent = log.document(position).parent
    assert parent is not None
    return parent.uid, parent.evidence, parent.confidence


def test_of_several_deliveries_the_one_with_that_body_is_the_cause() -> None:
    """Timing alone would choose the oldest; the body tells which one was published again."""
    log = Bodies()
    given = work(log, "abc")
    log.body = ref(b"b")
    again = log.publish("waiting", body=b"again", exchange="delays", by="worker")

    uid, evidence, confidence = link(log, again)
    assert (uid, evidence) == (f"main-{given[1]}", "same body again")
    assert confidence == 0.5 < SURE


@pytest.mark.parametrize(
    "headers",
    [
        {"x-death": [death("work")]},
        {"laravel": {"attempts": 2}},
        {"__TypeId__": "Order", "x-exception-message": "no such address"},
    ],
)
def test_what_says_that_it_was_tried_before_is_believed(headers: dict[Any, Any]) -> None:
    """Deaths it was given with, a framework's count of retries or an error tell a retry from a heartbeat."""
    log = Bodies()
    given = work(log, "abc")
    log.body = ref(b"b")
    again = log.publish("waiting", body=b"again", exchange="delays", by="worker", headers=headers)

    uid, evidence, confidence = link(log, again)
    assert (uid, evidence) == (f"main-{given[1]}", "same body again")
    assert confidence >= SURE


def test_deliveries_with_one_body_are_rivals() -> None:
    """Of two alike either may have been published again."""
    log = Bodies()
    work(log, "aab")
    log.body = ref(b"a")
    again = log.publish("waiting", body=b"again", exchange="delays", by="worker")

    _, evidence, confidence = link(log, again)
    assert evidence == "same body again"
    assert confidence < SURE


def test_a_short_body_tells_nothing() -> None:
    """What is as short as `{}` recurs by itself, so that only timing is left."""
    log = Bodies()
    work(log, "abc", SHORT)
    log.body = ref(b"b", SHORT)
    again = log.publish("waiting", body=b"again", exchange="delays", by="worker")

    assert link(log, again)[1] == "single-unfinished-delivery"


def test_who_was_not_given_the_body_did_not_publish_it_again() -> None:
    """Two services may publish the same body on their own."""
    log = Bodies()
    work(log, "a")
    log.body = ref(b"a")
    own = log.publish("work", body=b"own", by="another")

    assert log.document(own).parent is None
