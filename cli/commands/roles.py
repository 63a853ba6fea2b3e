"""The roles: run, collect, project, serve; and beside them doctor and demo."""

import asyncio
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cli import supervisor
from cli.commands.doctor import doctor
from cli.context import Context, context_of, run_async
from cli.exits import Exit, Stop
from cli.settings import environment
from cli.terminal import safe

if TYPE_CHECKING:
    from projector.live import LiveProjection
    from store.ports import EventLog

STREAM = "main"
NEVER = 2**63  # a position that no log reaches
SWITCH_S = 0.000_5
"""How long the thread that appends waits for its turn at most, each time it comes back from the disk. With Python's 5 ms a
block would wait for the decoding of the next one."""


def install(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command()(run)
    app.command()(collect)
    app.command()(project)
    app.command()(serve)
    app.command()(doctor)
    app.command()(demo)


def run(context: typer.Context) -> None:
    """Run everything on this machine: collect, project and serve, each restarted when it fails."""
    here = context_of(context)
    from cli.serving import require_safe_address

    require_safe_address(here.settings)

    async def work(stop: asyncio.Event) -> Exit:
        with tempfile.TemporaryFile(buffering=0) as word:
            roles = supervisor.children(
                os.getpid(),
                otlp=here.settings.otlp_endpoint is not None,
                word_fd=word.fileno(),
            )
            return await supervisor.supervise(roles, stop, here.terminal.tell)

    raise typer.Exit(run_async(work))


def collect(
    context: typer.Context,
    standby: Annotated[
        bool,
        typer.Option("--standby", help="Wait to take over when the collector that leads ends."),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the taps off the broker instead, and end.")
    ] = False,
) -> None:
    """Tap the broker and append what it does to the log."""
    here = context_of(context)
    _configure_logs(here)
    if remove:
        _remove(here)
    else:
        raise typer.Exit(run_async(lambda stop: _collect(here, stop, standby=standby)))


async def _collect(here: Context, stop: asyncio.Event, *, standby: bool) -> Exit:
    from cli import wiring
    from collector.run import collect as capture

    sys.setswitchinterval(SWITCH_S)
    async with wiring.event_log(here.settings, read_only=False) as log:
        outcome = await capture(
            wiring.collector_settings(here.settings, standby=standby), log, stop, tell=here.word
        )
    code = Exit(outcome.code)
    if code is not Exit.OK:
        raise Stop(code, outcome.reason)
    return code


def _remove(here: Context) -> None:
    from cli import wiring
    from collector.errors import LeaderHeld, VhostUnknown
    from collector.management.broker import BrokerUnavailable
    from collector.remove import remove as take_away

    try:
        done = asyncio.run(take_away(wiring.collector_settings(here.settings)))
    except VhostUnknown as error:
        raise Stop(Exit.USAGE, str(error)) from error
    except BrokerUnavailable as error:
        held = isinstance(error.__cause__, LeaderHeld)
        raise Stop(Exit.NOT_LEADER if held else Exit.UNAVAILABLE, str(error)) from error
    for line in done:
        here.terminal.line(safe(line))


def project(context: typer.Context) -> None:
    """Follow the log, write the message index, keep snapshots."""
    here = context_of(context)
    _configure_logs(here)
    raise typer.Exit(run_async(lambda stop: _project(here, stop)))


async def _project(here: Context, stop: asyncio.Event) -> Exit:
    from cli import wiring
    from projector.runner import Pace
    from projector.runner import project as follow_and_index

    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(wiring.event_log(here.settings, read_only=True))
        index = await opened.enter_async_context(
            wiring.message_index(here.settings, read_only=False)
        )
        snapshots = await opened.enter_async_context(wiring.snapshot_store(here.settings))
        await follow_and_index(
            log,
            index,
            snapshots,
            await stream_of(log),
            stop,
            monotonic=time.monotonic,
            limits=wiring.linker_limits(here.settings),
            pace=Pace(snapshot_interval_s=here.settings.snapshot_s),
        )
    return Exit.OK


def serve(context: typer.Context) -> None:
    """Serve the API and the web UI; the views are folded in memory."""
    here = context_of(context)
    from cli.serving import require_safe_address

    require_safe_address(here.settings)
    _configure_logs(here)
    raise typer.Exit(run_async(lambda stop: _serve(here, stop)))


async def _serve(here: Context, stop: asyncio.Event) -> Exit:
    from api.app import create_app
    from cli import serving, wiring
    from projector.live import LiveProjection

    settings = here.settings
    listener = serving.bound(settings)
    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(wiring.event_log(settings, read_only=True))
        index = await opened.enter_async_context(wiring.message_index(settings, read_only=True))
        snapshots = await opened.enter_async_context(wiring.snapshot_store(settings))
        views = await opened.enter_async_context(
            LiveProjection(
                log, snapshots, await stream_of(log), limits=wiring.linker_limits(settings)
            )
        )
        commands = await opened.enter_async_context(wiring.command_sender(settings, log))
        ports = await serving.ports_of(settings, log, index, views, commands, here.word)
        app = create_app(replace(ports, stop=stop))
        here.terminal.tell(f"hoptrail: http://{settings.http}/")
        watcher = asyncio.create_task(_stop_when_failed(views, stop))
        await serving.serve(app, listener, stop)
        watcher.cancel()
        if views.failed is not None:
            raise views.failed
    return Exit.OK


async def _stop_when_failed(views: "LiveProjection", stop: asyncio.Event) -> None:
    with suppress(Exception):  # it is raised again once everything is closed
        await views.until(NEVER)
    stop.set()


def demo(context: typer.Context) -> None:
    """Find or start a RabbitMQ, start hoptrail and an example system, and print where to look."""
    from cli.demo import DemoOptions, run_demo

    raise typer.Exit(run_demo(DemoOptions.of(context_of(context).settings, environment())))


def _configure_logs(here: Context) -> None:
    from cli import logs

    logs.configure(here.settings.log_level)


async def stream_of(log: "EventLog") -> str:
    """Return the name of the log's stream, also before its first block."""
    head = await log.head()
    return STREAM if head is None else head.stream
