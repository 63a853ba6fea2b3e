"""Conversations: found in their list, looked at as sequence, waterfall, graph and list, by keyboard and by mouse."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.screens import settled
from tests.support.watched_page import Watch, axe
from tests.support.watched_system import WatchedSystem

VIEWS = ("sequence", "waterfall", "graph", "list")
LARGE = "5b8aa5a2d2c872e8321cf37308d69df2"
REPEATS = 150
UNROUTABLE = 2
DRAWN_MAX = 60
"""Rows that a window of this size may draw of a list of any length."""
QUEUE = "repeats"


@pytest.fixture(scope="module")
def failed(system: WatchedSystem) -> dict[str, str]:
    """A dead-lettered message of the image pipeline: its uid and its conversation."""
    return system.first("state:dead-lettered AND exchange:images")


@pytest.fixture(scope="module")
def large(system: WatchedSystem) -> Iterator[str]:
    """A conversation of many messages that are alike, and a few that no queue got."""
    system.management.put("queues", system.vhost, QUEUE, body={"durable": True})
    for number in range(REPEATS + UNROUTABLE):
        # An exchange without bindings tells at once that no queue gets it; the default one only once the queues are known.
        to = ("amq.default", QUEUE) if number < REPEATS else ("amq.direct", "nowhere")
        headers = {"traceparent": f"00-{LARGE}-{number + 1:016x}-01"}
        system.publish(f"{number}", exchange=to[0], key=to[1], headers=headers)
    system.wait_found(f"trace_id:{LARGE}", count=REPEATS + UNROUTABLE)
    yield LARGE
    system.management.delete("queues", system.vhost, QUEUE)


def looked_at(page: Page) -> Locator:
    return page.get_by_role("option", selected=True)


def open_conversation(page: Page, trace: str, search: str = "") -> None:
    page.goto(f"/conversations/{trace}{search}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("sent")


def test_a_failure_is_found_by_mouse(page: Page, failed: dict[str, str]) -> None:
    """From the list, filtered by a query, a click leads to the conversation, and one more to the message that failed."""
    page.goto("/conversations")
    page.get_by_label("Conversations with a message that matches").fill(f"uid:{failed['uid']}")
    page.get_by_role("button", name="Filter").click()
    rows = page.get_by_role("table", name="Conversations").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("1 dead-lettered")
    axe(page)
    rows.nth(1).get_by_role("link", name="images").click()

    expect(page).to_have_url(re.compile(f"/conversations/{failed['trace_id']}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Image Uploader sent image to")
    page.get_by_title("Go to the next failure").click()
    expect(looked_at(page)).to_contain_text("image.normalized")
    expect(page.get_by_role("complementary")).to_contain_text(failed["uid"])


def test_the_list_is_searched_by_keyboard(page: Page, failed: dict[str, str]) -> None:
    """The box above the list completes what is typed, and Enter leaves the conversations of what matches."""
    page.goto("/conversations")
    box = page.get_by_role("combobox", name="Conversations with a message that matches")
    box.focus()
    page.keyboard.type("state:dead")
    expect(page.get_by_role("option")).to_contain_text(["dead-lettered"])
    page.keyboard.press("Tab")
    expect(box).to_have_value("state:dead-lettered ")
    page.keyboard.type(f"uid:{failed['uid']}")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"q=state%3Adead-lettered\\+uid%3A{failed['uid']}"))
    expect(page.get_by_role("table", name="Conversations").get_by_role("row")).to_have_count(2)


def test_a_wrong_query_is_told_with_its_place(page: Page, watch: Watch) -> None:
    """What the API cannot understand is underlined below the box of the list, and nowhere else."""
    watch.allowed.append("Failed to load resource.* 400")
    page.goto("/conversations?q=image bogus:x&since=now-1h")

    told = page.get_by_role("alert")
    expect(told.locator("u")).to_have_text("bogus")
    expect(page.get_by_role("status")).to_contain_text(["The query cannot be understood."])
    axe(page)


def test_a_failure_is_found_by_keyboard(page: Page, failed: dict[str, str]) -> None:
    """Keys lead from the list to the failing message, to what caused it, to its page, and back to where one was."""
    page.goto(f"/conversations?q=uid:{failed['uid']}")
    expect(page.get_by_role("table", name="Conversations").get_by_role("row")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("]")
    expect(looked_at(page)).to_contain_text("image.normalized")
    page.keyboard.press("[")
    expect(looked_at(page)).to_contain_text("image.uploaded")
    page.keyboard.press("j")
    expect(looked_at(page)).to_contain_text("image.normalized")
    expect(page).to_have_url(re.compile(f"sel={failed['uid']}"))
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/messages/{failed['uid']}"))
    page.go_back()
    expect(looked_at(page)).to_contain_text("image.normalized")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_shows_the_same_conversation(
    page: Page, failed: dict[str, str], view: str
) -> None:
    """Each view stands in the address, survives a reload, looks at the same message, and is free of what axe finds."""
    open_conversation(page, failed["trace_id"], f"?sel={failed['uid']}")
    if view != "sequence":
        page.get_by_role("link", name=view, exact=True).click()
    page.reload()

    shown = page.get_by_role("button", pressed=True) if view == "graph" else looked_at(page)
    expect(shown).to_contain_text("image.normalized")
    axe(page)


def test_repeats_are_folded_until_they_are_asked_for(page: Page, large: str) -> None:
    """Messages that are alike are one row with their number; opened, only those in sight are drawn."""
    open_conversation(page, large)
    expect(page.get_by_text(f"× {REPEATS}")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("sel="))
    first = parse_qs(urlsplit(page.url).query)["sel"][0]

    rows = page.get_by_role("option")
    last = str(REPEATS + UNROUTABLE)
    expect(rows.first).to_have_attribute("aria-setsize", last)
    assert rows.count() < DRAWN_MAX
    page.keyboard.press("End")
    expect(looked_at(page)).to_have_attribute("aria-posinset", last)
    expect(looked_at(page)).to_contain_text("unroutable")
    expect(page).to_have_url(re.compile("open="))
    # The address follows a held key a moment later: it names the message once it no longer names the first.
    expect(page).not_to_have_url(re.compile(f"sel={first}(&|$)"))
    page.reload()
    expect(looked_at(page)).to_have_attribute("aria-posinset", last)


@pytest.mark.parametrize("view", ["sequence", "waterfall", "list"])
def test_a_click_beside_the_rows_goes_there(page: Page, large: str, view: str) -> None:
    """Beside what does not fit stands the whole in small; pressed at its foot it shows the end, drawn up the beginning."""
    open_conversation(page, large, f"?open=all&view={view}")
    # Until the state of capture is known, a note on it could still push down what is below.
    expect(
        page.get_by_role("banner").get_by_role("link", name=re.compile("captur"))
    ).to_be_visible()
    settled(page)
    small = page.get_by_title("The whole conversation")
    small.hover()
    at = small.bounding_box()
    assert at is not None
    rows = page.get_by_role("option")
    page.mouse.move(at["x"] + 8, at["y"] + at["height"] - 2)
    page.mouse.down()
    expect(rows.last).to_have_attribute("aria-posinset", str(REPEATS + UNROUTABLE))
    page.mouse.move(at["x"] + 8, at["y"], steps=4)
    page.mouse.up()

    expect(rows.first).to_have_attribute("aria-posinset", "1")
    axe(page)


def test_what_fits_has_nothing_beside_it(page: Page, failed: dict[str, str]) -> None:
    """A conversation that is in sight as a whole has no picture of the whole."""
    open_conversation(page, failed["trace_id"])
    expect(page.get_by_role("option").first).to_be_visible()

    expect(page.get_by_title("The whole conversation")).to_have_count(0)


def test_what_is_searched_for_is_counted_and_reached(page: Page, large: str) -> None:
    """Words typed into the search of a conversation say how many messages have them, and Enter leads to the next."""
    open_conversation(page, large, "?view=list")
    page.get_by_label("Find in this conversation").fill("nowhere unroutable")
    expect(page.get_by_text(f"{UNROUTABLE} found")).to_be_visible()
    page.keyboard.press("Enter")

    expect(looked_at(page)).to_have_attribute("aria-posinset", str(REPEATS + 1))


def test_the_sequence_is_taken_along(page: Page, failed: dict[str, str]) -> None:
    """The sequence can be saved as an SVG that names the services and the failure."""
    open_conversation(page, failed["trace_id"])
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Sequence as SVG").click()

    text = download.value.path().read_text()
    assert "Image Uploader" in text
    assert "dead-lettered: rejected" in text


@pytest.mark.parametrize("view", ["", "?view=waterfall", "?view=list", "?scale=time&queues=1"])
def test_a_phone_can_read_it(page: Page, failed: dict[str, str], view: str) -> None:
    """On a screen of 390 px the page itself does not scroll sideways."""
    page.set_viewport_size({"width": 390, "height": 800})
    open_conversation(page, failed["trace_id"], view)
    settled(page)
    expect(page.get_by_role("option").first).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 390
