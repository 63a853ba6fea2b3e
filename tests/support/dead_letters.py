"""A captured vhost whose dead-letter exchanges change: what is declared, what the taps are bound to, what else is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pamqp import commands

from bench.raw import RawConnection, frames_of
from events.facts import TapsPlanned
from tests.support.captured import read
from tests.support.collecting import Collector, System
from tests.support.management import Management
from tests.support.wait import wait_until

BOUND_S_MAX: Final = 60
TAP: Final = "obs.tap.dlx"
FIREHOSE: Final = "obs.tap.firehose"
TAPS: Final = "obs.tap."
BROKERS_OWN: Final = {"amq.rabbitmq.trace", "amq.rabbitmq.event"}
Bound = set[tuple[str, str]]
"""Exchange and binding key."""


def bound(management: Management, vhost: str, tap: str = TAP) -> Bound:
    """Return what a tap is bound to, but for the broker's own exchanges."""
    return {
        (it["source"], it["routing_key"])
        for it in management.get("bindings", vhost)
        if it["destination"] == tap and it["source"] not in ("", *BROKERS_OWN)
    }


def without_taps(definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definitions of a vhost without the taps' queues and exchanges, and their bindings."""
    return {
        **definitions,
        "exchanges": [
            each for each in definitions["exchanges"] if not each["name"].startswith(TAPS)
        ],
        "queues": [each for each in definitions["queues"] if not each["name"].startswith(TAPS)],
        "bindings": [
            each for each in definitions["bindings"] if not each["destination"].startswith(TAPS)
        ],
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return (what and which way, object) for everything that only one of two definitions has."""
    return [
        (f"{kind} {way}", each)
        for kind in before
        for way, one, other in (("gone", before, after), ("new", after, before))
        for each in (one[kind] if isinstance(one[kind], list) else [one[kind]])
        if each not in (other[kind] if isinstance(other[kind], list) else [other[kind]])
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dying:
    """A vhost of *system* that *collector* captures into *store*; every exchange of a test begins with a name of its own."""

    system: System
    collector: Collector
    store: Path

    @property
    def vhost(self) -> str:
        return next(iter(self.system.urls))

    @property
    def url(self) -> str:
        return self.system.urls[self.vhost]

    def exchange(self, name: str, kind: str = "topic", **more: Any) -> None:
        """Declare an exchange, durable unless told otherwise."""
        with RawConnection(self.url) as connection:
            declare = commands.Exchange.Declare(
                exchange=name, exchange_type=kind, **{"durable": True, **more}
            )
            connection.call(declare, commands.Exchange.DeclareOk)

    def queue(self, name: str, **arguments: Any) -> None:
        """Declare a durable queue; ``x_dead_letter_exchange`` stands for ``x-dead-letter-exchange``."""
        told = {key.replace("_", "-"): value for key, value in arguments.items()}
        with RawConnection(self.url) as connection:
            declare = commands.Queue.Declare(queue=name, durable=True, arguments=told)
            connection.call(declare, commands.Queue.DeclareOk)

    def calls(self, *methods: tuple[Any, type]) -> None:
        """Call methods, each with the type of its answer, one after another without a pause."""
        with RawConnection(self.url) as connection:
            for method, answer in methods:
                connection.call(method, answer)

    def policy(self, name: str, pattern: str, apply_to: str, **definition: Any) -> None:
        """Set a policy; ``max_length`` stands for ``max-length``."""
        told = {key.replace("_", "-"): value for key, value in definition.items()}
        body = {"pattern": pattern, "definition": told, "apply-to": apply_to}
        self.system.management.put("policies", self.vhost, name, body=body)

    def no_policy(self, name: str) -> None:
        """Clear a policy."""
        self.system.management.delete("policies", self.vhost, name)

    def bound(self, prefix: str, tap: str = TAP) -> Bound:
        """Return what the tap is bound to of the exchanges whose name begins with *prefix*."""
        found = bound(self.system.management, self.vhost, tap)
        return {each for each in found if each[0].startswith(prefix)}

    def becomes(self, prefix: str, expected: Bound) -> None:
        """Wait until the tap is bound to exactly *expected* of the exchanges with *prefix*.

        Raises:
            AssertionError: not in time, or something else in the vhost differs from before.
        """
        before = without_taps(self.system.management.definitions(self.vhost))

        def is_so() -> bool:
            self.collector.check_running()
            return self.bound(prefix) == expected

        try:
            wait_until(is_so, timeout_s=BOUND_S_MAX)
        except AssertionError as error:
            raise AssertionError(f"bound to {self.bound(prefix)}, not {expected}") from error
        after = without_taps(self.system.management.definitions(self.vhost))
        assert changed(before, after) == []

    def plan(self) -> TapsPlanned:
        """Return the newest plan in the log."""
        return [it for it in read(self.store).of(TapsPlanned) if it.vhost == self.vhost][-1]

    def is_left_alone(self, exchange: str, why: str) -> None:
        """Wait until the log says that *exchange* is left alone for a reason with the words *why*."""

        def is_told() -> bool:
            return any(name == exchange and why in told for name, told in self.plan().left_alone)

        try:
            wait_until(is_told, timeout_s=BOUND_S_MAX)
        except AssertionError as error:
            raise AssertionError(f"{exchange} is left alone as in {self.plan()}") from error

    def returned(self, exchange: str, key: str) -> bool:
        """Publish a mandatory message to *exchange* and return whether it comes back."""
        with RawConnection(self.url) as connection:
            connection.call(commands.Confirm.Select(), commands.Confirm.SelectOk)
            whole = bytearray(frames_of(1, exchange.encode(), key.encode(), {}, b"mandatory"))
            end_of_method = 7 + int.from_bytes(whole[3:7], "big")
            whole[end_of_method - 1] = 1
            connection.send_raw(bytes(whole))
            return isinstance(connection.expect(object), commands.Basic.Return)
