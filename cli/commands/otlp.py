"""The command otlp: send spans of what the log shows to an OpenTelemetry backend."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Annotated, Any

import typer

from cli.commands.roles import stream_of
from cli.context import Context, JsonOption, context_of, run_async
from cli.exits import Exit, Stop
from store.ports import EventLog, ExportPoint


def install(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(otlp)


def otlp(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="Begin there instead of with what comes: a position, a time, or `now-2h`.",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Send again what was sent: from --since, else all that is retained."
        ),
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Send what there is, and end.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Tell how far the export has come, and end.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Send spans of what the log shows to the OTLP endpoint, and go on as it grows."""
    here = context_of(context)
    if status:
        _tell(here, asyncio.run(_status(here)), as_json=json)
        return
    from cli import logs

    if here.settings.otlp_endpoint is None:
        raise Stop(Exit.USAGE, "Say where to: HOPTRAIL_OTLP_ENDPOINT is not set.")
    logs.configure(here.settings.log_level)
    raise typer.Exit(run_async(lambda stop: _export(here, stop, since, again=again, once=once)))


async def _export(
    here: Context, stop: asyncio.Event, since: str | None, *, again: bool, once: bool
) -> Exit:
    from api.version import VERSION
    from cli import wiring
    from projector.exporting.beginning import AlreadyBegan, begin
    from projector.exporting.exporter import Exporter, ExportPace
    from projector.exporting.sender import Sender

    settings = here.settings
    try:
        receiver = wiring.otlp_receiver(settings)
    except (OSError, ValueError) as error:
        raise Stop(Exit.USAGE, f"The files of TLS for the OTLP endpoint: {error}") from error
    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(wiring.event_log(settings, read_only=True))
        points = await opened.enter_async_context(wiring.export_points(settings))
        snapshots = await opened.enter_async_context(wiring.snapshot_store(settings))
        await opened.enter_async_context(receiver)
        position = None if since is None else await _position(log, since)
        try:
            point = await begin(log, points, await stream_of(log), since=position, again=again)
        except AlreadyBegan as error:
            raise Stop(Exit.USAGE, f"{error}. To send it again add --again.") from error
        exporter = Exporter(
            log,
            snapshots,
            points,
            Sender(receiver, VERSION),
            point,
            monotonic=time.monotonic,
            limits=wiring.linker_limits(settings),
            pace=ExportPace(delay_s=settings.otlp_delay_s),
        )
        await exporter.run(stop, until_head=once)
    return Exit.OK


async def _position(log: EventLog, since: str) -> int:
    from projector.exporting.beginning import position_at
    from store.query_values import time_bound

    if since.isascii() and since.isdigit() and len(since) <= 18:
        return int(since)
    bound = time_bound(since)
    if bound is None:
        raise Stop(
            Exit.USAGE,
            "Write --since as a position, as a time like 2027-01-31T12:00:00Z, or as now-2h.",
        )
    now_ns = time.time_ns() if bound.is_relative else 0
    return await position_at(log, now_ns + int(bound.first))


async def _status(here: Context) -> dict[str, Any]:
    """Return how far the export has come, beside the log's end."""
    from cli import wiring
    from projector.exporting.beginning import NAME

    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(wiring.event_log(here.settings, read_only=True))
        points = await opened.enter_async_context(
            wiring.export_points(here.settings, read_only=True)
        )
        head, point = await log.head(), await points.load(NAME)
    return {
        "began": point is not None,
        "head_position": str(0 if head is None else head.next_position),
        **({} if point is None else _plain(point)),
    }


def _plain(point: ExportPoint) -> dict[str, Any]:
    return {
        "begin": str(point.begin),
        "position": str(point.position),
        "spans_sent": point.sent,
        "spans_rejected": point.rejected,
    }


def _tell(here: Context, told: dict[str, Any], *, as_json: bool) -> None:
    here.show(told, as_json=as_json)
    if as_json:
        return
    if not told["began"]:
        here.terminal.line("the export has not begun")
        return
    here.terminal.line(
        f"exported from position {told['begin']} to {told['position']} of {told['head_position']}: "
        f"{told['spans_sent']} spans, {told['spans_rejected']} of them rejected"
    )
