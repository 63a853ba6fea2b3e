"""Which service a nameless, shared or doubled connection is counted to, as real clients make them; two are never one."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from projector.linker.neighbours import ALONE, ALONE_TOGETHER, TOGETHER
from projector.linker.services import SHARED_CONNECTION, SHARED_NAME
from tests.unit.linker_log import Log

SURE = 0.8
KOMBU = "py-amqp"


def publisher(log: Log, position: int) -> tuple[str | None, str | None]:
    """Return who published a message, and why that is believed."""
    party = log.document(position).publisher
    return party.service, party.evidence


def consumer(log: Log, position: int) -> tuple[str | None, str | None]:
    """Return who was given a message first, and why that is believed."""
    party = log.document(position).copies[0].attempts[0].consumer
    return party.service, party.evidence


def test_nameko_replies_from_connections_without_a_name() -> None:
    """It names its consuming connection only; who answers a request is who was given it, wherever that is."""
    log = Log()
    log.opened("consuming", "orders", product=KOMBU, host="10.0.0.1")
    log.opened("publishing", None, product="other", host="10.0.0.2", pid="p2")
    log.publish("rpc-orders", by="asker", reply_to="rpc.reply-1", correlation_id="c1")
    log.deliver("rpc-orders", to="consuming", reply_to="rpc.reply-1", correlation_id="c1")
    sent = log.publish(
        "rpc.reply-1", exchange="nameko-rpc", key="rpc.reply-1", body=b"answer", by="publishing",
        correlation_id="c1",
    )  # fmt: skip

    assert log.parent(sent) is not None
    assert publisher(log, sent) == ("orders", "it answers what that service is given")
    assert log.document(sent).publisher.confidence < SURE


def traced(number: int) -> dict[str, Any]:
    """Return headers of one trace."""
    return {"headers": {"traceparent": f"00-{number:032x}-{1:016x}-01"}}


def handle(log: Log, number: int, *, given_to: str, sent_by: str) -> int:
    """Let one connection be given a message and another publish in its trace; return the latter's position."""
    log.publish("work", body=bytes([number]), by="source", **traced(number))
    log.deliver("work", body=bytes([number]), to=given_to, **traced(number))
    return log.publish("next", body=b"n" + bytes([number]), by=sent_by, **traced(number))


def test_a_nameless_connection_that_sends_on_is_the_one_that_is_given() -> None:
    """By ids, from the same host, by the same user: Nameko's events, Celery's chains."""
    log = Log()
    log.opened("consuming", "orders", product=KOMBU, host="10.0.0.1")
    log.opened("publishing", None, product="pika", host="10.0.0.1", pid="p2")
    sent = handle(log, 1, given_to="consuming", sent_by="publishing")

    assert publisher(log, sent) == (
        "orders",
        "it sends what that service's deliveries lead to, on the same host",
    )


def test_a_nameless_connection_on_another_host_is_not_named_by_what_it_sends() -> None:
    """The work may have gone on by other ways than messages, to another service."""
    log = Log()
    log.opened("consuming", "orders", product=KOMBU, host="10.0.0.1")
    log.opened("publishing", None, product="pika", host="10.0.0.2", pid="p2")
    sent = handle(log, 1, given_to="consuming", sent_by="publishing")

    assert publisher(log, sent) == ("pika@10.0.0.2", "product and host")


def test_a_nameless_consumer_is_the_one_that_sends() -> None:
    """What it is given leads, by ids, to the publishes of a named connection beside it."""
    log = Log()
    log.opened("publishing", "orders", product=KOMBU, host="10.0.0.1")
    log.opened("consuming", None, product="pika", host="10.0.0.1", pid="p2")
    first: dict[str, Any] = {"headers": {"NServiceBus.MessageId": "m1"}}
    sent = log.publish("work", by="source", **first)
    log.deliver("work", to="consuming", **first)
    assert consumer(log, sent)[1] == "product and host"
    log.publish("next", body=b"n", by="publishing", headers={"NServiceBus.RelatedTo": "m1"})

    assert consumer(log, sent) == (
        "orders",
        "it is given what leads to that service's publishes, on the same host",
    )


def test_a_connection_that_seems_to_work_for_two_is_counted_to_neither() -> None:
    """A proxy that sends what two services' deliveries lead to is a third, or nobody knows."""
    log = Log()
    log.opened("one", "orders", product=KOMBU, host="10.0.0.1")
    log.opened("two", "billing", product=KOMBU, host="10.0.0.1", pid="p2")
    log.opened("shared", None, product="pika", host="10.0.0.1", pid="p3")
    handle(log, 1, given_to="one", sent_by="shared")
    sent = handle(log, 2, given_to="two", sent_by="shared")

    assert publisher(log, sent) == ("pika@10.0.0.1", "product and host")


def test_the_nameless_connections_of_a_named_service_are_likely_its_own() -> None:
    """Of the same user, host and client, with no other named service there: likely, and said to be no more."""
    log = Log()
    log.opened("named", "orders", product="pika", host="10.0.0.1")
    log.wait(60)
    log.opened("nameless", None, product="pika", host="10.0.0.1", pid="p2")
    sent = log.publish("q", by="nameless")

    assert publisher(log, sent) == ("orders", ALONE)
    assert log.document(sent).publisher.confidence == 0.45


def test_connections_opened_together_are_likelier_one_service() -> None:
    """A program opens its connections at once."""
    log = Log()
    log.opened("named", "orders", product="pika", host="10.0.0.1")
    log.opened("nameless", None, product="pika", host="10.0.0.1", pid="p2")

    assert publisher(log, log.publish("q", by="nameless")) == ("orders", ALONE_TOGETHER)


def test_of_several_services_the_one_that_connected_at_the_time_is_meant() -> None:
    """Where two services are on a host, only the time tells, and only if it is not the time of both."""
    log = Log()
    log.opened("one", "orders", product="pika", host="10.0.0.1")
    log.wait(60)
    log.opened("two", "billing", product="pika", host="10.0.0.1", pid="p2")
    log.opened("nameless", None, product="pika", host="10.0.0.1", pid="p3")
    sent = log.publish("q", by="nameless")
    assert publisher(log, sent) == ("billing", TOGETHER)
    log.opened("three", "orders", product="pika", host="10.0.0.1", pid="p4")

    assert publisher(log, sent) == ("pika@10.0.0.1", "product and host")


def test_a_second_service_nearby_makes_the_nameless_ones_unknown_again() -> None:
    """What was counted to one is told of again when it may be the other's, with a higher version."""
    log = Log()
    log.opened("one", "orders", product="pika", host="10.0.0.1")
    log.wait(60)
    log.opened("nameless", None, product="pika", host="10.0.0.1", pid="p2")
    sent = log.publish("q", by="nameless")
    before = log.document(sent)
    log.linker.take_changed()
    log.wait(60)
    log.opened("two", "billing", product="pika", host="10.0.0.1", pid="p3")

    assert publisher(log, sent) == ("pika@10.0.0.1", "product and host")
    assert log.document(sent).version > before.version
    assert [message.position for message in log.linker.take_changed()] == [sent]


def test_another_client_or_host_is_nobody_s_neighbour() -> None:
    """A service keeps to one library, and a nameless connection from elsewhere is its own."""
    log = Log()
    log.opened("named", "orders", product="pika", host="10.0.0.1")
    log.opened("other client", None, product="amqplib", host="10.0.0.1", pid="p2")
    log.opened("other host", None, product="pika", host="10.0.0.2", pid="p3")

    for by, service in (("other client", "amqplib@10.0.0.1"), ("other host", "pika@10.0.0.2")):
        assert publisher(log, log.publish("q", by=by))[0] == service


def test_celerys_connections_without_names_stay_one_guess() -> None:
    """A worker opens three or four, none with a name: they are told by product and host, with little confidence."""
    log = Log()
    for number in range(4):
        log.opened(f"c{number}", None, product=KOMBU, host="10.0.0.1", pid=f"p{number}")
    sent = [log.publish("celery", by=f"c{number}", body=bytes([number])) for number in range(4)]

    assert {publisher(log, position) for position in sent} == {
        (f"{KOMBU}@10.0.0.1", "product and host")
    }
    assert {log.document(position).publisher.confidence for position in sent} == {0.3}


def test_two_connections_of_one_name_are_one_service() -> None:
    """A taskiq worker holds two of the same name, one to consume and one to publish."""
    log = Log()
    for number in range(2):
        log.opened(f"c{number}", "worker", product="aiormq", host="10.0.0.1", pid=f"p{number}")
    sent = log.publish("taskiq", by="c0")
    log.deliver("taskiq", to="c1")

    assert publisher(log, sent)[0] == consumer(log, sent)[0] == "worker"


def test_a_name_that_several_programs_have_is_less_sure() -> None:
    """Programs with app ids of their own under one client-provided name may be several services, and that is said."""
    log = Log()
    log.opened("one", "java-client", pid="p1")
    log.opened("two", "java-client", pid="p2")
    first = log.publish("q", by="one", app_id="orders-1", body=b"1")
    assert log.document(first).publisher.confidence == 0.95
    before = log.document(first)
    second = log.publish("q", by="two", app_id="billing-1", body=b"2")

    for position in (first, second):
        assert publisher(log, position) == ("java-client", SHARED_NAME)
        assert log.document(position).publisher.confidence == 0.6
    assert log.document(first).version > before.version


def test_instances_of_one_program_share_no_name_with_others() -> None:
    """App ids that differ by their instance are one program's."""
    log = Log()
    log.opened("one", "orders", pid="p1")
    log.opened("two", "orders", pid="p2")
    log.publish("q", by="one", app_id="orders-1", body=b"1")
    sent = log.publish("q", by="two", app_id="orders-2", body=b"2")

    assert publisher(log, sent) == ("orders", "client-provided name")


def test_a_connection_that_several_services_of_one_program_share_is_less_sure() -> None:
    """One JVM may hold several services on one connection; the app ids of its messages tell."""
    log = Log()
    log.opened("jvm", "monolith", pid="p1")
    log.publish("q", by="jvm", app_id="orders", body=b"1")
    sent = log.publish("q", by="jvm", app_id="billing", body=b"2")

    assert publisher(log, sent) == ("monolith", SHARED_CONNECTION)
    assert log.document(sent).publisher.confidence == 0.6


def test_the_nameless_connections_of_a_service_s_own_user_are_its_own() -> None:
    """A user that one named service has is that service's on its other connections too."""
    log = Log()
    log.opened("nameless", None, user="billing", product="pika", host="10.0.0.9")
    sent = log.publish("q", by="nameless")
    assert publisher(log, sent) == ("billing", "user")
    log.opened("named", "Invoices", user="billing", pid="p2", host="10.0.0.8")

    assert publisher(log, sent) == ("Invoices", "the only named service of its user")


MOVES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["open", "close", "send", "give", "wait"])),
    max_size=40,
)
NAMES = [None, "orders", "orders-2", "billing", None, "stock"]


@settings(max_examples=60, deadline=None)
@given(MOVES, st.integers(1, 2), st.lists(st.sampled_from(NAMES), min_size=6, max_size=6))
def test_names_of_their_own_are_never_merged_and_guesses_say_so(
    moves: list[tuple[int, str]], hosts: int, names: list[str | None]
) -> None:
    """Whatever happens around it, a named connection keeps its service, and a borrowed name is no sure one."""
    log = Log()
    sent: list[tuple[int, int]] = []
    for number, move in moves:
        name = names[number]
        match move:
            case "open":
                host = f"10.0.0.{number % hosts}"
                log.opened(f"c{number}", name, product="pika", host=host, pid=f"p{number}")
            case "close":
                log.closed(f"c{number}", pid=f"p{number}")
            case "wait":
                log.wait(number)
            case "send":
                body = bytes([len(sent)])
                sent.append(
                    (number, log.publish("q", by=f"c{number}", body=body, **traced(number + 1)))
                )
            case _ if sent:
                body = bytes([len(sent) - 1])
                log.deliver("q", body=body, to=f"c{number}", **traced(sent[-1][0] + 1))
            case _:
                pass
    for number, position in sent:
        party = log.document(position).publisher
        own = names[number]
        if own is not None and party.confidence >= SURE:
            assert party.service == own.removesuffix("-2")
        if own is None:
            assert party.confidence < SURE
