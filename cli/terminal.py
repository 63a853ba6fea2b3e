"""Write to the terminal: data on stdout, everything else on stderr, nothing raw from a broker.

Everything a broker passes on is hostile: a control character or an escape sequence in it must not reach the terminal.
:func:`safe` is the one place that sees to it; JSON is written with the same characters escaped its own way.
"""

import sys
from collections.abc import Sequence
from typing import Any

import orjson
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Marks that turn the direction of text, hide, or break lines, beside the control characters.
_MARKS = frozenset(
    (
        *(0x00AD, 0x061C, 0x180E, 0xFEFF, 0x2028, 0x2029),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),
    )
)


def is_hostile(char: str) -> bool:
    """Return whether *char* could control a terminal or mislead its reader."""
    code = ord(char)
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in _MARKS


def safe(text: str, *, keep_lines: bool = False) -> str:
    r"""Return *text* with hostile characters shown as escapes such as ``\x1b``; newlines stay if *keep_lines*."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if not is_hostile(char) or (keep_lines and char == "\n")
        else _SHORT.get(char) or _escaped(ord(char))
        for char in text
    )


def _escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def json_text(value: Any, *, indent: bool = True) -> str:
    """Return *value* as JSON in which hostile characters are JSON escapes, so that it means the same."""
    told = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0).decode()
    if told.isascii() and "\x7f" not in told:
        return told
    return "".join(
        char if char == "\n" or not is_hostile(char) else _json_escaped(char) for char in told
    )


def _json_escaped(char: str) -> str:
    packed = char.encode("utf-16-be")
    return "".join(f"\\u{packed[at]:02x}{packed[at + 1]:02x}" for at in range(0, len(packed), 2))


class Terminal:
    """Where a command writes. Colour only on a terminal, and never under NO_COLOR."""

    def __init__(self) -> None:
        self._out = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
        self._err = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)

    @property
    def interactive(self) -> bool:
        return self._err.is_terminal

    @property
    def shows_marks(self) -> bool:
        """Whether data goes to a terminal, where a style can be seen."""
        return self._out.is_terminal

    @property
    def progress_console(self) -> Console:
        return self._err

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Write one line of data; a part is safe text, or safe text and a style."""
        self._out.print(Text.assemble(*parts), soft_wrap=True)

    def json(self, value: Any, *, indent: bool = True) -> None:
        """Write one JSON value as data."""
        self._out.out(json_text(value, indent=indent), highlight=False)

    def tell(self, text: str, style: str = "") -> None:
        """Write a line for the person on stderr."""
        self._err.print(Text(safe(text, keep_lines=True), style=style), soft_wrap=True)

    def table(
        self,
        titles: Sequence[str],
        rows: Sequence[Sequence[str]],
        below: Sequence[Sequence[Sequence[str | tuple[str, str]]]] = (),
    ) -> None:
        """Write a table, columns aligned, nothing cut. Cells are made safe here; *below* gives each row's further lines."""
        cells = [[safe(cell) for cell in row] for row in rows]
        widths = [
            max(cell_len(title), *(cell_len(row[at]) for row in cells), 0)
            for at, title in enumerate(titles)
        ]
        self.line((_aligned(titles, widths), "dim"))
        for at, row in enumerate(cells):
            self.line(_aligned(row, widths))
            for line in below[at] if below else ():
                self.line(*line)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()
