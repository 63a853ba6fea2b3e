"""The page that tells what is visible, as the tests read it: its rows are what they assert.

A table whose last column is ``test`` has a row per test and a column per version of the broker. A cell of a version tells
what the log then holds: some of ``WORDS``, or ``nothing``, or ``refused`` where that broker does not let it happen.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from events.facts import Fact, MessageDeadLettered, MessageDelivered, MessagePublished

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "what-is-visible.md"
VERSIONS: Final = ("3.10", "4.0", "4.3")
WORDS: Final[dict[str, type[Fact]]] = {
    "publish": MessagePublished,
    "delivery": MessageDelivered,
    "dead letter": MessageDeadLettered,
}
NOTHING: Final = "nothing"
REFUSED: Final = "refused"
QUEUE_TYPES: Final = ("classic", "quorum")
TEST_COLUMN: Final = "test"


@dataclass(frozen=True)
class Row:
    """What one test shows: the cells by the names of their columns."""

    cells: dict[str, str]

    @property
    def test(self) -> str:
        """The name of the test function."""
        return self.cells[TEST_COLUMN].strip("`")

    @property
    def queue_types(self) -> tuple[str, ...]:
        """The types of service queues it is shown with."""
        return tuple(kind for kind in QUEUE_TYPES if kind in self.cells["service queue"])

    def on(self, version: str) -> frozenset[str]:
        """Return what the newest column up to *version* tells, such as {"publish", "delivery"}."""
        running = _number(version)
        column = max((each for each in VERSIONS if _number(each) <= running), key=_number)
        words = {word.strip() for word in self.cells[column].split(",")}
        return frozenset(words - {NOTHING})


@cache
def rows() -> tuple[Row, ...]:
    """Return every row of the page's tables that have a column for tests."""
    found: list[Row] = []
    names: list[str] = []
    for line in PAGE.read_text().splitlines():
        if not line.startswith("|"):
            names = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not names:
            names = cells
        elif names[-1] == TEST_COLUMN and not set(cells[0]) <= set("-: "):
            found.append(Row(dict(zip(names, cells, strict=True))))
    return tuple(found)


def row_of(test: str) -> Row:
    """Return the row of the test function *test*.

    Raises:
        LookupError: the page has none.
    """
    for row in rows():
        if row.test == test:
            return row
    raise LookupError(f"{PAGE.name} has no row for {test}")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
