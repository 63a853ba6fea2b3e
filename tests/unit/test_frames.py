"""Tables and data frames: typed columns, times with their zone, the same by every way; and the how-to, executed."""

import re
from collections.abc import Iterable
from contextlib import chdir
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from projector import frames, table_text, tables
from projector.projection import Projection
from projector.tables import COLUMNS, Kind
from store.documents import MessageDocument
from tests.contract.cases import DOCUMENTS
from tests.support.story import Story

DOCS = Path(__file__).parents[2] / "docs"
SHOP, BILLING = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"
OF_DOCUMENTS = (tables.MESSAGES, tables.DELIVERIES, tables.DEAD_LETTERS, tables.EDGES)


def story() -> list[MessageDocument]:
    """Orders that lead to bills; every fourth order is rejected."""
    told = Story()
    for connection, name in ((SHOP, "shop"), (BILLING, "billing")):
        told.connect(connection, name)
    told.exchange("dead", "fanout")
    told.queue("graves")
    told.bind("dead", "graves")
    for number in range(24):
        own = {"correlation_id": str(number)}
        order = told.publish(SHOP, "orders", "new", ("bills",), type="order", **own)
        told.wait(number % 5)
        told.deliver(order, "bills", BILLING)
        if number % 4 == 0:
            told.die(order, "bills", "rejected", "dead")
        else:
            told.publish(BILLING, "bills", "sent", (), type="bill", **own)
    projection = Projection("main")
    projection.fold.fold(told.envelopes)
    return [projection.linker.document(m) for m in projection.linker.take_changed()]


def lines(kind: str, documents: Iterable[MessageDocument]) -> list[str]:
    """Return the table *kind* of *documents* as an export writes it."""
    rows_of: dict[str, Any] = {
        tables.MESSAGES: lambda document: [tables.message_row(document)],
        tables.DELIVERIES: tables.delivery_rows,
        tables.DEAD_LETTERS: tables.dead_letter_rows,
    }
    if kind == tables.EDGES:
        edges = tables.Edges()
        for document in documents:
            edges.add(document)
        rows = list(edges.rows())
    else:
        rows = [row for document in documents for row in rows_of[kind](document)]
    return table_text.lines(COLUMNS[kind], rows, table_text.JSON_LINES).splitlines()


@pytest.mark.parametrize("kind", OF_DOCUMENTS)
def test_what_was_exported_is_the_same_frame(kind: str) -> None:
    """A frame read from JSON lines is the one made of the documents, types and all."""
    documents = [*story(), *DOCUMENTS]

    pd.testing.assert_frame_equal(
        frames.read(kind, lines(kind, documents)), frames.of_documents(kind, documents)
    )


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_are_typed(kind: str) -> None:
    """Of an empty table too, each column has its type, and times their zone."""
    made = frames.frame(kind, [])

    assert list(made) == [column.name for column in COLUMNS[kind]]
    for column in COLUMNS[kind]:
        told = "datetime64[ns, UTC]" if column.kind is Kind.TIME else frames.DTYPES[column.kind]
        assert made[column.name].dtype == told


def test_times_are_exact() -> None:
    """Nanoseconds survive the way through text."""
    documents = story()
    made = frames.read("messages", lines("messages", documents))

    assert [time.value for time in made["published_at"]] == [d.published_at for d in documents]


def test_bodies_come_along() -> None:
    """An export with bodies has two columns more."""
    row = tables.message_row(story()[0])
    columns = (*COLUMNS["messages"], *tables.BODY_COLUMNS)
    told = table_text.lines(columns, [(*row, "card declined", "text")], table_text.JSON_LINES)
    made = frames.read("messages", told.splitlines())

    assert made["body"].tolist() == ["card declined"]


@pytest.mark.parametrize("line", ["{}", '{"uid": "main-1"}', "not json"])
def test_what_is_no_table_is_refused(line: str) -> None:
    """A line of something else is an error, not a frame with holes."""
    with pytest.raises(ValueError, match=r"no line of the table|Expecting value"):
        frames.read("messages", [line])


def test_the_how_to_works(tmp_path: Path) -> None:
    """The code of the how-to runs as it stands there, on what was exported, and gives what it says."""
    documents = story()
    for kind in (tables.MESSAGES, tables.DELIVERIES, tables.DEAD_LETTERS):
        (tmp_path / f"{kind}.jsonl").write_text("\n".join(lines(kind, documents)) + "\n")
    page = (DOCS / "how-to" / "analysis.md").read_text()
    told: dict[str, Any] = {}
    with chdir(tmp_path):
        for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
            exec(compile(block, "analysis.md", "exec"), told)

    edge = told["by_hour"].loc[("shop", "bills", "billing")]
    assert edge["p50_ms"].tolist() == [3_000.0]
    assert edge["p99_ms"].tolist() == [5_000.0]
    assert told["estimates"]["count"].sum() == 24
    assert len(told["slowest"]) == 10
    assert told["slowest"]["took_ms"].is_monotonic_decreasing
    assert told["by_release"].to_numpy().sum() == 6
    assert set(told["by_release"].index.get_level_values("release")) == {"before", "2.4.0", "2.5.0"}


def test_every_column_is_documented() -> None:
    """The reference lists each table with each of its columns and what it is."""
    page = (DOCS / "reference" / "tables.md").read_text()
    for kind, columns in COLUMNS.items():
        section = page.partition(f"## {kind}\n")[2].partition("\n## ")[0]
        for column in columns:
            assert f"| `{column.name}` | {column.kind.value} |" in section


def test_edges_are_bounded() -> None:
    """Beyond the limit further types are counted as one, and no delivery is lost."""
    document = next(d for d in story() if d.copies and d.copies[0].attempts)
    edges = tables.Edges()
    edges._edges = {("p", "v", "e", "q", "c", n): tables._Edge() for n in range(tables.EDGES_MAX)}
    edges.add(document)
    told = [row for row in edges.rows() if row[5] == tables.OTHERS]

    assert sum(row[7] for row in told) == len(document.copies[0].attempts)
