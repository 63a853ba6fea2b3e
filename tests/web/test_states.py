"""What a page says when nothing was captured yet, the broker or hoptrail is away, or nobody knows its name."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examples.local_broker import Broker
from tests.support import parts
from tests.support.management import Management
from tests.support.quiet_system import QuietSystem, quiet_system
from tests.support.screens import address, open_screen
from tests.support.wait import wait_until
from tests.support.watched_page import Watch, axe
from tests.support.watched_system import SETTLED_S_MAX, require_ui

VHOST = "web-states"
EMPTY = {
    "/": "No message was captured yet.",
    "/messages": "No message was captured yet.",
    "/conversations": "No conversation is known yet.",
    "/topology": "Only the exchanges that every broker has are there yet.",
    "/topology?view=table": "Only the exchanges that every broker has are there yet.",
    "/dead-letters": "No dead letters were seen.",
    "/retries": "Nothing was published again yet.",
    "/queues": "No queue is known yet.",
    "/services": "No service was seen yet.",
    "/system?tab=keys": "No keys were made yet.",
    "/system?tab=trail": "Nobody did anything yet.",
}
AWAY = ["request failed: .*ERR_CONNECTION_REFUSED", "console error: .*ERR_CONNECTION_REFUSED"]
CUT = [
    *AWAY,
    "ERR_(CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|SOCKET_NOT_CONNECTED)",
]
"""What the browser says of requests that were under way when hoptrail ended."""
NOT_FOUND = "console error: Failed to load resource: .* 404"
ASK_EVERY_2_S = "localStorage.setItem('hoptrail.preferences', '{\"refreshMs\": 2000}')"
PROBE = "/healthz"
ASKED_MAX, ASKED_PER_S_MAX = 8, 0.5
"""At the beginning, as pages turn and somebody asks, and then by itself."""
KEEP_WHAT_WAS_SHOWN = """
let lost = false;
const ask = fetch;
fetch = (...asked) => ask(...asked).catch((error) => {
  lost ||= error.name !== "AbortError";
  throw error;
});
const keep = () => lost || (window.kept = document.querySelector("main")?.innerText);
const what = { subtree: true, childList: true, characterData: true };
addEventListener("DOMContentLoaded", () => new MutationObserver(keep).observe(document.body, what));
"""
"""Until a request fails: a page may be drawn anew, with other rates, up to the last answer."""
SYSTEM_IS_FETCHED = """() =>
  performance.getEntriesByType("resource").some((each) => /assets.system-/.test(each.name))"""
"""Pages are fetched before they are opened."""


@pytest.fixture(scope="module")
def system(
    broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QuietSystem]:
    """A system in which nothing was published yet, in place of the one of the other tests."""
    parts.require("browser")
    require_ui()
    with quiet_system(tmp_path_factory.mktemp("quiet"), broker, management, VHOST) as made:
        yield made


@pytest.fixture(scope="module")
def used(system: QuietSystem) -> QuietSystem:
    """The system after one message waits in a queue and another died in one."""
    put, vhost = system.management.put, system.vhost
    dead = {"x-dead-letter-exchange": "dead"}
    put("exchanges", vhost, "dead", body={"type": "fanout", "durable": True})
    put("queues", vhost, "parked", body={"durable": True})
    put("queues", vhost, "work", body={"durable": True, "arguments": dead})
    put("queues", vhost, "brief", body={"arguments": {**dead, "x-message-ttl": 1}})
    system.management.post("bindings", vhost, "e", "dead", "q", "parked", body={})
    system.wait_tapped("dead")
    system.publish('{"order": 7}', key="work", message_id="kept", type="order")
    system.publish('{"order": 8}', key="brief", message_id="dead", type="order")
    system.wait_found("message_id:kept")
    system.wait_found("state:dead-lettered")
    # The views follow the log apart from the index.
    wait_until(lambda: system.hoptrail.get("/dead-letters")["items"], timeout_s=SETTLED_S_MAX)
    return system


def test_an_empty_system_says_why_it_is_empty(page: Page, system: QuietSystem) -> None:
    """Each screen says what there is none of, why, and leads on; nothing captured is not called nothing happened."""
    for path, said in EMPTY.items():
        open_screen(page, path)
        expect(page.get_by_text(said)).to_be_visible()
        expect(page.get_by_role("button", name="Ask again")).to_have_count(0)
    open_screen(page, "/")
    told = page.get_by_role("main")
    expect(told).to_contain_text("hoptrail listens to")
    expect(told).to_contain_text("those from before cannot be seen")
    expect(told).not_to_contain_text("Nothing was published")
    axe(page)


def test_the_first_message_appears_by_itself(
    page: Page, system: QuietSystem, request: pytest.FixtureRequest
) -> None:
    """Home goes from nothing captured to what flows, without being loaded again."""
    page.add_init_script(ASK_EVERY_2_S)
    open_screen(page, "/")
    expect(page.get_by_text("No message was captured yet.")).to_be_visible()
    request.getfixturevalue("used")

    expect(page.get_by_role("img", name=re.compile("messages? published in"))).to_be_visible()
    expect(page.get_by_text("1 open dead letter from brief")).to_be_visible()


def test_a_broker_that_is_away_is_told_with_the_time(page: Page, used: QuietSystem) -> None:
    """The top bar, Home and Capture say since when nothing is captured, and why; they follow once it is back."""
    page.add_init_script(ASK_EVERY_2_S)
    open_screen(page, "/")
    sentence = page.get_by_role("banner").get_by_role("link", name=re.compile("captur"))
    expect(sentence).to_contain_text("capturing, up to date, no gap today")
    used.take_broker_away()
    try:
        expect(sentence).to_have_text(re.compile(r"nothing captured since \d\d:\d\d:\d\d"))
        wrong = page.locator("section").filter(
            has=page.get_by_role("heading", name=re.compile("What is wrong"))
        )
        expect(wrong.get_by_role("listitem").first).to_contain_text("Nothing is captured now")
        expect(wrong.get_by_role("listitem").first).to_contain_text("amqp://guest@127.0.0.1")
        axe(page)
        wrong.get_by_role("link", name="Nothing is captured now").click()
        expect(page.get_by_role("main")).to_contain_text("Nothing captured since")
    finally:
        used.bring_broker_back()

    expect(sentence).to_contain_text("capturing, up to date, no gap today")


@pytest.mark.timeout(600)
def test_without_hoptrail_every_page_keeps_what_it_had(
    context: BrowserContext, used: QuietSystem, watch: Watch, picture: Callable[..., Path]
) -> None:
    """Each kind of page says since when hoptrail does not answer, keeps what it shows, and goes on by itself.

    Meanwhile other pages open with what is known of them, and nothing is asked but whether hoptrail is back.
    """
    context.add_init_script(ASK_EVERY_2_S)
    context.add_init_script(KEEP_WHAT_WAS_SHOWN)
    pages = {path: context.new_page() for path in _with_something(used)}
    for path, page in pages.items():
        open_screen(page, path)
    pages["/"].wait_for_function(SYSTEM_IS_FETCHED)
    watch.allowed += CUT
    used.hoptrail.stop()
    try:
        for path, page in pages.items():
            told = page.get_by_role("alert").filter(has_text="hoptrail has not answered since")
            expect(told).to_have_text(re.compile(r"since \d\d:\d\d:\d\d Europe/Berlin"))
            now = page.get_by_role("main").inner_text()
            assert _without_times(now) == _without_times(page.evaluate("kept")), path
        picture(pages["/"])
        axe(pages["/messages?live=1"])
        _look_around(pages["/"], used)
    finally:
        used.hoptrail.start()

    expect(pages["/"].get_by_role("table", name="Projections")).to_be_visible()
    for page in pages.values():
        expect(page.get_by_text("hoptrail has not answered")).to_have_count(0)
    used.publish('{"order": 9}', key="work", message_id="after", type="order")
    expect(pages["/messages?live=1"].get_by_role("main")).to_contain_text('{"order":9}')


def _look_around(page: Page, system: QuietSystem) -> None:
    """Go from Home to System while hoptrail is away, and see what is asked."""
    asked: list[str] = []
    began = time.monotonic()
    page.on("request", lambda request: asked.append(request.url.removeprefix(system.url)))
    page.get_by_role("navigation", name="Screens").get_by_role("link", name="System").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("System")
    expect(page.get_by_text("It is asked as soon as hoptrail answers.")).to_be_visible()
    with page.expect_request(f"**{PROBE}"):
        page.get_by_role("button", name="Ask now").click()
    with page.expect_request(f"**{PROBE}"):
        pass  # asked again by itself

    assert {path for path in asked if not path.endswith(".svg")} == {PROBE}
    assert len(asked) <= ASKED_MAX + (time.monotonic() - began) * ASKED_PER_S_MAX


def test_an_address_of_nothing_says_which_kind_of_nothing(
    page: Page, used: QuietSystem, watch: Watch
) -> None:
    """A message that is to come, one of another log, a fact that is no message, and names that nobody has: each says so."""
    watch.allowed.append(NOT_FOUND)
    said = {
        "/messages/main-99999999": "The log ends at position",
        "/messages/elsewhere-7": "This log is main",
        "/messages/main-0": "is no publish of a message",
        "/messages/order": "An id of a message is",
        "/conversations/nothing": "No message of a conversation nothing is kept",
        address("queues", VHOST, "none"): "No queue none is known in vhost",
        "/queues/nowhere/none": "No queue none is known in vhost nowhere",
        address("exchanges", VHOST, "none"): "No exchange none is known",
        "/services/nobody": "No service nobody was seen.",
        "/dead-letters/none": "There is no group",
        "/retries/none": "There is no retry none.",
        "/services/a/b": "There is no page at this address.",
        "/mesages": "There is no page at this address.",
    }
    for path, sentence in said.items():
        page.goto(path)
        expect(page.get_by_role("main")).to_contain_text(sentence)
        expect(page.get_by_role("main").get_by_role("link").first).to_be_visible()
    axe(page)


def _with_something(system: QuietSystem) -> list[str]:
    """Return an address of each kind of screen, with something in it."""
    found = system.first("message_id:dead")
    group = system.hoptrail.get("/dead-letters")["items"][0]["id"]
    return [
        "/",
        "/messages",
        "/messages?live=1",
        "/conversations",
        "/topology",
        "/dead-letters",
        "/queues",
        "/services",
        "/capture",
        "/system",
        address("messages", found["uid"]),
        address("conversations", found["trace_id"]),
        address("dead-letters", group),
        address("queues", system.vhost, "work"),
        address("exchanges", system.vhost),
        address("services", found["publisher"]["service"]),
    ]


def _without_times(text: str) -> str:
    """Return *text* without times, however many an axis has, and without the state of the live tail: they go on."""
    return re.sub(r": connecting again|\b(ms|s|min|h|d)\b|[\d\s:]", "", text)
