"""Nothing that a broker passes on reaches the terminal raw."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from cli.terminal import is_hostile, json_text, safe

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def test_escape_sequences_are_shown_not_sent() -> None:
    """ANSI escapes, bells, C1 controls and direction marks appear as visible escapes."""
    assert safe("a\x1b[31mred\x07") == "a\\x1b[31mred\\x07"
    assert safe("\x9b2J\u202eevil") == "\\x9b2J\\u202eevil"
    assert safe("line\nbreak\ttab") == "line\\nbreak\\ttab"


def test_ordinary_text_stays() -> None:
    """Letters of any script, signs and emoji are left as they are."""
    assert safe("Grüße 注文 🐇") == "Grüße 注文 🐇"


def test_lines_may_be_kept() -> None:
    """A text of ours with several lines keeps them, and nothing else."""
    assert safe("a\nb\x1b", keep_lines=True) == "a\nb\\x1b"


@given(st.text())
def test_safe_text_has_no_control_characters(text: str) -> None:
    """Whatever the text, nothing in its safe form can control a terminal."""
    assert not CONTROL.search(safe(text))
    assert not any(map(is_hostile, safe(text)))


@given(st.dictionaries(st.text(), st.text() | st.integers(-(2**53), 2**53)))
def test_json_means_the_same_and_is_safe(value: dict[str, object]) -> None:
    """Printed JSON parses to the same value and holds no control character but its own newlines."""
    told = json_text(value)

    assert json.loads(told) == value
    assert not CONTROL.search(told.replace("\n", ""))
