"""The reference is whole: every setting, command, route, problem, exit code and query field stands in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

from api.app import document_of
from api.problems import KINDS
from api.routes.messages import SortField
from cli.exits import MEANINGS
from cli.main import app
from cli.settings import PREFIX, Settings
from store.fields import FIELDS
from store.ranking import SORT_VALUES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / name).read_text()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    """A setting stands in the table with its default and its description."""
    field = Settings.model_fields[name]
    start = f"| `{PREFIX}{name.upper()}` |"
    rows = [line for line in page("settings.md").splitlines() if line.startswith(start)]

    assert len(rows) == 1
    assert str(field.description) in rows[0]
    if field.default not in (None, (), {}):
        assert f"`{field.default}`" in rows[0]


def test_no_setting_is_documented_that_does_not_exist() -> None:
    """The table names no other variables."""
    named = {
        line.split("`")[1] for line in page("settings.md").splitlines() if line.startswith("| `")
    }

    assert named == {PREFIX + name.upper() for name in Settings.model_fields}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its path."""
    for name, part in getattr(command, "commands", {}).items():
        if hasattr(part, "commands"):
            yield from commands(part, (*path, name))
        else:
            yield (*path, name), part


@pytest.mark.parametrize(
    ("path", "command"), [*commands(typer.main.get_command(app))], ids=lambda it: str(it)[:40]
)
def test_every_command_is_documented(path: tuple[str, ...], command: Any) -> None:
    """A command has a section with its help and each of its options."""
    title = f"## `hoptrail {' '.join(path)}"
    sections = [part for part in page("cli.md").split("\n## ") if f"## {part}".startswith(title)]
    section = next(part for part in sections if f"## {part}"[len(title)] in "` ")

    assert command.help in section
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden and option.name != "help":
            assert f"`{option.opts[0]}`" in section


def test_every_route_is_documented() -> None:
    """Each route of the OpenAPI document stands in the table with its parameters."""
    rows = page("api.md").splitlines()
    for path, operations in document_of(secured=False)["paths"].items():
        for method, operation in operations.items():
            row = next(line for line in rows if f"`{method.upper()} {path}`" in line)
            for parameter in operation.get("parameters", ()):
                assert parameter["in"] == "path" or f"`{parameter['name']}`" in row


def test_every_field_has_a_description_or_an_obvious_name() -> None:
    """Each operation and each object of the OpenAPI document says what it is."""
    document = document_of(secured=False)

    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            assert operation["operationId"]
    for schema in document["components"]["schemas"].values():
        assert schema["description"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_problem_is_documented(kind: str) -> None:
    """A kind of problem stands in the table with its status and title."""
    status, title = KINDS[kind]

    assert f"| `{kind}` | {status} | {title} |" in page("api.md")


def test_every_exit_code_is_documented() -> None:
    """The table of exit codes is that of the program."""
    for code, meaning in MEANINGS.items():
        assert f"| {code.value} | {meaning} |" in page("exit-codes.md")


def test_every_field_of_a_query_is_documented() -> None:
    """Each field that a query can name stands in the reference."""
    told = page("query-language.md")

    assert [name for name in FIELDS if f"`{name}`" not in told] == []


def test_results_can_be_sorted_by_what_the_stores_sort_by() -> None:
    """The API offers each order that a store knows, both ways."""
    assert {name.removeprefix("-") for name in get_args(SortField)} == set(SORT_VALUES)
    assert len(get_args(SortField)) == 2 * len(SORT_VALUES)
