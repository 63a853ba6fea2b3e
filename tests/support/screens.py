"""Every address of the web UI, with something of the watched system in each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from playwright.sync_api import Page, expect

from examples.image_pipeline.topology import IMAGES, MODELER, MODELER_NORMALIZED
from tests.support.wait import wait_until
from tests.support.watched_system import WatchedSystem

RETRIED_S_MAX: Final = 60


@dataclass(frozen=True)
class Screen:
    """An address, and what its title tells of what it shows."""

    path: str
    name: str


Make = Callable[[WatchedSystem], Screen]


def _fixed(path: str, name: str) -> Make:
    return lambda system: Screen(path, name)


def _message(system: WatchedSystem) -> Screen:
    found = system.first("type:3d_model")
    return Screen(address("messages", found["uid"]), found["uid"])


def _conversation(system: WatchedSystem) -> Screen:
    found = system.first("type:completed_jpg")["trace_id"]
    return Screen(address("conversations", found), found)


def _dead_letter_group(system: WatchedSystem) -> Screen:
    found = _failed_group(system)
    return Screen(address("dead-letters", found["id"]), MODELER_NORMALIZED.name)


def _failed_group(system: WatchedSystem) -> dict[str, Any]:
    groups = system.hoptrail.get("/dead-letters")["items"]
    return next(each for each in groups if each["queue"] == MODELER_NORMALIZED.name)


def _retry(system: WatchedSystem) -> Screen:
    """A retry that ended, whose message went where no queue got it."""
    if not system.hoptrail.get("/retries")["items"]:
        uid = system.first("type:3d_model")["uid"]
        nowhere = ("--to-exchange", "amq.direct", "--routing-key", "nobody")
        done = system.hoptrail.cli("retry", "start", uid, *nowhere, "--yes")
        assert done.returncode == 0, done.stderr

    def newest() -> dict[str, Any]:
        return system.hoptrail.get("/retries")["items"][0]

    wait_until(lambda: newest()["state"] == "done", timeout_s=RETRIED_S_MAX)
    name = newest()["id"]
    return Screen(address("retries", name), f"Retry {name}")


def _queue(system: WatchedSystem) -> Screen:
    name = MODELER_NORMALIZED.name
    return Screen(address("queues", system.vhost, name), name)


def _exchange(system: WatchedSystem) -> Screen:
    return Screen(address("exchanges", system.vhost, IMAGES), IMAGES)


def _default_exchange(system: WatchedSystem) -> Screen:
    return Screen(address("exchanges", system.vhost), "default")


SCREENS: Final[dict[str, Make]] = {
    "home": _fixed("/", "Home"),
    "messages": _fixed("/messages", "Messages"),
    "message": _message,
    "conversations": _fixed("/conversations", "Conversations"),
    "conversation": _conversation,
    "topology": _fixed("/topology", "Topology"),
    "dead-letters": _fixed("/dead-letters", "Dead letters"),
    "dead-letter-group": _dead_letter_group,
    "retries": _fixed("/retries", "Retries"),
    "retry": _retry,
    "queues": _fixed("/queues", "Queues"),
    "queue": _queue,
    "exchange": _exchange,
    "default-exchange": _default_exchange,
    "services": _fixed("/services", "Services"),
    "service": lambda system: Screen(address("services", MODELER.name), MODELER.name),
    "capture": _fixed("/capture", "Capture"),
    "system": _fixed("/system", "System"),
}
"""By name. The login is not here: it leads on where no key is needed."""


def address(*segments: str) -> str:
    """Return the path of *segments*, each percent-encoded."""
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def open_screen(page: Page, path: str) -> None:
    """Open *path* and wait until its screen has shown what it asked for."""
    page.goto(path)
    settled(page)


def settled(page: Page) -> None:
    """Wait until the screen has its heading, waits for no answer, and is drawn in its own fonts: others are wider."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    for word in ("Asking …", "counting …"):
        expect(page.get_by_text(word)).to_have_count(0)
    page.wait_for_function("() => document.fonts.status === 'loaded'")


def press_both(page: Page, first: str, second: str) -> None:
    """Press two keys of a shortcut, one after the other, at once for the page: it waits a moment only for the second."""
    page.clock.set_fixed_time(datetime.now(UTC))
    page.keyboard.press(first)
    page.keyboard.press(second)
