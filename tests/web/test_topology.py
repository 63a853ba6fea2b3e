"""The topology: read, searched, focused and followed by mouse and by keyboard, as picture and as tables, and taken away."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from examples.image_pipeline.topology import (
    COMBINER,
    IMAGES,
    MODELER,
    MODELER_NORMALIZED,
    NORMALIZER,
    UPLOADER,
)
from tests.support.screens import open_screen
from tests.support.wait import wait_until
from tests.support.watched_page import NOT_WORKED_OUT_YET, Watch, axe
from tests.support.watched_system import WatchedSystem

QUEUE = MODELER_NORMALIZED.name
LATER = "web.later"
KNOWN_S_MAX = 60


def picture(page: Page) -> Locator:
    """Return the picture of the topology."""
    return page.get_by_role("region", name="Picture of the topology")


def node(page: Page, kind: str, name: str) -> Locator:
    """Return the box of a node; a service that publishes and consumes has two."""
    return picture(page).get_by_role(
        "button", name=re.compile(rf"^{kind}\s+{re.escape(name)}(\s*,|$)")
    )


def edge(page: Page, said: str) -> Locator:
    """Return the line whose sentence begins with *said*."""
    return picture(page).get_by_role("button", name=re.compile(f"^{re.escape(said)}:"))


def chosen(page: Page) -> Locator:
    """Return what stands beside the picture about the chosen node or edge."""
    return page.get_by_role("complementary", name="What is chosen")


def searched(page: Page) -> dict[str, list[str]]:
    """Return the search parameters of the address."""
    return parse_qs(urlsplit(page.url).query)


def test_an_edge_leads_to_its_messages_by_mouse(page: Page, system: WatchedSystem) -> None:
    """A click on a line tells its figures, and from there its messages are a click away."""
    open_screen(page, "/topology")
    line = edge(page, f"{UPLOADER.name} publishes to {IMAGES}")
    expect(line).to_have_count(1)
    line.locator("path").first.dispatch_event("click")

    expect(chosen(page).get_by_role("heading", level=2)).to_have_text(
        f"{UPLOADER.name} publishes to {IMAGES}"
    )
    axe(page)
    chosen(page).get_by_role("link", name="Its messages").click()
    expect(page).to_have_url(re.compile(r"/messages\?"))
    assert searched(page)["q"] == [
        f'publisher.service:"{UPLOADER.name}" AND exchange:{IMAGES} AND vhost:{system.vhost}'
    ]


def test_an_edge_leads_to_its_messages_by_keyboard(page: Page) -> None:
    """Arrow keys go from a node along its edge, Enter chooses, and what is chosen is in the address."""
    open_screen(page, "/topology")
    page.keyboard.press("f")
    page.keyboard.type(UPLOADER.name)
    page.keyboard.press("Enter")
    start = node(page, "service", UPLOADER.name)
    expect(start).to_have_attribute("aria-pressed", "true")
    start.focus()
    page.keyboard.press("ArrowRight")
    line = edge(page, f"{UPLOADER.name} publishes to {IMAGES}")
    expect(line).to_be_focused()
    expect(page.locator("[data-readout]")).to_contain_text("messages in all")
    page.keyboard.press("Enter")
    expect(chosen(page).get_by_role("link", name="Its messages")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(node(page, "exchange", IMAGES)).to_be_focused()

    page.keyboard.press("Escape")
    expect(chosen(page)).to_have_count(0)
    assert "edge" not in searched(page)


def test_the_picture_has_one_stop_for_the_tab_key(page: Page) -> None:
    """However many nodes there are, Tab goes into the picture once and out of it again."""
    open_screen(page, "/topology")
    expect(node(page, "exchange", IMAGES)).to_be_visible()

    expect(picture(page).locator('[tabindex="0"]')).to_have_count(1)


def test_a_focus_is_widened_by_keys_and_kept_by_the_address(page: Page) -> None:
    """The neighbourhood of a node grows and shrinks by ] and [, and reload and back keep it."""
    open_screen(page, f"/topology?focus=service%3A{COMBINER.name}&hops=1")
    expect(node(page, "service", UPLOADER.name)).to_have_count(0)
    for _ in range(6):
        page.keyboard.press("]")
    expect(node(page, "service", UPLOADER.name)).to_have_count(1)
    assert searched(page)["hops"] == ["7"]
    page.reload()
    expect(node(page, "service", UPLOADER.name)).to_have_count(1)
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("focus=all"))
    page.go_back()

    expect(page).to_have_url(re.compile("hops=7"))


def test_queues_that_serve_another_are_folded_until_they_are_wanted(page: Page) -> None:
    """A parking queue stands under its main queue; x on that one shows both, and again folds them."""
    open_screen(page, "/topology")
    main, parked = node(page, "queue", QUEUE), node(page, "queue", f"{QUEUE}.failed")
    expect(main).to_contain_text("parking")
    expect(parked).to_have_count(0)
    main.focus()
    page.keyboard.press("x")
    expect(parked).to_have_count(1)
    expect(edge(page, f"{QUEUE} dead-letters to images.failed")).to_have_count(1)
    main.click()
    chosen(page).get_by_role("button", name="Fold").click()

    expect(parked).to_have_count(0)


def test_the_picture_is_zoomed_around_the_pointer(page: Page) -> None:
    """Ctrl and the wheel enlarge what is under the pointer; the help says so, and the wheel alone scrolls."""
    open_screen(page, "/topology?scale=150")
    pointed = node(page, "exchange", IMAGES)
    before = middle(pointed)
    page.mouse.move(*before)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(page).not_to_have_url(re.compile(r"scale=150$"))
    assert middle(pointed) == pytest.approx(before, abs=3)
    larger = searched(page)["scale"]
    page.mouse.wheel(0, 40)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Zoom around the pointer")
    page.keyboard.press("Escape")
    assert searched(page)["scale"] == larger

    page.keyboard.press("0")
    expect(page).to_have_url(re.compile("scale=100"))


def test_a_picture_too_small_to_read_says_what_is_pointed_at(page: Page) -> None:
    """Nodes become bars, and one that is pointed at has its name, its figures and its edges."""
    open_screen(page, "/topology?scale=10")
    expect(picture(page)).to_have_attribute("data-detail", "bar")
    pointed = node(page, "exchange", IMAGES)
    pointed.hover(position={"x": 4, "y": 2})
    expect(pointed).to_contain_text(IMAGES)
    expect(page.locator("[data-readout]")).to_contain_text(re.compile("edges? in, [0-9]+ out"))
    axe(page)

    page.keyboard.press("0")
    expect(picture(page)).to_have_attribute("data-detail", "full")


def middle(of: Locator) -> tuple[float, float]:
    """Return where the middle of an element is on the screen, in px."""
    box = of.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_table_tells_the_same(page: Page, system: WatchedSystem) -> None:
    """Every edge of the picture is a row of the table, and a sort is kept by the address."""
    open_screen(page, "/topology")
    expect(picture(page).locator("[data-edge]")).not_to_have_count(0)
    lines = picture(page).locator("[data-edge]").count()
    page.get_by_role("navigation", name="View").get_by_role("link", name="table").click()
    rows = page.get_by_role("table", name="Edges between services, exchanges and queues").locator(
        "tbody tr"
    )
    expect(rows).to_have_count(lines)
    page.get_by_role("button", name="messages").click()
    expect(page).to_have_url(re.compile("sort=-messages"))
    told = system.hoptrail.get("/topology")["edges"]
    expect(rows.first).to_contain_text(str(max(each["messages"] for each in told)))
    axe(page)

    page.get_by_role("link", name=re.compile("nodes$")).click()
    expect(page.get_by_role("table", name="Services, exchanges and queues")).to_contain_text(QUEUE)


def test_what_is_shown_can_be_taken_away(page: Page, tmp_path: Path) -> None:
    """SVG and DOT hold the nodes that are shown, and none that the focus leaves out."""
    open_screen(page, f"/topology?focus=queue%3A%2F%3A{QUEUE}")
    expect(page.get_by_text("is not in here")).to_be_visible()
    open_screen(page, f"/topology?focus=service%3A{MODELER.name}&hops=1")
    expect(node(page, "queue", QUEUE)).to_have_count(1)
    for kind, file in (("SVG", "topology.svg"), ("DOT", "topology.dot")):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as asked:
            page.get_by_role("button", name=re.compile(f"^{kind}")).click()
        asked.value.save_as(tmp_path / file)
        told = (tmp_path / file).read_text()
        assert QUEUE in told
        assert MODELER.name in told
        assert NORMALIZER.name not in told


def test_a_node_leads_to_its_page(page: Page) -> None:
    """What is chosen has a link to the page of the node."""
    open_screen(page, "/topology")
    node(page, "exchange", IMAGES).click()
    axe(page)
    chosen(page).get_by_role("link", name="Open its page").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(IMAGES)


def as_of(page: Page) -> Locator:
    """Return what says as of when the page is."""
    return page.get_by_role("status").filter(has_text="as of")


@pytest.fixture
def later(system: WatchedSystem) -> Iterator[str]:
    """A time (RFC 3339) and, made after it, a queue that is known; none of it is left when the next one begins."""
    moment = system.hoptrail.get("/capture")["last_observed_at"]
    system.management.put("queues", system.vhost, LATER, body={"durable": True})

    def is_known() -> bool:
        nodes = system.hoptrail.get("/topology")["nodes"]
        return any(each["name"] == LATER for each in nodes)

    wait_until(is_known, timeout_s=KNOWN_S_MAX)
    yield moment
    system.management.delete("queues", system.vhost, LATER)
    wait_until(lambda: not is_known(), timeout_s=KNOWN_S_MAX)


def test_the_topology_as_it_was_and_what_came_since(page: Page, later: str, watch: Watch) -> None:
    """As of a time in the address a later queue is not there; compared with now it is marked as having appeared."""
    watch.allowed.append(NOT_WORKED_OUT_YET)
    open_screen(page, f"/topology?at={later}")
    expect(as_of(page)).to_contain_text("The topology as of 20")
    expect(node(page, "queue", QUEUE)).to_have_count(1)
    expect(node(page, "queue", LATER)).to_have_count(0)
    page.get_by_role("checkbox", name="compare with now").check()
    expect(node(page, "queue", LATER)).to_contain_text("appeared")
    expect(page.get_by_text(re.compile("since then [1-9][0-9]* appeared"))).to_be_visible()
    assert searched(page)["compare"] == ["1"]
    axe(page)
    page.reload()
    expect(node(page, "queue", LATER)).to_contain_text("appeared")
    page.get_by_role("button", name="Back to now").click()

    expect(as_of(page)).to_have_count(0)
    expect(node(page, "queue", LATER)).to_have_count(1)
    expect(node(page, "queue", LATER)).not_to_contain_text("appeared")


def test_the_topology_as_it_was_by_keyboard(page: Page, later: str, watch: Watch) -> None:
    """A time typed in the top bar, and a tick by the space bar, show the same; back leads to now."""
    watch.allowed.append(NOT_WORKED_OUT_YET)
    open_screen(page, "/topology")
    expect(node(page, "queue", LATER)).to_have_count(1)
    page.get_by_role("button", name="all that is kept").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="The system as of").focus()
    page.keyboard.type(later)
    page.keyboard.press("Enter")
    expect(as_of(page)).to_contain_text("The topology as of 20")
    expect(node(page, "queue", LATER)).to_have_count(0)
    page.get_by_role("checkbox", name="compare with now").focus()
    page.keyboard.press("Space")
    expect(node(page, "queue", LATER)).to_contain_text("appeared")
    page.go_back()
    page.go_back()

    expect(as_of(page)).to_have_count(0)
    expect(node(page, "queue", LATER)).to_have_count(1)
