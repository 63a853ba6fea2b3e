"""What spans a log gives: whose they are, what they stand under, when they begin and end."""

import pytest

from events.facts import MessagePublished
from projector.linker.model import ChangeKind
from projector.otlp.model import Kind, Span
from projector.otlp.moments import Moments
from projector.otlp.places import Places
from tests.support.recorded_pipeline import envelopes, untraced
from tests.support.recording import Recording
from tests.support.spans import named, spans_in, taken
from tests.unit.linker_log import STEP, Log, death

TRACE, PUBLISHERS = "a" * 32, "b" * 16
SAMPLED, NOT_SAMPLED = f"00-{TRACE}-{PUBLISHERS}-01", f"00-{TRACE}-{PUBLISHERS}-00"
AMQPLIB = "amqplib_otel"


def spans_of(log: Log) -> dict[str, Span]:
    return named(spans_in(log.envelopes))


def one_hop() -> Log:
    """One service sends, another is given the message 2 s later."""
    log = Log()
    log.opened("c1 -> 10.0.0.9:5672", "shop-1")
    log.opened("c2 -> 10.0.0.9:5672", "billing", pid="p2")
    log.publish("bills", by="c1 -> 10.0.0.9:5672", message_id="m1", correlation_id="order-7")
    log.wait(2)
    log.deliver("bills", to="c2 -> 10.0.0.9:5672", message_id="m1", correlation_id="order-7")
    return log


def test_a_message_is_a_producer_a_wait_and_a_consumer() -> None:
    """The sender's and the receiver's spans are their own, the wait between is the broker's."""
    spans = spans_of(one_hop())
    publish, wait = spans["publish orders:new"], spans["wait bills"]
    process = spans["process orders:new:bills"]

    assert [(s.service, s.kind) for s in (publish, wait, process)] == [
        ("shop", Kind.PRODUCER),
        ("rabbitmq", Kind.INTERNAL),
        ("billing", Kind.CONSUMER),
    ]
    assert publish.parent is None
    assert wait.parent == process.parent == publish.at.span_id
    assert {s.at.trace_id for s in (publish, wait, process)} == {publish.at.trace_id}
    assert [link.to for link in process.links] == [publish.at]


def test_only_the_wait_lasts() -> None:
    """What has one known time begins and ends then; the wait goes from publish to delivery."""
    spans = spans_of(one_hop())
    publish, wait = spans["publish orders:new"], spans["wait bills"]
    process = spans["process orders:new:bills"]

    assert publish.start == publish.end == wait.start
    assert wait.end - wait.start == 2_000_000_000 + STEP
    assert process.start == process.end == wait.end


def test_attributes_are_those_of_the_conventions() -> None:
    """A span names system, operation, destination, ids and server as semantic conventions 1.44 do, and is marked."""
    told = spans_of(one_hop())["publish orders:new"].attributes

    assert told == {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": "orders:new",
        "messaging.rabbitmq.destination.routing_key": "new",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.message.id": "m1",
        "messaging.message.conversation_id": "order-7",
        "messaging.client.id": "c1 -> 10.0.0.9:5672",
        "server.address": "10.0.0.9",
        "server.port": 5672,
        "hoptrail.uid": "main-2",
        "hoptrail.vhost": "/",
        "hoptrail.inferred": True,
        "hoptrail.evidence": "publish observed",
        "hoptrail.confidence": 1.0,
        "hoptrail.service.evidence": told["hoptrail.service.evidence"],
        "hoptrail.service.confidence": told["hoptrail.service.confidence"],
    }


def test_a_publish_stands_under_the_delivery_that_led_to_it() -> None:
    """A reply's span is a child of the span in which its sender was given the request, with the evidence for that."""
    log = Log()
    log.publish("rpc", exchange="", key="rpc", by="asker", reply_to="answers", correlation_id="7")
    log.deliver(
        "rpc", exchange="", key="rpc", to="answerer", reply_to="answers", correlation_id="7"
    )
    log.publish(
        "answers", exchange="", key="answers", by="answerer", correlation_id="7", body=b"re"
    )
    spans = spans_of(log)

    answer = spans["publish answers"]
    assert answer.parent == spans["process rpc"].at.span_id
    assert answer.at.trace_id == spans["publish rpc"].at.trace_id
    assert answer.attributes["hoptrail.evidence"] == "rpc-reply"
    assert answer.attributes["hoptrail.confidence"] >= 0.9  # type: ignore[operator]


def test_a_parent_that_is_a_guess_is_a_link() -> None:
    """What rests on timing alone is linked with its confidence, not made a parent."""
    log = Log()
    log.consumer("work", to="worker", prefetch=1)
    log.publish("work", by="sender")
    log.deliver("work", to="worker")
    log.publish("done", exchange="out", by="worker", body=b"result")
    spans = spans_of(log)

    result = spans["publish out:new"]
    (link,) = result.links
    assert result.parent is None
    assert link.to.span_id == spans["process orders:new:work"].at.span_id
    assert link.attributes["hoptrail.inferred"] is True
    assert link.attributes["hoptrail.confidence"] < 0.8  # type: ignore[operator]


def test_what_joins_several_messages_links_to_all_of_them() -> None:
    """A publish that followed from several deliveries stands under one of them at most and links to the others."""
    log = Log()
    for part in ("left", "right"):
        log.publish(part, key=part, by="splitter", correlation_id="c", body=part.encode())
    for part in ("left", "right"):
        log.deliver(part, key=part, to="joiner", correlation_id="c", body=part.encode())
    log.publish("whole", exchange="joined", by="joiner", correlation_id="c", body=b"whole")
    spans = spans_of(log)

    whole = spans["publish joined:new"]
    given = {spans[f"process orders:{part}"].at.span_id for part in ("left", "right")}
    assert {whole.parent, *(link.to.span_id for link in whole.links)} - {None} == given


def test_a_producer_that_reports_spans_gets_none_in_its_place() -> None:
    """Under a traceparent only the broker's wait is told, as a child of the span that the header names."""
    log = Log()
    headers = {"traceparent": SAMPLED}
    log.publish("bills", headers=headers)
    log.deliver("bills", headers=headers)
    (wait,) = spans_of(log).values()

    assert wait.service == "rabbitmq"
    assert wait.at.trace_id.hex() == TRACE
    assert wait.parent is not None
    assert wait.parent.hex() == PUBLISHERS


def test_a_trace_that_its_producer_does_not_record_is_left_alone() -> None:
    """A traceparent that says not sampled gives no spans: they would hang below nothing."""
    log = Log()
    headers = {"traceparent": NOT_SAMPLED}
    log.publish("bills", headers=headers)
    log.deliver("bills", headers=headers)

    assert spans_of(log) == {}


def test_what_follows_from_a_reported_message_stands_under_the_broker_s_wait() -> None:
    """A service without tracing goes on in the trace it was given, below the broker's span of that delivery."""
    log = Log()
    log.publish(
        "rpc",
        exchange="",
        key="rpc",
        by="asker",
        reply_to="answers",
        correlation_id="7",
        headers={"traceparent": SAMPLED},
    )
    log.deliver(
        "rpc",
        exchange="",
        key="rpc",
        to="answerer",
        reply_to="answers",
        correlation_id="7",
        headers={"traceparent": SAMPLED},
    )
    log.publish(
        "answers", exchange="", key="answers", by="answerer", correlation_id="7", body=b"re"
    )
    spans = spans_of(log)

    answer = spans["publish answers"]
    assert answer.at.trace_id.hex() == TRACE
    assert answer.parent == spans["wait rpc"].at.span_id


def routed(queue: str) -> dict[str, object]:
    """Return a row of `x-death` that names where the message was published to."""
    row = death(queue, exchange="orders")
    row["routing-keys"] = ["new"]
    return row


def dead_letter_log() -> Log:
    """A rejected message goes to a dead-letter queue and is given to another consumer there."""
    log = Log()
    log.exchange("dlx")
    log.queue("dead")
    log.bind("dlx", "dead")
    log.publish("work")
    log.deliver("work")
    log.dead_letter([routed("work")])
    log.deliver(
        "dead",
        exchange="dlx",
        to="repairer",
        deaths=[routed("work")],
    )
    return log


def test_a_death_is_a_hop_of_the_broker() -> None:
    """A rejection hangs below the delivery it answered, failed, and what the dead-letter queue gave out hangs below it."""
    spans = spans_of(dead_letter_log())
    hop = spans["dead-letter work"]

    assert (hop.service, hop.failure, hop.start) == ("rabbitmq", "rejected", hop.end)
    assert hop.parent == spans["process orders:new:work"].at.span_id
    assert hop.attributes["error.type"] == "rejected"
    assert hop.attributes["hoptrail.dead_letter.to"] == "dead"
    assert spans["wait dead"].parent == hop.at.span_id
    assert [link.to for link in spans["process orders:new:dead"].links] == [
        spans["publish orders:new"].at
    ]


def test_a_redelivery_waits_for_an_unknown_time() -> None:
    """When a message came back to its queue is not seen, so its second wait has no length."""
    log = one_hop()
    log.deliver(
        "bills", to="c2 -> 10.0.0.9:5672", again=True, message_id="m1", correlation_id="order-7"
    )
    waits = [s for s in spans_in(log.envelopes) if s.name == "wait bills"]
    process = [s for s in spans_in(log.envelopes) if s.kind is Kind.CONSUMER]

    assert [s.end > s.start for s in waits] == [True, False]
    assert [s.attributes.get("hoptrail.redelivered") for s in process] == [None, True]


def test_a_message_first_met_at_its_delivery_has_no_producer() -> None:
    """A publish that was not observed gives no span, and the consumer's is a root."""
    log = Log()
    log.deliver("work")
    log.wait(30)
    log.sample("work", 0)
    spans = spans_of(log)

    assert set(spans) == {"wait work", "process orders:new:work"}
    assert {s.parent for s in spans.values()} == {None}
    assert spans["wait work"].start == spans["wait work"].end


def test_backlog_has_no_lengths() -> None:
    """While the collector catches up times are not those of the broker, and no wait is told."""
    log = Log()
    log.lag_ms = 5_000
    log.publish("work")
    log.wait(1)
    log.deliver("work")

    assert all(s.start == s.end for s in spans_in(log.envelopes))


def test_unroutable_messages_say_so() -> None:
    """A publish that reached no queue is marked on its span."""
    log = Log()
    log.publish(exchange="orders")

    assert spans_of(log)["publish orders:new"].attributes["hoptrail.unroutable"] is True


def test_names_made_up_for_one_use_are_left_out_of_span_names() -> None:
    """A reply queue of the broker's naming is told as anonymous, and does not become part of the name."""
    log = Log()
    log.publish("amq.gen-x", exchange="", key="amq.gen-x")
    log.deliver("amq.gen-x", exchange="", key="amq.gen-x")
    spans = spans_of(log)

    assert set(spans) == {"publish", "wait", "process"}
    assert all(s.attributes["messaging.destination.anonymous"] for s in spans.values())


@pytest.mark.parametrize("begin", [0, 3, 4, 5])
def test_nothing_stands_under_what_was_before_the_beginning(begin: int) -> None:
    """An export that began in the middle of a message's life makes roots, not children of spans nobody sent."""
    log = dead_letter_log()
    spans = spans_in(log.envelopes, since=begin, begin=begin)
    sent = {s.at.span_id for s in spans}

    assert all(s.parent is None or s.parent in sent for s in spans)


def test_the_same_spans_come_whatever_was_sent_before() -> None:
    """Beginning at any position gives the spans told from there on, as the whole export has them."""
    log = untraced()
    whole = spans_in(log)
    for since in range(0, len(log), 23):
        later = spans_in(log, since=since)

        assert later == whole[len(whole) - len(later) :]


def test_the_pipeline_is_a_tree_for_each_image() -> None:
    """A recorded run without trace context gives each image one trace, and each span a parent that is there."""
    spans = spans_in(untraced())
    ids = {s.at.span_id for s in spans}
    traces = {s.at.trace_id for s in spans}

    assert len(ids) == len(spans)
    assert len(traces) == 20
    assert all(s.parent is None or s.parent in ids for s in spans)
    services = {s.service for s in spans}
    assert services == {
        "Image Uploader",
        "Image Normalizer",
        "ML Stuff",
        "Modeler",
        "Combiner",
        "rabbitmq",
    }


def test_where_services_write_trace_context_the_broker_alone_is_told() -> None:
    """The same run with its traceparent headers gives broker spans only, in the services' own traces."""
    spans = spans_in(envelopes())

    assert {s.service for s in spans} == {"rabbitmq"}
    assert all(s.parent for s in spans)


def test_a_real_instrumentation_s_spans_are_not_forged() -> None:
    """In traffic of amqplib under OpenTelemetry, messages that carry its context give spans of the broker alone."""
    recording = Recording.load(AMQPLIB)
    spans = spans_in(recording.envelopes)
    carrying = {
        f"main-{envelope.position}"
        for envelope in recording.envelopes
        if isinstance(envelope.fact, MessagePublished)
        and "traceparent" in (envelope.fact.properties.headers or {})
    }
    services = {
        s.service: s.attributes["hoptrail.uid"] in carrying
        for s in spans
        if s.kind is not Kind.INTERNAL
    }

    assert {s.attributes["hoptrail.uid"] for s in spans} & carrying
    assert set(services.values()) == {False}


def test_a_message_that_moves_to_another_trace_stays_where_its_first_span_was_sent() -> None:
    """What becomes known later of a message that was sent is told in the trace it was sent in, under its span."""
    log = Log()
    log.publish("work", by="sender")
    message = log.message(0)
    moments = Moments("main", log.linker.get, since=0)
    places = Places("main", log.linker.get, traces=moments.traces)
    handlers = moments.on_change()
    handlers[ChangeKind.PUBLISHED](log.envelopes[0], message, None, None)
    (publish,) = taken(moments, places)
    before, message.trace_id = message.trace_id, TRACE
    log.deliver("work")
    handlers[ChangeKind.TRACE_CHANGED](log.envelopes[1], message, before, None)
    for kind, first, second, third in log.told(ChangeKind.COPY_DELIVERED):
        handlers[kind](log.envelopes[1], first, second, third)
    wait, process = taken(moments, places)

    assert wait.parent == process.parent == publish.at.span_id
    assert {s.at.trace_id for s in (wait, process)} == {publish.at.trace_id}
