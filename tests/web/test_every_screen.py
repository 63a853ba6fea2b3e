"""What holds for every screen of the web UI: title, accessibility, policy, history, a phone's width, hostile text."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from api.pages import POLICY
from tests.support import scripted
from tests.support.screens import SCREENS, address, open_screen, settled
from tests.support.scripted import send_scripted
from tests.support.wait import wait_until
from tests.support.watched_page import NOT_WORKED_OUT_YET, Watch, axe
from tests.support.watched_system import SETTLED_S_MAX, WatchedSystem

PHONE = {"width": 390, "height": 800}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\son\w+\s*=|\sstyle\s*=|javascript:", re.IGNORECASE
)
RANGE = "since=now-2h"

every_screen = pytest.mark.parametrize("name", SCREENS)
OF_THEN = {
    *("messages", "topology", "dead-letters", "dead-letter-group"),
    *("queues", "services", "capture"),
}
"""The screens that show the system as of a time."""


@every_screen
def test_a_screen_opens(page: Page, system: WatchedSystem, name: str) -> None:
    """Under its address a screen shows what its title names, and axe finds nothing in dark and in light."""
    screen = SCREENS[name](system)
    open_screen(page, screen.path)

    expect(page).to_have_title(re.compile(f"{re.escape(screen.name)}.* · hoptrail$"))
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("button", name="Ask again")).to_have_count(0)
    axe(page)


@every_screen
def test_reload_and_history_keep_a_screen(page: Page, system: WatchedSystem, name: str) -> None:
    """Reload, back and forward show the same address with what it holds, and the same title."""
    screen = SCREENS[name](system)
    address, elsewhere = (
        f"{system.url}{screen.path}?{RANGE}",
        "Home" if name != "home" else "System",
    )
    open_screen(page, f"{screen.path}?{RANGE}")
    expect(page).to_have_title(re.compile(f"{re.escape(screen.name)}.* · hoptrail$"))
    title = page.title()
    page.reload()
    settled(page)
    expect(page).to_have_title(title)

    assert page.url == address
    page.get_by_role("link", name=elsewhere, exact=True).click()
    expect(page).to_have_title(f"{elsewhere} · hoptrail")
    page.go_back()
    settled(page)
    expect(page).to_have_title(title)
    assert page.url == address
    page.go_forward()
    expect(page).to_have_title(f"{elsewhere} · hoptrail")
    assert RANGE in page.url


def test_every_screen_says_of_what_time_it_is(
    page: Page, system: WatchedSystem, watch: Watch
) -> None:
    """With a time in the address a screen is as of then, or says plainly that it is as of now."""
    watch.allowed.append(NOT_WORKED_OUT_YET)
    at = system.hoptrail.get("/capture")["last_observed_at"]
    for name, make in SCREENS.items():
        open_screen(page, f"{make(system).path}?at={at}")
        told = page.get_by_role("status").filter(has_text="as of")

        expect(told, name).to_have_count(1)
        expect(told, name).to_contain_text("as of 20" if name in OF_THEN else "as of now, not as")


@every_screen
def test_a_phone_needs_no_sideways_scrolling(page: Page, system: WatchedSystem, name: str) -> None:
    """At 390 pixels nothing makes the page wider than the screen."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    open_screen(page, SCREENS[name](system).path)

    assert page.evaluate(OVERFLOW) <= 0


@every_screen
def test_a_screen_is_served_with_a_strict_policy(
    page: Page, system: WatchedSystem, name: str
) -> None:
    """The page comes with the policy that forbids all inline script and other origins, and needs none of it."""
    answer = page.goto(SCREENS[name](system).path)

    assert answer is not None
    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert INLINE.findall(answer.text()) == []


@pytest.fixture(scope="module")
def hostile(system: WatchedSystem) -> Iterator[WatchedSystem]:
    """The system after traffic came whose names and values are all script."""
    send_scripted(system.management, system.vhost, system.amqp_url)
    system.wait_found("type:type* AND copies.queue:dead*")
    # The views follow the log apart from the index.
    wait_until(lambda: dead_letter_groups(system), timeout_s=SETTLED_S_MAX)
    yield system
    for queue in (scripted.QUEUE, scripted.DEAD):
        system.management.delete("queues", system.vhost, queue)
    system.management.delete("exchanges", system.vhost, scripted.EXCHANGE)


def dead_letter_groups(system: WatchedSystem) -> list[dict[str, Any]]:
    """Return the groups of dead letters of the scripted traffic."""
    groups = system.hoptrail.get("/dead-letters")["items"]
    return [each for each in groups if each["queue"] == scripted.QUEUE]


def hostile_addresses(system: WatchedSystem) -> dict[str, str]:
    """Return the addresses that show something of the scripted traffic, by name."""
    vhost, script = system.vhost, scripted.SCRIPT
    message = system.first("type:type* AND copies.queue:dead*")
    (group,) = dead_letter_groups(system)
    return {
        "home": "/",
        "messages": "/messages",
        "search": "/messages?q=type:type*",
        "no such query": f"/messages?q={script}",
        "message": address("messages", message["uid"]),
        "no such message": address("messages", script),
        "conversations": "/conversations",
        "conversation": address("conversations", message["trace_id"]),
        "no such conversation": address("conversations", script),
        "topology": "/topology",
        "dead letters": "/dead-letters",
        "group": address("dead-letters", group["id"]),
        "queues": "/queues",
        "queue": address("queues", vhost, scripted.QUEUE),
        "dead letter queue": address("queues", vhost, scripted.DEAD),
        "exchange": address("exchanges", vhost, scripted.EXCHANGE),
        "services": "/services",
        "service": address("services", scripted.SERVICE),
        "no such service": address("services", script),
        "capture": "/capture",
        "system": "/system",
        "range": f"/messages?since={script}&until={script}&at={script}",
    }


NAMES = (
    "home", "messages", "search", "no such query", "message", "no such message", "conversations",
    "conversation", "no such conversation", "topology", "dead letters", "group", "queues", "queue",
    "dead letter queue", "exchange", "services", "service", "no such service", "capture", "system",
    "range",
)  # fmt: skip

SHOWING = {"search", "message", "queue", "exchange", "service", "group", "queues", "services"}
"""Where the text of the script has to be on the screen."""


@pytest.mark.parametrize("name", NAMES)
def test_script_in_names_and_values_stays_text(
    page: Page, hostile: WatchedSystem, watch: Watch, name: str
) -> None:
    """Script in bodies, headers, properties and names runs on no screen, and makes no element of the page."""
    watch.allowed.append("console error: Failed to load resource: .* 4(00|04|22)")
    open_screen(page, hostile_addresses(hostile)[name])
    if name in SHOWING:
        expect(page.locator("main").get_by_text("<script>").first).to_be_visible()

    assert page.evaluate(scripted.STAYED_TEXT) == []
