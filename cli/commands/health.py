"""Is a role of this hoptrail well: asked by whoever watches over its process, such as a container engine.

Only looks. What has no port is judged by what it leaves behind: a collector by the taps it consumes, a projector by how
far its index is behind the log.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import Context, context_of
from cli.exits import Exit, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.amqp import Connection
    from store.ports import EventLog, MessageIndex

ANSWER_S_MAX = 15.0
"""Longest that a look may take: an answer that comes later is no answer."""

EXCLUSIVE_TO_ANOTHER = 405


class Role(StrEnum):
    """What can be asked after."""

    SERVE = "serve"
    COLLECT = "collect"
    PROJECT = "project"
    LOG = "log"


def install(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(health)


def health(
    context: typer.Context,
    role: Annotated[Role, typer.Argument(help="serve, collect, project or log.")] = Role.SERVE,
) -> None:
    """Say whether a role is well: 0 if it is, 1 or 4 with the reason if not. For the health check of a container."""
    here = context_of(context)
    told = asyncio.run(_look(here, role))
    here.terminal.line(told)


async def _look(here: Context, role: Role) -> str:
    """Return what there is to tell of a *role* that is well.

    Raises:
        Stop: it is not, or does not answer in time.
    """
    looks = {
        Role.SERVE: _serve,
        Role.COLLECT: _collect,
        Role.PROJECT: _project,
        Role.LOG: _log,
    }
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            return await looks[role](here)
    except TimeoutError as error:
        raise Stop(Exit.UNAVAILABLE, f"{role}: no answer in {ANSWER_S_MAX:g} s") from error


async def _serve(here: Context) -> str:
    import httpx2

    from cli.client import base_url, stop_of

    url = base_url(here.settings)
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_S_MAX, trust_env=False) as client:
            answer = await client.get(f"{url}/readyz")
    except httpx2.HTTPError as error:
        raise Stop(Exit.UNAVAILABLE, f"serve: no answer at {url} ({error})") from error
    if answer.status_code != httpx2.codes.OK:
        raise stop_of(answer.status_code, answer.content)
    return f"serve: ready at {url}"


async def _log(here: Context) -> str:
    from cli import wiring

    async with wiring.event_log(here.settings, read_only=True) as log:
        head = await log.head()
    return "log: empty" if head is None else f"log: {head.next_position} events"


async def _project(here: Context) -> str:
    from cli import wiring

    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(wiring.event_log(here.settings, read_only=True))
        index = await opened.enter_async_context(
            wiring.message_index(here.settings, read_only=True)
        )
        behind_s = await _behind_s(log, index, now_ns=time.time_ns())
    allowed_s = here.settings.ready_lag_s_max
    if behind_s > allowed_s:
        raise Stop(
            Exit.FAILED,
            f"project: the index is {behind_s:.0f} s behind the log, {allowed_s:g} s allowed",
        )
    return f"project: {behind_s:.1f} s behind the log"


async def _behind_s(log: "EventLog", index: "MessageIndex", *, now_ns: int) -> float:
    """Return for how long the first event that is not in *index* has been in *log*; 0 when all are."""
    head, checkpoint = await log.head(), await index.checkpoint()
    done = 0 if checkpoint is None else checkpoint.position
    if head is None or done >= head.next_position:
        return 0.0
    number = 0 if checkpoint is None else checkpoint.block
    block = await log.block(max(number, await log.first()))
    since_ns = head.last_observed_at if block is None else block.header.last_observed_at
    return max(0.0, (now_ns - since_ns) / 1e9)


async def _collect(here: Context) -> str:
    from collector.amqp import AmqpError, parse_url
    from collector.management.broker import ManagementRefused, ManagementUnavailable
    from collector.taps.opening import open_home

    await _log(here)
    try:
        async with AsyncExitStack() as stack:
            address = parse_url(here.settings.amqp_url, here.settings.amqp_tls)
            home = await stack.enter_async_context(await open_home(address))
            if not await _is_held(home):
                raise Stop(Exit.FAILED, "collect: no collector leads")
            vhosts = here.settings.vhosts or await _vhosts(here)
            taps = await _taps(stack, home, vhosts)
    except (AmqpError, ManagementUnavailable, ManagementRefused) as error:
        raise Stop(Exit.UNAVAILABLE, f"collect: {error}") from error
    _require_consumed(here, taps)
    waiting = sum(ready for ready, _ in taps.values())
    return f"collect: {len(taps)} taps are consumed, {waiting} events wait"


def _require_consumed(here: Context, taps: dict[str, tuple[int, int]]) -> None:
    if left_out := sorted(set(here.settings.vhosts) - taps.keys()):
        raise Stop(Exit.FAILED, f"collect: no way into {', '.join(left_out)}")
    if not taps:
        raise Stop(Exit.FAILED, "collect: no vhost lets this user in")
    limit = here.settings.tap_messages_max
    for vhost, (ready, consumers) in taps.items():
        if not consumers:
            raise Stop(Exit.FAILED, f"collect: nobody consumes the tap of {vhost}")
        if ready >= limit:
            raise Stop(Exit.FAILED, f"collect: the tap of {vhost} is full, with {ready} events")


async def _is_held(home: "Connection") -> bool:
    """Say whether a collector holds the leader queue, which the broker then keeps from everybody else."""
    from collector.amqp import PASSIVE, ChannelClosed
    from collector.taps.plan import LEADER

    channel = await home.channel()
    try:
        await channel.queue_declare(LEADER, flags=PASSIVE)
    except ChannelClosed as error:
        return error.code == EXCLUSIVE_TO_ANOTHER
    return False


async def _vhosts(here: Context) -> "Sequence[str]":
    from collector.management.broker import Management

    async with Management(here.settings.management, here.settings.management_tls) as management:
        return sorted(vhost["name"] for vhost in await management.vhosts())


async def _taps(
    stack: AsyncExitStack, home: "Connection", vhosts: "Sequence[str]"
) -> dict[str, tuple[int, int]]:
    """Return ready events and consumers of the tap in each of *vhosts* that lets this user in."""
    from collector.amqp import PASSIVE, ChannelClosed
    from collector.taps.opening import open_vhosts
    from collector.taps.plan import FIREHOSE

    found: dict[str, tuple[int, int]] = {}
    for vhost, connection in (await open_vhosts(stack, home, vhosts)).items():
        channel = await connection.channel()
        try:
            found[vhost] = await channel.queue_declare(FIREHOSE, flags=PASSIVE)
        except ChannelClosed:
            found[vhost] = (0, 0)
    return found
