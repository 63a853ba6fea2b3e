"""Who else could have caused a message: the likeliest few by name, the others as a number."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from api import wire_messages
from cli.render.message import draw
from events.facts import Envelope
from events.identity import position_of
from projector.linker.limits import Limits
from projector.linker.linker import Linker
from projector.linker.model import RIVALS_NAMED_MAX
from store.documents import MessageDocument, ParentLink
from tests.support.histories import long_history
from tests.unit.linker_log import Log
from tests.unit.test_causality import traceparent
from tests.unit.test_linker_laws import LAWS, LIMITS, logs


def link_of(log: Log, position: int) -> ParentLink:
    link = log.document(position).parent
    assert link is not None
    return link


def uids(*positions: int) -> tuple[str, ...]:
    return tuple(f"main-{position}" for position in positions)


def work(log: Log, count: int, **properties: Any) -> list[int]:
    """Give *count* different messages to one worker, all in its hands at once; return their positions."""
    log.consumer("work", "worker", prefetch=count)
    sent = [
        log.publish("work", body=bytes([number]), by="web", **properties) for number in range(count)
    ]
    for number in range(count):
        log.deliver("work", body=bytes([number]), to="worker", **properties)
    return sent


def by_trace(log: Log) -> tuple[list[int], int]:
    sent = work(log, 6, headers=traceparent(1))
    return sent, log.publish("done", body=b"done", by="worker", headers=traceparent(2))


def by_timing(log: Log) -> tuple[list[int], int]:
    return work(log, 6), log.publish("done", body=b"done", by="worker")


@pytest.mark.parametrize("play", [by_trace, by_timing])
def test_of_many_rivals_the_likeliest_few_are_named(
    play: Callable[[Log], tuple[list[int], int]],
) -> None:
    """Of six deliveries in hand the oldest is the cause, the next three are named, and all five are counted."""
    log = Log()
    sent, done = play(log)
    link = link_of(log, done)

    assert link.uid == f"main-{sent[0]}"
    assert (link.rivals, link.rival_uids) == (5, uids(*sent[1:4]))


def test_of_messages_with_one_id_the_latest_before_is_the_likeliest() -> None:
    """The last message with the id is the cause, those before it are its rivals, the latest first."""
    log = Log()
    sent = work(log, 3, message_id="m1")
    again = log.publish("done", body=b"done", by="worker", message_id="m1")
    link = link_of(log, again)

    assert (link.uid, link.evidence) == (f"main-{sent[2]}", "message-id-republished")
    assert (link.rivals, link.rival_uids) == (2, uids(sent[1], sent[0]))


def test_requests_that_wait_for_the_same_reply_are_rivals() -> None:
    """Of two requests with one correlation id and one reply queue the first is answered, the second is named."""
    log = Log()
    asked = {"correlation_id": "c1", "reply_to": "answers"}
    sent = work(log, 2, **asked)
    reply = log.publish(
        "answers", body=b"yes", exchange="", key="answers", by="worker", correlation_id="c1"
    )
    link = link_of(log, reply)

    assert (link.uid, link.evidence) == (f"main-{sent[0]}", "rpc-reply")
    assert (link.rivals, link.rival_uids) == (1, uids(sent[1]))


def test_the_same_message_through_two_queues_is_no_rival_of_itself() -> None:
    """A message that its consumer got twice is neither named beside itself nor counted."""
    log = Log()
    for queue in ("work", "audit"):
        log.consumer(queue, "worker", prefetch=1)
    sent = log.publish("work", "audit", body=b"a", by="web")
    for queue in ("work", "audit"):
        log.deliver(queue, body=b"a", to="worker")
    link = link_of(log, log.publish("done", body=b"done", by="worker"))

    assert (link.uid, link.rivals, link.rival_uids) == (f"main-{sent}", 0, ())


def test_a_cause_without_rivals_names_none() -> None:
    """What is the only candidate stands alone."""
    log = Log()
    work(log, 1)
    link = link_of(log, log.publish("done", body=b"done", by="worker"))

    assert (link.rivals, link.rival_uids) == (0, ())


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (2, "(0.47, 1 rival: main-2)"),
        (4, "(0.24, 3 rivals: main-2, main-3, main-4)"),
        (6, "(0.16, 5 rivals: main-2, main-3, main-4 and 2 more)"),
    ],
)
def test_rivals_are_told_by_the_api_and_shown_by_the_command(count: int, told: str) -> None:
    """A message's object names them, and ``hoptrail show`` says how many more there are."""
    log = Log()
    work(log, count, headers=traceparent(1))
    done = log.publish("done", body=b"done", by="worker", headers=traceparent(2))
    message = json.loads(wire_messages.message(log.document(done), None).model_dump_json())
    shown = "".join(
        part if isinstance(part, str) else part[0] for line in draw(message) for part in line
    )

    assert message["parent"]["rival_uids"] == list(link_of(log, done).rival_uids)
    assert told in shown


def test_rivals_outlast_a_restart() -> None:
    """A link names the same rivals once the linker's state was saved and restored."""
    log = Log()
    _, done = by_trace(log)
    restored = Linker("main")
    restored.restore(log.linker.save())
    message = restored.get(done)

    assert message is not None
    assert restored.document(message).parent == link_of(log, done)


def links_in(document: MessageDocument) -> list[ParentLink]:
    changed = [side for change in document.parent_changes for side in (change.before, change.after)]
    return [link for link in (document.parent, *changed) if link is not None]


def check(log: list[Envelope], limits: Limits) -> int:
    """Fold *log*, hold every link against what rivals promise, and return how many were named."""
    linker = Linker("main", limits)
    named = 0
    met: set[int] = set()
    for envelope in log:
        linker.fold(envelope)
        for message in linker.take_changed():
            met.add(message.position)
            for link in links_in(linker.document(message)):
                positions = [position_of(uid, "main") for uid in link.rival_uids]
                named += len(positions)

                assert link.uid not in link.rival_uids
                assert len(set(positions)) == len(positions) <= min(link.rivals, RIVALS_NAMED_MAX)
                assert all(each in met and each < message.position for each in positions)
    return named


@LAWS
@given(logs(), LIMITS)
def test_rivals_are_other_messages_that_came_before(log: list[Envelope], limits: Limits) -> None:
    """Each named rival is a message met before, not the cause itself, and counted among the rivals."""
    check(log, limits)


def test_rivals_of_a_broker_are_other_messages_that_came_before() -> None:
    """The same holds of what a broker can do, where many links have rivals."""
    assert check(long_history(7, 1_500), Limits()) > 100
