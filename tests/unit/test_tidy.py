"""The habits of this code base, held by reading its files.

What breaks a rule today stands in a ratchet with its measure. An entry may only shrink: a test
fails when the measure grows, and also when the entry has become larger than the truth.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PRODUCT: Final = ("events", "store", "collector", "projector", "api", "dashboards", "cli")
CODE: Final = (*PRODUCT, "examples", "bench", "scripts", "recordings", "tests")
TEXT_SUFFIXES: Final = {".md", ".py", ".sh", ".toml", ".txt", ".yml", ".yaml", ".json", ""}
NOT_OURS: Final = {
    "__pycache__", "data", "dist", "build", "node_modules", "static",
    ".git", ".venv", ".run", ".hypothesis", ".schemathesis",
    ".pytest_cache", ".ruff_cache", ".import_linter_cache",
}  # fmt: skip

FILE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 50
BLOB_BYTES_MAX: Final = 1_000_000

LONG_FILES: Final[dict[str, int]] = {}
LONG_FUNCTIONS: Final[dict[str, int]] = {}

NAMES: Final = {
    "manager": "name what it does: supervisor, registry, pool",
    "helper": "name what it gives",
    "helpers": "name what they give",
    "util": "name the module for what is in it",
    "utils": "name the module for what is in it",
    "process_data": "say which process and which data",
}
WORDS: Final = {
    "TO" + "DO": "do it, or write it into the documentation as a limit",
    "FIX" + "ME": "do it, or write it into the documentation as a limit",
    "XX" + "X": "do it, or write it into the documentation as a limit",
    "/wo" + "rk/main": "no path of one machine",
    "/wo" + "rk/shared": "no path of one machine",
    "/tmp/te" + "am": "no path of one machine",
    "the le" + "ad's": "the project's files speak of the project alone",
    "the br" + "ief": "the project's files speak of the project alone",
    "sub" + "agent": "the project's files speak of the project alone",
}
SLEEPERS: Final = {"tests/support/wait.py", "tests/support/proxy.py", "tests/corpus/scene.py"}
SKIPPERS: Final = {"tests/support/parts.py"}
BROAD: Final = {"Exception", "BaseException"}
REPORTING: Final = {"debug", "info", "warning", "error", "exception", "critical", "log", "print"}


@cache
def all_files() -> tuple[Path, ...]:
    """Every file of the project, without what tools leave behind."""
    return tuple(sorted(_walk(ROOT)))


def _walk(directory: Path) -> Iterator[Path]:
    for entry in directory.iterdir():
        if entry.name in NOT_OURS or entry.name.endswith(".egg-info"):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        else:
            yield entry


@cache
def modules() -> dict[str, ast.Module]:
    """The Python files below the code folders, parsed, by path from the root."""
    found = {path.relative_to(ROOT).as_posix(): path for path in all_files()}
    return {
        name: ast.parse(path.read_text())
        for name, path in found.items()
        if path.suffix == ".py" and name.partition("/")[0] in CODE
    }


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function with the path of its file."""
    for name, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, node


def behaviours() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every test function with the path of its file."""
    for name, node in functions():
        if name.startswith("tests/") and node.name.startswith("test_"):
            yield name, node


def over(measures: dict[str, int], limit: int, ratchet: dict[str, int]) -> list[str]:
    """Return complaints about what exceeds its limit, and about a ratchet that can shrink."""
    complaints = [
        f"{name}: {size} lines, at most {max(limit, ratchet.get(name, 0))}"
        for name, size in measures.items()
        if size > max(limit, ratchet.get(name, 0))
    ]
    complaints += [
        f"{name}: shrink its entry in the ratchet to {measures.get(name, 0)} or remove it"
        for name, allowed in ratchet.items()
        if measures.get(name, 0) < allowed or measures.get(name, 0) <= limit
    ]
    return complaints


def test_files_are_short() -> None:
    """No module has more lines than its limit."""
    measures = {name: len((ROOT / name).read_text().splitlines()) for name in modules()}

    assert over(measures, FILE_LINES_MAX, LONG_FILES) == []


def test_functions_are_short() -> None:
    """No function has more lines than its limit, docstring included."""
    measures = {
        f"{name}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name, node in functions()
    }

    assert over(measures, FUNCTION_LINES_MAX, LONG_FUNCTIONS) == []


def test_names_say_what_a_thing_is() -> None:
    """No module, class or function has a name that would fit anything."""
    named = [(name, Path(name).stem) for name in modules()]
    for name, module in modules().items():
        named += [
            (f"{name}:{node.lineno}", node.name)
            for node in ast.walk(module)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]

    assert [
        f"{where}: {name}: {advice}"
        for where, name in named
        for word, advice in NAMES.items()
        if re.search(rf"(^|_){word}(_|$)|{word.title()}", name)
    ] == []


def test_no_left_over_words() -> None:
    """No text file holds a note to ourselves or a trace of the place where it was written."""
    assert [
        f"{path.relative_to(ROOT)}: {word}: {advice}"
        for path in all_files()
        if path.suffix in TEXT_SUFFIXES and path.stat().st_size <= BLOB_BYTES_MAX
        for text in [path.read_text(errors="replace")]
        for word, advice in WORDS.items()
        if word in text
    ] == []


def test_no_large_files() -> None:
    """No file of the project is larger than a megabyte."""
    assert [
        str(path.relative_to(ROOT)) for path in all_files() if path.stat().st_size > BLOB_BYTES_MAX
    ] == []


def test_modules_say_what_they_are_for() -> None:
    """Every module begins with a docstring."""
    assert [name for name, module in modules().items() if not ast.get_docstring(module)] == []


def test_tests_state_their_behaviour() -> None:
    """Every test has a docstring that is a sentence."""
    assert [
        f"{name}:{node.lineno} {node.name}"
        for name, node in behaviours()
        if not (ast.get_docstring(node) or "").endswith(".")
    ] == []


def test_tests_do_not_sleep() -> None:
    """Tests wait on a condition; only the waiting itself, the slow proxy and services that are recorded sleep."""
    assert [
        f"{name}:{call.lineno}"
        for name, module in modules().items()
        if name.startswith("tests/") and name not in SLEEPERS
        for call in _calls(module, {"time.sleep", "asyncio.sleep", "anyio.sleep", "sleep"})
        if not (call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
    ] == []


def test_tests_are_not_skipped_silently() -> None:
    """A test is left out only by name of the part it needs, and none is expected to fail."""
    assert [
        f"{name}:{node.lineno}"
        for name, module in modules().items()
        if name.startswith("tests/") and name not in SKIPPERS
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and node.attr in {"skip", "skipif", "xfail", "importorskip"}
        and _dotted(node).startswith("pytest.")
    ] == []


def test_no_mocks() -> None:
    """Nothing imports a mock: the memory adapters pass the same contracts as the real ones."""
    assert [
        name
        for name, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom) and "mock" in ast.unparse(node)
    ] == []


def test_errors_are_not_only_logged() -> None:
    """No broad exception handler does nothing but report."""
    assert [
        f"{name}:{node.lineno}"
        for name, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and _only_reports(node.body)
    ] == []


@pytest.mark.parametrize(
    ("source", "broken"),
    [
        ("try: f()\nexcept Exception: log.info('x')", True),
        ("try: f()\nexcept: pass", True),
        ("try: f()\nexcept (ValueError, BaseException): print('x')", True),
        ("try: f()\nexcept Exception as e:\n  log.error(e)\n  raise", False),
        ("try: f()\nexcept ValueError: log.info('x')", False),
        ("try: f()\nexcept Exception: park(x)", False),
    ],
)
def test_the_rule_on_broad_handlers_itself(source: str, broken: bool) -> None:
    """A handler counts as only reporting when it neither raises nor calls anything else."""
    (handler,) = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ExceptHandler))

    assert (_is_broad(handler) and _only_reports(handler.body)) is broken


def test_the_ratchet_itself() -> None:
    """A measure may not pass its entry, and an entry may not lag behind its measure."""
    assert over({"a": 5}, 4, {"a": 5}) == []
    assert len(over({"a": 6}, 4, {"a": 5})) == 1
    assert len(over({"a": 4}, 4, {"a": 5})) == 1
    assert len(over({}, 4, {"a": 5})) == 1


def _calls(module: ast.Module, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _dotted(node.func) in names:
            yield node


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or _dotted(name) in BROAD for name in names)


def _only_reports(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(line, ast.Pass | ast.Continue)
        or (
            isinstance(line, ast.Expr)
            and isinstance(line.value, ast.Call)
            and _dotted(line.value.func).rpartition(".")[2] in REPORTING
        )
        for line in body
    )
