"""The sums of dead-letter groups: over all messages of a group, however many, now and at any time before."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import (
    GroupArchived,
    MessagesArchived,
    RetryFinished,
    RetryOutcome,
    RetryPublished,
)
from projector.answering import Answers
from projector.answers import DeadLetterGroup
from projector.past import PastViews
from projector.projection import Projection, restored, snapshot_of
from projector.system import Past
from projector.views.dead_letters import GROUPS_MAX, DeadLettersView
from projector.views.fates import FATES, FATES_MAX, Fates, Tally
from store.memory.log import MemoryEventLog
from store.ports import EventLog
from store.sqlite.log import SqliteEventLog
from tests.support.logs import STREAM, fill
from tests.support.story import Story, Told
from tests.unit.test_view_dead_letters import CLIENT, WORKER, shop
from tests.unit.test_view_fates import copied, died, planned

MANY, OLD = 1_500, 700
BLOCK = 500
LAWS = settings(max_examples=60, deadline=None)
STEPS = (
    "die", "die", "die of another", "die again", "plan", "copy", "copy dies", "finish", "come back",
    "archive", "take out", "archive one", "take out one",
)  # fmt: skip


class Tale:
    """A story whose next step is chosen by name; a number chooses whom it is about."""

    def __init__(self) -> None:
        self.story = shop()
        self.dead: list[int] = []
        self.told: dict[int, Told] = {}
        self.retries = 0

    def tell(self, name: str, number: int) -> None:
        """Let that happen to one of the dead letters, or to a new message."""
        if name.startswith("die") and name != "die again":
            self._die("rejected" if name == "die" else "maxlen")
        elif self.dead:
            position = self.dead[number % len(self.dead)]
            self._tell_about(name, position)

    def _die(self, reason: str) -> None:
        told = self.story.publish(CLIENT, "", "work", ("work",))
        position = len(self.story.envelopes) - 1
        self.dead.append(position)
        self.told[position] = self.story.die(told, "work", reason, "dlx")

    def _tell_about(self, name: str, position: int) -> None:
        story, retry = self.story, f"{self.retries:016x}"
        match name:
            case "die again":
                self.told[position] = story.die(self.told[position], "dead", "maxlen", "dlx")
            case "come back":
                story.deliver(self.told[position], "dead", WORKER)
            case "plan":
                self.retries += 1
                planned(story, position, retry=f"{self.retries:016x}")
            case "copy":
                story.deliver(copied(story, position, retry=retry), "work", WORKER)
            case "copy dies":
                story.die(copied(story, position, retry=retry), "work", "rejected", "dlx")
            case "finish":
                story.tell(RetryPublished(retry, (RetryOutcome(0, "unroutable"),)))
                story.tell(RetryFinished(retry, "done", 0, 1))
            case "archive" | "take out":
                ident = story.answers().dead_letters()[position % 2 - 1].id
                story.tell(GroupArchived("", "local", ident, archived=name == "archive"))
            case _:
                story.tell(MessagesArchived("", "local", (position,), name == "archive one"))


def recounted(view: DeadLettersView) -> dict[str, dict[str, int]]:
    """Return the sums of every group, counted one message after another."""
    state = view.state
    return {
        ident: dict(
            Counter(
                fate.state(state.fates.tallies[found.number].archived_at)
                for fate in state.fates.fates.values()
                if found.number in fate.groups
            )
        )
        for ident, found in state.groups.items()
    }


def crowd() -> tuple[Story, Projection]:
    """Many messages that died alike: the oldest put away, 300 retried, of which 200 were delivered; and that folded."""
    story, projection = shop(), Projection("main")
    positions = [died(story) for _ in range(OLD)]
    ident = folded(story, projection).id
    story.tell(GroupArchived("", "local", ident))
    positions += [died(story) for _ in range(MANY - OLD)]
    retried = positions[:200] + positions[OLD : OLD + 100]
    planned(story, *retried)
    for item, position in enumerate(retried[:200]):
        story.deliver(copied(story, position, item), "work", WORKER)
    folded(story, projection)
    return story, projection


def folded(story: Story, projection: Projection) -> DeadLetterGroup:
    """Return the only group once *projection* has folded the rest of *story*."""
    projection.fold.fold(story.envelopes[projection.position :])
    (found,) = Answers(projection).dead_letters()
    return found


def test_every_message_is_in_the_sums() -> None:
    """The oldest of many count as the newest do, and a restart forgets none of them."""
    story, projection = crowd()
    resumed = restored(snapshot_of(projection, block=1, log_digest=bytes(32)), "main")
    assert resumed is not None
    died(story)
    found = folded(story, resumed)

    assert found == folded(story, projection)
    assert (found.messages, found.unfollowed) == (MANY + 1, 0)
    assert found.states == {
        "open": MANY + 1 - OLD - 100,
        "retrying": 100,
        "retried-and-delivered": 200,
        "archived": OLD - 200,
    }


def test_a_big_group_is_archived_and_taken_out_whole() -> None:
    """All that a group has are put away at once, and each is in the state it had when they are taken out again."""
    story, projection = crowd()
    found = folded(story, projection)
    states = dict(found.states)
    story.tell(GroupArchived("", "local", found.id))
    assert folded(story, projection).states == {"archived": MANY}
    story.tell(GroupArchived("", "local", found.id, archived=False))

    states["open"] += states.pop("archived")
    assert folded(story, projection).states == states


@asynccontextmanager
async def memory(_: Path) -> AsyncIterator[EventLog]:
    async with MemoryEventLog() as log:
        yield log


@asynccontextmanager
async def sqlite(directory: Path) -> AsyncIterator[EventLog]:
    async with SqliteEventLog(directory) as log:
        yield log


@pytest.mark.parametrize("opened", [memory, sqlite])
async def test_the_sums_of_a_time_are_those_of_then(
    opened: Callable[[Path], AsyncIterator[EventLog]], tmp_path: Path
) -> None:
    """Asked for a time in the past, a group of more than a thousand tells the states that all of it had then."""
    story, projection = crowd()
    then = story.at
    story.tell(GroupArchived("", "local", folded(story, projection).id))
    assert folded(story, projection).states == {"archived": MANY}
    live = Answers(projection)
    async with opened(tmp_path) as log:  # type: ignore[attr-defined]
        await fill(log, story.envelopes, sizes=[BLOCK])
        views = PastViews(log, None, STREAM, limits=None, live=lambda: live, wait_s=60.0)
        past = await views.at(then)
        await views.close()

    assert isinstance(past, Past)
    assert past.dead_letters[0].states["open"] == MANY - OLD - 100


def test_what_died_too_long_ago_is_told_apart() -> None:
    """Beyond the bound the oldest messages are in no state any more, and the group says how many they are."""
    story = shop()
    for _ in range(3):
        died(story)
    projection = Projection("main")
    projection.fold.fold(story.envelopes)
    state = projection.dead_letters.state.fates
    state.tallies[0], fates = Tally(), Fates(state)
    for position in range(FATES_MAX - 1):
        fates.died(1_000_000 + position, 0, 1_000_000 + position)
    (found,) = Answers(projection).dead_letters()

    assert (found.messages, found.states, found.unfollowed) == (3, {"open": 1}, 2)
    assert state.tallies[0].states() == {"open": FATES_MAX - 1}


def test_a_message_counts_in_each_group_it_died_in() -> None:
    """One that died twice is in the sums of both groups; archiving one of them leaves it open in the other."""
    story = shop()
    story.queue("second", dead_letter_exchange="dlx")
    told = story.publish(CLIENT, "", "work", ("work",))
    told = story.die(told, "work", "rejected", "dlx")
    story.die(told, "dead", "maxlen", "dlx")
    first = story.answers().dead_letters()[-1]
    story.tell(GroupArchived("", "local", first.id))
    found = {each.id: each.states for each in story.answers().dead_letters()}

    assert found.pop(first.id) == {"archived": 1}
    assert list(found.values()) == [{"open": 1}]


def test_a_group_that_was_dropped_begins_anew() -> None:
    """Where too many groups made room for others, one that comes back counts what died in it since."""
    story = shop()
    died(story, type="dropped")
    for number in range(GROUPS_MAX):
        story.die(
            story.publish(CLIENT, "", "work", ("work",), type=f"t{number}"), "work", "maxlen", "dlx"
        )
    died(story, type="dropped")
    found = [each for each in story.answers().dead_letters() if each.type == "dropped"]

    assert [(each.messages, each.states, each.unfollowed) for each in found] == [
        (1, {"open": 1}, 0)
    ]


@LAWS
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), max_size=40))
def test_sums_are_those_of_a_recount(steps: Sequence[tuple[str, int]]) -> None:
    """Whatever happens in whatever order, the sums that were kept are those of counting all messages again."""
    projection = Projection("main")
    tale = Tale()
    projection.fold.fold(tale.story.envelopes)
    for name, number in steps:
        before = len(tale.story.envelopes)
        tale.tell(name, number)
        projection.fold.fold(tale.story.envelopes[before:])
        view = projection.dead_letters
        told = {each.id: each for each in Answers(projection).dead_letters()}

        assert {ident: each.states for ident, each in told.items()} == recounted(view)
        assert all(sum(each.states.values()) == each.messages for each in told.values())


def paged(answers: Answers, group: str, state: str | None, limit: int) -> list[str]:
    """Return the uids of a group, page by page."""
    found: list[str] = []
    before: int | None = None
    while page := answers.dead_letter_messages(group, state=state, before=before, limit=limit):
        found += page
        before = answers.fate(group, page[-1]).died
    return found


@LAWS
@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), max_size=40), st.integers(1, 3)
)
def test_pages_hold_every_message_once(steps: Sequence[tuple[str, int]], limit: int) -> None:
    """However large its pages are, a list holds as many messages as the sums say, each once, in one order."""
    tale = Tale()
    for name, number in steps:
        tale.tell(name, number)
    answers = tale.story.answers()
    for group in answers.dead_letters():
        whole = list(answers.dead_letter_messages(group.id, limit=100))
        assert paged(answers, group.id, None, limit) == whole
        assert len(set(whole)) == len(whole) == group.messages
        for state in FATES:
            among = paged(answers, group.id, state, limit)
            assert among == [uid for uid in whole if answers.fate(group.id, uid).state == state]
            assert len(among) == group.states.get(state, 0)
