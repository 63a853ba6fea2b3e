"""The command export: tables to work on elsewhere, streamed to stdout or a file, with progress on stderr."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from cli.context import Context, context_of, counting
from cli.exits import Exit, Stop

NEGATIONS = {"ignore_unknown_options": True}  # -queue:audit is part of a query, not an option
KINDS = ("messages", "deliveries", "edges", "dead-letters", "queues")
FORMATS = ("csv", "jsonl")
STDOUT = "-"
TOTAL_HEADER = "X-Hoptrail-Rows"
QUOTE, LINE_END = b'"', b"\n"


def install(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(context_settings=NEGATIONS)(export)


def export(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=", ".join(KINDS[:-1]) + f" or {KINDS[-1]}.")],
    query: Annotated[str, typer.Option(help="Only what comes of messages that match.")] = "",
    form: Annotated[str, typer.Option("--format", help="csv or jsonl.")] = "jsonl",
    output: Annotated[
        str, typer.Option(help="A file to write, which must not be there yet; - is stdout.")
    ] = STDOUT,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="With the bodies of messages, which are left out.")
    ] = False,
) -> None:
    """Export a table as CSV or JSON lines; every export is recorded."""
    here = context_of(context)
    if kind not in KINDS:
        raise Stop(Exit.USAGE, f"There is no table {kind!r}; there is: {', '.join(KINDS)}.")
    if form not in FORMATS:
        raise Stop(Exit.USAGE, f"There is no format {form!r}; there is: {', '.join(FORMATS)}.")
    rows = Rows(csv=form == "csv")
    with here.api() as api, _opened(output) as write:
        asked = {"q": query or None, "format": form, "bodies": "true" if bodies else None}
        with api.streamed(f"/exports/{kind}", **asked) as (headers, chunks):
            total = headers.get(TOTAL_HEADER)
            _copy(here, chunks, write, rows, None if total is None else int(total))
    here.terminal.tell(f"{rows.count} rows", "dim")


class Rows:
    """Counts the rows in chunks of a table; in *csv* the first line is none, and a line end within quotes ends none."""

    def __init__(self, *, csv: bool) -> None:
        self.count = -1 if csv else 0
        self._csv = csv
        self._quoted = False

    def add(self, chunk: bytes) -> None:
        """Count the rows that end in the next *chunk*."""
        if not self._csv:
            self.count += chunk.count(LINE_END)
            return
        for number, part in enumerate(chunk.split(QUOTE)):
            if number:
                self._quoted = not self._quoted
            if not self._quoted:
                self.count += part.count(LINE_END)


def _copy(
    here: Context,
    chunks: Iterator[bytes],
    write: Callable[[bytes], object],
    rows: Rows,
    total: int | None,
) -> None:
    with counting(here.terminal, "rows", total) as step:
        for chunk in chunks:
            write(chunk)
            rows.add(chunk)
            if step is not None:
                step(max(0, rows.count))


@contextmanager
def _opened(output: str) -> Iterator[Callable[[bytes], object]]:
    """Yield what writes to *output*; a file gets its name only when it is whole.

    Raises:
        Stop: the file is there already, or cannot be written.
    """
    if output == STDOUT:
        with _pipe():
            yield sys.stdout.buffer.write
            sys.stdout.buffer.flush()
        return
    path, part = Path(output), Path(f"{output}.part")
    if path.exists():
        raise Stop(Exit.USAGE, f"{path} is there already; it is not overwritten.")
    try:
        with part.open("xb") as file:
            yield _writer(file)
        part.rename(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Stop(Exit.FAILED, f"{path} cannot be written: {error.strerror}.") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _writer(file: IO[bytes]) -> Callable[[bytes], object]:
    return file.write


@contextmanager
def _pipe() -> Iterator[None]:
    """End quietly when nobody reads stdout any more, as of ``| head``."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
