"""The tables of docs/reference/frameworks.md, made from the dialects and the recordings.

``python -m tests.support.frameworks_page`` writes them between their marks; a test holds page and code together.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from projector.linker.dialects import DIALECTS, b3, own, vendors, w3c
from projector.linker.dialects.reading import Dialect, Reading, Readings, What
from recordings import golden

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "frameworks.md"
BEGIN: Final = "<!-- dialects begin: python -m tests.support.frameworks_page -->"
END: Final = "<!-- dialects end -->"
TITLES: Final = {
    id(w3c.DIALECT): "W3C trace context (OpenTelemetry)",
    id(b3.DIALECT): "Zipkin's B3",
    id(vendors.DIALECT): "Elastic APM, Sentry, Jaeger, Datadog",
    id(own.DIALECT): "plain headers",
}
"""What dialects are called here that belong to no framework."""
COLUMNS: Final[tuple[tuple[str, tuple[What, ...]], ...]] = (
    ("trace, conversation", (What.TRACE, What.CONVERSATION)),
    ("cause", (What.CAUSE, What.RUN)),
    ("own id", (What.IDENTITY, What.TASK)),
    ("service", (What.SERVICE,)),
    ("type", (What.TYPE,)),
    ("error, retries", (What.ERROR, What.RETRIES)),
)


def title(dialect: Dialect) -> str:
    """Return what a dialect is called on the page."""
    return dialect.name or TITLES[id(dialect)]


def table() -> str:
    """Return what is read from where, and what that was checked against, as Markdown."""
    heads = ("framework", *(name for name, _ in COLUMNS), "checked against")
    lines = [_row(heads), "|---" * len(heads) + "|"]
    lines += [
        _row((title(each), *(_cell(each, whats) for _, whats in COLUMNS), _checked(each)))
        for each in sorted(DIALECTS, key=lambda each: (each.name is None, title(each).lower()))
    ]
    notes = [
        f"- **{title(each)}**: {each.notes}."
        for each in sorted(DIALECTS, key=lambda each: title(each).lower())
        if each.notes
    ]
    return "\n".join([*lines, "", "What else is worth knowing of some:", "", *notes])


def recordings() -> str:
    """Return what took part in each recording, as Markdown."""
    lines = ["| recording | of | with |", "|---|---|---|"]
    for folder in sorted(path.parent for path in golden.FOLDER.glob("*/about.json")):
        about = golden.read_about(folder)
        versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
        lines.append(
            _row((f"`{folder.name}`", about["framework"], f"{versions}; {about['broker']}"))
        )
    return "\n".join(lines)


def written() -> str:
    """Return all that stands between the marks."""
    return f"{BEGIN}\n{table()}\n\n## Recordings\n\n{recordings()}\n{END}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(dialect: Dialect, whats: tuple[What, ...]) -> str:
    found = [f"`{name}`" for name in _names(dialect.headers, whats)]
    found += [f"`{name.partition('/')[2]}` in the body" for name in _names(dialect.in_body, whats)]
    return ", ".join(dict.fromkeys(found)) or "–"


def _names(readings: Readings, whats: tuple[What, ...]) -> Iterator[str]:
    for name, told in readings.items():
        each = (told,) if isinstance(told, Reading) else told
        if any(reading.what in whats for reading in each):
            yield name


def _checked(dialect: Dialect) -> str:
    return ", ".join(f"`{name}`" for name in dialect.recorded) or "documentation only"


def main() -> None:
    """Write the tables into the page."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + written() + rest.partition(END)[2])


if __name__ == "__main__":
    main()
