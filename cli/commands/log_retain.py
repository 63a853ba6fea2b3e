"""The command that lets the log go of what is too old or too much: log retain."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import Context, JsonOption, context_of, run_async
from cli.exits import Exit
from store.errors import LogUnavailable

if TYPE_CHECKING:
    from store.ports import EventLog
    from store.retention import Drop


def retain(
    context: typer.Context,
    every: Annotated[
        float | None,
        typer.Option(
            "--every", min=1, metavar="SECONDS", help="Do it again and again, until stopped."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Drop the segments of the log that are beyond the retention limits. For stores whose collector may not delete."""
    here = context_of(context)
    raise typer.Exit(run_async(lambda stop: _retain(here, stop, every, as_json=json)))


async def _retain(
    here: Context, stop: asyncio.Event, every_s: float | None, *, as_json: bool
) -> Exit:
    from cli import wiring

    if every_s is not None:
        return await _again_and_again(here, stop, every_s, as_json=as_json)
    async with wiring.event_log(here.settings, read_only=False) as log:
        _tell(here, await _drop(here, log), as_json=as_json)
    return Exit.OK


async def _again_and_again(
    here: Context, stop: asyncio.Event, every_s: float, *, as_json: bool
) -> Exit:
    """Drop until *stop* is set; a store that is away is waited for, one that refuses ends it."""
    from cli import wiring

    while not stop.is_set():
        try:
            async with wiring.event_log(here.settings, read_only=False) as log:
                _tell(here, await _drop(here, log), as_json=as_json)
        except LogUnavailable as error:
            here.terminal.tell(f"{error}; the next try is in {every_s:g} s", "yellow")
        try:
            async with asyncio.timeout(every_s):
                await stop.wait()
        except TimeoutError:
            continue
    return Exit.OK


async def _drop(here: Context, log: "EventLog") -> "list[Drop]":
    from cli import wiring
    from store import retention

    limits = wiring.retention_limits(here.settings)
    drops = retention.plan(await log.segments(), limits, now_ns=time.time_ns())
    await retention.apply(log, drops)
    return drops


def _tell(here: Context, drops: "list[Drop]", *, as_json: bool) -> None:
    if as_json:
        told = [{"segment": d.segment, "bodies_only": d.bodies_only, "why": d.why} for d in drops]
        here.terminal.json(told, indent=False)
        return
    for drop in drops:
        what = (
            f"the bodies of segment {drop.segment}"
            if drop.bodies_only
            else f"segment {drop.segment}"
        )
        here.terminal.line(f"dropped {what}: beyond the limit of {drop.why}")
    if not drops:
        here.terminal.line("nothing to drop")
