"""A system for the tests of the web UI to look at: a vhost, the image pipeline in it, and a hoptrail that watched it all.

The pipeline has settled all its images and stays connected, so there is much to see and nothing moves by itself.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from examples.image_pipeline.plan import Outcome, images_with
from examples.local_broker import Broker, free_ports
from scripts import web
from tests.support import parts
from tests.support.cache import cache_directory, only_one
from tests.support.hoptrail import Hoptrail
from tests.support.management import Management
from tests.support.wait import wait_until

IMAGES: Final = 40
SEED: Final = 7
RATE: Final = 40
LINGER_S: Final = 3_600
SETTLED_S_MAX: Final = 90
STOP_S_MAX: Final = 60
SETTINGS: Final = {"HOPTRAIL_EDIT": "on"}


class UiMissing(Exception):
    """The web UI is not built and cannot be. The text says what to do."""


@dataclass(frozen=True)
class WatchedSystem:
    """A hoptrail that has seen everything of the image pipeline in one vhost."""

    hoptrail: Hoptrail
    management: Management
    vhost: str
    amqp_url: str
    """Of the vhost."""

    @property
    def url(self) -> str:
        """Where the UI is."""
        return self.hoptrail.url

    @property
    def failed_images(self) -> list[str]:
        """Ids of the images that end as dead letters."""
        return images_with(Outcome.FAILED, seed=SEED, images=IMAGES)

    def first(self, query: str) -> dict[str, Any]:
        """Return the newest message that *query* finds, once it finds one: the index follows a little later."""
        self.wait_found(query)
        return self.hoptrail.get("/messages", q=query, limit=1)["items"][0]

    def publish(
        self, body: str, *, exchange: str = "amq.default", key: str = "", **properties: Any
    ) -> None:
        """Publish one message; *properties* are named as in the management API (`message_id`, `type`, `headers`)."""
        message = {
            "routing_key": key,
            "payload": body,
            "payload_encoding": "string",
            "properties": properties,
        }
        self.management.post("exchanges", self.vhost, exchange, "publish", body=message)

    def wait_found(self, query: str, *, count: int = 1) -> None:
        """Wait until *query* finds at least *count* messages."""
        wait_until(
            lambda: len(self.hoptrail.get("/messages", q=query, limit=count)["items"]) >= count,
            timeout_s=SETTLED_S_MAX,
        )

    def wait_tapped(self, exchange: str) -> None:
        """Wait until what is dead-lettered to *exchange* is seen: what dies before is told as gone."""

        def is_tapped() -> bool:
            taps = self.hoptrail.get("/capture")["dead_letter_taps"]
            return any(each["exchange"] == exchange for each in taps)

        wait_until(is_tapped, timeout_s=SETTLED_S_MAX)


def require_ui() -> None:
    """Build the UI into ``api/static``, unless it is there as built from the sources here.

    With ``HOPTRAIL_TEST_UI=as-built`` what is there is taken as it is.

    Raises:
        UiMissing: it cannot be built.
    """
    try:
        with only_one(cache_directory() / "web-ui"):
            if parts.choice("HOPTRAIL_TEST_UI") is None:
                web.install()
                if not web.is_built():
                    web.build()
    except web.WebFailed as failed:
        raise UiMissing(
            f"the web UI cannot be built: {failed}; see what `make web` says"
        ) from failed
    if not (web.STATIC / "index.html").is_file():
        raise UiMissing("the web UI is not built; run `make web`")


@contextmanager
def watched_system(
    directory: Path,
    broker: Broker,
    management: Management,
    vhost: str,
    settings: Mapping[str, str] | None = None,
) -> Iterator[WatchedSystem]:
    """Yield the system in *vhost*, which is there and empty, once all that the pipeline did is to be found.

    *settings* are given to hoptrail beside its own.
    """
    url = urlunsplit(urlsplit(broker.amqp_url)._replace(path="/" + quote(vhost, safe="")))
    hoptrail = Hoptrail(
        directory / "store",
        port=free_ports(1)[0],
        amqp_url=broker.amqp_url,
        management_url=broker.management_url,
        vhosts=vhost,
        settings={**SETTINGS, **(settings or {})},
    )
    with hoptrail, running_pipeline(url, directory / "pipeline.log"):
        system = WatchedSystem(hoptrail, management, vhost, url)
        failed = len(system.failed_images)
        system.wait_found("type:completed_jpg", count=IMAGES - failed)
        system.wait_found("state:dead-lettered", count=failed)
        hoptrail.wait_captured(published=0, delivered=0)
        yield system


@contextmanager
def running_pipeline(url: str, log: Path) -> Iterator[None]:
    """Run the image pipeline until the caller is done; what it prints goes to *log*."""
    options = ("--images", str(IMAGES), "--seed", str(SEED), "--rate", str(RATE))
    call = [sys.executable, "-m", "examples.image_pipeline", "--url", url, *options]
    with log.open("wb") as told:
        process = subprocess.Popen(
            [*call, "--modelers", "2", "--linger", str(LINGER_S)], stdout=told, stderr=told
        )
    try:
        yield
        assert process.poll() is None, f"the pipeline ended:\n{log.read_text()[-3000:]}"
    finally:
        process.terminate()
        process.wait(STOP_S_MAX)
