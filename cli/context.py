"""What every command has: the settings and the terminal; and how it ends."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.client import Api
from cli.exits import Exit, Stop
from cli.render.trace import Line
from cli.settings import Settings, SettingsInvalid, load
from cli.terminal import Terminal
from cli.word import Word

JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's objects as JSON.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


class Context:
    """One command's surroundings."""

    def __init__(self) -> None:
        self.terminal = Terminal()
        self.word: Word | None = None
        """What the collector tells the roles beside it; None where there are none."""

    @cached_property
    def settings(self) -> Settings:
        """The settings of this process.

        Raises:
            Stop: one is not valid.
        """
        try:
            return load()
        except SettingsInvalid as error:
            raise Stop(Exit.USAGE, str(error)) from None

    def api(self) -> Api:
        return Api(self.settings)

    def show(
        self,
        answer: Any,
        *,
        as_json: bool,
        table: tuple[tuple[str, ...], list[list[str]]] | None = None,
        lines: Iterable[Line] = (),
    ) -> None:
        """Print an answer of the API: as it is under ``--json``, else as a table or as lines."""
        if as_json:
            self.terminal.json(answer)
            return
        if table is not None:
            self.terminal.table(*table)
        for line in lines:
            self.terminal.line(*line)


def context_of(context: typer.Context) -> Context:
    """Return this command's surroundings."""
    return context.ensure_object(Context)


def run_async(work: Callable[[asyncio.Event], Coroutine[Any, Any, Exit]]) -> Exit:
    """Run *work* with an event that SIGINT and SIGTERM set; return how it ended.

    After SIGINT an end that is OK counts as INTERRUPTED.
    """

    async def body() -> Exit:
        stop, got = asyncio.Event(), list[int]()
        loop = asyncio.get_running_loop()

        def ask_to_stop(number: int) -> None:
            got.append(number)
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ask_to_stop, number)
        code = await work(stop)
        return Exit.INTERRUPTED if code is Exit.OK and signal.SIGINT in got else code

    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(body())


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory where there is one."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


@contextmanager
def counting(
    terminal: Terminal, told: str, total: int | None
) -> Iterator[Callable[[int], None] | None]:
    """Show on stderr, on a terminal only, how many are done, of *total* where that is known."""
    with progress(terminal, told) as step:
        yield None if step is None else lambda done: step(done, total)


@contextmanager
def progress(terminal: Terminal, told: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """Show the progress of long work on stderr, on a terminal only; the value is called with (done, in all)."""
    if not terminal.interactive:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal.progress_console, transient=True) as bar:
        task = bar.add_task(told, total=None)

        def step(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield step
