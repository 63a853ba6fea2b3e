"""Home and System, the range of time and the palette, each used by keyboard and by mouse."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from examples.image_pipeline.topology import MODELER_NORMALIZED
from tests.support.screens import open_screen, press_both, settled
from tests.support.watched_page import Watch, axe
from tests.support.watched_system import WatchedSystem

NOWHERE = "web.nowhere"
DECLARED = "web.declared"
TRIES_MAX = 15
"""How often the digests are computed until the log did not grow meanwhile."""
SCREENS_PARAMETER = re.compile(r"[?&]q=state%3Aunroutable")


@pytest.fixture(scope="module")
def eventful(system: WatchedSystem) -> Iterator[WatchedSystem]:
    """The system after a message went nowhere and a queue was declared."""
    system.publish("to nobody", key=NOWHERE, message_id="to-nobody")
    system.management.put("queues", system.vhost, DECLARED, body={"durable": True})
    system.wait_found("message_id:to-nobody")
    yield system
    system.management.delete("queues", system.vhost, DECLARED)


def told_on_home(page: Page) -> Locator:
    """Open Home and return what it says is wrong."""
    open_screen(page, "/")
    return page.locator("section").filter(has=page.get_by_role("heading", name="What is wrong"))


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until *target* has the focus, as one does without a mouse."""
    for _ in range(80):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there")


def test_home_leads_from_dead_letters_to_their_group(page: Page, eventful: WatchedSystem) -> None:
    """By keyboard: the open dead letters of a queue are named with their number, and Enter opens their group."""
    group = told_on_home(page).get_by_role(
        "link", name=re.compile(rf"\d+ open dead letters? from {MODELER_NORMALIZED.name}")
    )
    expect(group).to_have_text(re.compile(rf"^{len(eventful.failed_images)} open"))
    tab_to(page, group)
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/dead-letters/[^/]+$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(MODELER_NORMALIZED.name)


def test_home_leads_from_unroutable_messages_to_them(page: Page, eventful: WatchedSystem) -> None:
    """By mouse: that messages reached no queue is told, and leads to a search that finds them."""
    told_on_home(page).get_by_role("link", name=re.compile(r"messages? reached no queue")).click()

    expect(page).to_have_url(SCREENS_PARAMETER)
    expect(page.get_by_text(NOWHERE).first).to_be_visible()


def test_home_leads_from_a_change_to_what_changed(page: Page, eventful: WatchedSystem) -> None:
    """A queue that was declared stands among the changes, and its line opens its page."""
    open_screen(page, "/")
    page.get_by_role("link", name=re.compile(rf"queue {DECLARED}")).first.click()

    expect(page).to_have_url(re.compile(rf"/queues/.*/{DECLARED}$"))


def test_home_says_what_it_could_not_ask(page: Page, eventful: WatchedSystem, watch: Watch) -> None:
    """A part whose answer fails says so and can be asked again, and the other parts stand."""
    watch.allowed.append("console error: Failed to load resource: .* 400")
    page.route(
        "**/api/v1/changes?*",
        lambda route: route.fulfill(
            status=400,
            content_type="application/problem+json",
            body=json.dumps({"title": "Not now", "detail": "The changes are away."}),
        ),
    )
    open_screen(page, "/")
    expect(page.get_by_text("The changes are away.")).to_be_visible()
    expect(page.get_by_role("link", name="all in the topology")).to_be_visible()
    page.unroute("**/api/v1/changes?*")
    page.get_by_role("button", name="Ask again").click()

    expect(page.get_by_text("The changes are away.")).to_have_count(0)


def digests(page: Page) -> dict[str, tuple[str, str]]:
    """Have the digests computed, and return per projection that has one (position, digest)."""
    with page.expect_response(re.compile("digests=true")) as answer:
        page.get_by_role("button", name="Compute the digests").press("Enter")
    items = answer.value.json()["items"]
    table = page.get_by_role("table", name="Digests")
    found = {each["name"]: (each["position"], each["digest"]) for each in items if each["digest"]}
    for _, digest in found.values():
        expect(table.get_by_text(digest, exact=True).first).to_be_visible()
    return found


def rebuild(page: Page) -> None:
    """Have the views folded again, and wait until the page says that it is done."""
    page.get_by_role("button", name="Rebuild the views …").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Rebuild", exact=True).press("Enter")
    row = page.get_by_role("table", name="Projections").get_by_role("row")
    expect(row.filter(has_text=re.compile("^topology"))).to_contain_text("done")


def test_a_rebuild_gives_the_same_digests(page: Page, eventful: WatchedSystem) -> None:
    """By keyboard: the views are folded again to the end, and at the same position their digests are the same."""
    open_screen(page, "/system")
    before = digests(page)
    rebuild(page)
    after = digests(page)
    for _ in range(TRIES_MAX):
        if {name: at for name, (at, _) in before.items()} == {
            name: at for name, (at, _) in after.items()
        }:
            break
        before = digests(page)
        rebuild(page)
        after = digests(page)

    assert before
    assert after == before


def test_settings_stand_with_their_meaning(page: Page, eventful: WatchedSystem) -> None:
    """A setting that differs from its default stands with its value and what it is; no password is among them."""
    open_screen(page, "/system?tab=settings")
    table = page.get_by_role("table", name="Settings in force")
    row = table.get_by_role("row").filter(has=page.get_by_text("HOPTRAIL_VHOSTS", exact=True))

    expect(row).to_contain_text(eventful.vhost)
    assert "guest:guest" not in page.content()


def range_of_time(page: Page) -> Locator:
    """Open the choice of a range from the top bar, by keyboard, and return it."""
    page.get_by_role("banner").get_by_role(
        "button", name=re.compile("kept|last|since|as of|–|until")
    ).press("Enter")
    chosen = page.get_by_role("dialog", name="Range of time")
    expect(chosen).to_be_visible()
    return chosen


def test_a_range_is_chosen_or_typed_and_kept(page: Page, eventful: WatchedSystem) -> None:
    """Presets and typed ends are in the address, wrong times are told, and back, forward and reload keep each."""
    open_screen(page, "/services")
    range_of_time(page).get_by_role("button", name="last hour").click()
    expect(page).to_have_url(re.compile(r"\?since=now-1h$"))
    choices = range_of_time(page)
    choices.get_by_label("From").fill("yesterday")
    choices.get_by_role("button", name="Show this range").click()
    expect(choices).to_contain_text("Write 2026-01-02 10:00:00")
    expect(choices.get_by_label("From")).to_have_attribute("aria-invalid", "true")
    choices.get_by_label("From").fill("2026-01-02 10:00")
    choices.get_by_label("To").fill("2026-01-02T11:30:00Z")
    page.keyboard.press("Enter")
    typed = re.compile(r"since=2026-01-02T09%3A00%3A00Z&until=2026-01-02T11%3A30%3A00Z$")
    expect(page).to_have_url(typed)

    bar = page.get_by_role("banner")
    expect(bar).to_contain_text("2026-01-02 10:00:00 – 12:30:00")
    page.go_back()
    expect(bar).to_contain_text("last hour")
    page.go_forward()
    page.reload()
    expect(page).to_have_url(typed)
    choices = range_of_time(page)
    choices.get_by_role("button", name="Use UTC").click()
    expect(bar).to_contain_text("2026-01-02 09:00:00 – 11:30:00")
    axe(page)


def test_as_of_is_told_and_left_again(page: Page, eventful: WatchedSystem) -> None:
    """With a time as of which the system is asked for, a page says plainly whether it shows that; one click ends it."""
    open_screen(page, "/")
    then = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    range_of_time(page).get_by_label("The system as of").fill(then)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("[?]at="))
    expect(page.get_by_role("banner")).to_contain_text("as of 2")
    told = page.get_by_role("status").filter(has_text="as of")
    expect(told).to_be_visible()
    told.get_by_role("button", name="Back to now").click()

    expect(told).to_have_count(0)
    expect(page).not_to_have_url(re.compile("at="))


def test_the_palette_leads_to_a_queue_by_keyboard(page: Page, eventful: WatchedSystem) -> None:
    """Ctrl K, a part of a name, the arrow keys and Enter open a page; a click does too, and Escape leaves all as it was."""
    open_screen(page, "/system")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Go to")
    expect(box).to_be_focused()
    expect(page.get_by_role("option").first).to_have_text(re.compile("Home"))
    page.keyboard.type("modeler.norm")
    expect(page.get_by_role("option").first).to_contain_text(MODELER_NORMALIZED.name)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/queues/.*/{MODELER_NORMALIZED.name}$"))
    settled(page)

    page.keyboard.press("Control+k")
    page.keyboard.type("capt")
    page.get_by_role("option", name=re.compile("Capture")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Capture")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    press_both(page, "g", "s")
    expect(page.get_by_role("heading", level=1)).to_have_text("Services")
