"""The list of messages and its search: by keyboard and by mouse, still and live."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support import parts
from tests.support.watched_page import Watch, axe
from tests.support.watched_system import WatchedSystem

LIVE_S_MAX = 60
"""A slow machine is no failure; how long it took is noted."""
ROWS_MIN = 22
LEFT_ALONE = re.compile(r"Failed to load resource.* 400").pattern
"""What a browser says of a query that the API refuses."""


def search_box(page: Page) -> Locator:
    """Return the box for the query."""
    return page.get_by_role("combobox", name="Search messages")


def rows(page: Page) -> Locator:
    """Return the lines of the list that are messages or gaps."""
    return page.get_by_role("grid", name="Messages").get_by_role("rowgroup").get_by_role("row")


def test_a_search_is_typed_and_completed_by_keyboard(page: Page, system: WatchedSystem) -> None:
    """From any screen `/` leads to the box, Tab takes what completes a field and a value, Enter lists what matches."""
    page.goto("/queues")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("/")
    expect(search_box(page)).to_be_focused()
    page.keyboard.type("sta")
    expect(page.get_by_role("option").first).to_contain_text("state")
    page.keyboard.press("Tab")
    expect(search_box(page)).to_have_value("state:")
    page.keyboard.type("dead")
    expect(page.get_by_role("option")).to_contain_text(["dead-lettered"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(search_box(page)).to_have_value("state:dead-lettered ")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/messages\?q=state%3Adead-lettered$"))
    expect(rows(page)).to_have_count(len(system.failed_images))
    axe(page)


def test_a_wrong_query_is_told_with_its_place(page: Page, watch: Watch) -> None:
    """What the API cannot understand is underlined below the box; a click on it puts the caret there."""
    watch.allowed.append(LEFT_ALONE)
    page.goto("/messages?q=image AND bogus:x")

    told = page.get_by_role("alert")
    expect(told).to_contain_text("unknown field 'bogus'")
    expect(told.locator("u")).to_have_text("bogus")
    axe(page)
    told.get_by_role("button").click()
    expect(search_box(page)).to_be_focused()
    assert search_box(page).evaluate("box => box.selectionStart") == len("image AND ")


def test_a_wrong_range_is_told_as_such(page: Page, watch: Watch) -> None:
    """A range of time in the address that is none is not blamed on the query; a click leaves it."""
    watch.allowed.append(LEFT_ALONE)
    page.goto("/messages?q=image&since=bogus")

    expect(page.get_by_text("The range of time cannot be understood.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="All that is kept", exact=True).click()
    expect(rows(page).first).to_be_visible()


def test_a_uid_offers_to_open_its_message(page: Page, system: WatchedSystem) -> None:
    """A uid that is typed opens its message."""
    uid = system.first("type:image")["uid"]
    page.goto("/messages")
    search_box(page).fill(uid)
    expect(page.get_by_role("option").first).to_contain_text("open this message")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(rf"/messages/{uid}$"))


def test_values_are_chosen_by_mouse(page: Page, system: WatchedSystem) -> None:
    """A click on a value adds it to the query or forbids it there; back takes it out again."""
    page.goto("/messages")
    page.get_by_title("Only dead-lettered", exact=True).click()
    expect(search_box(page)).to_have_value("state:dead-lettered")
    expect(rows(page)).to_have_count(len(system.failed_images))
    page.get_by_role("button", name="not normalized_image", exact=True).click()
    expect(search_box(page)).to_have_value("state:dead-lettered AND -message_type:normalized_image")
    expect(page.get_by_role("status").first).to_contain_text("No message matches.")
    page.go_back()
    expect(search_box(page)).to_have_value("state:dead-lettered")
    page.go_back()
    expect(search_box(page)).to_have_value("")


def test_a_laptop_shows_enough(page: Page) -> None:
    """At a laptop's size 22 messages are in view below the search, the histogram and beside the values."""
    page.goto("/messages")
    expect(rows(page).nth(ROWS_MIN)).to_be_attached()
    grid = page.get_by_role("grid").bounding_box()
    last = rows(page).nth(ROWS_MIN - 1).bounding_box()

    assert grid is not None
    assert last is not None
    assert last["y"] + last["height"] <= grid["y"] + grid["height"]
    axe(page)


def test_time_is_brushed_by_mouse_and_by_keyboard(page: Page) -> None:
    """A drag over the histogram, or arrow keys with Shift and Enter, put the range of time into the address."""
    page.goto("/messages")
    bars = page.get_by_role("slider")
    at = bars.bounding_box()
    assert at is not None
    page.mouse.move(at["x"] + at["width"] * 0.2, at["y"] + 20)
    page.mouse.down()
    page.mouse.move(at["x"] + at["width"] * 0.6, at["y"] + 20, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"since=2.*&until=2"))
    by_mouse = page.url

    bars.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+PageDown")
    expect(bars).to_have_attribute("aria-valuetext", re.compile(r"messages?"))
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(by_mouse)
    page.go_back()
    expect(page).to_have_url(by_mouse)


def test_messages_are_walked_by_keyboard(page: Page) -> None:
    """`j` and `k` move, the panel follows, a reload keeps it, Enter opens the page, Escape closes a list, then the panel."""
    page.goto("/messages?q=type:image")
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows(page).nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("k")
    expect(rows(page).nth(0)).to_have_attribute("aria-selected", "true")
    panel = page.get_by_role("complementary", name="Selected message")
    expect(panel).to_contain_text("Published by")
    axe(page)
    page.reload()
    expect(panel).to_contain_text("Published by")
    expect(rows(page).nth(0)).to_have_attribute("aria-selected", "true")
    uid = re.search(r"sel=([\w-]+)", page.url)
    assert uid is not None
    page.get_by_role("grid").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/messages/{uid[1]}$"))
    page.go_back()
    page.get_by_role("button", name="Columns").press("Enter")
    floating = page.get_by_role("dialog", name="Columns")
    expect(floating).to_be_visible()
    page.keyboard.press("Escape")
    expect(floating).to_be_hidden()
    expect(panel).to_be_visible()
    page.get_by_role("grid").focus()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_new_messages_appear_live(
    page: Page, system: WatchedSystem, request: pytest.FixtureRequest
) -> None:
    """With the live tail on a message appears by itself, its words marked, and script in it as the text that it is."""
    page.goto("/messages?q=type:live-probe (alert OR two)")
    expect(page.get_by_role("status").first).to_contain_text("No message matches.")
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile(r"live=1"))
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
    began = time.monotonic()
    system.publish("<script>alert(1)</script>", key="nowhere", type="live-probe")
    expect(rows(page).first).to_contain_text(
        "<script>alert(1)</script>", timeout=LIVE_S_MAX * 1_000
    )
    took_s = time.monotonic() - began
    parts.note(request.config, f"a new message appeared in the live tail after {took_s:.1f} s")
    expect(rows(page).first.locator("mark")).to_have_text("alert")
    page.keyboard.press("p")
    system.publish("two", key="nowhere", type="live-probe")
    waiting = page.get_by_role("button", name="1 new, show")
    expect(waiting).to_be_visible()
    expect(rows(page)).to_have_count(1)
    waiting.click()

    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("two")


def test_searches_are_kept(page: Page) -> None:
    """A search saved under a name is found there after a reload, opened with its range and columns, and deleted."""
    page.goto("/messages?q=type:image&since=now-24h&cols=time,route")
    page.get_by_role("button", name="Searches").click()
    page.get_by_label("Save type:image (last 24 hours · columns time, route) as").fill("images")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto("/messages")
    page.get_by_role("button", name="Searches").click()
    kept = page.get_by_role("dialog", name="Searches")
    kept.get_by_role("button", name=re.compile("^images")).click()
    expect(search_box(page)).to_have_value("type:image")
    expect(page).to_have_url(re.compile("since=now-24h"))
    expect(page.get_by_role("columnheader")).to_have_count(2)
    page.get_by_role("button", name="Searches").click()
    expect(kept).to_contain_text("last 24 hours · columns time, route")
    axe(page)
    kept.get_by_role("button", name="Delete the search images").click()

    expect(kept).to_contain_text("None yet. They are kept in this browser.")


def test_columns_are_chosen(page: Page) -> None:
    """The columns of choice stand in the address and survive a reload."""
    page.goto("/messages")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="first words of the body").uncheck()
    page.get_by_role("checkbox", name="correlation id").check()
    expect(page.get_by_role("columnheader", name="correlation id")).to_be_visible()
    page.reload()

    expect(page.get_by_role("columnheader", name="correlation id")).to_be_visible()
    expect(page.get_by_role("columnheader", name="first words")).to_have_count(0)


def test_a_phone_can_read_it(page: Page) -> None:
    """On a phone the list is read without scrolling sideways, states too; histogram and values fold away."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/messages?q=state:dead-lettered")
    expect(rows(page).first.get_by_title("dead-lettered")).to_be_visible()
    expect(page.get_by_role("slider")).to_be_hidden()
    page.get_by_text("Over time").click()
    expect(page.get_by_role("slider")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    axe(page)
