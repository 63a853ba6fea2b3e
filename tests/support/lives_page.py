"""The page that tells of the lives of messages, as the tests read it, and what hoptrail concludes in the page's words.

A row's cells tell what the log holds of one message and what is concluded of it. A cell holds alternatives where versions
differ: ``this; from 4.0: that``.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from store.documents import Copy, MessageDocument
from tests.support.visible_page import WORDS

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "message-lives.md"
ACT: Final = "act"
SHOWN, CONCLUDED, CONFIDENCE = "the broker shows", "hoptrail concludes", "confidence"
SINCE: Final = re.compile(r"; from (\d+)\.(\d+): ")


@dataclass(frozen=True)
class Row:
    """What one act shows: the cells by the names of their columns."""

    cells: dict[str, str]

    @property
    def name(self) -> str:
        """The name of the act, and behind it which of its messages is meant."""
        return self.cells[ACT].replace("`", "")

    @property
    def act(self) -> str:
        """The name of the act."""
        return self.name.partition(" ")[0]

    @property
    def queue_types(self) -> tuple[str, ...]:
        """The types of queues it is shown with."""
        return tuple(self.cells["queue"].split(", "))

    def told(self, version: str) -> tuple[str, str, str]:
        """Return what the log holds with *version*, what is concluded, and how sure."""
        return tuple(_on(version, self.cells[name]) for name in (SHOWN, CONCLUDED, CONFIDENCE))  # pyright: ignore[reportReturnType]


@cache
def rows() -> tuple[Row, ...]:
    """Return every row of the page's tables that have a column for acts."""
    found: list[Row] = []
    names: list[str] = []
    for line in PAGE.read_text().splitlines():
        if not line.startswith("|"):
            names = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not names:
            names = cells
        elif names[-1] == ACT and not set(cells[0]) <= set("-: "):
            found.append(Row(dict(zip(names, cells, strict=True))))
    return tuple(found)


def rows_of(act: str) -> list[Row]:
    """Return the rows of the messages of *act*.

    Raises:
        LookupError: the page has none.
    """
    found = [row for row in rows() if row.act == act]
    if not found:
        raise LookupError(f"{PAGE.name} has no row for {act}")
    return found


def shown(facts: Sequence[type]) -> str:
    """Return what the log holds of a message, in the page's words."""
    count = Counter(facts)
    words = [_times(word, count[kind]) for word, kind in WORDS.items() if count[kind]]
    return ", ".join(words) or "nothing"


def concluded(document: MessageDocument, prefix: str) -> str:
    """Return what is concluded of a message, its queues named without *prefix*: the state, and the way of each copy."""
    copies = sorted(document.copies, key=lambda copy: (copy.origin != "routed", _routed(copy)))
    steps = Counter(f"{_role(copy, prefix)} {_end(copy)}" for copy in copies)
    told = f"{document.state}: " + ", ".join(_times(step, count) for step, count in steps.items())
    told = told if steps else document.state
    if document.retry_rounds:
        plural = "s" if document.retry_rounds > 1 else ""
        told += f"; {document.retry_rounds} round{plural}"
    if not document.publish_observed:
        told += f"; publish not observed: {document.not_observed}"
    if document.parent is not None:
        told += f"; caused by: {document.parent.evidence}"
    return told


def confidence(document: MessageDocument) -> str:
    """Return the least confidence in any copy of a message."""
    return f"{min((copy.confidence for copy in document.copies), default=1.0):g}"


def _routed(copy: Copy) -> str:
    """Return what copies routed at once are put in order by; the others stay in theirs."""
    return str(copy.queue) if copy.origin == "routed" else ""


def _role(copy: Copy, prefix: str) -> str:
    name = copy.queue if isinstance(copy.queue, str) else repr(copy.queue)
    if name.startswith("federation: "):
        return "link"
    return name.removeprefix(prefix).replace("|", "/") if name.startswith(prefix) else "(elsewhere)"


def _end(copy: Copy) -> str:
    letter = copy.dead_letter
    word = copy.state
    if letter is not None:
        word = f"{letter.reason} by a timer" if letter.timer else letter.reason
    return _times(word, len(copy.attempts)) if len(copy.attempts) > 1 else word


def _times(word: str, count: int) -> str:
    return word if count == 1 else f"{word} ×{count}"


def _on(version: str, cell: str) -> str:
    running = tuple(int(part) for part in version.split(".")[:2])
    first, *rest = SINCE.split(cell)
    for major, minor, told in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        if running >= (int(major), int(minor)):
            first = told
    return first
