"""What is read from the recorded traffic of Python's frameworks, against what their applications know."""

import pytest

from projector.linker.dialects import DIALECTS
from store.documents import MessageDocument
from tests.support.recording import Recording

SURE = 0.8
LINKS_AT_LEAST = {
    "aio_pika_otel": 15,
    "celery": 23,
    "celery_delayed": 4,
    "dramatiq": 5,
    "faststream": 4,
    "faststream_otel": 16,
    "kombu": 0,
    "nameko": 18,
    "pika_otel": 10,
    "taskiq": 2,
}
"""How many true parents are concluded with confidence; the rest has no ids, and is left open or doubted."""

Documents = dict[str, dict[str, MessageDocument]]


@pytest.fixture(scope="module", params=sorted(LINKS_AT_LEAST))
def recording(request: pytest.FixtureRequest) -> Recording:
    return Recording.load(request.param)


@pytest.fixture(scope="module")
def documents() -> Documents:
    return {name: Recording.load(name).documents() for name in LINKS_AT_LEAST}


def test_everything_the_applications_sent_was_captured(recording: Recording) -> None:
    """A recording is whole: each message told of is in it."""
    assert recording.truth
    assert recording.missing() == []


def test_confident_links_are_true(recording: Recording) -> None:
    """Of the parents concluded with confidence none is wrong, and where ids are written none is missing."""
    links = recording.links()
    sure = [link for link in links if link.confidence >= SURE]

    assert [link for link in sure if link.found != link.true] == []
    assert len(sure) >= LINKS_AT_LEAST[recording.name]


def test_nothing_is_its_own_parent(recording: Recording) -> None:
    """Also a message that bears the id of an earlier one is another message."""
    assert [link for link in recording.links() if link.found == link.sent] == []


@pytest.mark.parametrize(
    ("name", "marker", "framework", "message_type", "evidence"),
    [
        ("celery", "a", "Celery", "shop.charge", "celery task"),
        ("celery", "reply-a", "Celery", None, None),
        ("dramatiq", "a0#1", "Dramatiq", "charge", "dramatiq actor_name"),
        ("taskiq", "a0#1", "Taskiq", "shop:charge", "taskiq task_name"),
        ("faststream", "a0", "FastStream", None, None),
        ("faststream_otel", "a0", "FastStream", None, None),
        ("nameko", "a-placed", "Nameko", None, None),
        ("nameko", "a-reply", None, None, None),
        ("aio_pika_otel", "a0-booked", None, "booked", "type"),
        ("kombu", "a0", None, None, None),
    ],
)
def test_framework_and_type_are_recognised(
    documents: Documents,
    name: str,
    marker: str,
    framework: str | None,
    message_type: str | None,
    evidence: str | None,
) -> None:
    """The framework is named where it left a sign, and the type with the evidence it rests on."""
    told = documents[name][marker]

    assert told.framework == framework
    assert (told.message_type, told.message_type_evidence) == (message_type, evidence)


@pytest.mark.parametrize(
    ("name", "marker", "error", "retries"),
    [
        ("celery", "d", None, None),
        ("celery", "d#2", None, 1),
        ("celery", "d#3", None, 2),
        ("celery", "i#3", None, 2),
        ("celery", "again-d", "Refused: ~again-d~", None),
        ("celery", "failed-e", "Refused: ~failed-e~", None),
        ("dramatiq", "e#1", None, None),
        ("dramatiq", "e#2", "shop.Refused: no such address", 1),
        ("dramatiq", "e#3", "shop.Refused: no such address", 1),
        ("dramatiq", "late-f#2", None, None),
        ("taskiq", "d#1", None, None),
        ("taskiq", "d#3", None, 2),
        ("nameko", "c-failed", "Refused: ~c-failed~", None),
    ],
)
def test_failures_tell_why_and_how_often(
    documents: Documents, name: str, marker: str, error: str | None, retries: int | None
) -> None:
    """What a framework publishes again, or replies, because of a failure bears the error and its count of retries."""
    told = documents[name][marker]

    assert (told.error, told.framework_retries) == (error, retries)


@pytest.mark.parametrize(
    ("name", "sent", "cause", "evidence"),
    [
        ("celery", "b", "a", "celery parent_id"),
        ("celery", "reply-a", "a", "rpc-reply"),
        ("celery", "i", "h", "celery parent_id"),
        ("celery", "i#2", "i", "same task id"),
        ("celery", "i#3", "i#2", "same task id"),
        ("celery", "i-delivered", "i#3", "celery parent_id"),
        ("dramatiq", "d#2", "d", "same dramatiq message_id"),
        ("dramatiq", "d#3", "d#2", "same dramatiq message_id"),
        ("dramatiq", "late-f#2", "late-f", "same dramatiq message_id"),
        ("taskiq", "d#3", "d#2", "same taskiq task_id"),
        ("faststream", "a0-reserve-reply", "a0-reserve", "rpc-reply"),
        ("faststream_otel", "a0-accepted-booked", "a0-accepted", "traceparent"),
        ("nameko", "b-reserve-1", "b", "nameko.call_id_stack"),
        ("nameko", "b-reserve-1-count", "b-reserve-1", "nameko.call_id_stack"),
        ("nameko", "c-failed", "c", "rpc-reply"),
    ],
)
def test_causes_are_known_by_what_is_written(
    name: str, sent: str, cause: str, evidence: str
) -> None:
    """A message's parent is the one its sender worked on, on the evidence its framework gives."""
    links = {link.sent.removesuffix("#1"): link for link in Recording.load(name).links()}

    assert (links[sent].found, links[sent].evidence) == (cause, evidence)


def test_delays_kept_by_the_broker_are_no_failures(documents: Documents) -> None:
    """A task that waited in a chain of queues with a TTL died of timers only, and was delivered where it belongs."""
    for seconds in (1, 2, 3):
        told = documents["celery_delayed"][f"after-{seconds}"]
        deaths = [copy.dead_letter for copy in told.copies if copy.dead_letter is not None]

        assert deaths
        assert all(death.timer for death in deaths)
        assert told.copies[-1].queue == "orders"
        assert told.state != "dead-lettered"


def test_nameko_names_the_services_that_publish(documents: Documents) -> None:
    """The run that sent a message begins with its service's name, where connections have none."""
    told = documents["nameko"]

    assert told["b-reserve-0"].publisher.service == "orders"
    assert told["b-reserve-0-count"].publisher.service == "stock"
    assert told["b-reserve-0"].publisher.evidence == "nameko.call_id_stack"


def test_what_faststream_fills_in_names_no_service(documents: Documents) -> None:
    """An `app_id` that every application of a framework has is no service's name."""
    services = {told.publisher.service for told in documents["faststream"].values()}

    assert not any(str(service).startswith("faststream") for service in services)


def test_a_dialect_says_which_recordings_it_was_checked_against() -> None:
    """Each framework recorded here is named by the dialect that reads it; a plain client speaks none."""
    said = {name for dialect in DIALECTS for name in dialect.recorded}

    assert set(LINKS_AT_LEAST) - {"kombu"} <= said
