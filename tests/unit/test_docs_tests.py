"""The page about running the tests knows every part and every variable that the tests have."""

import re
from pathlib import Path

import pytest

from tests.support import parts

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "run-the-tests.md"


@pytest.mark.parametrize("part", sorted(parts.KNOWN))
def test_every_part_that_can_be_left_out_is_documented(part: str) -> None:
    """A part stands in the row of the variable that leaves it out."""
    (row,) = (line for line in PAGE.read_text().splitlines() if parts.VARIABLE in line[:30])

    assert f"`{part}`" in row


def test_every_variable_of_the_tests_is_documented() -> None:
    """The variables that the tests read are those that the page names."""
    read = {
        name
        for file in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r'"(HOPTRAIL_TEST_[A-Z_]+)"', file.read_text())
    }

    assert read == set(re.findall(r"HOPTRAIL_TEST_[A-Z_]+", PAGE.read_text()))
