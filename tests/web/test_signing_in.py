"""The web UI behind an API key: signing in and out, what a key does not open, keys and their trail, and a gap as told."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from examples.local_broker import Broker
from tests.support import parts
from tests.support.guarded_system import KEY, guarded_system, made_key, revoke, status_with
from tests.support.management import Management
from tests.support.screens import address, open_screen, settled
from tests.support.watched_page import Watch, axe
from tests.support.watched_system import WatchedSystem, require_ui

REFUSED = "console error: Failed to load resource: .* 401"
ALLOWED_MAX = 10
"""Wrong keys in a minute."""
KEPT_BY_THE_PAGE = (
    "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
)


@pytest.fixture(scope="module")
def system(
    broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WatchedSystem]:
    """A small system that asks for a key, with a gap in its capture; in place of the one of the other tests."""
    parts.require("browser")
    require_ui()
    with guarded_system(
        tmp_path_factory.mktemp("guarded"), broker, management, "web-guarded"
    ) as made:
        yield made


def sign_in(page: Page, key: str = KEY) -> None:
    """Type *key* where it is asked for, and press Enter."""
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Screens")).to_be_visible()
    settled(page)


def test_the_address_asked_for_is_shown_after_signing_in(page: Page, watch: Watch) -> None:
    """A wrong key is told as wrong; the right one shows what was asked for, and is kept nowhere in the page."""
    watch.allowed.append(REFUSED)
    page.goto("/queues?since=now-1h")
    expect(page).to_have_title("Sign in · hoptrail")
    axe(page)
    page.get_by_label("API key").fill("hoptrail_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This key is not known, or revoked.")
    sign_in(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Queues")
    assert page.url.endswith("/queues?since=now-1h")
    (cookie,) = page.context.cookies()
    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
    assert KEY not in json.dumps(cookie)
    assert KEY not in page.evaluate(KEPT_BY_THE_PAGE)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Queues")


def test_signing_out_leaves_nothing_open(page: Page, watch: Watch) -> None:
    """The way out stands under View; afterwards the key is asked for again, also after going back."""
    watch.allowed.append(REFUSED)  # of what the page had asked when it was signed out
    open_screen(page, "/capture")
    sign_in(page)
    page.get_by_role("button", name="View").click()
    expect(page.get_by_text("Signed in as root")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_label("API key")).to_be_visible()
    assert page.context.cookies() == []
    page.goto("/system")
    expect(page.get_by_label("API key")).to_be_visible()


def test_a_key_that_may_little_sees_what_needs_which_scope(
    page: Page, system: WatchedSystem
) -> None:
    """Without `admin` and `payload` a page says what they are needed for, and asks nothing that would be refused."""
    _, reader = made_key(system, "reader", ["metadata"])
    open_screen(page, address("messages", system.first("message_id:before")["uid"]))
    sign_in(page, reader)
    expect(page.get_by_role("main")).to_contain_text("payload")
    expect(page.get_by_text("before the gap")).to_have_count(0)
    for tab, told in (
        ("keys", "API keys are shown to administrators."),
        ("settings", "Settings are shown to administrators."),
        ("projections", "Digests and rebuilding need a key with the scope admin."),
    ):
        page.goto(f"/system?tab={tab}")
        expect(page.get_by_text(told)).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("key …|Rebuild|digests"))).to_have_count(
            0
        )


def test_a_key_revoked_elsewhere_brings_the_question_back(
    page: Page, system: WatchedSystem, watch: Watch
) -> None:
    """The page that is open asks for a key by itself, and shows the same address with another one."""
    watch.allowed.append(REFUSED)
    ident, key = made_key(system, "short-lived", ["metadata"])
    open_screen(page, "/services?since=now-2h")
    sign_in(page, key)
    revoke(system, ident)
    expect(page.get_by_label("API key")).to_be_visible()
    sign_in(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Services")
    assert page.url.endswith("/services?since=now-2h")


def test_a_key_is_made_shown_once_and_revoked(page: Page, system: WatchedSystem) -> None:
    """By keyboard alone a key is made and works, its text is never shown again, and it opens nothing once revoked."""
    open_screen(page, "/system?tab=keys")
    sign_in(page)
    page.get_by_role("button", name="Make a key …").press("Enter")
    page.get_by_label("Name").fill("nightly <report>")
    page.get_by_label(re.compile("payload")).press("Space")
    page.get_by_role("button", name="Make the key").press("Enter")
    shown = page.get_by_role("dialog").locator("code")
    expect(shown).to_be_visible()
    key = shown.inner_text()
    axe(page)
    page.get_by_role("button", name="Done").press("Enter")

    row = page.get_by_role("row").filter(has_text="nightly <report>")
    expect(row).to_contain_text("metadata, payload")
    assert key not in page.content()
    assert status_with(system, key) == 200
    row.get_by_role("button", name="Revoke …").press("Enter")
    page.get_by_role("button", name="Revoke it").press("Enter")
    expect(row).to_contain_text("revoked")
    assert status_with(system, key) == 401
    page.get_by_role("link", name="What operators did").click()
    expect(page.get_by_text("created the key 'nightly <report>'")).to_be_visible()
    expect(page.get_by_text("revoked the key").first).to_be_visible()


def test_settings_show_no_secret(page: Page, system: WatchedSystem) -> None:
    """The settings in force name the broker without its password, and tell of the key only that it is set."""
    open_screen(page, "/system?tab=settings")
    sign_in(page)

    table = page.get_by_role("table", name="Settings in force")
    url = table.get_by_role("row").filter(has=page.get_by_text("HOPTRAIL_AMQP_URL", exact=True))
    expect(url.get_by_role("cell").nth(1)).to_contain_text("***@")
    expect(table).to_contain_text("HOPTRAIL_API_KEY")
    assert KEY not in page.content()


def test_a_gap_is_told_where_one_looks(page: Page, system: WatchedSystem) -> None:
    """The top bar and Home tell of the gap and lead to its page, which shows it on a line of time with its cause."""
    open_screen(page, "/")
    sign_in(page)
    sentence = page.get_by_role("banner").get_by_role("link", name=re.compile("capturing"))
    expect(sentence).to_contain_text(re.compile(r"not captured \d\d:\d\d:\d\d"))
    found = page.get_by_role("link", name=re.compile("^Not captured")).first
    found.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Capture")
    expect(page.get_by_role("img", name=re.compile("gap"))).to_be_visible()
    gaps = page.get_by_role("table", name="The gaps of capture")
    expect(gaps.get_by_role("row")).to_have_count(1 + len(system.hoptrail.get("/capture")["gaps"]))
    expect(gaps).to_contain_text(system.hoptrail.get("/capture")["gaps"][0]["why"])
    coverage = page.get_by_role("table", name="Coverage by vhost and window")
    expect(coverage.get_by_role("row").nth(1)).to_contain_text(system.vhost)
    axe(page)


def test_too_many_wrong_keys_are_told_how_long_to_wait(page: Page, watch: Watch) -> None:
    """After ten wrong keys in a minute the page says that it takes no more for now, and for how many seconds."""
    watch.allowed += [REFUSED, "console error: Failed to load resource: .* 429"]
    page.goto("/")
    box = page.get_by_label("API key")
    expect(box).to_be_visible()
    # Typed on a slow machine, ten could take more than a minute.
    for attempt in range(ALLOWED_MAX):
        page.request.post("/api/v1/session", data={"key": f"wrong-{attempt}"})
    box.fill("wrong-again")
    page.get_by_role("button", name="Sign in").click()

    told = page.get_by_role("alert")
    expect(told).to_contain_text(re.compile(r"try again in \d+ s"))
