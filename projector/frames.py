"""The tables of an export as pandas data frames, with typed columns and times in UTC: for notebooks.

Needs the extra ``frames`` (pandas). What ``hoptrail export --format jsonl`` wrote is read by :func:`read`; whoever has
documents or rows at hand makes a frame of them with :func:`of_documents` or :func:`frame`.
"""

# pyright: basic, reportMissingTypeStubs=false
# Pandas has no types of its own.

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from projector import tables
from projector.tables import Column, Kind, Row
from store.documents import MessageDocument

DTYPES: Mapping[Kind, str] = {
    Kind.TEXT: "string",
    Kind.CATEGORY: "category",
    Kind.TEXTS: "object",
    Kind.INTEGER: "Int64",
    Kind.NUMBER: "float64",
    Kind.BOOLEAN: "boolean",
}
"""What pandas keeps each kind of column as; times are ``datetime64[ns, UTC]``."""

_ROWS_OF: Mapping[str, Callable[[MessageDocument], Iterable[Row]]] = {
    tables.MESSAGES: lambda document: (tables.message_row(document),),
    tables.DELIVERIES: tables.delivery_rows,
    tables.DEAD_LETTERS: tables.dead_letter_rows,
}


def read(kind: str, source: str | Path | Iterable[str]) -> pd.DataFrame:
    """Return the table *kind* from JSON lines: a file's path, or the lines themselves.

    Raises:
        KeyError: there is no table *kind*.
        ValueError: a line is no JSON, or not of that table.
    """
    columns = tables.COLUMNS[kind]
    if isinstance(source, str | Path):
        with Path(source).open(encoding="utf-8") as lines:
            found = [json.loads(line) for line in lines]
    else:
        found = [json.loads(line) for line in source]
    if found and "body" in found[0]:
        columns += tables.BODY_COLUMNS
    names = [column.name for column in columns]
    for row in found:
        if list(row) != names:
            raise ValueError(f"that is no line of the table {kind}: {', '.join(row)}")
    return _typed(columns, {name: [row[name] for row in found] for name in names})


def of_documents(kind: str, documents: Iterable[MessageDocument]) -> pd.DataFrame:
    """Return the table *kind* (messages, deliveries, dead-letters or edges) of *documents*.

    Raises:
        KeyError: there is no such table of documents.
    """
    if kind == tables.EDGES:
        edges = tables.Edges()
        for document in documents:
            edges.add(document)
        return frame(kind, edges.rows())
    rows_of = _ROWS_OF[kind]
    return frame(kind, (row for document in documents for row in rows_of(document)))


def frame(kind: str, rows: Iterable[Row]) -> pd.DataFrame:
    """Return *rows* of the table *kind* as a data frame."""
    columns = tables.COLUMNS[kind]
    values: list[list[Any]] = [[] for _ in columns]
    for row in rows:
        for column, value in zip(values, row, strict=True):
            column.append(value)
    told = {column.name: each for column, each in zip(columns, values, strict=True)}
    return _typed(columns, told)


def _typed(columns: Iterable[Column], values: Mapping[str, list[Any]]) -> pd.DataFrame:
    return pd.DataFrame({column.name: _series(column, values[column.name]) for column in columns})


def _series(column: Column, values: list[Any]) -> pd.Series:
    if column.kind is Kind.TIME:
        return pd.Series(pd.to_datetime(values, utc=True, unit=_unit(values)).as_unit("ns"))
    return pd.Series(values, dtype=DTYPES[column.kind])


def _unit(values: list[Any]) -> Any:
    """Return ns where times are numbers, nothing where they are text."""
    return "ns" if any(isinstance(value, int) for value in values) else None
