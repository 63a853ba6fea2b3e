"""hoptrail export: whole tables on stdout or in a file, refused cleanly, counted rightly, read back as frames."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.commands.export import Rows
from projector import frames, table_text
from projector.tables import Column, Kind
from tests.support.serving import serving

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX = 60

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Return a function that runs one command against a served API, in the directory *cwd*."""
    directory = tmp_path_factory.mktemp("export")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")}
    with serving(moves=200) as url:

        def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
            environment = kept | {"HOPTRAIL_HTTP": url.removeprefix("http://")} | settings
            return subprocess.run(
                [EXECUTABLE, "export", *arguments],
                env=environment,
                capture_output=True,
                timeout=RUN_S_MAX,
                check=False,
                cwd=directory,
            )

        yield run


def test_a_file_is_a_frame(run: Run, tmp_path: Path) -> None:
    """What is written to a file can be read as a data frame, and stdout says the same."""
    file = tmp_path / "messages.jsonl"
    written = run("messages", "--query", "exchange:orders", "--output", str(file), "--bodies")
    printed = run("messages", "--query", "exchange:orders", "--bodies")
    made = frames.read("messages", file)

    assert (written.returncode, written.stdout) == (0, b"")
    assert printed.stdout == file.read_bytes()
    assert len(made) > 0
    assert f"{len(made)} rows" in written.stderr.decode()
    assert "body" in made


def test_a_file_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    """A file that is there stays as it is, and the export ends with 2."""
    file = tmp_path / "kept.csv"
    file.write_text("mine")
    done = run("queues", "--format", "csv", "--output", str(file))

    assert done.returncode == 2
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("weather",), 2),
        (("messages", "--query", "exchange:("), 2),
        (("messages", "--output", "/nowhere/messages.jsonl"), 1),
    ],
)
def test_what_cannot_be_exported_leaves_nothing(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    """The reason is told, and there is neither a file nor a part of one."""
    done = run("--output", str(tmp_path / "broken"), *arguments)

    assert done.returncode == code, done.stderr
    assert done.stdout == b""
    assert done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nobody_serves(run: Run) -> None:
    """Without a hoptrail that answers, it ends with 4."""
    assert run("messages", HOPTRAIL_HTTP="127.0.0.1:1").returncode == 4


class BreakingOff(StreamRequestHandler):
    """Answers with the beginning of a table, and is gone."""

    def handle(self) -> None:
        """Answer one request."""
        while self.rfile.readline().strip():
            pass
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.wfile.write(head + b"3\r\n{}\n\r\n")


def test_a_table_that_breaks_off_is_no_file(run: Run, tmp_path: Path) -> None:
    """An answer without its end is told with 4, and what came of it does not pass for the table."""
    with TCPServer(("127.0.0.1", 0), BreakingOff) as server:
        Thread(target=server.handle_request, daemon=True).start()
        port = server.server_address[1]
        file = tmp_path / "messages.jsonl"
        done = run("messages", "--output", str(file), HOPTRAIL_HTTP=f"127.0.0.1:{port}")

    assert done.returncode == 4, done.stderr
    assert b"broke off" in done.stderr
    assert list(tmp_path.iterdir()) == []


@given(
    st.lists(st.tuples(st.text(), st.text())),
    st.sampled_from(["csv", "jsonl"]),
    st.integers(1, 50),
)
def test_rows_are_counted_in_any_pieces(rows: list[tuple[str, str]], form: str, size: int) -> None:
    """However a table is cut into pieces, its rows are counted, line ends within them or not."""
    columns = (Column("a", Kind.TEXT), Column("b", Kind.TEXT))
    told = table_text.header(columns, form) + table_text.lines(columns, rows, form)
    written, counted = told.encode(), Rows(csv=form == "csv")
    for start in range(0, len(written), size):
        counted.add(written[start : start + size])

    assert counted.count == len(rows)
