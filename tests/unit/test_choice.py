"""A choice among names: what is named is taken, exclusions win, and the order does not matter."""

import random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.taps.choice import choice
from collector.taps.modes import TapMode, mode_of
from events.values import Text, to_text

LAWS = settings(max_examples=150, deadline=None)
NAMES: st.SearchStrategy[Text] = st.sampled_from(
    ["orders", "orders.dlx", "auto", "off", "-x", "a,b", "a*", "ü", "50%", "", b"\xff.dlx", "a\nb"]
)


def literal(name: Text) -> str:
    """Return *name* as an item that stands for itself only."""
    raw = name if isinstance(name, bytes) else name.encode()
    return "".join(f"%{byte:02X}" for byte in raw)


PATTERNS = st.sampled_from(["auto", "*", "orders*", "*.dlx", "-orders.*", "-*dlx", "-auto"])
ITEMS = PATTERNS | NAMES.filter(bool).map(literal)
LISTS = st.lists(ITEMS, min_size=1, max_size=5)


@LAWS
@given(LISTS, NAMES, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(items: list[str], name: Text, chance: random.Random) -> None:
    """However a list is written, it chooses the same."""
    other = [*items]
    chance.shuffle(other)

    assert choice(",".join(items)).takes(name) == choice(" , ".join(other)).takes(name)


@LAWS
@given(LISTS, ITEMS, NAMES)
def test_an_item_more_only_adds_and_an_exclusion_only_takes_away(
    items: list[str], more: str, name: Text
) -> None:
    """A wanted item never takes a name away that was named, an exclusion never adds one."""
    before = choice(",".join(items))
    after = choice(",".join([*items, more]))
    if more.startswith("-"):
        assert before.takes(name) or not after.takes(name)
    elif any(not item.startswith("-") for item in items):
        assert after.takes(name) or not before.takes(name)


@LAWS
@given(NAMES.filter(bool), NAMES)
def test_a_name_written_in_full_stands_for_itself_only(name: Text, other: Text) -> None:
    """Percent-encoded, every name can be chosen and excluded, whatever is in it."""
    assert choice(literal(name)).takes(other) is (other == name)
    assert choice(f"auto,-{literal(name)}").takes(other) is (other != name)


@LAWS
@given(NAMES)
def test_everything_and_nothing(name: Text) -> None:
    """``auto`` and ``*`` are the same and take everything; ``off`` and an empty list take nothing."""
    assert choice("auto").takes(name)
    assert choice("*").takes(name)
    assert not choice("off").takes(name)
    assert not choice("").takes(name)


@pytest.mark.parametrize("text", ["off,orders", "auto,off", "off,-x", ",".join(["x"] * 1_001)])
def test_a_list_that_contradicts_itself_is_refused(text: str) -> None:
    """``off`` stands alone, and a list has an end."""
    with pytest.raises(ValueError, match=r"off|more than"):
        choice(text)


@LAWS
@given(st.lists(NAMES.filter(bool), min_size=1, max_size=4))
def test_exchanges_are_named_whatever_is_in_their_names(names: list[Text]) -> None:
    """A mode's exchanges come back from the setting as they were, each once."""
    text = "exchanges:" + ",".join(
        quote(name if isinstance(name, bytes) else name.encode(), safe="") for name in names
    )
    expected = tuple(
        dict.fromkeys(to_text(it if isinstance(it, bytes) else it.encode()) for it in names)
    )

    assert mode_of(text) == TapMode(name="exchanges", exchanges=expected)


@pytest.mark.parametrize(
    ("text", "traces", "shown"),
    [
        ("all", True, "firehose, quorum"),
        (" publishes ", True, "publishes, quorum"),
        ("exchanges:a", False, "exchanges, quorum"),
    ],
)
def test_modes_are_told(text: str, traces: bool, shown: str) -> None:
    """A mode says whether it needs the firehose, and what the log keeps of it."""
    assert (mode_of(text).traces, mode_of(text).shown("quorum")) == (traces, shown)


@pytest.mark.parametrize(
    "text", ["", "none", "all:x", "publishes:", "exchanges", "exchanges:", "exchanges: , "]
)
def test_no_other_mode_is_taken(text: str) -> None:
    """What names no mode is refused with how to write one."""
    with pytest.raises(ValueError, match="exchanges:NAME"):
        mode_of(text)
