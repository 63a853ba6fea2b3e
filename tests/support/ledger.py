"""What a test sends through a broker, beside what the ledger of the log says of it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.raw import RawConnection, frames_of
from events.facts import CaptureAudited, Fact, GapClosed, GapOpened
from events.values import Text
from tests.support.captured import Captured, read
from tests.support.gaps import Gap
from tests.support.load import Sent
from tests.support.wait import wait_until

LEDGER = (GapOpened, GapClosed, CaptureAudited)


class Publisher:
    """Publishes unroutable messages with confirms, each an event of its own, and remembers when."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self.sent: list[Sent] = []

    def publish(self, vhost: str, count: int, what: str, *, size: int = 0) -> list[Sent]:
        """Publish *count* messages of *size* bytes or more, named for *what*, in *vhost*; return them confirmed."""
        bodies = [f"{what}/{number:06}".encode().ljust(size) for number in range(count)]
        with RawConnection(self._urls[vhost], name="ledger") as connection:
            sent = [Sent(vhost, body, time.time_ns()) for body in bodies]
            connection.publish_all([frames_of(1, b"", b"nowhere", {}, body) for body in bodies])
        confirmed_at = time.time_ns()
        for one in sent:
            one.confirmed_at = confirmed_at
        self.sent += sent
        return sent

    def missing(self, captured: Captured, vhost: str) -> list[Sent]:
        """Return what was published in *vhost* and is not in the log."""
        found = {body for where, _, body in captured.publishes() if where == vhost}
        return [one for one in self.sent if one.vhost == vhost and one.body not in found]


def facts_of(directory: Path, vhost: Text) -> list[Fact]:
    """Return the ledger's facts about *vhost* in the log of *directory*, in order."""
    return [
        envelope.fact
        for envelope in read(directory).envelopes
        if isinstance(envelope.fact, LEDGER) and envelope.fact.vhost == vhost
    ]


def audits(captured: Captured, vhost: Text) -> list[CaptureAudited]:
    """Return the audits of *vhost* in order, those of acknowledgements left out."""
    return [fact for fact in captured.of(CaptureAudited) if fact.vhost == vhost]


def wait_fact(
    directory: Path, vhost: Text, is_it: Callable[[Fact], bool], *, timeout_s: float
) -> Fact:
    """Wait until the ledger has a fact about *vhost* for which *is_it* holds, and return it."""

    def found() -> Fact | None:
        return next((fact for fact in facts_of(directory, vhost) if is_it(fact)), None)

    fact = wait_until(found, timeout_s=timeout_s)
    assert fact is not None
    return fact


def wait_based(directory: Path, vhost: Text, *, timeout_s: float) -> None:
    """Wait until the broker's counters of *vhost* are compared."""
    wait_fact(directory, vhost, lambda fact: isinstance(fact, CaptureAudited), timeout_s=timeout_s)


def wait_estimated(directory: Path, vhost: Text, why: str, *, timeout_s: float) -> GapClosed:
    """Wait until a gap of *vhost* for *why* is closed with an estimate."""
    found = wait_fact(
        directory,
        vhost,
        lambda fact: isinstance(fact, GapClosed) and fact.why == why and fact.estimated >= 0,
        timeout_s=timeout_s,
    )
    assert isinstance(found, GapClosed)
    return found


def covers(gap: Gap, missing: list[Sent]) -> bool:
    """Say whether everything *missing*, which is something, may have been published within *gap*."""
    return bool(missing) and all(gap.touches(one) for one in missing)
