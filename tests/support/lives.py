"""Lives of messages on a real broker: each is performed by services of ours that know what they did, all in one run.

An act is a generator. What it declares before its first ``yield`` is in the log when it goes on, and so is what happened
before any later one, so that many acts share each wait. It returns what it knows to be true of its messages.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

import pytest
from pamqp import commands

from events.facts import MessageDeadLettered, QueueDeclared, QueueSampled
from store.documents import MessageDocument
from tests.support.amqp091 import Client
from tests.support.lives_page import rows_of
from tests.support.visible import Scene
from tests.support.visible_fixtures import GRAVES
from tests.support.wait import wait_until

KNOWN_S_MAX: Final = 60
EMPTY_S_MAX: Final = 30
MARKS: Final = "lives.marks"
LINK: Final = "federation: "
"""So begins the name of a federation link's own queue."""
SAMPLED_S_MAX: Final = 90
SAMPLE_COUNTS_AFTER_S: Final = 6
SAMPLES_NEEDED: Final = 2
UNDECLARED_AFTER_S: Final = 16
"""So long after a publish are samples of other queues to come that tell that its own is not there."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the services and the broker know of one message (roles name the queues of an act).

    `body` is what marks it, `which` tells several messages of one body apart, by the order of their publishes. `given`
    counts deliveries by role, `deaths` by (role, reason); `rounds` is how often it came back to a queue; `rests` counts
    what waits at the end by role, as the broker's depth confirms. `hidden` names those of them that the broker shows too
    little of to be known. `row` is the part of the page's row name behind the act's.
    """

    body: bytes
    which: int = 0
    row: str = ""
    given: Mapping[str, int] = field(default_factory=dict[str, int])
    deaths: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    rounds: int = 0
    rests: Mapping[str, int] = field(default_factory=dict[str, int])
    hidden: frozenset[str] = frozenset()


Steps = Generator[None, None, Truth | Sequence[Truth]]
Act = Callable[["Play"], Steps]
ACT: Final = "is_an_act"


def act(performed: Act) -> Act:
    """Mark a function as an act; the page has a row of its name."""
    setattr(performed, ACT, True)
    return performed


def acts_in(module: ModuleType) -> dict[str, Act]:
    """Return the acts of *module* by name, in its order."""
    return {name: found for name, found in vars(module).items() if hasattr(found, ACT)}


class Play:
    """The stage of one act with one type of queue: its queues, its connections, and what it says."""

    def __init__(self, scene: Scene, name: str, kind: str) -> None:
        self.scene = scene
        self.kind = kind
        self.name = f"{name}.{kind}".replace("_", "-")
        self.body = self.name.encode()
        self._clients: list[Client] = []

    def client(self, name: str = "lives") -> Client:
        """Return a new connection that calls itself *name*; it is closed after the run."""
        opened = self.scene.client(name)
        self._clients.append(opened)
        return opened

    def close(self) -> None:
        """End all connections of the act."""
        for client in self._clients:
            client.close()

    def named(self, role: str) -> str:
        """Return the name of the queue, or the exchange, in *role*."""
        return f"{self.name}.{role}"

    def role(self, queue: str) -> str:
        """Return the role of a queue."""
        return "link" if queue.startswith(LINK) else queue.removeprefix(f"{self.name}.")

    def queue(
        self,
        role: str,
        *,
        dies_to: str | None = None,
        tapped: bool = True,
        kind: str | None = None,
        **arguments: Any,
    ) -> str:
        """Declare the queue in *role*, and by which way its dead letters go to *dies_to*; return its name."""
        told = {key.replace("_", "-"): value for key, value in arguments.items()}
        if dies_to is not None:
            told["x-dead-letter-exchange"] = GRAVES if tapped else ""
            told["x-dead-letter-routing-key"] = self.named(dies_to)
        with self.scene.client() as client:
            return client.queue(self.named(role), kind or self.kind, arguments=told)

    def bury(self, role: str) -> None:
        """Bind the queue in *role* to the tapped dead-letter exchange."""
        with self.scene.client() as client:
            client.bind(self.named(role), GRAVES, self.named(role))

    def send(self, role: str, *, body: bytes | None = None, **properties: Any) -> None:
        """Publish to the queue in *role* by the default exchange, from a connection of its own."""
        with self.scene.client("sender") as client:
            client.publish("", self.named(role), self.body if body is None else body, **properties)

    def sampled(self, role: str | None) -> Generator[None, None, None]:
        """Go on when the log holds the samples that tell what became of what was done so far.

        They are those of the queue in *role*, or of any queue where that one is not there (None).

        Raises:
            AssertionError: there are none in time.
        """
        since = time.time_ns()
        late_s = UNDECLARED_AFTER_S if role is None else SAMPLE_COUNTS_AFTER_S
        wanted = None if role is None else self.named(role)
        while len(self.scene.sampled(wanted, since + late_s * 1_000_000_000)) < SAMPLES_NEEDED:
            assert time.time_ns() < since + SAMPLED_S_MAX * 1_000_000_000, f"no samples of {wanted}"
            yield

    def depth(self, role: str) -> int:
        """Return how many messages are ready in the queue in *role*."""
        with self.scene.client() as client:
            return client.depth(self.named(role))

    def wait_depth(self, role: str, depth: int) -> None:
        """Return when exactly *depth* messages are ready in the queue in *role*."""
        with self.scene.client() as client:
            wait_until(lambda: client.depth(self.named(role)) == depth, timeout_s=EMPTY_S_MAX)

    def reject(self, role: str, *, requeue: bool = False) -> None:
        """Take one message from the queue in *role* and reject it."""
        with self.scene.client("worker") as client:
            client.consume(self.named(role))
            tag = client.delivery().delivery_tag or 0
            client.send(commands.Basic.Nack(tag, requeue=requeue))
            client.settle()

    def take(self, role: str) -> None:
        """Consume one message from the queue in *role* and acknowledge it."""
        with self.scene.client("worker") as client:
            client.consume(self.named(role))
            client.send(commands.Basic.Ack(client.delivery().delivery_tag or 0))
            client.settle()


@dataclass(frozen=True)
class Lived:
    """One message of an act after the run: what is true of it, and what hoptrail makes of the log."""

    play: Play
    truth: Truth
    document: MessageDocument
    facts: Sequence[type]
    depths: Mapping[str, int]


@pytest.fixture(scope="module")
def lived(request: pytest.FixtureRequest, scene: Scene) -> dict[str, Lived]:
    """Every life of the module by row and type of queue, performed once and folded once."""
    samples = getattr(request.module, "WITH_SAMPLES", False)
    return perform(scene, acts_in(request.module), samples=samples)


def perform(scene: Scene, acts: Mapping[str, Act], *, samples: bool) -> dict[str, Lived]:
    """Perform *acts* side by side with each type of queue of their rows; return what came of them.

    Without *samples* what the broker's depths say is left out, so that it is no matter when it was asked.
    """
    _declare_marks(scene)
    plays = [
        (name, Play(scene, name, kind), act_)
        for name, act_ in acts.items()
        for kind in rows_of(name)[0].queue_types
    ]
    try:
        truths = _play(scene, [(play, act_(play)) for _, play, act_ in plays])
        depths = _depths(scene, truths)
        messages = scene.messages(without=() if samples else (QueueSampled,))
        return {
            f"{name}{truth.row}-{play.kind}": _lived(messages, play, truth, depths)
            for name, play, _ in plays
            for truth in truths[play]
        }
    finally:
        for _, play, _ in plays:
            play.close()


def _play(scene: Scene, steps: Sequence[tuple[Play, Steps]]) -> dict[Play, Sequence[Truth]]:
    truths: dict[Play, Sequence[Truth]] = {}
    left = list(steps)
    number = 0
    while left:
        going: list[tuple[Play, Steps]] = []
        for play, act_ in left:
            try:
                next(act_)
                going.append((play, act_))
            except StopIteration as end:
                truths[play] = [end.value] if isinstance(end.value, Truth) else end.value
        number += 1
        _wait_known(scene, f"{MARKS}.{id(truths)}.{number}")
        left = going
    return truths


def _declare_marks(scene: Scene) -> None:
    with scene.client() as client:
        client.queue(MARKS, arguments={"x-message-ttl": 0, "x-dead-letter-exchange": GRAVES})


def _wait_known(scene: Scene, mark: str) -> None:
    """Return when the log holds all that happened so far: topology, traffic and dead letters."""
    with scene.client() as client:
        with scene.window():
            client.publish("", MARKS, mark.encode())
            client.queue(mark, arguments={"x-expires": 60_000})
        wait_until(
            lambda: (
                any(fact.name == mark for fact in scene.facts(QueueDeclared))
                and any(
                    scene.body(fact.body) == mark.encode()
                    for fact in scene.facts(MessageDeadLettered)
                )
            ),
            timeout_s=KNOWN_S_MAX,
        )


def _depths(scene: Scene, truths: Mapping[Play, Sequence[Truth]]) -> dict[str, int]:
    with scene.client() as client:
        return {
            play.named(role): client.depth(play.named(role))
            for play, told in truths.items()
            for truth in told
            for role in truth.rests
        }


def _lived(
    messages: Sequence[tuple[bytes, MessageDocument, Sequence[type]]],
    play: Play,
    truth: Truth,
    depths: Mapping[str, int],
) -> Lived:
    found = [(document, facts) for body, document, facts in messages if body == truth.body]
    assert len(found) > truth.which, f"no message {truth.body!r} of {play.name} is in the log"
    return Lived(play, truth, *found[truth.which], depths)
