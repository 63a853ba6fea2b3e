"""The conversations view: recent traces with size, span, services and worst state."""

from projector.views.conversations import TRACES_MAX
from tests.support.story import Story

CLIENT, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def parent(span: str) -> dict[str, str]:
    return {"traceparent": f"00-{TRACE}-{span}-01"}


def shop() -> Story:
    story = Story()
    story.queue("work")
    story.connect(CLIENT, "client")
    story.connect(WORKER, "worker")
    return story


def test_messages_of_one_trace_are_one_conversation() -> None:
    """A trace counts its messages and names every service in it, from first to last."""
    story = shop()
    told = story.publish(
        CLIENT, "", "work", ("work",), correlation_id="c1", headers=parent("00f067aa0ba902b7")
    )
    began = story.at
    story.deliver(told, "work", WORKER)
    story.publish(WORKER, "", "work", ("work",), headers=parent("00f067aa0ba902b8"))
    (found,) = story.answers().conversations()

    assert (found.trace_id, found.messages, found.correlation_id) == (TRACE, 2, "c1")
    assert (found.started_at, found.last_at) == (began, story.at)
    assert found.services == ("client", "worker")
    assert found.root == "main-3"


def test_the_worst_state_is_told() -> None:
    """One message that was routed nowhere makes the conversation unroutable."""
    story = shop()
    told = story.publish(CLIENT, "", "work", ("work",), headers=parent("00f067aa0ba902b7"))
    story.deliver(told, "work", WORKER)
    good = story.answers().conversations()[0].state
    story.publish(CLIENT, "nowhere", "x", (), headers=parent("00f067aa0ba902b7"))

    assert (good, story.answers().conversations()[0].state) == ("delivered", "unroutable")


def test_only_recent_conversations_are_kept() -> None:
    """Traces are bounded; one that stays active outlives quiet ones that began later."""
    story = shop()
    story.publish(CLIENT, "", "work", (), headers=parent("00f067aa0ba902b7"))
    for number in range(5 * TRACES_MAX):
        story.publish(CLIENT, "", "work", ())
        if number % 50 == 0:
            story.publish(CLIENT, "", "work", (), headers=parent("00f067aa0ba902b7"))
    found = {c.trace_id: c for c in story.answers().conversations()}

    assert TRACE in found
    assert found[TRACE].messages > 5 * TRACES_MAX // 50


def test_the_latest_comes_first() -> None:
    """Conversations are listed by their last event."""
    story = shop()
    for _ in range(3):
        story.publish(CLIENT, "", "work", ())
    times = [c.last_at for c in story.answers().conversations()]

    assert times == sorted(times, reverse=True)
