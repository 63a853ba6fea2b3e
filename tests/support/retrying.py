"""A captured vhost with dead letters, and an operator who retries them by commands; the broker is asked what lies where."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pamqp import commands

from collector.operations.command import Command
from events.facts import (
    Envelope,
    Fact,
    MessagePublished,
    RetryCancelled,
    RetryPaused,
    RetryResumed,
)
from events.operations import OperatorState, Retry
from events.republish import as_source, delivery_limit, mark_in
from projector.linker.linker import Linker
from projector.operations.plan import Around, Candidate, Found, Lies, Plan, Target, Wanted, plan
from projector.operations.requesting import Request, commands_of
from tests.conftest import url_in
from tests.support.amqp091 import Client
from tests.support.captured import Meter, read
from tests.support.collecting import Collector, System
from tests.support.commanding import Operator
from tests.support.wait import wait_until

CAPTURED_S_MAX: Final = 60
RETRIED_S_MAX: Final = 90


@dataclass(frozen=True)
class Stage:
    """A vhost that *leader*, or another, captures into *store*. Every test has queues of its own, named after it."""

    system: System
    store: Path
    leader: Collector | None = None
    number: int = 0
    """Which of the vhosts."""

    @property
    def vhost(self) -> str:
        return list(self.system.urls)[self.number]

    @property
    def collector(self) -> Collector:
        """The collector that leads."""
        assert self.leader is not None
        return self.leader

    @property
    def operator(self) -> Operator:
        return Operator(self.store, self.system.broker.amqp_url)

    def client(self) -> Client:
        """Return a connection to the vhost."""
        return Client(url_in(self.system.broker, self.vhost), name="an application")

    # Dead letters

    def endless(self, kind: str) -> dict[str, Any]:
        """Return the arguments with which a queue of type *kind* never drops what is returned to it."""
        return {"x-delivery-limit": -1} if kind == "quorum" and self._has_default_limit else {}

    def limited(self, kind: str) -> dict[str, Any]:
        """Return the arguments with which a quorum queue drops what was returned often; from RabbitMQ 4 on none."""
        return {} if kind != "quorum" or self._has_default_limit else {"x-delivery-limit": 20}

    @property
    def _has_default_limit(self) -> bool:
        return not self.system.broker.version.startswith("3.")

    def dead_letters(
        self,
        name: str,
        count: int,
        *,
        dead: str = "classic",
        told: dict[str, Any] | None = None,
        **properties: Any,
    ) -> None:
        """Let *count* messages die in the queue ``<name>.work`` into ``<name>.dead``, and wait until that is captured.

        *dead* is the type of the latter, *told* its further arguments.
        """
        with self.client() as session:
            session.exchange(f"{name}.dlx", "fanout")
            session.queue(f"{name}.dead", dead, arguments=told or {})
            session.bind(f"{name}.dead", f"{name}.dlx")
            session.queue(f"{name}.work", arguments={"x-dead-letter-exchange": f"{name}.dlx"})
            wait_until(lambda: self._taps_dead_letters(name), timeout_s=CAPTURED_S_MAX)
            for number in range(count):
                ids = {"message_id": f"{name}-{number}", **properties}
                body = f"{name} {number}".encode()
                session.publish_unconfirmed("", f"{name}.work", body, **ids)
            session.settle()
            wait_until(lambda: session.depth(f"{name}.work") == count, timeout_s=CAPTURED_S_MAX)
            for _ in range(count):
                session.get(f"{name}.work", no_ack=False)
            session.send(commands.Basic.Nack(delivery_tag=0, multiple=True, requeue=False))
            wait_until(lambda: session.depth(f"{name}.dead") == count, timeout_s=CAPTURED_S_MAX)
        wait_until(lambda: len(self.dead(name)) == count, timeout_s=CAPTURED_S_MAX)

    def _taps_dead_letters(self, name: str) -> bool:
        bindings = self.system.management.get("bindings", self.vhost)
        return any(
            each["source"] == f"{name}.dlx" and each["destination"].startswith("obs.tap")
            for each in bindings
        )

    def dead(self, name: str) -> list[Envelope]:
        """Return what the log holds of messages that died in ``<name>.work``."""
        return [
            each
            for each in read(self.store).envelopes
            if type(each.fact).__name__ == "MessageDeadLettered"
            and getattr(each.fact, "exchange", "") == f"{name}.dlx"
        ]

    # What the operator does

    def plan(self, name: str, wanted: Wanted, *, leave_out: int | None = None) -> Plan:
        """Plan what is *wanted* for the messages first published to ``<name>.work``, but for the one of a number."""
        captured = read(self.store)
        linker = Linker("main")
        for envelope in captured.envelopes:
            linker.fold(envelope)
        candidates = [
            self._candidate(linker, each)
            for each in captured.envelopes_of(MessagePublished)
            if getattr(each.fact, "routing_keys", ()) == (f"{name}.work",)
            and mark_in(each.fact.properties.headers) is None  # type: ignore[attr-defined]
        ]
        if leave_out is not None:
            del candidates[leave_out]
        return plan(candidates, wanted, self._around())

    def _candidate(self, linker: Linker, envelope: Envelope) -> Candidate:
        message, source = linker.get(envelope.position), as_source(envelope.fact)
        assert message is not None
        assert source is not None
        found = Found(position=envelope.position, observed_at=envelope.observed_at, fact=source)
        return Candidate(document=linker.document(message), source=found)

    def _around(self) -> Around:
        management = self.system.management
        version = self.system.broker.version
        queues = {
            (self.vhost, each["name"]): Lies(
                type=each["type"],
                limit=delivery_limit(each["type"], each["arguments"], {}, version),
            )
            for each in management.get("queues", self.vhost)
        }
        exchanges = {(self.vhost, each["name"]) for each in management.get("exchanges", self.vhost)}
        return Around(queues=queues, exchanges=exchanges, user=self.system.broker.user)  # type: ignore[arg-type]

    def start(
        self, made: Plan, wanted: Wanted, *, batch: int = 50, rate_per_s: float = 1_000.0
    ) -> str:
        """Ask for a retry and return its id."""
        name = secrets.token_hex(8)
        request = Request(
            retry=name,
            by="local",
            selection="a test",
            planned_at=0,
            batch=batch,
            rate_per_s=rate_per_s,
        )
        for make in commands_of(made, wanted, request):
            self.ask(make)
        return name

    def ask(self, make: Callable[[str], tuple[Fact, ...]]) -> None:
        """Send a command to the leader."""
        name = secrets.token_hex(16)
        self.operator.send(Command(name, time.time_ns(), make(name)))

    def pause(self, retry: str) -> None:
        """Ask for a retry to rest."""
        self.ask(lambda command: (RetryPaused(command, "local", retry),))

    def resume(self, retry: str, **decision: bool) -> None:
        """Ask for a retry to go on."""
        self.ask(lambda command: (RetryResumed(command, "local", retry, **decision),))

    def cancel(self, retry: str) -> None:
        """Ask for a retry to end."""
        self.ask(lambda command: (RetryCancelled(command, "local", retry),))

    # What became of it

    def retry(self, name: str) -> Retry | None:
        """Return a retry as the log tells it, with its items; None before it is in the log."""
        state = OperatorState()
        for envelope in read(self.store).envelopes:
            if type(envelope.fact).__name__ != "RetryFinished":
                state.apply(envelope)
        return state.retries.get(name)

    def ended(self, name: str) -> Any:
        """Return how a retry ended; None while it has not."""
        for envelope in read(self.store).envelopes:
            fact = envelope.fact
            if type(fact).__name__ == "RetryFinished" and getattr(fact, "retry", "") == name:
                return fact
        return None

    def wait_ended(self, name: str) -> Any:
        """Wait until a retry ended and return how."""

        def has_ended() -> Any:
            self.collector.check_running()
            return self.ended(name)

        return wait_until(has_ended, timeout_s=RETRIED_S_MAX)

    def state(self, name: str) -> str:
        """Return the state of a retry as the log tells it."""
        found = self.retry(name)
        return "" if found is None else found.state

    def published(self, name: str) -> int:
        """Return how many messages of a retry are published, as the log tells it."""
        found = self.retry(name)
        return 0 if found is None else found.published

    def settled_count(self, name: str) -> int:
        """Return how many messages a resting retry has published, when that does not change any more."""
        before = -1

        def is_steady() -> bool:
            nonlocal before
            was, before = before, self.published(name)
            return was == before

        wait_until(is_steady, timeout_s=RETRIED_S_MAX)
        return before

    def wait_published(self, name: str, count: int) -> None:
        """Wait until the log says that at least *count* messages of a retry are published."""

        def are_published() -> bool:
            self.collector.check_running()
            found = self.retry(name)
            return found is not None and found.published >= count

        wait_until(are_published, timeout_s=RETRIED_S_MAX)

    def batches(self) -> Callable[[], int]:
        """Return what tells how many more batches of retries the log holds than now."""
        meter = Meter(self.store)
        before = meter.counts()["RetryPublished"]
        return lambda: meter.counts()["RetryPublished"] - before

    def outcomes(self, name: str) -> Counter[str]:
        """Return how many items of a retry came to what."""
        found = self.retry(name)
        return (
            Counter()
            if found is None
            else Counter(each.outcome for each in found.outcomes.values())
        )

    def bodies(self, queue: str) -> Counter[bytes]:
        """Take everything off a queue and return its bodies."""
        return asyncio.run(_bodies(url_in(self.system.broker, self.vhost), queue))

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in a queue."""
        with self.client() as session:
            return session.depth(queue)

    def wait_depth(self, queue: str, count: int) -> None:
        """Wait until *count* messages are ready in a queue: what a retry gave back is there a little later."""
        with self.client() as session:
            wait_until(lambda: session.depth(queue) == count, timeout_s=CAPTURED_S_MAX)

    def wait_copies(self, name: str, count: int) -> Counter[bytes]:
        """Return how often the log holds a copy of a retry, by body, once it has *count*: they come by the tap."""
        wait_until(lambda: self.copies(name).total() >= count, timeout_s=CAPTURED_S_MAX)
        return self.copies(name)

    def copies(self, name: str) -> Counter[bytes]:
        """Return how often the log holds a copy of a retry, by body."""
        captured = read(self.store)
        return Counter(
            captured.body(fact.body)
            for fact in captured.of(MessagePublished)
            if (mark := mark_in(fact.properties.headers)) is not None and mark.retry == name
        )


async def _bodies(url: str, queue: str) -> Counter[bytes]:
    from collector.amqp import connect, parse_url

    found: Counter[bytes] = Counter()
    async with await connect(parse_url(url), name="a test looks") as connection:
        channel = await connection.channel()
        while (delivery := await channel.get(queue, no_ack=True)) is not None:
            found[delivery.body] += 1
    return found


def expected(name: str, count: int) -> Counter[bytes]:
    """Return the bodies of :meth:`Stage.dead_letters`, once each."""
    return Counter(f"{name} {number}".encode() for number in range(count))


__all__ = ["Stage", "Target", "Wanted", "expected"]
