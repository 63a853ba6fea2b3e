"""How search draws its marks and bars."""

from itertools import pairwise
from typing import Any

import pytest

from cli.render.search import BAR_CHARS, HIGHLIGHTS_MAX, MARK, bar, histogram, marks


def found(text: str, *places: tuple[int, int], at: int = 0, chars: int | None = None) -> Any:
    return {
        "field": "body",
        "text": text,
        "begins_at": at,
        "value_chars": len(text) if chars is None else chars,
        "marks": [{"start": start, "end": end} for start, end in places],
    }


def test_marks_stand_where_the_api_says() -> None:
    """Marked parts have their style, all others none, hostile characters are escapes, and cuts are shown."""
    message = {"highlights": [found("a card\x1b, card", (2, 6), (9, 13), at=7, chars=30)]}

    (line,) = marks(message)

    assert line[1:] == ["…", "a ", ("card", MARK), "\\x1b, ", ("card", MARK), "", "…"]


def test_a_whole_value_has_no_dots() -> None:
    """A value that is shown whole is not followed by dots, and only the first few values are shown."""
    message = {"highlights": [found("card", (0, 4))] * (HIGHLIGHTS_MAX + 1)}

    lines = list(marks(message))

    assert len(lines) == HIGHLIGHTS_MAX
    assert lines[0][1:] == ["", ("card", MARK), ""]


@pytest.mark.parametrize(
    ("count", "most", "drawn"),
    [(0, 0, ""), (0, 9, ""), (9, 9, "█" * BAR_CHARS), (1, 10**6, "▏"), (1, BAR_CHARS * 2, "▌")],
)
def test_bars_are_as_long_as_their_count(count: int, most: int, drawn: str) -> None:
    """The largest count has the whole width, nothing has no bar, and anything has at least a sliver."""
    assert bar(count, most) == drawn


def test_a_gap_of_capture_is_marked_in_its_time() -> None:
    """Buckets in which capture had a gap carry a question mark, an open gap marks all after it."""

    def told(*gaps: tuple[str, str | None]) -> list[str | tuple[str, str]]:
        times = [f"2026-01-02T03:04:0{second}.000000000Z" for second in range(4)]
        buckets = [{"since": since, "until": until, "count": 1} for since, until in pairwise(times)]
        missed = [{"since": since, "until": until} for since, until in gaps]
        return [line[2] for line in histogram({"buckets": buckets, "not_captured": missed})]

    none, some = ("  ", "yellow"), ("? ", "yellow")
    assert told() == [none, none, none]
    assert told(("2026-01-02T03:04:01.5Z", "2026-01-02T03:04:01.6Z")) == [none, some, none]
    assert told(("2026-01-02T03:04:01.5Z", None)) == [none, some, some]
