"""Commands: only who knows the secret can ask, nothing is done twice, and what cannot be done is refused with a reason."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.operations.command import (
    COMMAND_BYTES_MAX,
    Command,
    CommandInvalid,
    CommandTooLarge,
    command_key,
    key_of_secret,
    key_of_store,
    opened,
    seal,
)
from collector.operations.intake import INVALID_TOLD_NS, Asked, Intake
from collector.operations.judging import AGE_NS_MAX, FACTS_MAX, refusal
from events.facts import (
    CaptureStopped,
    CommandRefused,
    Envelope,
    Fact,
    GroupArchived,
    KeyCreated,
    KeyRevoked,
    MessagesArchived,
    NoteSet,
    RetryPaused,
    RetryPlanned,
    RetryResumed,
)
from events.operations import OperatorState
from tests.support.operators import GROUPS, KEYS, RETRIES, item, requested

KEY = key_of_store(bytes(range(32)))
NOW = 1_790_000_000_000_000_000
ID = "0123456789abcdef" * 2


def asked(*facts: Fact, at: int = NOW, name: str = ID) -> Command:
    return Command(name, at, facts)


def note(text: str = "hello", by: str = "local") -> NoteSet:
    return NoteSet(ID, by, GROUPS[0], text)


def told(why: str, command: Command, state: OperatorState | None = None) -> None:
    """Check that *command* is refused with a reason that has *why* in it, or taken where that is ""."""
    found = refusal(command, state or OperatorState(), NOW)
    assert (why in found) if why else not found, found


def test_what_is_sealed_is_opened() -> None:
    """A command comes out as it went in."""
    command = asked(note("Grüße"), KeyRevoked(ID, "local", KEYS[0]))

    assert opened(seal(command, KEY), KEY) == command


@given(st.data())
def test_no_changed_byte_passes(data: st.DataObject) -> None:
    """Whatever byte is changed, cut off or added, it is no command any more."""
    sealed = seal(asked(note()), KEY)
    at = data.draw(st.integers(0, len(sealed) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :]
    for wrong in (changed, sealed[:at], sealed + b"x", b""):
        with pytest.raises(CommandInvalid):
            opened(wrong, KEY)


def test_another_secret_is_none() -> None:
    """What another store's secret, the secret itself or a text of the settings sealed is refused."""
    for key in (key_of_store(bytes(32)), bytes(range(32)), key_of_secret("x" * 40)):
        with pytest.raises(CommandInvalid, match="signature"):
            opened(seal(asked(note()), key), KEY)

    assert command_key("x" * 40, bytes(32)) == key_of_secret("x" * 40)
    assert command_key(None, bytes(range(32))) == KEY


def test_too_much_is_not_sent() -> None:
    """What no leader takes is refused before it is sent."""
    with pytest.raises(CommandTooLarge, match="is the most"):
        seal(asked(note("x" * COMMAND_BYTES_MAX)), KEY)


@pytest.mark.parametrize(
    ("why", "command"),
    [
        ("", asked(note())),
        ("", asked(note(), at=NOW - AGE_NS_MAX)),
        ("older than 10 minutes", asked(note(), at=NOW - AGE_NS_MAX - 1)),
        ("clock", asked(note(), at=NOW + 61_000_000_000)),
        ("its id is none", asked(note(), name="short")),
        ("0 facts", asked()),
        ("17 facts", asked(*[note()] * (FACTS_MAX + 1))),
        ("nobody may ask", asked(CaptureStopped(1, "because"))),
        ("another command", asked(NoteSet("f" * 32, "local", GROUPS[0], ""))),
        ("several keys", asked(note(), note(by="root"))),
        ("4,001 characters", asked(note("x" * 4_001))),
        ("no id of a group", asked(GroupArchived(ID, "local", "none"))),
        ("messages can be archived", asked(MessagesArchived(ID, "local", ()))),
        ("messages can be archived", asked(MessagesArchived(ID, "local", (-1,)))),
        ("scopes", asked(KeyCreated(ID, "", KEYS[0], "n", ("all",), bytes(32)))),
        ("scopes", asked(KeyCreated(ID, "", KEYS[0], "n", (), bytes(32)))),
        ("name", asked(KeyCreated(ID, "", KEYS[0], "", ("metadata",), bytes(32)))),
        ("is none", asked(KeyCreated(ID, "", KEYS[0], "n", ("metadata",), b"short"))),
        ("no key", asked(KeyRevoked(ID, "local", KEYS[0]))),
        ("no retry", asked(RetryPaused(ID, "local", RETRIES[0]))),
        ("1 to 20,000", asked(requested(ID, RETRIES[0], items=0))),
        ("being planned", asked(RetryPlanned(ID, "local", RETRIES[0], 0, (item(0),)))),
        (
            "not among",
            asked(
                requested(ID, RETRIES[0], items=1),
                RetryPlanned(ID, "local", RETRIES[0], 1, (item(0),)),
            ),
        ),
        (
            "",
            asked(
                requested(ID, RETRIES[0], items=1),
                RetryPlanned(ID, "local", RETRIES[0], 0, (item(0),)),
            ),
        ),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_each_command_is_judged(why: str, command: Command) -> None:
    """A command is taken, or refused with the reason."""
    told(why, command)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_rate_is_one(rate: float) -> None:
    """A retry at no rate, or at one that is none, is refused."""
    from msgspec.structs import replace

    told("the rate", asked(replace(requested(ID, RETRIES[0]), rate_per_s=rate)))


def test_what_stands_is_asked() -> None:
    """A key is made and revoked once, and a retry rests or goes on only when it does not already."""
    state = OperatorState()
    for position, fact in enumerate(
        (
            KeyCreated("1", "", KEYS[0], "n", ("metadata",), bytes(32)),
            KeyRevoked("2", "", KEYS[0]),
            requested("3", RETRIES[0], items=1),
        )
    ):
        state.apply(Envelope(position, NOW, 0, fact))

    told("a key with that id", asked(KeyCreated(ID, "", KEYS[0], "n", ("edit",), bytes(32))), state)
    told("revoked already", asked(KeyRevoked(ID, "", KEYS[0])), state)
    told("one with that id", asked(requested(ID, RETRIES[0])), state)
    told("not paused", asked(RetryResumed(ID, "", RETRIES[0])), state)
    told("", asked(RetryPaused(ID, "", RETRIES[0])), state)


def test_what_may_have_been_forgotten_is_refused() -> None:
    """Where ids of commands had to be forgotten, one of that time could be a repeat."""
    told("taken in before", asked(note()), OperatorState(forgotten=NOW - 1))
    told("", asked(note()), OperatorState(forgotten=NOW - 61_000_000_000))


class Taken:
    """An intake, the state it works on, and what was acknowledged."""

    def __init__(self) -> None:
        self.state = OperatorState()
        self.intake = Intake(KEY, self.state)
        self.acknowledged: list[str] = []
        self.position = 0

    def take(self, sealed: bytes, name: str, now: int = NOW) -> tuple[Fact, ...]:
        """Take a command in as the pump does."""
        acknowledge: Callable[[], None] = lambda: self.acknowledged.append(name)  # noqa: E731
        facts = self.intake.take(Asked(sealed, acknowledge), now)
        for fact in facts:
            self.state.apply(Envelope(self.position, now, 0, fact))
            self.position += 1
        return facts


def test_nothing_is_done_twice_nor_acknowledged_too_early() -> None:
    """A command is acknowledged when its block is durable; the same again adds nothing and goes at once."""
    taken, sealed = Taken(), seal(asked(note()), KEY)

    assert taken.take(sealed, "first") == (note(),)
    assert taken.take(sealed, "again") == ()
    assert taken.acknowledged == ["again"]
    taken.intake.sealed(7)
    taken.intake.durable(6)
    assert taken.acknowledged == ["again"]
    taken.intake.durable(7)
    assert taken.acknowledged == ["again", "first"]


def test_after_a_restart_a_command_is_known() -> None:
    """Who folded the facts that a killed leader appended does not append them again."""
    taken, sealed = Taken(), seal(asked(note()), KEY)
    taken.take(sealed, "first")
    successor = Taken()
    successor.state.apply(Envelope(0, NOW, 0, note()))

    assert successor.take(sealed, "again") == ()
    assert successor.acknowledged == ["again"]


def test_a_refused_command_is_told_once_by_its_id() -> None:
    """What the leader refuses is a fact too, so the same command is refused once."""
    taken, sealed = Taken(), seal(asked(KeyRevoked(ID, "root", KEYS[0])), KEY)

    assert taken.take(sealed, "first") == (
        CommandRefused(ID, "root", f"there is no key {KEYS[0]}"),
    )
    assert taken.take(sealed, "again") == ()
    assert taken.state.commands[ID][1].startswith("there is no key")


def test_strangers_do_not_fill_the_log() -> None:
    """Of commands without the right signature at most one a minute is told, with how many there were."""
    taken = Taken()
    found = [taken.take(b"noise", str(number)) for number in range(50)]
    later = taken.take(b"noise", "later", NOW + INVALID_TOLD_NS)

    assert [len(facts) for facts in found] == [1] + [0] * 49
    assert later == (CommandRefused("", "", "its signature is wrong (50 such commands)"),)
    assert not taken.state.commands


def test_ids_are_not_taken_from_strangers() -> None:
    """A forged command with a known id does not make the true one pass for a repeat."""
    taken = Taken()
    taken.take(seal(asked(note("forged")), bytes(32)), "forged")

    assert taken.take(seal(asked(note()), KEY), "true") == (note(),)


def test_times_are_those_of_this_machine() -> None:
    """A command issued now is neither old nor ahead."""
    now = time.time_ns()

    assert refusal(asked(note(), at=now), OperatorState(), now) == ""
