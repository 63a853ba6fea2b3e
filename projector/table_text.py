"""Rows of a table as CSV or JSON lines.

Pure. CSV follows RFC 4180. A text that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@``, a
tab or a carriage return) gets a ``'`` in front; JSON lines hold every value as it is. Lists are JSON arrays in both, times
RFC 3339 in UTC with nanoseconds.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from projector.tables import Column, Kind, Row

CSV, JSON_LINES = "csv", "jsonl"
FORMATS = (CSV, JSON_LINES)
MEDIA_TYPES = {CSV: "text/csv; charset=utf-8; header=present", JSON_LINES: "application/jsonl"}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NS_PER_S = 1_000_000_000
_SECONDS_MAX = 253_402_300_799
_SECONDS_MIN = -62_135_596_800


def time_text(ns: int) -> str:
    """Return *ns* since 1970 as RFC 3339; what no calendar holds is cut to its ends."""
    seconds, rest = divmod(ns, NS_PER_S)
    seconds = min(max(seconds, _SECONDS_MIN), _SECONDS_MAX)
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}.{rest:09d}Z"


def harmless(text: str) -> str:
    """Return *text* as a spreadsheet shows it instead of computing it."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def header(columns: Sequence[Column], form: str) -> str:
    """Return what stands before the first row."""
    return _csv_line([column.name for column in columns]) if form == CSV else ""


def lines(columns: Sequence[Column], rows: Iterable[Row], form: str) -> str:
    """Return *rows* as text, each with its line end."""
    told = _csv_row if form == CSV else _json_row
    return "".join(told(columns, row) for row in rows)


def _json_row(columns: Sequence[Column], row: Row) -> str:
    told = {
        column.name: time_text(value) if column.kind is Kind.TIME and value is not None else value
        for column, value in zip(columns, row, strict=True)
    }
    return json.dumps(told, ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n"


def _csv_row(columns: Sequence[Column], row: Row) -> str:
    return _csv_line(
        [
            "" if value is None else _CELLS[column.kind](value)
            for column, value in zip(columns, row, strict=True)
        ]
    )


def _csv_line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue().encode("utf-8", "replace").decode()


def _texts(value: list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)


_CELLS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: harmless,
    Kind.CATEGORY: harmless,
    Kind.TEXTS: _texts,
    Kind.TIME: time_text,
    Kind.INTEGER: str,
    Kind.NUMBER: repr,
    Kind.BOOLEAN: lambda value: "true" if value else "false",
}
