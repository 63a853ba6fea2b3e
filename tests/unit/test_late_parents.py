"""Parents that become known after the message: it is linked again, and tells what was believed before."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from events import facts
from events.facts import Envelope, Properties
from events.values import Text
from projector.answering import Answers
from projector.linker.linker import Linker
from projector.linker.model import ChangeKind
from projector.projection import Projection
from tests.unit.linker_log import STEP, VHOST, Log

TRACE = "0af7651916cd43dd8448eb211c80319c"


def traceparent(span: int, trace: str = TRACE) -> dict[Text, Any]:
    return {"traceparent": f"00-{trace}-{span:016x}-01"}


def two_nodes() -> Log:
    """Return a log of a cluster, in which a delivery may be told before its publish."""
    log = Log()
    log.publish(body=b"from the other node", by="c-n2", node="n2")
    return log


def late(log: Log, **ids: Any) -> tuple[int, int]:
    """Tell of a delivery, of what it led to, and then of its publish; return the positions of parent and child."""
    log.deliver("work", body=b"a", to="worker", **ids)
    child = log.publish("done", body=b"b", by="worker", **ids)
    parent = log.publish("work", body=b"a", by="web", node="n2", **ids)
    return parent, child


def test_a_delivery_told_late_gives_its_effect_a_parent() -> None:
    """In a cluster the publish may come after its delivery and what that led to: then both are linked."""
    log = two_nodes()
    parent, child = late(log, headers=traceparent(1))

    assert log.parent(child) == (parent, "traceparent")
    (change,) = log.document(child).parent_changes
    assert change.before is None
    assert change.after == log.document(child).parent
    assert (change.at, change.why) == (
        log.envelopes[1].observed_at,
        "its delivery to the publisher was told after this publish",
    )


def test_a_message_linked_late_moves_to_its_parents_trace() -> None:
    """Without a trace of its own it takes its parent's, and what follows from it comes along."""
    log = two_nodes()
    log.deliver("work", body=b"a", to="worker", correlation_id="c1")
    child = log.publish("done", body=b"b", by="worker", correlation_id="c1")
    log.deliver("done", body=b"b", to="last", correlation_id="c1")
    grandchild = log.publish("end", body=b"c", by="last", correlation_id="c1")
    before = log.document(child).trace_id
    parent = log.publish("work", body=b"a", by="web", node="n2", correlation_id="c1")

    assert log.document(child).trace_id == log.document(parent).trace_id != before
    assert log.document(grandchild).trace_id == log.document(parent).trace_id
    moved = [change[1].position for change in log.told(ChangeKind.TRACE_CHANGED)]
    assert moved == [child, grandchild]


def test_an_id_told_late_gives_a_parent() -> None:
    """A causation id may name a message that is told a moment later."""
    log = Log()
    child = log.publish("done", body=b"b", by="worker", headers={"causation-id": "m1"})
    parent = log.publish("work", body=b"a", by="web", message_id="m1")

    assert log.parent(child) == (parent, "causation-id")
    (change,) = log.document(child).parent_changes
    assert change.why == "the message that this one names was told after it"


def test_an_id_that_comes_much_later_is_another_one() -> None:
    """Numbers recur: what bears the id long after is not what was named."""
    log = Log()
    child = log.publish("done", body=b"b", by="worker", headers={"causation-id": "17"})
    log.wait(60)
    log.publish("work", body=b"a", by="web", message_id="17")

    assert log.parent(child) is None
    assert log.document(child).parent_changes == ()


def test_a_surer_parent_is_not_replaced() -> None:
    """What is believed more stays, and no change is told."""
    log = two_nodes()
    asked = log.publish("rpc", body=b"q", by="client", reply_to="answers", correlation_id="c")
    log.deliver("rpc", body=b"q", to="worker", reply_to="answers", correlation_id="c")
    log.deliver("work", body=b"a", to="worker", correlation_id="c")
    reply = log.publish(
        "answers", exchange="", key="answers", body=b"r", by="worker", correlation_id="c"
    )
    log.publish("work", body=b"a", by="web", node="n2", correlation_id="c")

    assert log.parent(reply) == (asked, "rpc-reply")
    assert log.document(reply).parent_changes == ()


def test_ids_that_name_each_other_make_no_cycle() -> None:
    """Two messages that each name the other as their cause: only one of them is believed."""
    log = Log()
    first = log.publish("a", body=b"a", by="x", message_id="1", headers={"causation-id": "2"})
    second = log.publish("b", body=b"b", by="y", message_id="2", headers={"causation-id": "1"})

    assert log.parent(second) == (first, "causation-id")
    assert log.parent(first) is None


def test_a_message_that_names_itself_has_no_parent() -> None:
    """One's own id as one's cause says nothing."""
    log = Log()
    only = log.publish("a", body=b"a", message_id="1", headers={"causation-id": "1"})

    assert log.parent(only) is None


def test_conversations_count_a_message_where_it_belongs_now() -> None:
    """The view takes a message that moved out of the trace it was counted in, and counts it in the other."""
    log = two_nodes()
    log.deliver("work", body=b"a", to="worker", correlation_id="c1")
    child = log.publish("done", body=b"b", by="worker", correlation_id="c1")
    parent = log.publish("work", body=b"a", by="web", node="n2", correlation_id="c1")
    projection = Projection("main")
    projection.fold.fold(log.envelopes)
    told = {found.trace_id: found.messages for found in Answers(projection).conversations()}

    assert told[log.document(parent).trace_id] == 2
    assert sum(told.values()) == 3
    assert log.document(child).trace_id in told


NODES = st.sampled_from(["n1", "n2"])
IDS = st.sampled_from(["1", "2", "3"])


@st.composite
def tangled(draw: st.DrawFn) -> list[Envelope]:
    """Publishes and deliveries of a cluster whose ids name each other in any way."""
    told: list[Envelope] = []
    headers: st.SearchStrategy[facts.Table] = st.fixed_dictionaries(
        {}, optional={"causation-id": IDS, "traceparent": st.just(traceparent(1)["traceparent"])}
    )
    for number in range(draw(st.integers(0, 25))):
        properties = Properties(
            message_id=draw(st.none() | IDS),
            correlation_id=draw(st.none() | IDS),
            reply_to=draw(st.none() | st.sampled_from(["r1", "amq.rabbitmq.reply-to.x"])),
            headers=draw(st.none() | headers),
        )
        body, end, node = draw(st.sampled_from([b"a", b"b"])), draw(IDS), draw(NODES)
        if draw(st.booleans()):
            fact: Any = facts.MessagePublished(
                "tap", b"d", VHOST, "", (draw(st.sampled_from(["q", "r1"])),), ("q",), node, end, 1, "guest",
                properties, body, None,
            )  # fmt: skip
        else:
            fact = facts.MessageDelivered(
                "tap", b"d", VHOST, "q", "", ("q",), False, node, end, 1, "guest", properties, body, None,
            )  # fmt: skip
        told.append(Envelope(number, 1_700_000_000_000_000_000 + number * STEP, 0, fact))
    return told


@settings(max_examples=50, deadline=None)
@given(tangled(), st.integers(0, 25))
def test_links_survive_a_snapshot_and_never_form_a_cycle(log: list[Envelope], cut: int) -> None:
    """Folding on from a snapshot gives the same state; following parents always ends; every change is kept."""
    whole = Linker("main")
    for envelope in log:
        whole.fold(envelope)
    first = Linker("main")
    for envelope in log[:cut]:
        first.fold(envelope)
    second = Linker("main")
    second.restore(first.save())
    for envelope in log[cut:]:
        second.fold(envelope)

    assert whole.digest() == second.digest()
    for envelope in log:
        seen: set[str] = set()
        message = whole.get(envelope.position)
        while message is not None and message.parent is not None:
            assert message.parent.uid not in seen
            seen.add(message.parent.uid)
            message = whole.get(int(message.parent.uid.rpartition("-")[2]))
        message = whole.get(envelope.position)
        if message is not None and message.parent_changes:
            assert message.parent_changes[-1].after == message.parent
