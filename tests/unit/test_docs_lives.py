"""The page on the lives of messages and the acts that perform them tell of the same things."""

import ast
from pathlib import Path

import pytest

from tests.support.lives_page import CONCLUDED, CONFIDENCE, SHOWN, Row, rows

TESTS = Path(__file__).parents[1] / "integration"
QUEUES = {"classic", "quorum", "stream"}


def modules() -> dict[Path, ast.Module]:
    """Return the modules with acts."""
    return {file: ast.parse(file.read_text()) for file in sorted(TESTS.glob("test_lives_*.py"))}


def acts() -> list[str]:
    """Return the names of the acts."""
    return [
        node.name
        for module in modules().values()
        for node in module.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id == "act" for mark in node.decorator_list)
    ]


def test_every_row_has_its_act_and_every_act_its_rows() -> None:
    """The rows of the page name the acts, and each message of an act once."""
    assert {row.act for row in rows()} == set(acts())
    assert len({row.name for row in rows()}) == len(rows())


def test_every_module_compares_its_acts_with_the_page() -> None:
    """What a module performs, its one test checks."""
    for file, module in modules().items():
        tests = [
            node
            for node in module.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
        (compared,) = tests
        calls = [node.func for node in ast.walk(compared) if isinstance(node, ast.Call)]
        assert [call.id for call in calls if isinstance(call, ast.Name)] == ["check"], file.name


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_row_tells_what_is_compared(row: Row) -> None:
    """It says what the log holds, what is concluded and how sure, and for which queues."""
    assert set(row.queue_types) <= QUEUES
    for name in (SHOWN, CONCLUDED, CONFIDENCE):
        assert row.cells[name] not in ("", "?")
    assert all(0 <= float(row.told(version)[2]) <= 1 for version in ("3.10", "4.0", "4.3"))
