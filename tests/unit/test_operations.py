"""Operators' state: what is restated is what stands, everything is bounded, and order decides."""

import msgspec
from hypothesis import given, settings

from events import upcast
from events.facts import (
    BrokerBound,
    Envelope,
    Fact,
    KeyCreated,
    NoteSet,
    RetryFailure,
    RetryFinished,
    RetryOutcome,
    RetryPaused,
    RetryPlanned,
    RetryPublished,
    RetryResumed,
    SegmentStarted,
)
from events.operations import (
    CANCELLED,
    COMMANDS_MAX,
    DONE,
    NOTES_MAX,
    PAUSED,
    PLANNING,
    RETRY_FAILURES_MAX,
    RUNNING,
    OperatorState,
)
from events.restating import BYTES_MAX, restated
from projector.views.operations import OperationsView
from projector.views.state import pack
from tests.support.operators import GROUPS, KEYS, RETRIES, histories_of_operators, item, requested

LAWS = settings(max_examples=150, deadline=None)


def folded(history: list[Envelope], state: OperatorState | None = None) -> OperatorState:
    """Return *state* (else an empty one) with *history* folded."""
    state = state or OperatorState()
    for envelope in history:
        state.apply(envelope)
    return state


def later(facts: list[Fact]) -> list[Envelope]:
    """Return *facts* as a segment that begins later tells them."""
    return [Envelope(10_000 + number, 2**61, 0, fact) for number, fact in enumerate(facts)]


def done(*facts: Fact) -> OperatorState:
    """Return the state after *facts*."""
    return folded([Envelope(position, position, 0, fact) for position, fact in enumerate(facts)])


@LAWS
@given(histories_of_operators())
def test_what_is_restated_is_what_stands(history: list[Envelope]) -> None:
    """Folding what a segment restates into nothing gives the same state, byte for byte, and restates the same again."""
    state = folded(history)
    again = folded(later(restated(state)))

    assert pack(again) == pack(state)
    assert restated(again) == restated(state)


@LAWS
@given(histories_of_operators(), histories_of_operators())
def test_restating_changes_nothing(before: list[Envelope], after: list[Envelope]) -> None:
    """Whoever folded everything before learns nothing from a segment's begin, nor does it change what comes later."""
    state = folded(before)
    saved = pack(state)
    folded(later(restated(state)), state)
    assert pack(state) == saved

    moved = [
        msgspec.structs.replace(each, position=each.position + 20_000, observed_at=2**61 + number)
        for number, each in enumerate(after)
    ]

    assert pack(folded(moved, state)) == pack(folded(moved, folded(before)))


def test_a_retry_goes_through_its_states() -> None:
    """Planned, paused, resumed, then finished: its items are kept until then, its counts for good."""
    name = RETRIES[0]
    facts: list[Fact] = [requested("1", name, items=2)]
    assert done(*facts).retries[name].state == PLANNING
    facts += [RetryPlanned("1", "local", name, 0, (item(0), item(1)))]
    assert done(*facts).retries[name].state == RUNNING
    facts += [
        RetryPublished(name, (RetryOutcome(0, "published"), RetryOutcome(1, "unroutable"))),
        RetryPaused("2", "local", name, "decide"),
    ]
    paused = done(*facts).retries[name]
    assert (paused.state, paused.paused_why) == (PAUSED, "decide")
    assert (paused.published, paused.failed) == (1, 1)
    facts += [RetryResumed("3", "local", name)]
    assert done(*facts).retries[name].state == RUNNING
    ended = done(*facts, RetryFinished(name, "done", 1, 1)).retries[name]

    assert (ended.state, ended.published, ended.failed, ended.items) == (DONE, 1, 1, {})
    cancelled = done(*facts, RetryFinished(name, "cancelled", 1, 0)).retries[name]
    assert cancelled.state == CANCELLED


def test_what_failed_outlives_its_retry() -> None:
    """The first failures stay in the order of the plan once a retry ended, and a later segment tells them again."""
    name, items = RETRIES[0], RETRY_FAILURES_MAX + 20
    outcomes = [RetryOutcome(number, "refused", why=f"no {number}") for number in range(1, items)]
    facts: list[Fact] = [
        requested("1", name, items=items),
        RetryPlanned("1", "local", name, 0, tuple(item(number) for number in range(items))),
        RetryPublished(name, (*reversed(outcomes), RetryOutcome(0, "published"))),
    ]
    going = done(*facts).retries[name]
    ended = done(*facts, RetryFinished(name, "done", 1, items - 1))
    again = folded(later(restated(ended)))

    assert going.failures[0] == RetryFailure(item(1).position, "refused", "no 1")
    assert [each.why for each in going.failures] == [
        f"no {n + 1}" for n in range(RETRY_FAILURES_MAX)
    ]
    assert ended.retries[name].items == ended.retries[name].outcomes == {}
    assert ended.retries[name].failures == again.retries[name].failures == going.failures


def test_a_retry_that_ended_before_failures_were_kept_has_none() -> None:
    """A fact without the newer field is read as before: how many failed is known, which ones is not."""
    older = msgspec.msgpack.encode(["RetryFinished.1", RETRIES[0], "done", 1, 2])
    fact = msgspec.msgpack.decode(older, type=RetryFinished)
    retry = done(requested("1", RETRIES[0]), fact).retries[RETRIES[0]]

    assert (retry.failed, retry.failures) == (2, ())


def test_ids_of_commands_are_kept_long_enough_and_no_longer() -> None:
    """The newest are known; of what is forgotten it is known until when."""
    notes = [NoteSet(f"{number:032x}", "", GROUPS[0], "x") for number in range(COMMANDS_MAX + 5)]
    state = done(*notes)

    assert len(state.commands) == COMMANDS_MAX
    assert state.forgotten == 4
    assert not state.knows(notes[4].command)
    assert state.knows(notes[5].command)


def test_notes_are_bounded() -> None:
    """The note that was written longest ago goes first."""
    state = done(*(NoteSet("", "", f"{number:016x}", "x") for number in range(NOTES_MAX + 1)))

    assert len(state.notes) == NOTES_MAX
    assert f"{0:016x}" not in state.notes


def test_what_is_restated_comes_in_pieces() -> None:
    """A large state is told in several facts, none much larger than the limit."""
    notes = [NoteSet("", "", f"{number:016x}", "x" * 4_000) for number in range(200)]
    facts = restated(done(*notes))

    assert len(facts) > 2
    sizes = [len(upcast.encode(later([fact]))) for fact in facts]
    assert max(sizes) < BYTES_MAX + 10_000


def test_the_trail_says_who_did_what() -> None:
    """Each deed is a line, newest first; what a first segment restates is among them, once."""
    made = KeyCreated("1", "root", KEYS[0], "report", ("metadata",), bytes(32))
    view, shortened = OperationsView("x"), OperationsView("x")
    history = [Envelope(5, 5, 0, made), Envelope(6, 6, 0, NoteSet("2", KEYS[0], GROUPS[0], "odd"))]
    start = [Envelope(0, 0, 0, BrokerBound("b", "4")), Envelope(1, 0, 0, SegmentStarted(0, "b"))]
    again = restated(folded(history))
    second = [Envelope(9, 9, 0, SegmentStarted(1, "b")), *later(again)]
    for envelope in (*start, *history, *second):
        for handler in (view.on_fact().get(type(envelope.fact)),):
            if handler is not None:
                handler(envelope, envelope.fact)
    for envelope in second:
        shortened.on_fact()[type(envelope.fact)](envelope, envelope.fact)
    told = [(deed.by, deed.position, deed.told) for deed in view.trail()]

    assert told == [
        (KEYS[0], 6, "wrote the note 'odd'"),
        ("root", 5, "created the key 'report' with metadata"),
    ]
    assert [(deed.by, deed.position, deed.told) for deed in shortened.trail()] == told
