"""Service names: the best evidence wins, late names reach what was already seen."""

import pytest

from projector.linker.model import ChangeKind
from projector.linker.services import without_instance
from tests.unit.linker_log import Log


@pytest.mark.parametrize(
    ("client_name", "service"),
    [
        ("Image Uploader", "Image Uploader"),
        ("Modeler-1", "Modeler"),
        ("Modeler 2", "Modeler"),
        ("ML Stuff", "ML Stuff"),
        ("3D Modeler", "3D Modeler"),
        ("orders-v2", "orders-v2"),
        ("S3", "S3"),
        ("billing@host.example", "billing"),
        ("billing (3)", "billing"),
        ("checkout-7f9c6d5b4d-x2xlz", "checkout"),
        ("worker:123e4567-e89b-12d3-a456-426614174000", "worker"),
        ("perf-test-consumer-0", "perf-test-consumer"),
        ("rabbitConnectionFactory#1a2b3c4d:0", "rabbitConnectionFactory"),
        ("billing#1.publisher", "billing"),
        ("1", "1"),
        ("-1", "-1"),
        ("", ""),
    ],
)
def test_an_instance_suffix_is_no_part_of_the_name(client_name: str, service: str) -> None:
    """Numbers, hosts, pods and ids at the end tell instances apart, not services."""
    assert without_instance(client_name) == service


def party(log: Log, position: int) -> tuple[str | None, str | None]:
    publisher = log.document(position).publisher
    return publisher.service, publisher.evidence


def test_the_client_provided_name_names_the_service() -> None:
    """Its evidence says whether a suffix was taken off."""
    log = Log()
    log.opened("c1", "Modeler-1")
    log.opened("c2", "Uploader")

    assert party(log, log.publish("q", by="c1")) == (
        "Modeler",
        "client-provided name without instance suffix",
    )
    assert party(log, log.publish("q", by="c2")) == ("Uploader", "client-provided name")


@pytest.mark.parametrize(
    "client_name",
    [
        "123e4567-e89b-12d3-a456-426614174000",
        "ID:123e4567-e89b-12d3-a456-426614174000:1",
        "9f86d081884c7d659a2feaa0c55ad015",
        "rabbitConnectionFactory#26586b74:0",
        "rabbitConnectionFactory#26586b74:1.publisher",
    ],
)
def test_an_id_that_is_nothing_but_random_names_nobody(client_name: str) -> None:
    """Container ids, client ids and bean names that a library made up tell connections apart and no services."""
    log = Log()
    log.opened("c1", client_name, product="qpid", host="10.0.0.1")

    assert party(log, log.publish("q", by="c1")) == ("qpid@10.0.0.1", "product and host")


def test_a_late_name_reaches_messages_already_seen() -> None:
    """When a connection's name becomes known, its recent messages are emitted again with a higher version."""
    log = Log()
    sent = log.publish("q", by="c1")
    log.deliver("q", to="c2")
    before = log.document(sent)
    log.linker.take_changed()
    log.opened("c1", "Uploader")

    assert [message.position for message in log.linker.take_changed()] == [sent]
    assert party(log, sent) == ("Uploader", "client-provided name")
    assert log.document(sent).version > before.version
    (named,) = [
        change
        for change in log.told(ChangeKind.ENDPOINT_NAMED)
        if change[1].connection == "c1" and change[1].pid
    ]
    assert named[1].party.service == "Uploader"


def test_a_late_name_of_a_consumer_reaches_the_attempts() -> None:
    """Consumers are named in the attempts of messages they were given before."""
    log = Log()
    sent = log.publish("q", by="c1")
    log.deliver("q", to="c2")
    log.linker.take_changed()
    log.opened("c2", "Normalizer-2")

    assert [message.position for message in log.linker.take_changed()] == [sent]
    assert log.document(sent).copies[0].attempts[0].consumer.service == "Normalizer"


def test_a_framework_header_is_better_than_an_app_id() -> None:
    """Both name a nameless publisher; the header wins."""
    log = Log()
    sent = log.publish(
        "q", by="c1", app_id="app", headers={"NServiceBus.OriginatingEndpoint": "Sales"}
    )
    only_app = log.publish("q", by="c2", app_id="app")

    assert (
        party(log, sent) == ("Sales", "NServiceBus.OriginatingEndpoint")
        or party(log, sent)[0] == "Sales"
    )
    assert party(log, only_app) == ("app", "app_id")


def test_two_app_ids_on_one_connection_name_nobody() -> None:
    """A connection that publishes for several is named by neither."""
    log = Log()
    log.publish("q", by="10.0.0.9:1 -> b:5672", app_id="a")
    sent = log.publish("q", by="10.0.0.9:1 -> b:5672", app_id="b")

    assert party(log, sent) == ("connection@10.0.0.9", "product and host")


def test_the_app_id_every_app_has_is_no_name() -> None:
    """A framework that fills in its own name for everybody names nobody."""
    log = Log()
    sent = log.publish("q", by="c1", app_id="faststream-0.5.1")

    assert party(log, sent)[1] != "app_id"


def test_a_user_of_one_service_names_it_and_a_shared_one_does_not() -> None:
    """Once a second service has the same user, the user names nobody any more."""
    log = Log()
    log.opened("c1", None, user="billing", product="pika", host="10.0.0.9")
    sent = log.publish("q", by="c1")
    assert party(log, sent) == ("billing", "user")

    log.opened("c2", "Invoices", user="billing", pid="p2")
    log.opened("c3", "Payments", user="billing", pid="p3")
    assert party(log, sent) == ("pika@10.0.0.9", "product and host")


def test_guest_names_nobody() -> None:
    """The user that everybody has is no evidence."""
    log = Log()
    log.opened("c1", None, product="pika", host="10.0.0.9")

    assert party(log, log.publish("q", by="c1")) == ("pika@10.0.0.9", "product and host")


def test_a_name_that_recurs_with_another_process_id_is_another_connection() -> None:
    """Ports are used again; the messages of the first connection keep its service."""
    log = Log()
    log.opened("c1", "First", pid="p1")
    sent = log.publish("q", by="c1")
    log.closed("c1", pid="p1")
    log.opened("c1", "Second", pid="p2")
    later = log.publish("q", by="c1")

    assert (party(log, sent)[0], party(log, later)[0]) == ("First", "Second")
    assert len(log.told(ChangeKind.ENDPOINT_CLOSED)) == 1


def test_traffic_well_after_the_close_is_of_a_new_connection() -> None:
    """Without an opening seen, a closed name that speaks again is a new endpoint."""
    log = Log()
    log.opened("c1", "First")
    log.closed("c1")
    log.wait(60)
    sent = log.publish("q", by="c1")

    assert party(log, sent)[0] != "First"


def test_a_name_that_is_not_utf_8_is_shown() -> None:
    """Bytes become readable and never an error."""
    log = Log()
    log.opened("c1", b"caf\xe9")

    assert party(log, log.publish("q", by="c1"))[0] == "caf\\xe9"


def test_the_same_name_of_another_user_is_another_connection() -> None:
    """A connection's user does not change, so messages of the one before keep theirs."""
    log = Log()
    log.opened("c1", "orders", user="guest", pid="")
    sent = log.publish("q", by="c1")
    log.opened("c1", "orders", user="svc", pid="")
    later = log.publish("q", by="c1")

    assert log.document(sent).publisher.user == "guest"
    assert log.document(later).publisher.user == "svc"
