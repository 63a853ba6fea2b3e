"""Which message caused a publish: evidence, confidence, rivals, and traces."""

import pytest

from projector.linker.causality import SURE
from projector.linker.recent import Recent
from tests.unit.linker_log import Log

TRACE = "0af7651916cd43dd8448eb211c80319c"


def traceparent(span: int, trace: str = TRACE) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{span:016x}-01"}


def test_in_a_trace_the_parent_is_what_the_publisher_was_last_given() -> None:
    """Uploader to normalizer to modeler is a chain, though every header names the same trace."""
    log = Log()
    image = log.publish("normalizer", body=b"image", by="uploader", headers=traceparent(1))
    log.deliver("normalizer", body=b"image", to="normalizer", headers=traceparent(1))
    normalized = log.publish("modeler", body=b"normalized", by="normalizer", headers=traceparent(2))
    log.deliver("modeler", body=b"normalized", to="modeler", headers=traceparent(2))
    model = log.publish("combiner", body=b"model", by="modeler", headers=traceparent(3))

    assert log.parent(image) is None
    assert log.parent(normalized) == (image, "traceparent")
    assert log.parent(model) == (normalized, "traceparent")
    assert {log.document(position).trace_id for position in (image, normalized, model)} == {TRACE}
    link = log.document(model).parent
    assert link is not None
    assert link.confidence >= SURE


def test_what_needs_two_messages_has_the_one_that_completed_it_as_parent() -> None:
    """The other cause is kept beside, for every publish of that burst."""
    log = Log()
    labels = log.publish("labels", body=b"labels", by="ml", headers=traceparent(1))
    model = log.publish("models", body=b"model", by="modeler", headers=traceparent(2))
    log.deliver("labels", body=b"labels", to="combiner", headers=traceparent(1))
    log.deliver("models", body=b"model", to="combiner", headers=traceparent(2))
    for body in (b"json", b"jpg"):
        done = log.publish("done", body=body, by="combiner", headers=traceparent(3))
        told = log.document(done)
        assert told.parent is not None
        assert (told.parent.uid, told.parent.rivals) == (f"main-{model}", 0)
        assert told.parent.confidence >= SURE
        assert [link.uid for link in told.other_parents] == [f"main-{labels}"]


def test_two_messages_of_one_kind_in_a_trace_are_rivals() -> None:
    """Of two deliveries from one queue either may be the cause, and the confidence says so."""
    log = Log()
    for number in (1, 2):
        body = bytes([number])
        log.publish("work", body=body, by="splitter", headers=traceparent(number))
        log.deliver("work", body=body, to="worker", headers=traceparent(number))
    done = log.publish("done", body=b"done", by="worker", headers=traceparent(9))

    link = log.document(done).parent
    assert link is not None
    assert link.rivals == 1
    assert link.confidence < SURE


def test_a_service_that_publishes_on_another_connection_is_still_found() -> None:
    """The same service on a second connection counts, with less confidence."""
    log = Log()
    log.opened("in", "billing-1")
    log.opened("out", "billing-1", pid="p2")
    asked = log.publish("billing", body=b"a", by="shop", headers=traceparent(1))
    log.deliver("billing", body=b"a", to="in", headers=traceparent(1))
    done = log.publish("done", body=b"b", by="out", headers=traceparent(2))

    assert log.parent(done) == (asked, "traceparent")
    link = log.document(done).parent
    assert link is not None
    assert SURE <= link.confidence < 0.95


def test_b3_in_one_header_or_several() -> None:
    """Zipkin's headers give the trace, case aside."""
    log = Log()
    first = log.publish(
        "work", body=b"a", by="web", headers={"X-B3-TraceId": TRACE, "X-B3-SpanId": "1" * 16}
    )
    log.deliver(
        "work", body=b"a", to="worker", headers={"X-B3-TraceId": TRACE, "X-B3-SpanId": "1" * 16}
    )
    second = log.publish("done", body=b"b", by="worker", headers={"b3": f"{TRACE}-{'2' * 16}-1"})

    assert log.parent(second) == (first, "b3")
    assert log.document(second).trace_id == TRACE


@pytest.mark.parametrize(
    ("own", "parent", "evidence"),
    [
        (
            {"id": "t1", "task": "shop.charge", "root_id": "t1"},
            {"id": "t2", "task": "shop.mail", "root_id": "t1", "parent_id": "t1"},
            "celery parent_id",
        ),
        ({"NServiceBus.MessageId": "t1"}, {"NServiceBus.RelatedTo": "t1"}, "NServiceBus.RelatedTo"),
        ({"rbs2-msg-id": "t1"}, {"rbs2-in-reply-to": "t1"}, "rbs2-in-reply-to"),
    ],
)
def test_a_framework_names_the_causing_message(
    own: dict[str, str], parent: dict[str, str], evidence: str
) -> None:
    """A causation id finds the message with that id, whoever was given it."""
    log = Log()
    first = log.publish("work", body=b"a", headers=own)
    second = log.publish("done", body=b"b", by="elsewhere", headers=parent)

    assert log.parent(second) == (first, evidence)


@pytest.mark.parametrize(
    ("header", "evidence"),
    [("causation-id", "causation-id"), ("initiatorId", "MassTransit initiatorId")],
)
def test_a_causation_id_may_name_the_message_id_property(header: str, evidence: str) -> None:
    """Wolverine's and MassTransit's ids point at the property."""
    log = Log()
    first = log.publish("work", body=b"a", message_id="m1")
    second = log.publish("done", body=b"b", by="elsewhere", headers={header: "m1"})

    assert log.parent(second) == (first, evidence)


def test_a_reply_is_caused_by_its_request() -> None:
    """Reply queue and correlation id together name the request."""
    log = Log()
    request = log.publish("rpc", body=b"ask", by="client", reply_to="replies", correlation_id="c1")
    log.deliver("rpc", body=b"ask", to="server", reply_to="replies", correlation_id="c1")
    reply = log.publish(
        "replies", body=b"answer", by="server", exchange="", key="replies", correlation_id="c1"
    )

    assert log.parent(reply) == (request, "rpc-reply")


def test_a_direct_reply_is_caused_by_its_request_and_its_state_is_unknown() -> None:
    """Where the broker hides the reply's route, its state is unknown rather than unroutable."""
    log = Log()
    request = log.publish(
        "rpc", body=b"ask", by="client", reply_to="amq.rabbitmq.reply-to", correlation_id="c1"
    )
    key = "amq.rabbitmq.reply-to.g1h2AA.token"
    reply = log.publish(body=b"answer", by="server", exchange="", key=key, correlation_id="c1")

    assert log.parent(reply) == (request, "rpc-reply")
    assert log.document(reply).state == "unknown"


def test_a_correlation_id_leads_to_what_the_service_was_last_given() -> None:
    """Without traces the conversation and the last delivery in it decide."""
    log = Log()
    first = log.publish("work", body=b"a", by="web", correlation_id="c1")
    log.deliver("work", body=b"a", to="worker", correlation_id="c1")
    second = log.publish("done", body=b"b", by="worker", correlation_id="c1")

    assert log.parent(first) is None
    assert log.parent(second) == (first, "correlation-id")
    assert log.document(second).trace_id == log.document(first).trace_id


def test_a_message_id_seen_before_points_at_the_message_that_was_forwarded() -> None:
    """A consumer that publishes what it was given keeps the id."""
    log = Log()
    first = log.publish("in", body=b"a", by="web", message_id="m1")
    log.deliver("in", body=b"a", to="forwarder", message_id="m1")
    second = log.publish("out", body=b"a", by="forwarder", exchange="other", message_id="m1")

    assert log.parent(second) == (first, "message-id-republished")


def test_a_publisher_that_sends_twice_causes_nothing() -> None:
    """The same message id from the same publisher, never delivered to it, is a repeat and no cause."""
    log = Log()
    log.publish("in", body=b"a", by="web", message_id="m1")
    second = log.publish("in", body=b"a", by="web", message_id="m1")

    assert log.parent(second) is None


def test_without_ids_the_only_unfinished_delivery_is_a_guess_below_sure() -> None:
    """Timing alone never reaches 0.8, also without rivals."""
    log = Log()
    log.consumer("work", "worker", prefetch=1)
    first = log.publish("work", body=b"a", by="web")
    log.deliver("work", body=b"a", to="worker")
    second = log.publish("done", body=b"b", by="worker")

    assert log.parent(second) == (first, "single-unfinished-delivery")
    link = log.document(second).parent
    assert link is not None
    assert 0.5 < link.confidence < SURE
    assert log.document(second).trace_id == log.document(first).trace_id


def test_rivals_lower_a_guess_and_keep_the_trace_apart() -> None:
    """Of five unfinished deliveries the oldest is the guess, hardly believed."""
    log = Log()
    log.consumer("work", "worker", prefetch=5)
    sent = [log.publish("work", body=bytes([number]), by="web") for number in range(5)]
    for number in range(5):
        log.deliver("work", body=bytes([number]), to="worker")
    first, second = (
        log.publish("done", body=b"x", by="worker"),
        log.publish("done", body=b"y", by="worker"),
    )

    assert log.parent(first) == (sent[0], "single-unfinished-delivery")
    assert log.parent(second) == (sent[1], "single-unfinished-delivery")
    link = log.document(first).parent
    assert link is not None
    assert (link.rivals, link.confidence < 0.5) == (4, True)
    assert log.document(first).trace_id != log.document(sent[0]).trace_id


def test_a_guess_never_contradicts_what_both_messages_say() -> None:
    """A delivery of another trace or conversation is no candidate."""
    log = Log()
    log.publish("work", body=b"a", by="web", correlation_id="c1")
    log.deliver("work", body=b"a", to="worker", correlation_id="c1")
    other = log.publish("done", body=b"b", by="worker", correlation_id="c2")

    assert log.parent(other) is None


def test_nobody_is_the_parent_of_what_a_service_sends_on_its_own() -> None:
    """A publish of a connection that was given nothing has no parent."""
    log = Log()
    assert log.parent(log.publish("work")) is None


def test_a_conversation_header_counts_like_a_correlation_id() -> None:
    """NServiceBus keeps its conversation in a header."""
    log = Log()
    headers = {"NServiceBus.ConversationId": "k1"}
    first = log.publish("work", body=b"a", by="web", headers=headers)
    log.deliver("work", body=b"a", to="worker", headers=headers)
    second = log.publish("done", body=b"b", by="worker", headers=headers)

    assert log.parent(second) == (first, "NServiceBus.ConversationId")


def test_what_is_remembered_of_conversations_is_bounded() -> None:
    """The least recently used go, what is asked for stays, and never more than two generations are kept."""
    table: Recent[str, int] = Recent(3)
    for number in range(100):
        table.put(f"k{number}", number)
        table.get("k0")

    assert table.get("k0") == 0
    assert table.get("k50") is None
    assert len(list(table)) <= 2 * (3 + 1)
