"""The web UI over Elasticsearch: every screen opens, and the main tasks are done as over the embedded store."""

import re
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from examples.image_pipeline.topology import MODELER, MODELER_NORMALIZED
from examples.local_broker import Broker
from tests.support import parts
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer
from tests.support.management import Management
from tests.support.screens import SCREENS, address, open_screen, settled
from tests.support.watched_system import IMAGES, WatchedSystem, require_ui, watched_system

VHOST = "web-elastic"
pytestmark = pytest.mark.timeout(900)
"""The first test waits for the servers too."""
QUEUE = MODELER_NORMALIZED.name


@pytest.fixture(scope="module")
def system(
    broker: Broker,
    management: Management,
    elastic: ElasticServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WatchedSystem]:
    """The image pipeline, watched by a hoptrail that stores in Elasticsearch; in place of the one of the other tests."""
    parts.require("browser")
    require_ui()
    prefix = f"web_{secrets.token_hex(6)}"
    settings = {"HOPTRAIL_STORE": elastic.url, "HOPTRAIL_STORE_PREFIX": prefix}
    management.create_vhost(VHOST, broker.user)
    directory = tmp_path_factory.mktemp("over-elastic")
    with watched_system(directory, broker, management, VHOST, settings) as made:
        yield made
    management.delete("vhosts", VHOST)
    forget(elastic, prefix)


def test_every_screen_opens(page: Page, system: WatchedSystem) -> None:
    """Under its address each screen shows what its title names, and nothing could not be asked."""
    for make in SCREENS.values():
        screen = make(system)
        open_screen(page, screen.path)
        expect(page).to_have_title(re.compile(f"{re.escape(screen.name)}.* · hoptrail$"))
        expect(page.get_by_role("button", name="Ask again")).to_have_count(0)


def test_home_tells_what_is_wrong(page: Page, system: WatchedSystem) -> None:
    """The open dead letters are counted and lead to their group, whose messages are listed."""
    failed = len(system.failed_images)
    open_screen(page, "/")
    page.get_by_role("link", name=re.compile(rf"^{failed} open .*{QUEUE}")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(QUEUE)
    rows = page.get_by_role("table", name="Messages of the group").locator("tbody tr")

    expect(rows).to_have_count(failed)
    expect(rows.first).to_contain_text("open")


def test_messages_are_sought_narrowed_and_opened(page: Page, system: WatchedSystem) -> None:
    """A query finds what the API finds, bars and values are counted over it, a value narrows it, and Enter opens one."""
    open_screen(page, "/messages")
    page.keyboard.press("/")
    page.keyboard.type("type:completed_jpg")
    page.keyboard.press("Enter")
    made = IMAGES - len(system.failed_images)
    total = (
        page.get_by_role("main").get_by_role("paragraph").filter(has_text=re.compile(f"^{made}$"))
    )
    expect(total).to_be_visible()
    expect(page.get_by_label("States of the messages in the histogram")).to_contain_text(str(made))
    page.get_by_role("button", name=f"{VHOST} {made}", exact=True).click()
    expect(page).to_have_url(re.compile(r"q=type%3Acompleted_jpg.+AND"))
    expect(total).to_be_visible()
    grid = page.get_by_role("grid", name="Messages")
    expect(grid.get_by_role("link").first).to_be_visible()
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile("sel=main-"))
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/messages/main-\d+"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("completed_jpg")


def test_words_of_a_body_are_found(page: Page, system: WatchedSystem) -> None:
    """A word of a body finds its message, and the word is marked in the line."""
    image = system.failed_images[0]
    open_screen(page, f"/messages?q={image}")

    marked = page.get_by_role("grid", name="Messages").locator("mark")
    expect(marked.filter(has_text=image.rpartition("-")[2]).first).to_be_visible()


def test_a_message_tells_its_story(page: Page, system: WatchedSystem) -> None:
    """A dead message is told in a sentence, with its body, its facts from the log, and what caused it."""
    found = system.first(f"state:dead-lettered AND copies.queue:{QUEUE}")
    open_screen(page, address("messages", found["uid"]))
    expect(page.get_by_role("main")).to_contain_text(MODELER.name)
    beside = page.get_by_label("What caused it and what it caused")
    expect(beside).to_contain_text("Message")
    page.keyboard.press("3")
    expect(page.get_by_text(re.compile(r"\d+ facts, oldest first"))).to_be_visible()
    beside.get_by_role("link", name=found["trace_id"]).click()

    expect(page).to_have_url(re.compile("/conversations/"))
    settled(page)
    expect(page.get_by_role("main")).to_contain_text(MODELER.name)


def test_topology_and_system_stand_on_the_same_log(page: Page, system: WatchedSystem) -> None:
    """The topology has the services, and System tells the index as level with the log, and the settings of the store."""
    open_screen(page, "/topology?view=table")
    expect(page.get_by_role("main")).to_contain_text(MODELER.name)
    open_screen(page, "/system")
    row = page.get_by_role("table", name="Projections").get_by_role("row")
    expect(row.filter(has_text=re.compile("^index"))).to_contain_text("up to date")
    open_screen(page, "/system?tab=settings")

    table = page.get_by_role("table", name="Settings in force")
    expect(table.get_by_role("row").filter(has_text="HOPTRAIL_STORE_PREFIX")).to_be_visible()
