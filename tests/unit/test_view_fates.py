"""What becomes of dead letters: open, retried and how that went, archived, resolved by themselves."""

from typing import Any

import pytest

from events.facts import (
    GroupArchived,
    MessagesArchived,
    NoteSet,
    RetryFinished,
    RetryItem,
    RetryOutcome,
    RetryPlanned,
    RetryPublished,
    RetryRequested,
)
from events.republish import MARKER
from projector.answers import DeadLetterGroup
from tests.support.story import Story, Told
from tests.unit.test_view_dead_letters import CLIENT, WORKER, shop

RETRY = "00112233445566aa"


def died(story: Story, **more: Any) -> int:
    """Let a message die in ``work``; return its position."""
    told = story.publish(CLIENT, "", "work", ("work",), **more)
    position = len(story.envelopes) - 1
    story.deliver(told, "work", WORKER)
    story.die(told, "work", "rejected", "dlx")
    return position


def group(story: Story) -> DeadLetterGroup:
    (found,) = story.answers().dead_letters()
    return found


def planned(story: Story, *positions: int, retry: str = RETRY) -> None:
    """Let an operator ask for a retry of the messages at *positions*."""
    items = tuple(RetryItem(each, each, "dead", "", "work", bytes(16)) for each in positions)
    story.tell(
        RetryRequested("", "local", retry, "retry", "", 0, "/", len(items), "work", "none", 1, 1.0)
    )
    story.tell(RetryPlanned("", "local", retry, 0, items))


def copied(story: Story, position: int, item: int = 0, retry: str = RETRY) -> Told:
    """Let the copy for an item be seen."""
    headers = {MARKER: f"{retry}.{position}.{item}"}
    return story.publish("3.3.3.3:3 -> b", "", "work", ("work",), headers=headers)


def test_a_dead_letter_is_open() -> None:
    """So it begins, counted by the hour, with the services that it concerns."""
    story = shop()
    died(story)

    assert group(story).states == {"open": 1}
    assert [deaths for _, deaths in group(story).trend] == [1]
    assert group(story).services == ("client", "worker")


@pytest.mark.parametrize(
    ("life", "state"),
    [
        ("planned", "retrying"),
        ("copied", "retrying"),
        ("delivered", "retried-and-delivered"),
        ("dead again", "retried-and-dead-again"),
        ("unroutable", "open"),
        ("cancelled", "open"),
        ("late", "retried-and-delivered"),
    ],
)
def test_a_retry_goes_as_its_copy_does(life: str, state: str) -> None:
    """Asked for it is retrying; then what happens to the copy decides; what was never sent is open again."""
    story = shop()
    position = died(story)
    planned(story, position)
    if life in ("copied", "delivered", "dead again"):
        told = copied(story, position)
        story.tell(RetryPublished(RETRY, (RetryOutcome(0, "published"),)))
        if life != "copied":
            story.deliver(told, "work", WORKER)
        story.tell(RetryFinished(RETRY, "done", 1, 0))
        if life == "dead again":
            story.die(told, "work", "rejected", "dlx")
    elif life == "late":
        story.tell(RetryPublished(RETRY, (RetryOutcome(0, "published"),)))
        story.tell(RetryFinished(RETRY, "done", 1, 0))
        story.deliver(copied(story, position), "work", WORKER)
    elif life == "unroutable":
        story.tell(RetryPublished(RETRY, (RetryOutcome(0, "unroutable"),)))
        story.tell(RetryFinished(RETRY, "done", 0, 1))
    elif life == "cancelled":
        story.tell(RetryFinished(RETRY, "cancelled", 0, 0))
    answers = story.answers()
    ident = answers.dead_letters()[0].id
    fate = answers.fate(ident, f"main-{position}")

    assert fate.state == state
    assert fate.retry == RETRY


def test_a_marker_that_no_plan_knows_is_not_believed() -> None:
    """Whoever writes the header himself, or names another item, changes nothing."""
    story = shop()
    first, second = died(story), died(story)
    planned(story, first)
    for position, item, retry in ((second, 0, RETRY), (first, 1, RETRY), (first, 0, "f" * 16)):
        story.deliver(copied(story, position, item, retry), "work", WORKER)

    assert group(story).states == {"open": 1, "retrying": 1}


def test_what_is_archived_is_so_until_it_dies_again() -> None:
    """A group is archived as it is; what dies in it later is open, and single messages can be taken out again."""
    story = shop()
    first = died(story)
    ident = group(story).id
    story.tell(GroupArchived("", "local", ident))
    died(story)
    assert group(story).states == {"open": 1, "archived": 1}
    story.tell(GroupArchived("", "local", ident, archived=False))
    assert group(story).states == {"open": 2}
    story.tell(MessagesArchived("", "local", (first,)))

    assert group(story).states == {"open": 1, "archived": 1}


def test_a_note_stays_with_its_group() -> None:
    """The note is the newest one, with who wrote it."""
    story = shop()
    died(story)
    for text in ("one", "two"):
        story.tell(NoteSet("", "somebody", group(story).id, text))

    assert (group(story).note, group(story).note_by) == ("two", "somebody")


def test_what_came_back_and_was_delivered_resolved_itself() -> None:
    """A message that a retry queue brought back to its queue is resolved once it is delivered there, until it dies again."""
    story = Story()
    story.exchange("dlx", "fanout")
    story.exchange("back", "fanout")
    story.queue("work", dead_letter_exchange="dlx")
    story.queue("later", dead_letter_exchange="back", message_ttl=1_000)
    story.bind("dlx", "later")
    story.bind("back", "work")
    story.connect(CLIENT, "client")
    story.connect(WORKER, "worker")

    def rejected() -> dict[str, int]:
        found = {each.reason: each.states for each in story.answers().dead_letters()}
        return found["rejected"]

    told = story.publish(CLIENT, "", "work", ("work",))
    story.deliver(told, "work", WORKER)
    told = story.die(told, "work", "rejected", "dlx")
    assert rejected() == {"open": 1}
    told = story.die(told, "later", "expired", "back")
    story.deliver(told, "work", WORKER)
    assert rejected() == {"resolved-by-itself": 1}
    story.die(told, "work", "rejected", "dlx")

    assert rejected() == {"open": 1}


def test_facts_of_retries_alone_make_no_state() -> None:
    """A retry of what never died changes nothing here."""
    story = shop()
    story.publish(CLIENT, "", "work", ("work",))
    planned(story, len(story.envelopes) - 1)
    story.tell(RetryPublished(RETRY, (RetryOutcome(0, "published"),)))

    assert list(story.answers().dead_letters()) == []
