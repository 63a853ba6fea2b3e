"""Text to tokens: what a search for words compares.

Pure. Words are those of UAX #29 that contain a letter or a number, in lower case; each ideograph and each kana is a
word. Tokens longer than 255 characters are cut into pieces. The same function serves documents and queries, in every
store; SQLite stores its result joined by spaces.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from store import word_break as wb

TOKEN_CHARS_MAX = 255

_X = f"[{wb.EXTEND}]*"
_LETTER = f"(?:[{wb.LETTER}]{_X}|[{wb.HEBREW}]{_X}(?:'{_X}|\"{_X}(?=[{wb.HEBREW}]))?)"
_LETTERS = f"{_LETTER}(?:(?:[{wb.MID_LETTER}{wb.MID_BOTH}]{_X})?{_LETTER})*"
_DIGITS = f"[{wb.DIGIT}]{_X}(?:(?:[{wb.MID_NUMBER}{wb.MID_BOTH}]{_X})?[{wb.DIGIT}]{_X})*"
_JOINERS = f"(?:[{wb.JOINER}]{_X})"
_RUN = f"(?:(?:{_LETTERS}|{_DIGITS})+|(?:[{wb.KATAKANA}]{_X})+)"
_WORD = re.compile(f"{_JOINERS}*{_RUN}(?:{_JOINERS}+{_RUN})*{_JOINERS}*|[{wb.SINGLE}]{_X}")

_ASCII_RUN = "(?:[a-z](?:[.:']?[a-z])*|[0-9](?:[.,;']?[0-9])*)+"
_ASCII_WORD = re.compile(f"_*{_ASCII_RUN}(?:_+{_ASCII_RUN})*_*")

# ASCII characters that never stand within a word: the text is divided there first, which is much faster.
_BREAK = re.compile(r"[\x00-!#-&(-+\-/<-@\[-^`{-\x7f]+")


def tokens(text: str) -> list[str]:
    """Return the tokens of *text* in their order.

    ``tokens("Card-Declined: can't pay 3.50")`` is ``["card", "declined", "can't", "pay", "3.50"]``.
    """
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
    else:
        found = [token for part in _BREAK.split(text) for token in _tokens_of(part)]
    if len(text) <= TOKEN_CHARS_MAX or max(map(len, found), default=0) <= TOKEN_CHARS_MAX:
        return found
    return [
        token[i : i + TOKEN_CHARS_MAX]
        for token in found
        for i in range(0, len(token), TOKEN_CHARS_MAX)
    ]


class Token(NamedTuple):
    """A token and its place: the characters from `start` to before `end` of the text it stands in."""

    text: str
    start: int
    end: int


def tokens_at(text: str) -> Iterator[Token]:
    """Yield the tokens of *text* with their places.

    Their texts are :func:`tokens` of it; the characters at a token's place are the token in lower case.
    """
    for start, part in [(0, text)] if text.isascii() else _parts(text):
        words = _ASCII_WORD.finditer(part.lower()) if part.isascii() else _WORD.finditer(part)
        for word in words:
            yield from _pieces(word[0], start + word.start())


def _parts(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for found in _BREAK.finditer(text):
        yield start, text[start : found.start()]
        start = found.end()
    yield start, text[start:]


def _pieces(word: str, start: int) -> Iterator[Token]:
    token = word.lower()
    if len(token) <= TOKEN_CHARS_MAX:
        yield Token(token, start, start + len(word))
        return
    origins = [at for at, letter in enumerate(word) for _ in letter.lower()] + [len(word)]
    for i in range(0, len(token), TOKEN_CHARS_MAX):
        piece = token[i : i + TOKEN_CHARS_MAX]
        yield Token(piece, start + origins[i], start + origins[i + len(piece)])


def _tokens_of(part: str) -> list[str]:
    if part.isascii():
        return _ASCII_WORD.findall(part.lower())
    # Lower case comes after the division: some letters become two characters.
    return [word.lower() for word in _WORD.findall(part)]
