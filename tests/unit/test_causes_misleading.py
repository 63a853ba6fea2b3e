"""Causes that look right and are not: what is copied, forged, doubled, or only there at the same time."""

from typing import Any

import pytest

from events.values import Text
from projector.linker.causality import SURE
from store.documents import ParentLink
from tests.unit.linker_log import Log

TRACE = "0af7651916cd43dd8448eb211c80319c"


def traceparent(span: int, trace: str = TRACE) -> dict[Text, Any]:
    return {"traceparent": f"00-{trace}-{span:016x}-01"}


def named(*names: str) -> Log:
    """Return a log in which each of *names* is a connection that calls itself so."""
    log = Log()
    for number, name in enumerate(names):
        log.opened(name, name, pid=f"p{number}")
    return log


def link(log: Log, position: int) -> ParentLink:
    """Return the parent link of a message, which must have one."""
    found = log.document(position).parent
    assert found is not None
    return found


def test_a_copied_causation_id_points_at_what_was_copied() -> None:
    """A service that copies all headers was caused by what it was given, not by what that names."""
    log = named("web", "first", "copier")
    log.publish("q1", body=b"a", by="web", message_id="m1")
    log.deliver("q1", body=b"a", to="first", message_id="m1")
    named_m1: dict[Text, Any] = {"causation-id": "m1"}
    second = log.publish("q2", body=b"b", by="first", message_id="m2", headers=named_m1)
    log.deliver("q2", body=b"b", to="copier", message_id="m2", headers=named_m1)
    copied = log.publish("q3", body=b"c", by="copier", message_id="m3", headers=named_m1)

    assert log.parent(copied) == (second, "causation-id carried over")
    assert link(log, copied).confidence >= SURE


@pytest.mark.parametrize("delivered", [True, False])
def test_an_id_of_what_others_were_given_is_hardly_believed(delivered: bool) -> None:
    """Who names a message that went to another service, or still waits, may have forged it."""
    log = named("web", "honest", "forger")
    log.publish("q1", body=b"a", by="web", message_id="m1")
    if delivered:
        log.deliver("q1", body=b"a", to="honest", message_id="m1")
    forged = log.publish("q2", body=b"b", by="forger", headers={"causation-id": "m1"})

    assert link(log, forged).confidence < SURE


def test_a_number_that_services_count_for_themselves_is_no_id() -> None:
    """The same message id from two services says little, also to one that was given one of them."""
    log = named("one", "two", "worker")
    log.publish("other", body=b"x", by="two", message_id="7")
    log.publish("work", body=b"a", by="one", message_id="7")
    log.deliver("work", body=b"a", to="worker", message_id="7")

    assert link(log, log.publish("done", body=b"b", by="worker", message_id="7")).confidence < SURE


def test_of_requests_with_one_id_the_reply_answers_what_its_server_holds() -> None:
    """A client that counts badly has two requests of one id; the one given to the replying server is answered."""
    log = named("client", "one", "two")
    ids: dict[str, Any] = {"reply_to": "answers", "correlation_id": "1"}
    log.publish("rpc", body=b"a", by="client", **ids)
    second = log.publish("rpc", body=b"b", by="client", **ids)
    log.deliver("rpc", body=b"a", to="one", **ids)
    log.deliver("rpc", body=b"b", to="two", **ids)
    reply = log.publish(
        "answers", body=b"r", by="two", exchange="", key="answers", correlation_id="1"
    )

    assert log.parent(reply) == (second, "rpc-reply")
    assert link(log, reply).confidence >= SURE


def test_two_requests_that_cannot_be_told_apart_make_both_replies_doubtful() -> None:
    """Where one server holds both, neither reply is sure, also when one request is left."""
    log = named("client", "server")
    ids: dict[str, Any] = {"reply_to": "answers", "correlation_id": "1"}
    for body in (b"a", b"b"):
        log.publish("rpc", body=body, by="client", **ids)
        log.deliver("rpc", body=body, to="server", **ids)
    for body in (b"r1", b"r2"):
        reply = log.publish(
            "answers", body=body, by="server", exchange="", key="answers", correlation_id="1"
        )
        assert link(log, reply).confidence < SURE


def test_a_reply_without_any_id_is_known_by_its_queue() -> None:
    """A reply queue with one request says enough, also when its client consumes on another connection."""
    log = named("client", "server")
    request = log.publish("rpc", body=b"a", by="client", reply_to="answers")
    log.deliver("rpc", body=b"a", to="server", reply_to="answers")
    reply = log.publish("answers", body=b"r", by="server", exchange="", key="answers")

    assert log.parent(reply) == (request, "rpc-reply")


def test_who_asked_goes_on_with_what_it_was_doing() -> None:
    """Within one trace the answer to one's own question gives way to the message that made one ask."""
    log = named("web", "front", "back")
    headers = traceparent(1)
    order = log.publish("front", body=b"o", by="web", headers=headers)
    log.deliver("front", body=b"o", to="front", headers=headers)
    ask: dict[str, Any] = {"headers": headers, "correlation_id": "c", "reply_to": "amq.gen-x"}
    log.publish("back", body=b"q", by="front", key="back", **ask)
    log.deliver("back", body=b"q", to="back", **ask)
    answer: dict[str, Any] = {"headers": headers, "correlation_id": "c"}
    log.publish("amq.gen-x", body=b"r", by="back", exchange="", key="amq.gen-x", **answer)
    log.deliver("amq.gen-x", body=b"r", to="front", exchange="", key="amq.gen-x", **answer)
    event = log.publish("events", body=b"e", by="front", key="event", headers=headers)

    assert log.parent(event) == (order, "traceparent")
    assert link(log, event).confidence >= SURE


def test_an_own_event_heard_again_is_hardly_believed_to_cause_the_next() -> None:
    """A service that sends on one channel and hears itself on another goes on of its own accord."""
    log = named("web")
    log.publish("own", body=b"1", by="web", headers=traceparent(1))
    log.deliver("own", body=b"1", to="web", channel=2, headers=traceparent(1))

    second = log.publish("own", body=b"2", by="web", key="next", headers=traceparent(2))
    assert link(log, second).confidence < SURE


def test_the_next_click_of_a_session_is_not_caused_by_the_last_answer() -> None:
    """Who began a conversation and shares only a correlation id with what it was given is not surely caused by it."""
    log = named("gateway", "server")
    log.publish("commands", body=b"1", by="gateway", correlation_id="session")
    log.deliver("commands", body=b"1", to="server", correlation_id="session")
    log.publish("answers", body=b"r", by="server", key="answers", correlation_id="session")
    log.deliver("answers", body=b"r", to="gateway", correlation_id="session", key="answers")
    click = log.publish("commands", body=b"2", by="gateway", correlation_id="session")

    assert link(log, click).confidence < SURE


def test_what_is_finished_gives_way_to_what_is_in_hand() -> None:
    """With a prefetch of one the second of two deliveries of a trace is the cause, the first being settled."""
    log = named("job", "worker")
    log.consumer("work", "worker", prefetch=1)
    sent = [
        log.publish("work", body=bytes([n]), by="job", headers=traceparent(n + 1)) for n in range(2)
    ]
    for number in range(2):
        log.deliver("work", body=bytes([number]), to="worker", headers=traceparent(number + 1))
    done = log.publish("done", body=b"d", by="worker", key="done", headers=traceparent(9))

    assert log.parent(done) == (sent[1], "traceparent")
    assert (link(log, done).rivals, link(log, done).confidence >= SURE) == (0, True)


def test_the_publishers_own_channel_goes_before_others() -> None:
    """Of two deliveries of a trace on two channels, the one on the channel that publishes is the cause."""
    log = named("web", "worker")
    slow = log.publish("slow", body=b"s", by="web", headers=traceparent(1))
    log.publish("quick", body=b"q", by="web", headers=traceparent(2))
    log.deliver("slow", body=b"s", to="worker", channel=1, headers=traceparent(1))
    log.deliver("quick", body=b"q", to="worker", channel=2, headers=traceparent(2))
    done = log.publish("out", body=b"o", by="worker", key="out", headers=traceparent(3))

    assert log.parent(done) == (slow, "traceparent")
    assert link(log, done).confidence >= SURE


def test_a_clock_is_believed_less_the_more_it_publishes_without_a_cause() -> None:
    """Where such publishes are seen to come of their own accord, a delivery in hand hardly explains one."""
    log = named("web", "beater")
    log.consumer("in", "beater", prefetch=1)
    log.publish("in", body=b"0", by="web")
    log.deliver("in", body=b"0", to="beater")
    for number in range(9):
        log.publish("beats", body=bytes([number]), by="beater", key="beat")
    log.publish("in", body=b"1", by="web")
    log.deliver("in", body=b"1", to="beater")

    assert link(log, log.publish("beats", body=b"x", by="beater", key="beat")).confidence < 0.5


def test_one_delivery_for_each_effect_is_learned() -> None:
    """Back and forth in one trace without a prefetch: once one effect of each delivery is the habit, links are sure."""
    log = named("ping", "pong")
    headers = traceparent(1)
    log.publish("pong", body=b"0", by="ping", key="pong", headers=headers)
    sure: list[bool] = []
    for number in range(1, 20):
        me, other = ("pong", "ping") if number % 2 else ("ping", "pong")
        log.deliver(me, body=str(number - 1).encode(), to=me, headers=headers)
        sent = log.publish(other, body=str(number).encode(), by=me, key=other, headers=headers)
        sure.append(link(log, sent).confidence >= SURE)

    assert all(sure[-8:])


def test_a_habit_does_not_tell_what_completes_a_join() -> None:
    """What usually came last may have come first this once: the last is the parent, and not a sure one."""
    log = named("ml", "modeler", "combiner")

    def give(queue: str, by: str, case: int) -> int:
        told: dict[str, Any] = {"headers": traceparent(len(log.envelopes), f"{case + 1:032x}")}
        body = f"{queue} {case}".encode()
        position = log.publish(queue, body=body, by=by, **told)
        log.deliver(queue, body=body, to="combiner", **told)
        return position

    def combine(case: int) -> int:
        told: dict[str, Any] = {"headers": traceparent(0xFFF, f"{case + 1:032x}")}
        return log.publish("done", body=b"done", by="combiner", exchange="done", **told)

    for case in range(4):
        labels = give("labels", "ml", case)
        assert log.parent(combine(case)) == (labels, "traceparent")
    give("labels", "ml", 4)
    model = give("models", "modeler", 4)
    done = combine(4)

    assert log.parent(done) == (model, "traceparent")
    assert link(log, done).confidence < SURE
    assert link(log, done).rivals == 1
