"""The command line ``hoptrail``: data on stdout, all else on stderr, one table of exit codes."""

import sys
from typing import Annotated

import typer

from api.version import VERSION
from cli.commands import (
    export,
    health,
    latency,
    log,
    messages,
    operations,
    otlp,
    replay,
    retries,
    roles,
    setup,
    system,
)
from cli.context import context_of
from cli.exits import MEANINGS, Exit, Stop, code_of
from cli.orphan import end_with_parent
from cli.terminal import Terminal
from cli.word import Word
from events.upcast import FactUnknown
from store.errors import QueryInvalid, StoreError

EPILOG = "Exit codes: " + " ".join(f"{code.value} {told}" for code, told in MEANINGS.items())

app = typer.Typer(
    name="hoptrail",
    help="See what really happens inside a RabbitMQ system: every message, its trace, the topology, the dead letters.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"hoptrail {VERSION}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    parent_pid: Annotated[
        int | None, typer.Option(hidden=True, help="End when this process is gone.")
    ] = None,
    word_fd: Annotated[
        int | None, typer.Option(hidden=True, help="What the roles of one run share.")
    ] = None,
) -> None:
    context_of(context).word = None if word_fd is None else Word(word_fd)
    if parent_pid is not None:
        end_with_parent(parent_pid)


for group in (
    roles,
    messages,
    system,
    latency,
    export,
    retries,
    operations,
    health,
    log,
    replay,
    setup,
    otlp,
):
    group.install(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors that have one are told on stderr."""
    try:
        app(arguments)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else Exit.OK
    except Stop as stop:
        Terminal().tell(str(stop), "red" if stop.code else "")
        return stop.code
    except (StoreError, QueryInvalid) as error:
        Terminal().tell(str(error), "red")
        return code_of(error)
    except FactUnknown as error:
        Terminal().tell(str(error), "red")
        return Exit.FAILED
    return Exit.OK
