"""How long a copy waited, a delivery was worked on, and a message took from where its conversation began."""

from typing import Any

import pytest

from events.facts import GapClosed, GapOpened
from projector.linker.model import ChangeKind
from projector.linker.processing import EVIDENCE
from store.documents import Attempt
from tests.unit.linker_log import VHOST, Log, death

_, EFFECT, PREFETCH, DEATH = EVIDENCE


def attempt_of(log: Log, position: int, number: int = 0) -> Attempt:
    return log.document(position).copies[0].attempts[number]


def work(log: Log, position: int) -> tuple[float | None, str | None]:
    attempt = attempt_of(log, position)
    return attempt.processing_ms, attempt.processing_evidence


def asked(log: Log) -> int:
    """A request, given to its consumer after 2 s."""
    sent = log.publish("q", body=b"ask", message_id="m1", correlation_id="c")
    log.wait(2)
    log.deliver("q", body=b"ask", message_id="m1", correlation_id="c")
    return sent


def answer(log: Log, body: bytes = b"answer", by: str = "consumer", key: str = "done") -> int:
    return log.publish("r", body=body, by=by, key=key, correlation_id="c")


def test_nothing_tells_when_a_consumer_is_done() -> None:
    """A delivery alone has no time of work, but it ends the wait of its copy."""
    log = Log()
    sent = asked(log)

    assert work(log, sent) == (None, None)
    assert log.document(sent).copies[0].queue_wait_ms == pytest.approx(2_001)


def test_work_lasts_until_the_last_message_it_led_to() -> None:
    """Each publish that a delivery caused moves the estimate on, and says what it rests on."""
    log = Log()
    sent = asked(log)
    log.wait(1)
    answer(log)
    assert work(log, sent) == (pytest.approx(1_001), EFFECT)
    log.wait(1)
    answer(log, b"more", key="also")

    assert work(log, sent) == (pytest.approx(2_002), EFFECT)


def test_a_delivery_that_waited_for_its_place_ends_the_work_before() -> None:
    """With a prefetch, a waiting message's delivery is when the one before was settled: better than what it led to."""
    log = Log()
    log.consumer("q", prefetch=1)
    sent = asked(log)
    log.publish("q", body=b"next")
    log.wait(1)
    answer(log)
    log.wait(1)
    log.deliver("q", body=b"next")

    assert work(log, sent) == (pytest.approx(2_003), PREFETCH)


def test_a_delivery_that_did_not_wait_tells_nothing() -> None:
    """A message that came to an idle consumer says nothing of when the work before it ended."""
    log = Log()
    log.consumer("q", prefetch=1)
    sent = asked(log)
    log.wait(30)
    log.publish("q", body=b"next")
    log.deliver("q", body=b"next")

    assert attempt_of(log, sent).settled is not None
    assert work(log, sent) == (None, None)


def test_a_rejection_seen_by_a_tap_ends_the_work() -> None:
    """The dead-letter exchange shows it at once."""
    log = Log()
    sent = asked(log)
    log.wait(3)
    log.dead_letter([death("q")], body=b"ask", message_id="m1", correlation_id="c")

    assert work(log, sent) == (pytest.approx(3_001), DEATH)


def test_what_another_service_published_is_none_of_its_work() -> None:
    """Only the connection that was given the message, or another of its service, ends the work on it."""
    log = Log()
    sent = asked(log)
    answer(log, by="somebody else")

    assert work(log, sent) == (None, None)


def test_what_was_seen_late_is_not_timed() -> None:
    """While capture catches up neither waits nor work are told."""
    log = Log()
    log.lag_ms = 500
    sent = asked(log)
    answer(log)
    document = log.document(sent)

    assert work(log, sent) == (None, None)
    assert (document.latency_ms, document.copies[0].queue_wait_ms) == (None, None)
    assert document.end_to_end_ms is None


def test_across_a_gap_nothing_is_timed() -> None:
    """Between a publish and a delivery with a gap between them, another delivery may have been missed."""
    log = Log()
    sent = log.publish("q", body=b"ask")
    since = log.now
    log.add(GapOpened("g", VHOST, "n1", "connection-lost", since))
    log.wait(5)
    log.add(GapClosed("g", VHOST, "n1", "connection-lost", since, log.now, 3))
    log.deliver("q", body=b"ask")
    after = log.publish("q", body=b"after")
    log.deliver("q", body=b"after")

    assert log.document(sent).latency_ms is None
    assert log.document(after).latency_ms == 1.0


def test_end_to_end_is_from_the_root_of_the_conversation() -> None:
    """A reply's time counts from the publish of what it answers, through however many steps."""
    log = Log()
    sent = asked(log)
    log.wait(1)
    reply = answer(log)
    log.wait(1)
    log.deliver("r", body=b"answer", to="third", correlation_id="c")
    last = log.publish("s", body=b"end", by="third", key="end", correlation_id="c")
    log.wait(1)
    log.deliver("s", body=b"end", to="fourth", correlation_id="c")

    assert log.document(sent).end_to_end_ms == pytest.approx(3_002)
    assert log.document(reply).end_to_end_ms == pytest.approx(4_004)
    assert log.document(last).end_to_end_ms == pytest.approx(5_005)


def test_a_trace_begins_with_its_first_message() -> None:
    """Messages of one trace id count from the first of them, without a parent too."""
    log = Log()
    trace: dict[str, Any] = {"headers": {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}}
    log.publish("q", body=b"1", **trace)
    log.wait(4)
    second = log.publish("q", body=b"2", **trace)
    log.deliver("q", body=b"2", **trace)

    assert log.document(second).end_to_end_ms == pytest.approx(4_002)


def test_an_estimate_is_told_with_what_it_was_before() -> None:
    """Views can move what they counted."""
    log = Log()
    sent = asked(log)
    answer(log)
    answer(log, b"more", key="also")
    (_, message, _, first), (_, _, _, second) = log.told(ChangeKind.WORK_ENDED)

    assert message.position == sent
    assert first[1:] == (0, 0)
    assert second[1] == first[0].at + 1_000_000
