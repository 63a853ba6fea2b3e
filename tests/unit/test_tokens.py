"""Tokens are the words of UAX #29, on every path alike."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from uniseg.wordbreak import words

from store import word_break as wb
from store.tokens import TOKEN_CHARS_MAX, tokens, tokens_at

_WORDLY = re.compile(f"[{wb.LETTER}{wb.HEBREW}{wb.DIGIT}{wb.KATAKANA}{wb.SINGLE}]")

INTERESTING = st.text(
    st.one_of(
        st.sampled_from(
            "aZ09_.:,;'\"-  \u05d0\u05d1\u30a2\u30fc\u65e5\u3042\u0e01\u0301\u200d\u00ad\u2019\u203f\u0660ß\U0001f600"
        ),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=30,
)


def by_the_standard(text: str) -> list[str]:
    """Return the tokens of *text* as an independent implementation of UAX #29 divides it."""
    return [word.lower() for word in words(text) if _WORDLY.search(word)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ...  ", []),
        ("card declined", ["card", "declined"]),
        ("card-declined", ["card", "declined"]),
        ("card_declined", ["card_declined"]),
        ("orders.eu.new", ["orders.eu.new"]),
        ("image 4711, twice", ["image", "4711", "twice"]),
        ("3.14 1,000 1;2", ["3.14", "1,000", "1;2"]),
        ("can't", ["can't"]),
        ("'quoted'", ["quoted"]),
        ("a.1", ["a", "1"]),
        ("a1.b2", ["a1", "b2"]),
        ("foo@example.org", ["foo", "example.org"]),
        ('{"image": "4711"}', ["image", "4711"]),
        ("ÄRGER über", ["ärger", "über"]),
        ("日本語", ["日", "本", "語"]),
        ("カタカナ", ["カタカナ"]),
        ("nul\x00byte", ["nul", "byte"]),
        ("İstanbul", ["i̇stanbul"]),
    ],
)
def test_words_are_found(text: str, expected: list[str]) -> None:
    """Punctuation inside words and numbers follows the standard; other punctuation divides."""
    assert tokens(text) == expected


@given(INTERESTING)
@example('\u05d0\'\u05d1 \u05d0"\u05d1 \u05d0"')
@example("a\u0301.b \u30a2_a \u30a2a _1_")
def test_tokens_are_those_of_the_standard(text: str) -> None:
    """For any text the tokens are what an independent implementation of UAX #29 finds."""
    assert tokens(text) == by_the_standard(text)


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_the_fast_path_equals_the_other(text: str) -> None:
    """ASCII text gives the same tokens alone as beside a letter beyond ASCII."""
    assert [*tokens(text), "é"] == tokens(text + " é")


@given(INTERESTING)
@example("1\u202f234")
def test_tokens_of_tokens_are_the_same(text: str) -> None:
    """Tokens hold no space but the narrow one that joins digits, at which no store divides."""
    found = tokens(text)

    assert all(token for token in found)
    assert not any(c.isspace() and c != "\u202f" for token in found for c in token)


def test_long_tokens_are_cut() -> None:
    """A token beyond the limit becomes several, the same for documents and queries."""
    assert [len(token) for token in tokens("x" * 600)] == [TOKEN_CHARS_MAX, TOKEN_CHARS_MAX, 90]


@given(INTERESTING)
@example("x" * 600)
@example("a_" * 200 + " é " + "é" * 300)
def test_every_token_has_its_place(text: str) -> None:
    """Tokens with their places are the tokens, in order, each standing at its place, and places do not overlap."""
    placed = list(tokens_at(text))

    assert [token.text for token in placed] == tokens(text)
    assert [text[token.start : token.end].lower() for token in placed] == tokens(text)
    ends = [0, *(token.end for token in placed)]
    assert all(token.start >= end for token, end in zip(placed, ends, strict=False))


def test_a_cut_through_a_letter_that_grows_gives_it_to_the_rest() -> None:
    """A letter whose lower case is two characters, on both sides of a cut, stands in the place of the later piece."""
    text = "x" * (TOKEN_CHARS_MAX - 1) + "İy"

    first, second = tokens_at(text)

    assert [first.text, second.text] == tokens(text)
    assert (first.end, second.start, second.end) == (len(text) - 2, len(text) - 2, len(text))
