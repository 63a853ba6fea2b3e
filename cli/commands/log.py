"""Commands on the event log itself: log cat, verify, head, segments, copy, retain. They read the store, not the API."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.log_copy import copy
from cli.commands.log_retain import retain
from cli.context import Context, JsonOption, context_of, progress
from cli.exits import Exit, Stop
from cli.render.values import moment, size
from cli.terminal import json_text, safe
from store.errors import LogDamaged

if TYPE_CHECKING:
    from events.block import BlockHead
    from store.ports import EventLog, Segment
    from store.verify import Verified

DIGEST_HEX_CHARS = 64
From = Annotated[int, typer.Option("--from", min=0, help="First position.")]
To = Annotated[int | None, typer.Option("--to", min=0, help="Last position.")]


def install(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(
        help="The event log itself: print it, check it, copy it.", no_args_is_help=True
    )
    group.command()(cat)
    group.command("verify")(verify_log)
    group.command()(head)
    group.command()(segments)
    group.command()(copy)
    group.command()(retain)
    app.add_typer(group, name="log")


@asynccontextmanager
async def opened(here: Context) -> "AsyncIterator[EventLog]":
    """Open the log of the settings for reading."""
    from cli import wiring

    async with wiring.event_log(here.settings, read_only=True) as log:
        yield log


def cat(
    context: typer.Context,
    first: From = 0,
    last: To = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only facts of this kind, e.g. MessagePublished.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print the events of the log as they were observed. With --json, one object per line."""
    from api.wire_messages import event
    from events.block import open_block

    here = context_of(context)
    kinds = frozenset(kind or ())

    async def work() -> None:
        async with opened(here) as log:
            start = await log.block_at(first)
            if start is None:
                start = await log.first()
            async for block in log.blocks(start=start):
                if last is not None and block.header.first_position > last:
                    return
                if kinds and not kinds & block.header.kinds.keys():
                    continue
                for envelope in _checked(open_block, block):
                    if envelope.position >= first and (last is None or envelope.position <= last):
                        told = event(envelope).model_dump(mode="json")
                        if not kinds or told["kind"] in kinds:
                            _print_event(here, told, as_json=json)

    asyncio.run(work())


def _checked(opener: Callable[..., Any], block: object) -> Any:
    from events.block import BlockDamaged

    try:
        return opener(block)
    except BlockDamaged as error:
        raise LogDamaged(str(error)) from error


def _print_event(here: Context, told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        here.terminal.json(told, indent=False)
        return
    here.terminal.line(
        (f"{told['position']:>8}", "dim"),
        f"  {told['observed_at']}  ",
        (told["kind"], "bold"),
        f"  {safe(json_text(told['fact'], indent=False))}",
    )


def verify_log(
    context: typer.Context,
    expect_head: Annotated[
        str | None,
        typer.Option(
            "--expect-head",
            help="A digest that `hoptrail log head` printed earlier: fail unless the log still holds that block.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Walk the whole log and tell every damage: exit code 1 when there is any."""
    from api.wire import plain
    from store.verify import verify

    here = context_of(context)
    wanted = None if expect_head is None else _digest(expect_head)

    async def work() -> "tuple[Verified, bool]":
        async with opened(here) as log:
            with progress(here.terminal, "verifying") as step:
                found = await verify(log, progress=step)
            return found, wanted is None or await _holds(log, wanted)

    found, holds = asyncio.run(work())
    told = plain(found) | {
        "head_digest": found.head_digest.hex() if found.head_digest else None,
        "expected_head_found": holds if wanted is not None else None,
    }
    here.show(told, as_json=json)
    if not json:
        _tell_verified(here, found)
    if not holds:
        raise Stop(
            Exit.FAILED, f"No block of the log has the digest {expect_head}: it was rewritten."
        )
    if found.damages:
        raise Stop(Exit.FAILED, f"{len(found.damages)} damages found.")


def _tell_verified(here: Context, found: "Verified") -> None:
    for damage in found.damages:
        where = "head" if damage.block is None else f"block {damage.block}"
        here.terminal.line((f"{where}  {damage.kind}  ", "red"), safe(damage.detail))
    here.terminal.line(
        f"{found.blocks} blocks, {found.events} events, {found.bodies} bodies checked; "
        f"{found.bodies_dropped} bodies dropped by retention, {found.bodies_unchecked} not checkable"
    )
    here.terminal.line("head ", (found.head_digest.hex() if found.head_digest else "none", "bold"))


def _digest(value: str) -> bytes:
    try:
        digest = bytes.fromhex(value)
    except ValueError:
        digest = b""
    if len(digest) * 2 != DIGEST_HEX_CHARS:
        raise Stop(
            Exit.USAGE, "--expect-head takes 64 hex digits, as hoptrail log head prints them."
        )
    return digest


async def _holds(log: "EventLog", digest: bytes) -> bool:
    """Return whether a block of the log has *digest*, looking from the head backwards."""
    newest = await log.head()
    number = -1 if newest is None else newest.number
    first = await log.first()
    while number >= first:
        block = await log.block(number)
        if block is not None and block.digest == digest:
            return True
        number -= 1
    return False


def head(context: typer.Context, json: JsonOption = False) -> None:
    """Print the head: how far the log goes, and its digest. Keep it to find a rewritten log later."""
    from api.wire import plain, time

    here = context_of(context)

    async def work() -> "BlockHead | None":
        async with opened(here) as log:
            return await log.head()

    found = asyncio.run(work())
    if found is None:
        raise Stop(Exit.FAILED, f"The log in {here.settings.shown_store} is empty.")
    told = plain(found) | {
        "digest": found.digest.hex(),
        "last_observed_at": time(found.last_observed_at),
    }
    here.show(told, as_json=json)
    if not json:
        here.terminal.line(
            f"block {found.number}, position {found.next_position}, {told['last_observed_at']}, epoch {found.epoch}"
        )
        here.terminal.line(told["digest"])


def segments(context: typer.Context, json: JsonOption = False) -> None:
    """Print the retained segments with their sizes."""
    from api.wire import plain, time

    here = context_of(context)

    async def work() -> "list[Segment]":
        async with opened(here) as log:
            return list(await log.segments())

    found = asyncio.run(work())
    told = [
        plain(segment)
        | {
            "first_observed_at": time(segment.first_observed_at),
            "last_observed_at": time(segment.last_observed_at),
        }
        for segment in found
    ]
    rows = [
        [
            str(row["number"]),
            f"{row['first_block']}–{row['last_block']}",
            moment(row["first_observed_at"]),
            moment(row["last_observed_at"]),
            size(row["envelope_bytes"]),
            size(row["body_bytes"]) if row["has_bodies"] else "dropped",
        ]
        for row in told
    ]
    here.show(
        told, as_json=json, table=(("segment", "blocks", "from", "to", "envelopes", "bodies"), rows)
    )
