"""Who is who, from the event exchange: connections too short for any snapshot, and what a missing plugin costs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pamqp import commands

from bench.raw import RawConnection, frames_of
from events.facts import (
    ChannelOpened,
    ConnectionClosed,
    ConnectionOpened,
    ConsumerStarted,
    ConsumerStopped,
    MessageDelivered,
    MessagePublished,
    TapsPlanned,
)
from examples.local_broker import Broker, BrokerUnavailable
from projector.answering import Answers
from projector.projection import Projection
from store.documents import MessageDocument
from tests.support import parts
from tests.support.brokers import CONFIG, chosen_suite, open_speaking_broker, open_test_broker
from tests.support.captured import Captured, read
from tests.support.collecting import System, system_of
from tests.support.debian_root import TESTING
from tests.support.wait import wait_until

TAKEN_S_MAX = 60
CLIENTS = ("resizer", "worker")
ANNOTATIONS = "event_exchange.protocol = amqp_1_0"
BODY = b"from a short life"


def _closing(opened: Broker) -> Iterator[Broker]:
    try:
        yield opened
    finally:
        if opened.pid is not None:
            opened.kill()
        opened.close()


@pytest.fixture(scope="module")
def telling_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """The shared broker; one whose events are annotations where its version can do that."""
    if chosen_suite() != TESTING:
        yield request.getfixturevalue("broker")
        return
    parts.require("own-broker")
    try:
        directory = tmp_path_factory.mktemp("annotations")
        opened = open_test_broker(directory, config=f"{CONFIG}\n{ANNOTATIONS}")
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)
    yield from _closing(opened)


@pytest.fixture
def silent_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker without event exchange and without metrics."""
    parts.require("own-broker")
    try:
        opened = open_speaking_broker(tmp_path / "silent", ["no-events", "no-metrics"])
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)
    yield from _closing(opened)


def live_shortly(url: str) -> None:
    """Publish on one connection and consume on another, both gone after a moment."""
    with RawConnection(url, name="resizer") as publisher:
        declare = commands.Queue.Declare(queue="short", durable=True)
        publisher.call(declare, commands.Queue.DeclareOk)
        publisher.publish_all([frames_of(1, b"", b"short", {}, BODY)])
    with RawConnection(url, name="worker") as consumer:
        consumer.call(
            commands.Basic.Consume(queue="short", consumer_tag="once"), commands.Basic.ConsumeOk
        )
        consumer.expect(commands.Basic.Deliver)
        consumer.call(commands.Basic.Cancel(consumer_tag="once"), commands.Basic.CancelOk)


def has_traffic(captured: Captured) -> bool:
    """Say whether the message and its delivery are there."""
    return bool(captured.of(MessagePublished) and captured.of(MessageDelivered))


def has_lives(captured: Captured) -> bool:
    """Say whether all is there that the event exchange tells of the two, the end of their connections last."""
    names = {it.name for it in captured.of(ConnectionOpened) if it.client_name in CLIENTS}
    ended = names & {it.name for it in captured.of(ConnectionClosed)}
    stopped = any(it.consumer_tag == "once" for it in captured.of(ConsumerStopped))
    return has_traffic(captured) and stopped and len(ended) == len(CLIENTS)


def captured_shortly(system: System, store: Path, is_whole: Callable[[Captured], bool]) -> Captured:
    """Return what is captured of short lives, once that *is_whole*."""
    url = next(iter(system.urls.values()))
    with system.collector(store).leading() as collector:
        wait_until(lambda: collector.meter.counts()["TapsPlanned"] > 0, timeout_s=TAKEN_S_MAX)
        live_shortly(url)
        wait_until(lambda: is_whole(read(store)), timeout_s=TAKEN_S_MAX)
        collector.stop()
    return read(store)


def folded(captured: Captured) -> tuple[Projection, MessageDocument]:
    """Fold everything, and return the one message."""
    projection = Projection("main")
    projection.fold.fold(captured.envelopes)
    (published,) = captured.envelopes_of(MessagePublished)
    message = projection.linker.get(published.position)
    assert message is not None
    return projection, projection.linker.document(message)


def test_connections_shorter_than_any_snapshot_have_their_names(
    telling_broker: Broker, tmp_path: Path
) -> None:
    """A message tells the names that publisher and consumer gave themselves, though both lived for a moment only."""
    with system_of(telling_broker, "short-lives") as system:
        captured = captured_shortly(system, tmp_path / "store", has_lives)

    opened = {it.client_name: it for it in captured.of(ConnectionOpened)}
    names = {opened[name].name for name in CLIENTS}
    assert {it.source for it in captured.of(ConnectionOpened) if it.name in names} == {"event"}
    assert names <= {it.name for it in captured.of(ConnectionClosed)}
    assert names <= {it.connection for it in captured.of(ChannelOpened)}
    (started,) = [it for it in captured.of(ConsumerStarted) if it.consumer_tag == "once"]
    assert (started.connection, started.queue) == (opened["worker"].name, "short")
    assert "once" in {it.consumer_tag for it in captured.of(ConsumerStopped)}
    _, message = folded(captured)
    (copy,) = message.copies
    assert (message.publisher.service, message.publisher.evidence) == ("resizer", "client-provided name")  # fmt: skip
    assert [attempt.consumer.service for attempt in copy.attempts] == ["worker"]


def test_missing_plugins_cost_names_and_counters_only(
    silent_broker: Broker, tmp_path: Path
) -> None:
    """Without event exchange and metrics all messages are captured, and the capture page says what is not known."""
    with system_of(silent_broker, "silent") as system:
        captured = captured_shortly(system, tmp_path / "store", has_traffic)

    projection, message = folded(captured)
    assert [fact.event_exchange for fact in captured.of(TapsPlanned)][-1] is False
    assert (message.state, message.publish_observed) == ("delivered", True)
    assert message.publisher.connection is not None
    assert message.publisher.service != "resizer"
    told = Answers(projection).capture()
    assert not told.event_exchange
    assert told.unseen_dead_letters is None
    for words in ("event exchange is not tapped", "how many messages died"):
        assert any(words in each for each in told.blind_spots)
