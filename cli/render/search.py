"""Show what a search found in its messages, and what was counted about them."""

from collections.abc import Iterator
from typing import Any

from cli.render.trace import Line
from cli.render.values import moment, nanoseconds
from cli.terminal import safe

MARK = "bold yellow"
HIGHLIGHTS_MAX = 3
BAR_CHARS = 50
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def marks(message: dict[str, Any]) -> Iterator[Line]:
    """Yield a line for each of the first values in which words of the query stand, those words marked."""
    for found in message["highlights"][:HIGHLIGHTS_MAX]:
        line: Line = [(f"    {safe(found['field'])}  ", "dim")]
        line += ["…"] if found["begins_at"] else []
        at = 0
        for mark in found["marks"]:
            line.append(safe(found["text"][at : mark["start"]]))
            line.append((safe(found["text"][mark["start"] : mark["end"]]), MARK))
            at = mark["end"]
        line.append(safe(found["text"][at:]))
        is_cut = found["begins_at"] + len(found["text"]) < found["value_chars"]
        yield [*line, "…"] if is_cut else line


def facets(found: dict[str, Any]) -> Iterator[Line]:
    """Yield the values of each field with their counts."""
    for facet in found["facets"]:
        yield [(safe(facet["field"]), "bold")]
        if not facet["values"]:
            yield [("  no values", "dim")]
        for value in facet["values"]:
            yield [f"{value['count']:>9}  {safe(value['value'])}"]


def histogram(found: dict[str, Any]) -> Iterator[Line]:
    """Yield a bar for each span of time; spans in which capture had a gap are marked with a question mark."""
    most = max((bucket["count"] for bucket in found["buckets"]), default=0)
    gaps = [_gap(each) for each in found["not_captured"]]
    for bucket in found["buckets"]:
        begin, end = nanoseconds(bucket["since"]), nanoseconds(bucket["until"])
        missed = any(low < end and (high is None or high >= begin) for low, high in gaps)
        yield [
            (moment(bucket["since"]), "dim"),
            f"  {bucket['count']:>9} ",
            ("? " if missed else "  ", "yellow"),
            (bar(bucket["count"], most), "cyan"),
        ]


def bar(count: int, most: int) -> str:
    """Return a bar of up to BAR_CHARS characters; whatever is counted is at least a sliver."""
    eighths = 0 if not count else max(1, round(count * BAR_CHARS * 8 / most))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _gap(gap: dict[str, Any]) -> tuple[int, int | None]:
    until = gap["until"]
    return nanoseconds(gap["since"]), None if until is None else nanoseconds(until)
