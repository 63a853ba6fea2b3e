"""Dead letters: the worklist, a group, and a retry from its dry run to the delivery of its copies."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.screens import address, open_screen, settled
from tests.support.wait import wait_until
from tests.support.watched_page import NOT_WORKED_OUT_YET, Watch, axe
from tests.support.watched_system import WatchedSystem

EXCHANGE = "web.dlx"
SEEN_S_MAX = 60


class Dying:
    """A queue of the test's own, in which messages die into another that is tapped, and from which it consumes."""

    def __init__(self, system: WatchedSystem, name: str) -> None:
        self.system, self.queue, self.dead = system, name, f"{name}.dead"
        manage, vhost = system.management, system.vhost
        manage.put("queues", vhost, self.dead, body={"durable": True})
        manage.post("bindings", vhost, "e", EXCHANGE, "q", self.dead, body={"routing_key": name})
        arguments = {"x-dead-letter-exchange": EXCHANGE, "x-dead-letter-routing-key": name}
        manage.put("queues", vhost, name, body={"durable": True, "arguments": arguments})

    def let_die(self, *bodies: str, known: int | None = None) -> None:
        """Publish *bodies*, reject them, and wait until *known* dead letters (else all of these) are seen."""
        for body in bodies:
            self.system.publish(body, key=self.queue, type="order", content_type="application/json")
        self.take(len(bodies), "reject_requeue_false")
        wait_until(
            lambda: self.messages() >= (known or len(bodies)),
            timeout_s=SEEN_S_MAX,
        )
        # What is retried is read from the index, which follows the log apart from the views.
        self.system.wait_found(f'copies.queue:"{self.dead}"', count=known or len(bodies))

    def take(self, count: int, how: str = "ack_requeue_false") -> None:
        """Fetch *count* messages from the queue, once they are there, and settle them so."""
        taken: list[Any] = []

        def all_taken() -> bool:
            wanted = {"count": count - len(taken), "ackmode": how, "encoding": "auto"}
            got = self.system.management.post(
                "queues", self.system.vhost, self.queue, "get", body=wanted
            )
            taken.extend(got)
            return len(taken) >= count

        wait_until(all_taken, timeout_s=SEEN_S_MAX)

    def group(self) -> dict[str, Any]:
        """Return the group of its dead letters."""
        found = self.system.hoptrail.get("/dead-letters")["items"]
        return next((each for each in found if each["queue"] == self.queue), {})

    def messages(self) -> int:
        """Return how many dead letters of it are known."""
        return self.group().get("messages", 0)

    def address(self) -> str:
        """Return the address of its group."""
        return address("dead-letters", self.group()["id"])


@pytest.fixture(scope="module")
def exchange(system: WatchedSystem) -> Iterator[str]:
    """A dead-letter exchange that hoptrail taps."""
    manage, vhost = system.management, system.vhost
    manage.put("exchanges", vhost, EXCHANGE, body={"type": "topic", "durable": True})
    first = Dying(system, "web.first")
    system.wait_tapped(EXCHANGE)
    yield EXCHANGE
    for queue in (first.queue, first.dead):
        manage.delete("queues", vhost, queue)
    manage.delete("exchanges", vhost, EXCHANGE)


@pytest.fixture
def dying(system: WatchedSystem, exchange: str, request: pytest.FixtureRequest) -> Iterator[Dying]:
    """A queue in which three messages died."""
    made = Dying(system, re.sub(r"\W+", ".", f"web.{request.node.name[5:40]}"))
    made.let_die(*(f'{{"order": {number}, "kind": "large"}}' for number in range(3)))
    yield made
    for queue in (made.queue, made.dead):
        system.management.delete("queues", system.vhost, queue)


def contract(page: Page) -> Locator:
    """Return the dry run in the dialog that is open."""
    return page.get_by_role("region", name="What will be done")


def test_the_worklist_leads_to_a_group(page: Page, system: WatchedSystem) -> None:
    """Groups tell why and where; timers are folded away with their count; a click opens a group."""
    open_screen(page, "/dead-letters")
    table = page.get_by_role("table", name="Groups of dead letters")
    expect(table.get_by_role("row", name=re.compile("rejected by Modeler"))).to_be_visible()
    expect(
        page.get_by_text(re.compile("expiries that serve as a delay .* are folded away"))
    ).to_be_visible()
    expect(table.get_by_role("link", name=re.compile("^delay"))).to_have_count(0)
    page.get_by_role("link", name="Show them").click()
    expect(table.get_by_role("link", name=re.compile("^delay"))).not_to_have_count(0)
    table.get_by_role("link", name="rejected by Modeler").click()
    settled(page)

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Rejected by Modeler in modeler.normalized"
    )
    expect(page.get_by_role("table", name="What they have in common")).to_contain_text(
        "Image Normalizer"
    )


def test_the_worklist_by_keyboard(page: Page, system: WatchedSystem) -> None:
    """Words narrow the list and stand in the address; j and Enter open a group; back keeps the words."""
    open_screen(page, "/dead-letters")
    page.get_by_role("textbox", name="with the words").focus()
    page.keyboard.type("MODELER")
    expect(page).to_have_url(re.compile("words=MODELER"))
    expect(page.get_by_role("row")).to_have_count(2)
    page.keyboard.press("Tab")
    page.get_by_role("textbox", name="with the words").blur()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("modeler.normalized")
    page.go_back()

    expect(page.get_by_role("textbox", name="with the words")).to_have_value("MODELER")


def test_a_retry_from_dry_run_to_delivered(page: Page, dying: Dying) -> None:
    """The contract says what goes where; the button does that; the copies are consumed, and the group knows it."""
    open_screen(page, dying.address())
    expect(page.get_by_role("table", name="What they have in common")).to_contain_text("large")
    page.get_by_role("button", name="Retry …").click()
    expect(contract(page)).to_contain_text(
        f"3 messages to queue {dying.queue}, at 100/s, less than 1 s."
    )
    expect(contract(page)).to_contain_text(f"{dying.dead} → queue {dying.queue}")
    expect(contract(page)).to_contain_text("The dead letters stay where they lie")
    axe(page)
    page.get_by_role("button", name=f"Publish 3 messages to queue {dying.queue}").click()
    expect(page).to_have_url(re.compile("/retries/[0-9a-f]{16}"))
    expect(page.get_by_text("3 of 3 messages published")).to_be_visible()
    dying.take(3)
    expect(page.get_by_role("listitem").filter(has_text="delivered")).to_contain_text("3")
    expect(page.get_by_role("table", name="Who did what")).to_contain_text("finished (done)")
    axe(page)
    page.get_by_role("link", name=dying.group()["id"]).click()

    expect(page.get_by_text("3 retried and delivered")).to_be_visible()
    expect(page.get_by_role("table", name="Retries")).to_contain_text("done")


def test_one_message_is_retried_by_keyboard(page: Page, dying: Dying) -> None:
    """On a message r opens the dry run, and the button is reached and pressed without a mouse."""
    uid = dying.system.first(f'copies.queue:"{dying.dead}"')["uid"]
    open_screen(page, address("messages", uid))
    page.keyboard.press("r")
    expect(contract(page)).to_contain_text(f"1 message to queue {dying.queue}")
    button = page.get_by_role("button", name=f"Publish 1 message to queue {dying.queue}")
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/retries/"))
    expect(page.get_by_text("1 of 1 message published")).to_be_visible()


def test_taking_messages_off_their_queue_has_to_be_confirmed(page: Page, dying: Dying) -> None:
    """What removes says so on the button, which does nothing before a tick; then the messages are gone from their queue."""
    open_screen(page, dying.address())
    page.get_by_role("button", name="Retry …").click()
    page.get_by_role("radio", name=re.compile("go through their whole queue")).check()
    button = page.get_by_role("button", name=f"take them off {dying.dead}")
    expect(button).to_be_disabled()
    page.get_by_role("checkbox", name=f"3 messages leave {dying.dead} for good").check()
    button.click()
    expect(page.get_by_text("3 of 3 messages published")).to_be_visible()
    dying.take(3)

    expect(page.get_by_role("listitem").filter(has_text="delivered")).to_contain_text("3")
    manage = dying.system.management
    wanted = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
    assert manage.post("queues", dying.system.vhost, dying.dead, "get", body=wanted) == []


def test_a_plan_that_is_another_now_is_not_started(page: Page, dying: Dying, watch: Watch) -> None:
    """If another message dies after the dry run, nothing is published, and the new plan is shown instead."""
    watch.allowed.append("console error: Failed to load resource: .* 409")
    open_screen(page, dying.address())
    page.get_by_role("button", name="Retry …").click()
    expect(contract(page)).to_contain_text("3 messages to queue")
    dying.let_die('{"order": 3, "kind": "large"}', known=4)
    page.get_by_role("button", name="Publish 3 messages").click()

    expect(contract(page)).to_contain_text("The plan is another now (4 messages)")
    expect(page.get_by_role("button", name="Publish 4 messages")).to_be_visible()
    published = f'queue:"{dying.queue}"'
    dying.system.wait_found(published, count=4)
    assert dying.system.hoptrail.get("/messages", q=published)["total"] == 4


def test_a_target_that_is_not_there_is_refused_in_the_dry_run(page: Page, dying: Dying) -> None:
    """A chosen queue that does not exist leaves all messages out, with the reason; there is nothing to start."""
    open_screen(page, dying.address())
    page.get_by_role("button", name="Retry …").click()
    page.get_by_role("radio", name="a queue of your choice").check()
    expect(contract(page)).to_contain_text("Name the queue.")
    page.get_by_role("textbox", name="Queue", exact=True).fill("no.such.queue")

    expect(contract(page)).to_contain_text("Nothing of 3 selected can be published")
    expect(contract(page)).to_contain_text("left out: there is no queue no.such.queue")
    expect(page.get_by_role("button", name="Publish", exact=True)).to_be_disabled()


def test_an_edit_shows_the_difference_before_it_is_published(page: Page, dying: Dying) -> None:
    """What is changed in body and headers is shown before and after; the copy has the new body."""
    uid = dying.system.first(f'copies.queue:"{dying.dead}"')["uid"]
    open_screen(page, address("messages", uid))
    page.get_by_role("button", name="Edit …").click()
    expect(contract(page)).to_contain_text("Nothing is changed yet.")
    page.get_by_role("textbox", name="Body", exact=True).fill('{"order": "mended"}')
    expect(contract(page)).to_contain_text('"mended"')
    axe(page)
    page.get_by_role("button", name=f"Publish 1 message to queue {dying.queue}").click()
    expect(page.get_by_text("1 of 1 message published")).to_be_visible()

    dying.system.wait_found("body.order:mended")


def test_note_and_archive_stand_in_the_trail(page: Page, dying: Dying) -> None:
    """A note is written and the group put away; both are there after a reload, with who did it."""
    open_screen(page, dying.address())
    page.get_by_role("button", name="Write a note").click()
    page.get_by_role("textbox", name=re.compile("^Note")).fill("known since <b>Tuesday</b>")
    page.get_by_role("button", name="Save the note").click()
    expect(page.get_by_text("known since <b>Tuesday</b>").first).to_be_visible()
    page.get_by_role("button", name="Archive its 3 messages").click()
    expect(page.get_by_text("3 archived")).to_be_visible()
    page.reload()

    trail = page.get_by_role("table", name="Who did what")
    expect(trail).to_contain_text("wrote the note")
    expect(trail).to_contain_text("archived the group")
    expect(page.get_by_role("button", name="Take out of the archive")).to_be_visible()


def test_some_messages_are_chosen(page: Page, dying: Dying) -> None:
    """Only what is ticked is put away, and the list can be narrowed to it by the address."""
    open_screen(page, dying.address())
    page.get_by_role("checkbox", name=re.compile("^Choose main-")).first.check()
    page.get_by_role("button", name="Archive 1 message").click()
    expect(page.get_by_text("2 open")).to_be_visible()
    page.get_by_role("combobox", name="Only those that are").select_option("archived")

    expect(page).to_have_url(re.compile("state=archived"))
    expect(page.get_by_role("checkbox", name=re.compile("^Choose main-"))).to_have_count(1)


def as_of(page: Page) -> Locator:
    """Return what says as of when the page is."""
    return page.get_by_role("status").filter(has_text="as of")


def test_dead_letters_as_they_were(page: Page, dying: Dying, watch: Watch) -> None:
    """As of a time in the address the worklist and a group are as they were then; one button leads back to now."""
    watch.allowed.append(NOT_WORKED_OUT_YET)
    then = dying.group()["last_seen"]
    dying.let_die('{"order": 3, "kind": "large"}', known=4)
    open_screen(page, f"/dead-letters?at={then}")
    row = page.get_by_role("row").filter(has_text=dying.queue)
    expect(as_of(page)).to_contain_text("The list of dead letters as of 20")
    expect(row).to_contain_text("3 open")
    row.get_by_role("link").first.click()
    settled(page)

    expect(as_of(page)).to_contain_text("The group as of 20")
    expect(page.get_by_text("3 messages of type order died 3 times")).to_be_visible()
    expect(page.get_by_role("button", name="Retry …")).to_have_count(0)
    axe(page)
    page.get_by_role("button", name="Back to now").click()
    expect(page.get_by_text("4 messages of type order died 4 times")).to_be_visible()
    expect(page.get_by_role("button", name="Retry …")).to_be_visible()
    assert "at=" not in page.url


def test_a_group_that_was_not_there_yet(page: Page, dying: Dying, watch: Watch) -> None:
    """Before its first death a group is not there, which is said with the time, and the worklist is empty."""
    watch.allowed += ["console error: Failed to load resource: .* 404", NOT_WORKED_OUT_YET]
    open_screen(page, f"{dying.address()}?at=2020-01-02T03:04:05Z")
    expect(as_of(page)).to_contain_text("The group as of 2020-01-02")
    expect(page.get_by_text("There was no group of dead letters")).to_be_visible()
    page.get_by_role("link", name="All dead letters").click()

    expect(as_of(page)).to_contain_text("The list of dead letters as of 2020-01-02")
    expect(page.get_by_text("No dead letters were seen.")).to_be_visible()


def test_a_relative_time_becomes_a_moment_by_keyboard(
    page: Page, dying: Dying, watch: Watch
) -> None:
    """`now-1s` typed in the top bar stands as a moment in the address, which a reload keeps; back leads to now."""
    watch.allowed.append(NOT_WORKED_OUT_YET)
    open_screen(page, "/dead-letters")
    page.get_by_role("button", name="all that is kept").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="The system as of").focus()
    page.keyboard.type("now-1s")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"at=20\d\d-\d\d-\d\dT"))
    expect(as_of(page)).to_contain_text("The list of dead letters as of 20")
    moment = page.url
    page.reload()
    settled(page)

    expect(as_of(page)).to_contain_text("The list of dead letters as of 20")
    assert page.url == moment
    page.go_back()
    expect(as_of(page)).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text=dying.queue)).to_be_visible()


def test_what_failed_stays_to_be_seen(page: Page, dying: Dying) -> None:
    """A retry whose copies no queue got tells of each message why, also once it has ended."""
    group = dying.group()["id"]
    nowhere = ("--to-exchange", "amq.direct", "--routing-key", "nobody")
    done = dying.system.hoptrail.cli("retry", "start", "--group", group, *nowhere, "--yes")
    assert done.returncode == 0, done.stderr
    open_screen(page, dying.address())
    page.get_by_role("table", name="Retries").get_by_role("link", name=group).click()
    expect(page.get_by_text("0 of 3 messages published, 3 failed")).to_be_visible()
    expect(page.get_by_role("table", name="Who did what")).to_contain_text("finished (done)")
    page.reload()

    failed = page.get_by_role("table", name="What failed")
    expect(failed.get_by_role("row")).to_have_count(4)
    expect(failed).to_contain_text("unroutable")
