"""The command that looks at broker and store and says what mends them: doctor."""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import typer

from cli.context import Context, JsonOption, context_of
from cli.exits import Exit, Stop
from cli.render import system as render
from store.errors import StoreError

if TYPE_CHECKING:
    from collector.doctor.examine import Check, Report
    from store.ports import EventLog


def doctor(context: typer.Context, json: JsonOption = False) -> None:
    """Tell what stands, what is missing, and the commands that mend it; 1 if something needs mending. Changes nothing."""
    here = context_of(context)
    from api.wire import plain

    report, is_away = asyncio.run(_examine(here))
    told = plain(report) | {"settings": here.settings.told()}
    here.show(told, as_json=json, lines=render.doctor(told))
    if not report.broker:
        raise Stop(Exit.UNAVAILABLE, "The broker cannot be reached, or refuses.")
    if is_away:
        raise Stop(Exit.UNAVAILABLE, "The store cannot be reached, or refuses.")
    if not report.healthy:
        raise Stop(Exit.FAILED, "Something needs mending.")


async def _examine(here: Context) -> "tuple[Report, bool]":
    """Return what stands, and whether the store is away."""
    from msgspec.structs import replace

    from cli import wiring
    from cli.service_rules_check import check_rules
    from collector.doctor.examine import PROBLEM, examine

    checks = await _store_checks(here)
    is_away = any(check.what == "store" and check.state == PROBLEM for check in checks)
    async with AsyncExitStack() as opened:
        log: EventLog | None = None
        if not is_away:
            with suppress(StoreError):
                log = await opened.enter_async_context(
                    wiring.event_log(here.settings, read_only=True)
                )
        report = await examine(wiring.collector_settings(here.settings), log)
    if report.broker:
        checks += await check_rules(here.settings)
    kept = [check for check in report.checks if not (is_away and check.what == "log")]
    checks = [*kept, *checks]
    healthy = all(check.state != PROBLEM for check in checks)
    return replace(report, checks=tuple(checks), healthy=healthy), is_away


async def _store_checks(here: Context) -> "list[Check]":
    """Return what there is to tell of the store; nothing of an embedded one."""
    if here.settings.is_embedded:
        return []
    from cli import wiring
    from collector.doctor.examine import PROBLEM, Check
    from store.elastic.examine import STORE, examine

    try:
        async with wiring.elastic(here.settings) as elastic:
            found = await examine(elastic, now_ns=time.time_ns)
    except StoreError as error:
        return [Check(STORE, PROBLEM, str(error))]
    return [Check(each.what, each.state, each.detail, each.mend) for each in found]
