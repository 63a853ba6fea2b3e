"""What waits in queues, without touching them: it converges after a drain, a purge, an expiry and a restart of the broker.

Everything happens to one broker at once, because the broker's depths take their time.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pamqp import commands

from events.block import open_block
from events.facts import MessagePublished
from examples.local_broker import Broker
from projector.answering import Answers
from projector.answers import QueuedCopy, QueueState
from projector.linker.processing import BY_PREFETCH, EVIDENCE
from projector.linker.settle import RESTARTED, SEEN_EMPTY
from projector.projection import Projection
from store.documents import Attempt
from store.sqlite.log import SqliteEventLog
from tests.support.amqp091 import Client
from tests.support.collecting import System, system_of
from tests.support.wait import wait_until

VHOST = "contents"
EACH = 4
HELD_S = 0.3
OFF_MS_MAX = 2_000
PREFETCH = EVIDENCE[BY_PREFETCH]
PERSISTENT, TRANSIENT = 2, 1
CLIENT_S_MAX = 30
CAPTURED_S_MAX = 30
CONVERGED_S_MAX = 60
EXACT = ("exact", 0.99)


class Scene:
    """The broker's vhost, and what hoptrail understands of it from its log."""

    def __init__(self, system: System, store: Path) -> None:
        self.system = system
        self._store = store
        self._next_block = 0
        self._projection = Projection("main")
        self.drained: list[QueuedCopy] = []
        self.held_ms: list[float] = []
        self.worked: list[Attempt] = []

    def answers(self) -> Answers:
        """Return what is answered as of now."""
        asyncio.run(self._follow())
        return Answers(self._projection)

    def queue(self, name: str) -> QueueState:
        """Return a queue as it is understood now."""
        found = self.answers().queue(VHOST, name)
        assert found is not None
        return found

    def waiting(self, name: str) -> list[QueuedCopy]:
        """Return what is believed to wait in a queue."""
        return list(self.answers().queue_contents(VHOST, name, waiting=True) or ())

    def client(self) -> Client:
        """Return a connection of a service."""
        return Client(self.system.urls[VHOST], name="service", timeout_s=CLIENT_S_MAX)

    async def _follow(self) -> None:
        async with SqliteEventLog(self._store, read_only=True) as log:
            async for block in log.blocks(start=self._next_block):
                self._projection.fold.fold(open_block(block))
                self._next_block = block.number + 1


@pytest.fixture(scope="module")
def scene(mortal_broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A broker to which everything has happened that takes messages out of queues unseen."""
    store = tmp_path_factory.mktemp("contents") / "store"
    with system_of(mortal_broker, VHOST) as system:
        mortal_broker.sync()
        collector = system.collector(store, SAMPLE_S=1, LINGER_MS=50, LINGER_BUSY_MS=50)
        with collector.leading():
            made = Scene(system, store)
            with made.client() as client:
                _fill(client)
                captured = len(QUEUES) * EACH

                def all_captured() -> bool:
                    return collector.meter.counts()[MessagePublished.__name__] >= captured

                wait_until(all_captured, timeout_s=CAPTURED_S_MAX)
                _work(made, client)
                _empty(client, system)
                wait_until(
                    lambda: made.queue("drained").deliveries == EACH, timeout_s=CAPTURED_S_MAX
                )
                made.drained = made.waiting("drained")
                made.worked = wait_until(lambda: _estimated(made), timeout_s=CAPTURED_S_MAX)
            mortal_broker.sync()  # the queues are only seconds old
            mortal_broker.kill()
            mortal_broker.start()
            yield made


QUEUES = ("drained", "purged", "expired", "restarted", "untouched")


def _fill(client: Client) -> None:
    for name in QUEUES:
        client.queue(name, arguments={"x-message-ttl": 1_000} if name == "expired" else {})
    for number in range(EACH):
        for name in QUEUES:
            transient = name == "restarted" and number % 2
            mode = TRANSIENT if transient else PERSISTENT
            client.publish(
                "", name, f"{name} {number}".encode(), delivery_mode=mode, message_type=str(number)
            )


def _work(made: Scene, client: Client) -> None:
    """Let a service with a prefetch of one hold each of three messages for a while, and note for how long it did."""
    client.queue("work")
    for number in range(3):
        client.publish("", "work", f"work {number}".encode())
    with made.client() as worker:
        worker.consume("work", prefetch=1)
        for _ in range(3):
            tag, began = worker.delivery().delivery_tag or 0, time.monotonic()
            wait_until(lambda: time.monotonic() >= began + HELD_S, timeout_s=CLIENT_S_MAX)  # noqa: B023 - it is called now
            made.held_ms.append((time.monotonic() - began) * 1_000)
            worker.send(commands.Basic.Ack(tag))
        worker.settle()


def _estimated(made: Scene) -> list[Attempt]:
    """Return the deliveries of the work once the last is captured."""
    answers = made.answers()
    messages = filter(None, (answers.message(f"main-{n}") for n in range(answers.position)))
    found = [a for m in messages for c in m.copies if c.queue == "work" for a in c.attempts]
    return found if len(found) == 3 else []


def _empty(client: Client, system: System) -> None:
    for _ in range(EACH):
        client.get("drained")
    system.management.delete("queues", VHOST, "purged", "contents")


def converged(scene: Scene, name: str) -> QueueState:
    """Return a queue once what is believed agrees with what the broker counts, and nothing moves."""

    def agrees() -> list[QueueState]:
        found = scene.queue(name)
        return [found] if (found.agreement.verdict, found.agreement.confidence) == EXACT else []

    return wait_until(agrees, timeout_s=CONVERGED_S_MAX)[0]


def causes(scene: Scene, name: str) -> set[str | None]:
    """Return why the copies of a queue that are gone are believed gone."""
    answers = scene.answers()
    messages = filter(None, (answers.message(f"main-{n}") for n in range(answers.position)))
    return {
        copy.cause
        for message in messages
        for copy in message.copies
        if copy.queue == name and copy.state == "gone"
    }


def test_what_nobody_touched_is_there(scene: Scene) -> None:
    """Persistent messages survive a killed broker, and are told in their order, as many as the broker counts."""
    found = converged(scene, "untouched")

    assert (found.waiting, found.broker_ready) == (EACH, EACH)
    assert [copy.type for copy in scene.waiting("untouched")] == ["0", "1", "2", "3"]


def test_a_restart_leaves_what_is_persistent(scene: Scene) -> None:
    """The transient messages are gone by the restart, and just those."""
    found = converged(scene, "restarted")

    assert (found.waiting, found.broker_ready) == (EACH // 2, EACH // 2)
    assert [copy.type for copy in scene.waiting("restarted")] == ["0", "2"]
    assert causes(scene, "restarted") == {RESTARTED}


def test_work_is_estimated_as_long_as_it_took(scene: Scene) -> None:
    """With a prefetch of one the estimates are what the service took, as far as the machine lets anybody tell."""
    told = [attempt.processing_ms for attempt in scene.worked]

    assert [attempt.processing_evidence for attempt in scene.worked] == [PREFETCH, PREFETCH, None]
    for estimate, held in zip(told[:2], scene.held_ms[:2], strict=True):
        assert estimate is not None
        assert abs(estimate - held) < OFF_MS_MAX


def test_a_drain_is_seen(scene: Scene) -> None:
    """What was taken is not there any more as soon as that is captured, without any inference."""
    assert scene.drained == []
    assert causes(scene, "drained") == set()


def test_a_purge_is_concluded_from_the_depths(scene: Scene) -> None:
    """Nobody tells of a purge; two empty samples do."""
    found = converged(scene, "purged")

    assert (found.waiting, found.broker_ready) == (0, 0)
    assert causes(scene, "purged") == {SEEN_EMPTY}


def test_expired_messages_leave(scene: Scene) -> None:
    """What outlived its time to live is gone, by the time or by the depths, whichever tells first."""
    found = converged(scene, "expired")

    assert (found.waiting, found.broker_ready) == (0, 0)
    assert len(causes(scene, "expired")) == 1
