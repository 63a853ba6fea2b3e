"""What the light modes of the tap do not show is told as unknown: nothing waits for ever, nothing is called unroutable."""

from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import MessagePublished, Properties, QueueSampled, TapsPlanned
from projector.linker.linker import Linker
from projector.linker.model import NOT_WATCHED
from tests.unit.linker_log import VHOST, Log, death

LAWS = settings(max_examples=60, deadline=None)
MODES = ["publishes, quorum", "exchanges, classic"]


def planned(log: Log, mode: str) -> None:
    """The taps of the vhost are planned."""
    log.add(TapsPlanned(VHOST, (), (), True, mode))


def seen_through_a_binding(log: Log, body: bytes = b"body") -> int:
    """A publish to ``orders`` is seen by a tap that is bound to it."""
    return log.add(
        MessagePublished(
            "tap", b"d", VHOST, "orders", ("new",), (), "", "", 0, "",
            Properties(correlation_id="c", headers={"x-request-id": "r"}), body, None, "binding",
        )
    )  # fmt: skip


def test_a_publish_seen_through_a_binding_is_not_called_unroutable() -> None:
    """Where it went and who published it are not known, and nothing is made up."""
    log = Log()
    planned(log, MODES[1])
    told = log.document(seen_through_a_binding(log))

    assert (told.state, told.copies, told.routed_queues) == ("unknown", (), ())
    assert told.publish_observed
    assert (told.publisher.service, told.publisher.evidence) == (None, None)


def test_copies_whose_deliveries_are_not_captured_are_unknown() -> None:
    """In publish-only mode a copy neither waits nor is gone, and says why; samples of an empty queue change nothing."""
    log = Log()
    planned(log, MODES[0])
    position = log.publish("q")
    for _ in range(3):
        log.wait(60)
        log.add(QueueSampled(VHOST, "q", 0, 0, 1))
    told = log.document(position)

    assert told.state == "unknown"
    assert [(copy.queue, copy.state, copy.cause) for copy in told.copies] == [
        ("q", "unknown", NOT_WATCHED)
    ]
    assert log.linker.queue(VHOST, "q") is not None
    assert log.document(log.publish()).state == "unroutable"


def test_what_shows_all_the_same_is_taken() -> None:
    """A dead letter on a tap, and a delivery from before the mode was changed, tell of the copies they are of."""
    log = Log()
    log.exchange("dlx")
    log.bind("dlx", "dead")
    planned(log, MODES[0])
    dies, delivered = log.publish("q", body=b"dies"), log.publish("q", body=b"goes")
    log.dead_letter([death("q")], body=b"dies")
    log.deliver("q", body=b"goes")

    assert [copy.state for copy in log.document(dies).copies] == ["dead-lettered", "unknown"]
    assert log.document(dies).state == "dead-lettered"
    assert log.document(delivered).state == "delivered"
    assert len(log.linker.queues()) == 2


def test_a_mode_that_shows_deliveries_again_ends_it() -> None:
    """From the next plan on copies wait as ever."""
    log = Log()
    planned(log, MODES[0])
    planned(log, "firehose, quorum")
    position = log.publish("q")

    assert log.document(position).state == "waiting"


STEPS = st.lists(
    st.sampled_from(["publishes, quorum", "exchanges, quorum", "firehose, quorum", "publish", "deliver", "binding", "die"]),
    max_size=30,
)  # fmt: skip


@LAWS
@given(STEPS, st.integers(0, 30))
def test_a_fold_can_be_taken_up_anywhere(steps: list[str], at: int) -> None:
    """Saving and restoring in the middle of any changes of mode gives the same state in the end."""
    log = Log()
    for number, step in enumerate(steps):
        body = b"%d" % (number % 3)
        match step:
            case "publish":
                log.publish("q", body=body)
            case "deliver":
                log.deliver("q", body=body)
            case "binding":
                seen_through_a_binding(log, body)
            case "die":
                log.dead_letter([death("q")], body=body)
            case mode:
                planned(log, mode)
    first, second = Linker("main"), Linker("main")
    for envelope in log.envelopes[:at]:
        first.fold(envelope)
    first.take_changed()
    second.restore(first.save())
    for envelope in log.envelopes[at:]:
        second.fold(envelope)

    assert second.digest() == log.linker.digest()
