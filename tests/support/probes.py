"""Single publishes that tell whether capture works at this moment, sent also while the broker is away."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.raw import RawConnection, frames_of
from tests.support.captured import read
from tests.support.load import Sent

CONNECT_S_MAX = 5
SETTLE_S_MAX = 60


class Probes:
    """Publishes unroutable messages with confirms, one connection each, in every vhost of *urls*."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self.sent: list[Sent] = []

    def send(self, *, timeout_s: float = CONNECT_S_MAX) -> None:
        """Send one to every vhost; a broker that is away leaves it unconfirmed."""
        for vhost, url in self._urls.items():
            probe = Sent(vhost, f"probe {len(self.sent)}".encode(), time.time_ns())
            self.sent.append(probe)
            try:
                with RawConnection(url, name="probe", timeout_s=timeout_s) as connection:
                    connection.publish_all([frames_of(1, b"", b"nowhere", {}, probe.body)])
            except OSError:
                continue
            probe.confirmed_at = time.time_ns()

    def settled(self, directory: Path) -> Callable[[], bool]:
        """Send one to every vhost; return the condition that it is in the log, and so all that came to its tap before."""
        before = len(self.sent)
        self.send(timeout_s=SETTLE_S_MAX)
        return lambda: self._found(directory, before) == self._urls.keys()

    def captured(self, directory: Path) -> Callable[[], bool]:
        """Return the condition that a probe of each vhost sent from now on is in the log; it sends one at every call."""
        before = len(self.sent)

        def is_captured() -> bool:
            self.send()
            return self._found(directory, before) == self._urls.keys()

        return is_captured

    def _found(self, directory: Path, before: int) -> set[str]:
        wanted = {(one.vhost, one.body) for one in self.sent[before:]}
        return {vhost for vhost, _, body in read(directory).publishes() if (vhost, body) in wanted}
