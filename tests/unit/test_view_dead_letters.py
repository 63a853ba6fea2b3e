"""The dead letters view: groups of what died alike."""

import pytest

from events.facts import Table
from projector.answers import DeadLetterGroup
from projector.views.dead_letters import OTHER_KEYS, ROUTING_KEYS_MAX
from projector.views.errors import ERROR_CHARS_MAX, error_in, masked
from tests.support.story import Story

CLIENT, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"


def shop() -> Story:
    """A work queue with a dead-letter exchange, and its worker."""
    story = Story()
    story.exchange("dlx", "fanout")
    story.queue("dead")
    story.bind("dlx", "dead")
    story.queue("work", dead_letter_exchange="dlx")
    story.connect(CLIENT, "client")
    story.connect(WORKER, "worker")
    return story


def groups(story: Story) -> list[DeadLetterGroup]:
    return list(story.answers().dead_letters())


def test_alike_deaths_are_one_group() -> None:
    """Messages that died in one queue for one reason are counted together, with where they went."""
    story = shop()
    uids: list[str] = []
    for _ in range(3):
        told = story.publish(CLIENT, "", "work", ("work",), type="order")
        uids.insert(0, f"main-{len(story.envelopes) - 1}")
        story.deliver(told, "work", WORKER)
        story.die(told, "work", "rejected", "dlx")
    (group,) = groups(story)

    assert (group.queue, group.reason, group.exchange, group.type) == (
        "work", "rejected", "dlx", "order",
    )  # fmt: skip
    assert (group.messages, group.deaths, group.timer) == (3, 3, False)
    assert (group.to_queues, group.routing_key, group.service) == (("dead",), "work", "worker")
    assert story.answers().dead_letter_messages(group.id, limit=9) == uids


def test_unlike_deaths_are_groups_of_their_own() -> None:
    """Another reason, type or error is another group; the one that grew last comes first."""
    story = shop()
    headers = {"x-exception-message": "card declined"}
    for kind, reason, told_headers in (
        ("order", "rejected", None),
        ("order", "maxlen", None),
        ("mail", "rejected", None),
        ("order", "rejected", headers),
    ):
        told = story.publish(CLIENT, "", "work", ("work",), type=kind, headers=told_headers)
        story.die(told, "work", reason, "dlx")
    found = groups(story)

    assert len({group.id for group in found}) == 4
    assert (found[0].error, found[0].reason) == ("card declined", "rejected")


def test_ids_are_stable() -> None:
    """The same deaths at other times and of other messages give the same id."""
    first, second = shop(), shop()
    second.wait(3600)
    second.publish(CLIENT, "", "work", ("work",), type="other")
    for story in (first, second):
        story.die(
            story.publish(CLIENT, "", "work", ("work",), type="order"), "work", "rejected", "dlx"
        )

    assert groups(first)[0].id == groups(second)[0].id


def test_rounds_are_deaths_of_one_message() -> None:
    """A message that dies again and again is one message with its deaths."""
    story = shop()
    story.queue("retry", dead_letter_exchange="", dead_letter_routing_key="work", message_ttl=1000)
    told = story.publish(CLIENT, "", "work", ("work",))
    for _ in range(3):
        story.deliver(told, "work", WORKER)
        told = story.die(told, "work", "rejected", "", routing_key="retry", seen=False)
        told = story.die(told, "retry", "expired", "", routing_key="work", seen=False)
    story.deliver(told, "work", WORKER)
    found = {group.queue: group for group in groups(story)}

    assert (found["work"].messages, found["work"].deaths, found["work"].timer) == (1, 3, False)
    assert (found["retry"].messages, found["retry"].deaths, found["retry"].timer) == (1, 3, True)


def test_an_expiry_is_a_timer_once_somebody_reads_behind_it() -> None:
    """What looked like a loss is a delay when the dead letter is delivered to a consumer."""
    story = shop()
    story.queue("later", dead_letter_exchange="dlx", message_ttl=1000)
    told = story.publish(CLIENT, "", "later", ("later",))
    told = story.die(told, "later", "expired", "dlx")
    before = groups(story)[0].timer
    story.deliver(told, "dead", WORKER)

    assert not before
    assert [group.timer for group in groups(story)] == [True]


def test_the_service_gets_its_name_late() -> None:
    """The consumer of a group is called what it is called now."""
    story = shop()
    late = "9.9.9.9:9 -> b"
    told = story.publish(CLIENT, "", "work", ("work",))
    story.deliver(told, "work", late)
    story.die(told, "work", "rejected", "dlx")
    story.connect(late, "late worker")

    assert groups(story)[0].service == "late worker"


def test_members_come_in_the_order_of_their_deaths() -> None:
    """What died last comes first, whenever it was published; the next page begins with what died before the last one."""
    story = shop()
    first, second, third = (story.publish(CLIENT, "", "work", ("work",)) for _ in range(3))
    uids = [f"main-{len(story.envelopes) - each}" for each in (3, 2, 1)]
    story.die(first, "work", "rejected", "dlx")
    story.die(third, "work", "rejected", "dlx")
    story.die(second, "work", "rejected", "dlx")
    answers = story.answers()
    (group,) = answers.dead_letters()
    members = answers.dead_letter_messages(group.id, limit=9)
    later = answers.dead_letter_messages(
        group.id, before=answers.fate(group.id, uids[2]).died, limit=9
    )

    assert members == [uids[1], uids[2], uids[0]]
    assert later == [uids[0]]
    assert answers.dead_letter_messages(group.id, limit=2) == members[:2]


def test_routing_keys_without_end_share_a_group() -> None:
    """Beyond a limit of distinct routing keys the rest is one group."""
    story = shop()
    for number in range(ROUTING_KEYS_MAX + 50):
        told = story.publish(CLIENT, "", f"key-{number}", ("work",))
        story.die(told, "work", "maxlen", "dlx")
    found = groups(story)

    assert len(found) == ROUTING_KEYS_MAX + 1
    assert {group.routing_key: group.messages for group in found}[OTHER_KEYS] == 50


def test_an_unknown_group_is_none() -> None:
    """There are no messages of a group that does not exist."""
    assert shop().answers().dead_letter_messages("0123456789abcdef", limit=1) == []


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        (None, None),
        ({"tenant": "acme"}, None),
        ({"x-exception-message": "no card\nat line 3"}, "no card"),
        ({"x-exception-message": "", "x-exception-stacktrace": "E: x\n at y"}, "E: x"),
        ({"MT-Fault-Message": "timed out"}, "timed out"),
        ({"NServiceBus.ExceptionInfo.Message": "b"}, "b"),
        ({"rbs2-error-details": b"bytes \xff"}, "bytes \\xff"),
        ({"x-error": 5, b"x-error": "ignored"}, None),
        ({"error": "x" * 500}, "x" * ERROR_CHARS_MAX),
    ],
)
def test_errors_are_read_from_headers(headers: Table | None, error: str | None) -> None:
    """The first line of what frameworks write about a failure is the error."""
    assert error_in(headers) == error


def test_numbers_in_errors_do_not_part_groups() -> None:
    """Errors that differ in numbers and ids only are of one kind."""
    assert masked("order 17 of 6f1ad0a1-93d1-4c64-9d3a-6a6f7f0b7a11") == "order # of #"
