"""A hoptrail on a vhost where only a test makes something happen, and whose broker can go away and come back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from examples.local_broker import Broker, free_ports
from tests.support.hoptrail import Hoptrail
from tests.support.management import Management
from tests.support.proxy import Proxy
from tests.support.watched_system import WatchedSystem

SETTINGS: Final = {"HOPTRAIL_AUDIT_S": "1", "HOPTRAIL_AUDIT_LATE_S": "6"}


@dataclass(frozen=True)
class QuietSystem(WatchedSystem):
    """A system in one vhost, whose hoptrail reaches the broker through `doors`, at first open."""

    doors: tuple[Proxy, ...]

    def take_broker_away(self) -> None:
        """Let hoptrail reach neither the broker nor its management API."""
        for door in self.doors:
            door.refuse()

    def bring_broker_back(self) -> None:
        """Let hoptrail reach both again."""
        for door in self.doors:
            door.resume()


@contextmanager
def quiet_system(
    directory: Path, broker: Broker, management: Management, vhost: str
) -> Iterator[QuietSystem]:
    """Yield a system in *vhost*, made for it, in which nothing was published yet."""
    management.create_vhost(vhost, broker.user)
    url = urlunsplit(urlsplit(broker.amqp_url)._replace(path="/" + quote(vhost, safe="")))
    with Proxy(broker.amqp_url) as amqp, Proxy(broker.management_url) as told:
        hoptrail = Hoptrail(
            directory / "store",
            port=free_ports(1)[0],
            amqp_url=amqp.url,
            management_url=told.url,
            vhosts=vhost,
            settings=SETTINGS,
        )
        with hoptrail:
            yield QuietSystem(hoptrail, management, vhost, url, (amqp, told))
    management.delete("vhosts", vhost)
