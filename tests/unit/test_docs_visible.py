"""The page that says what is visible and the tests that show it tell of the same things."""

import ast
from pathlib import Path

import pytest

from tests.support.visible_page import (
    NOTHING,
    QUEUE_TYPES,
    REFUSED,
    VERSIONS,
    WORDS,
    Row,
    rows,
)

TESTS = Path(__file__).parents[1] / "integration"


def shown() -> dict[str, set[str]]:
    """Return the arguments of each test of what is visible, by its name."""
    return {
        node.name: {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
        for file in sorted(TESTS.glob("test_visible_*.py"))
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_row_has_its_test_and_every_test_its_row() -> None:
    """The rows of the page name the tests, each of them once."""
    assert sorted(row.test for row in rows()) == sorted(shown())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.test)
def test_a_row_says_what_its_test_compares(row: Row) -> None:
    """Each version has its word, the test reads them, and it runs with the types of queues that the row names."""
    arguments = shown()[row.test]

    assert "told" in arguments
    assert ("queue_type" in arguments) == (row.queue_types == QUEUE_TYPES)
    for version in VERSIONS:
        words = row.cells[version].split(", ")
        assert set(words) <= {*WORDS, NOTHING, REFUSED}
        assert len(words) == 1 or set(words) <= WORDS.keys()
