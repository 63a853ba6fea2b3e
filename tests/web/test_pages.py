"""The pages of services, queues and exchanges: opened and followed by mouse and by keyboard."""

import re

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
from tests.support.screens import address, open_screen
from tests.support.watched_page import Watch, axe
from tests.support.watched_system import IMAGES as IMAGES_MADE
from tests.support.watched_system import WatchedSystem

QUEUE = MODELER_NORMALIZED.name
PARKED = f"{QUEUE}.failed"


def section(page: Page, name: str) -> Locator:
    """Return the section of a page under *name*."""
    heading = page.get_by_role("heading", level=2, name=re.compile(rf"^{re.escape(name)}\b"))
    return page.locator("section").filter(has=heading)


def test_a_service_is_found_by_keyboard(page: Page) -> None:
    """In the list f narrows, j goes to the row and Enter opens the page of the service."""
    open_screen(page, "/services")
    page.keyboard.press("f")
    page.keyboard.type("model")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("name=model"))
    page.get_by_role("textbox", name="Names that contain").blur()
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(MODELER.name))


def test_a_service_says_who_it_is_and_whom_it_talks_to(page: Page) -> None:
    """Its page tells the evidence of its name, its edges, types, latencies and both instances as open."""
    open_screen(page, address("services", MODELER.name))
    expect(
        page.get_by_role("banner").or_(page.locator("header")).filter(has_text="named by").first
    ).to_be_visible()
    expect(section(page, "Publishes to")).to_contain_text("results")
    expect(section(page, "Consumes from")).to_contain_text(QUEUE)
    expect(section(page, "Message types in")).to_contain_text("normalized_image")
    expect(section(page, "Latencies")).to_contain_text(NORMALIZER.name)
    expect(section(page, "Talks to")).to_contain_text(COMBINER.name)
    instances = section(page, "Instances").locator("tbody tr")
    expect(instances).to_have_count(2)
    expect(instances.first).to_contain_text("open")

    section(page, "Consumes from").get_by_role("link", name=QUEUE).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(QUEUE)


def test_a_chart_is_a_table_too(page: Page) -> None:
    """The rates of a service are drawn, and told as rows of a table with times."""
    open_screen(page, address("services", UPLOADER.name))
    chart = page.get_by_role("figure").filter(has_text="Rates")
    expect(chart.get_by_role("img", name=re.compile(r"^Rates\. published: last"))).to_be_visible()
    axe(page)
    chart.get_by_role("button", name="as a table").click()
    expect(chart.get_by_role("table").locator("tbody tr").first).to_be_visible()

    axe(page)


def test_queues_tell_what_waits_and_the_worst_first(page: Page, system: WatchedSystem) -> None:
    """The list says what waits as the API does, and sorting by a head is kept by the address."""
    open_screen(page, "/queues")
    rows = page.locator("tbody tr")
    told = system.hoptrail.get("/queues")["items"]
    expect(rows).to_have_count(len(told))
    parked = next(each for each in told if each["name"] == PARKED)
    expect(rows.filter(has_text=PARKED)).to_contain_text(str(parked["waiting"]))
    page.get_by_role("button", name="waiting").click()
    expect(page).to_have_url(re.compile("sort=-waiting"))
    page.reload()

    most = max(told, key=lambda each: each["waiting"])
    expect(rows.first).to_contain_text(str(most["waiting"]))


def test_the_contents_of_a_queue_lead_to_their_messages(page: Page, system: WatchedSystem) -> None:
    """A parking queue shows what lies in it in order, each with why that is believed, and each is a link."""
    open_screen(page, address("queues", system.vhost, PARKED))
    contents = page.get_by_role("region", name="Contents of the queue")
    rows = contents.locator("tbody tr")
    expect(rows).to_have_count(len(system.failed_images))
    expect(rows.first).to_contain_text("waiting")
    axe(page)
    uid = rows.first.get_by_role("link").first.inner_text()
    rows.first.get_by_role("link").first.click()

    expect(page).to_have_url(re.compile(f"/messages/{re.escape(uid)}"))


def test_a_queue_tells_how_it_is_set_up_and_used(page: Page, system: WatchedSystem) -> None:
    """Its page tells where it is filled from, who consumes, where dead letters go, and its arguments in words."""
    open_screen(page, address("queues", system.vhost, QUEUE))
    expect(section(page, "Comes from")).to_contain_text("image.normalized")
    expect(section(page, "Published by")).to_contain_text(NORMALIZER.name)
    expect(section(page, "Goes to")).to_contain_text(MODELER.name)
    expect(section(page, "Consumers now").locator("tbody tr")).to_have_count(2)
    expect(section(page, "Dead letters go to")).to_contain_text("images.failed")
    expect(section(page, "Queues that serve it")).to_contain_text(PARKED)

    expect(section(page, "Set up as")).to_contain_text("what dies goes to exchange images.failed")


def test_an_exchange_tells_who_publishes_and_where_it_routes(
    page: Page, system: WatchedSystem
) -> None:
    """Its page tells publishers, bindings with their keys and types; a figure leads to the messages behind it."""
    open_screen(page, address("exchanges", system.vhost, IMAGES))
    expect(section(page, "Published by")).to_contain_text(UPLOADER.name)
    expect(section(page, "Routes to")).to_contain_text("image.uploaded")
    expect(page.get_by_text("none unroutable")).to_be_visible()
    row = section(page, "Published by").locator("tbody tr").filter(has_text=UPLOADER.name)
    row.get_by_role("link", name=str(IMAGES_MADE)).click()

    expect(page).to_have_url(re.compile(r"/messages\?q=publisher\.service"))


def test_the_default_exchange_has_a_page(page: Page, system: WatchedSystem) -> None:
    """It is opened without a name, and says how it routes."""
    open_screen(page, address("exchanges", system.vhost))

    expect(page.get_by_role("heading", level=1)).to_have_text("(default)")
    expect(section(page, "Routes to")).to_contain_text("routing key")


@pytest.mark.parametrize(
    "path", ["/services/nobody", "/queues/web-ui/nothing", "/exchanges/web-ui/nothing"]
)
def test_what_is_not_known_is_said_plainly(page: Page, watch: Watch, path: str) -> None:
    """A name that was never seen gets a sentence and a next step, not an error."""
    watch.allowed.append("console error: Failed to load resource: .* 404")
    open_screen(page, path)

    expect(page.get_by_role("status").filter(has_text=re.compile("^No "))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^(All|The) "))).to_be_visible()
