"""The page of a message: its story, its route, its content in every form, why we think so, and its neighbours."""

import re
from base64 import b64encode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.pictures import png
from tests.support.screens import address, open_screen
from tests.support.watched_page import Watch, axe
from tests.support.watched_system import WatchedSystem

QUEUE = "web.bodies"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="owned=1"><script>owned=2</script></svg>'
BODIES = {
    "long": "line\n" * 20_000,
    "drawn": SVG,
    "deep": '{"order": {"id": 4711, "lines": [{"sku": "a/b"}, {"sku": "<img src=x onerror=alert(1)>"}]}}',
}
TYPES = {"long": "text/plain", "drawn": "image/svg+xml", "deep": "application/json"}


@pytest.fixture(scope="module")
def bodies(system: WatchedSystem) -> Iterator[dict[str, str]]:
    """The uids of messages with bodies that ask for care, by name."""
    system.management.put("queues", system.vhost, QUEUE, body={"durable": True})
    for name, body in BODIES.items():
        system.publish(body, key=QUEUE, message_id=f"body-{name}", content_type=TYPES[name])
    message = {
        "routing_key": QUEUE,
        "payload": b64encode(png(64, 40)).decode(),
        "payload_encoding": "base64",
        "properties": {"message_id": "body-picture"},
    }
    system.management.post("exchanges", system.vhost, "amq.default", "publish", body=message)
    names = (*BODIES, "picture")
    for name in names:
        system.wait_found(f"message_id:body-{name}")
    yield {name: system.first(f"message_id:body-{name}")["uid"] for name in names}
    system.management.delete("queues", system.vhost, QUEUE)


def failed(system: WatchedSystem) -> str:
    """Return the uid of a message that the modeler rejected."""
    return system.first("state:dead-lettered AND copies.queue:modeler.normalized")["uid"]


def tab(page: Page, name: str) -> Locator:
    """Return the link that opens a part of the message."""
    parts = page.get_by_role("navigation", name="Parts of the message")
    return parts.get_by_role("link", name=name)


def test_the_story_tells_what_became_of_it(page: Page, system: WatchedSystem) -> None:
    """One sentence says who published it, who got it, that it was rejected, and where it lies since when."""
    open_screen(page, address("messages", failed(system)))

    story = page.get_by_role("paragraph").filter(has_text="Published by")
    expect(story).to_contain_text(re.compile(r"Published by\s*Image Normalizer to images at \d\d:"))
    expect(story).to_contain_text("routed to 2 queues")
    expect(story).to_contain_text("got it from modeler.normalized and rejected it")
    expect(story).to_contain_text(
        re.compile(r"lies in modeler\.normalized\.failed since \d\d:\d\d:")
    )
    story.get_by_role("link", name="modeler.normalized.failed").click()
    expect(page).to_have_url(re.compile(r"/queues/.*/modeler\.normalized\.failed"))


def test_the_route_is_a_list_that_can_be_read_out(page: Page, system: WatchedSystem) -> None:
    """Publisher, exchange, queues, deliveries and deaths stand in the route in words."""
    open_screen(page, address("messages", failed(system)))

    route = page.get_by_role("region", name="Route")
    for words in (
        "Published by Image Normalizer",
        "exchange images",
        "Queue modeler.normalized",
        "rejected",
        "waiting",
    ):
        expect(route).to_contain_text(words)
    expect(route.get_by_role("img", name=re.compile("^1 delivery: .* to Modeler"))).to_be_visible()


def test_parts_are_opened_by_mouse_and_stay_in_the_address(
    page: Page, system: WatchedSystem
) -> None:
    """Headers, facts and reasons open by a click; reload keeps the one that is open; each passes axe."""
    open_screen(page, address("messages", failed(system)))
    tab(page, "Headers").click()
    expect(page.get_by_role("rowheader", name="traceparent")).to_be_visible()
    axe(page)
    tab(page, "Facts").click()
    expect(page.get_by_text("MessagePublished", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d+ facts, oldest first"))).to_be_visible()
    axe(page)
    tab(page, "Why we think so").click()
    expect(page.get_by_role("heading", name="What caused it")).to_be_visible()
    expect(page.get_by_role("cell", name=re.compile("traceparent"))).to_be_visible()
    page.reload()

    expect(page.get_by_role("heading", name="What caused it")).to_be_visible()
    axe(page)


def test_parts_are_opened_by_keyboard(page: Page, system: WatchedSystem) -> None:
    """The digits open the parts of a message."""
    open_screen(page, address("messages", failed(system)))
    page.keyboard.press("2")
    expect(tab(page, "Headers")).to_have_attribute("aria-current", re.compile("page|true"))
    page.keyboard.press("4")

    expect(page.get_by_role("heading", name="What became of it")).to_be_visible()


def test_causes_and_effects_are_followed(page: Page, system: WatchedSystem) -> None:
    """From a message one comes to what caused it, and from there back by what it caused; both know their conversation."""
    uid = failed(system)
    open_screen(page, address("messages", uid))
    beside = page.get_by_role("complementary", name="What caused it and what it caused")
    expect(beside).to_contain_text(re.compile(r"Message \d+ of \d+ in"))
    beside.get_by_role("link", name="image", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^image "))
    page.get_by_role("link", name="normalized_image").first.click()

    expect(page).to_have_url(re.compile(f"/messages/{uid}$"))


def test_json_folds_by_keyboard(page: Page, bodies: dict[str, str]) -> None:
    """Arrows move in the tree, close and open it; a value that looks like markup is text."""
    open_screen(page, address("messages", bodies["deep"]))
    tree = page.get_by_role("tree", name="Body")
    expect(tree.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    lines = tree.get_by_role("treeitem").count()
    tree.get_by_role("treeitem").first.focus()
    page.keyboard.press("ArrowDown")
    expect(tree.get_by_role("treeitem", name=re.compile("^order: "))).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(tree.get_by_role("treeitem")).to_have_count(2)
    page.keyboard.press("ArrowRight")

    expect(tree.get_by_role("treeitem")).to_have_count(lines)


def test_a_long_text_is_shown_in_steps(page: Page, bodies: dict[str, str]) -> None:
    """Of a long text the begin is shown, with how much of it, and the bytes are paged in the address."""
    open_screen(page, address("messages", bodies["long"]))
    expect(page.get_by_text("65,536 of 100,000 characters")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_text("of 100,000 characters")).to_have_count(0)
    page.get_by_role("link", name="bytes").click()
    expect(page.get_by_text("Page 1 of 196")).to_be_visible()
    page.get_by_role("link", name="Next").click()

    expect(page).to_have_url(re.compile("bytes=2"))
    expect(page.get_by_role("region", name="Body as bytes")).to_contain_text("00000200")
    axe(page)


def test_a_picture_is_shown_from_its_bytes(page: Page, bodies: dict[str, str]) -> None:
    """A body that is a PNG is drawn from a blob of the page itself, whatever its sender calls it."""
    open_screen(page, address("messages", bodies["picture"]))
    picture = page.get_by_role("img", name=re.compile("^The body of main-"))

    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64


def test_what_only_begins_like_a_picture_is_told_so(page: Page, system: WatchedSystem) -> None:
    """A body that cannot be drawn is told to be so, and its bytes can be looked at."""
    open_screen(page, address("messages", system.first("type:completed_jpg")["uid"]))
    expect(page.get_by_text("It begins like image/jpeg, but is no picture")).to_be_visible()
    page.get_by_role("link", name="bytes").click()

    expect(page.get_by_role("region", name="Body as bytes")).to_contain_text("ff d8 ff")


def test_a_drawing_with_script_is_shown_as_text(page: Page, bodies: dict[str, str]) -> None:
    """What its sender calls an SVG is never drawn: it may hold script."""
    open_screen(page, address("messages", bodies["drawn"]))

    expect(page.get_by_role("region", name="Body as text")).to_have_text(SVG)
    expect(page.get_by_role("link", name="picture")).to_have_count(0)
    assert page.evaluate("typeof window.owned") == "undefined"


def test_a_body_is_downloaded(page: Page, bodies: dict[str, str]) -> None:
    """The bytes of a body can be saved, under the id of the message."""
    open_screen(page, address("messages", bodies["deep"]))
    with page.expect_download() as saving:
        page.get_by_role("link", name="Download").click()

    assert saving.value.suggested_filename == f"{bodies['deep']}.bin"
    assert saving.value.path().read_text() == BODIES["deep"]


def test_a_message_that_is_not_there_says_why(
    page: Page, system: WatchedSystem, watch: Watch
) -> None:
    """An id that names nothing tells what may be the reason, how far the log goes, and where to go on."""
    watch.allowed.append("console error: Failed to load resource: .* 404")
    open_screen(page, address("messages", "main-999999999"))

    expect(page.get_by_role("status")).to_contain_text("the id may be of another log")
    expect(page.get_by_role("link", name="What was captured")).to_be_visible()
    axe(page)
