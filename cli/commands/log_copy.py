"""The command that moves an event log to another store: log copy. It reads and writes stores, not the API."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from pydantic import ValidationError

from cli.context import Context, JsonOption, context_of, progress
from cli.exits import Exit, Stop
from cli.settings import Settings
from cli.terminal import safe
from cli.urls import redacted_url

if TYPE_CHECKING:
    from store.copy import Copied
    from store.verify import Verified


def copy(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="The store to copy from, written as HOPTRAIL_STORE."),
    ],
    target: Annotated[
        str, typer.Argument(metavar="DST", help="The store to copy to, empty or an earlier copy.")
    ],
    json: JsonOption = False,
) -> None:
    """Copy the event log from one store to another and verify it there; a copy that was cut short is gone on with."""
    here = context_of(context)
    settings = [store_settings(here.settings, url) for url in (source, target)]
    if settings[0].store == settings[1].store:
        raise Stop(Exit.USAGE, "SRC and DST are the same store.")
    copied, found = asyncio.run(_copied(here, *settings))
    told: dict[str, Any] = {
        "blocks_copied": copied.blocks,
        "blocks_there": copied.there,
        "bodies_copied": copied.bodies,
        "head_digest": copied.head.digest.hex(),
        "blocks_behind": copied.behind,
        "damages": [
            {"block": each.block, "kind": each.kind, "detail": each.detail}
            for each in found.damages
        ],
    }
    here.show(told, as_json=json)
    if not json:
        _tell(here, copied, found)
    if found.damages or found.head_digest != copied.head.digest:
        raise Stop(Exit.FAILED, "The copy is not whole: see above, and do not use it.")
    if copied.behind:
        raise Stop(
            Exit.FAILED,
            f"The source has {copied.behind} more blocks by now: stop its collector, then copy again to go on.",
        )


async def _copied(here: Context, source: Settings, target: Settings) -> "tuple[Copied, Verified]":
    from cli import wiring
    from store.copy import copy_log
    from store.errors import CopyRefused
    from store.verify import verify

    async with wiring.event_log(source, read_only=True) as log:
        if await log.head() is None:
            raise CopyRefused(f"The log in {redacted_url(source.store)} is empty.")
        async with wiring.event_log(target, read_only=False) as there:
            with progress(here.terminal, "copying") as step:
                copied = await copy_log(log, there, progress=step)
            with progress(here.terminal, "verifying") as step:
                return copied, await verify(there, progress=step)


def _tell(here: Context, copied: "Copied", found: "Verified") -> None:
    for damage in found.damages:
        where = "head" if damage.block is None else f"block {damage.block}"
        here.terminal.line((f"{where}  {damage.kind}  ", "red"), safe(damage.detail))
    here.terminal.line(
        f"{copied.blocks} blocks with {copied.bodies} bodies copied, {copied.there} blocks were there; "
        f"{found.blocks} blocks verified"
    )
    here.terminal.line("head ", (copied.head.digest.hex(), "bold"))


def store_settings(settings: Settings, url: str) -> Settings:
    """Return the settings of the store at *url*.

    A URL without credentials takes those of HOPTRAIL_STORE where that names the same place, else the API key of the
    environment; one with credentials takes no API key.

    Raises:
        Stop: it is no store's URL. The message does not repeat it, as there may be a password in it.
    """
    try:
        has_own = urlsplit(url).username is not None
        if not has_own and _place(url) == _place(settings.store):
            url = settings.store
        own = {"store_api_key": None} if has_own else {}
        return Settings.model_validate(settings.model_dump() | {"store": url} | own)
    except ValidationError as error:
        told = "; ".join(
            item["msg"].removeprefix("Value error, ")
            for item in error.errors(include_input=False, include_url=False)
        )
    except ValueError:
        told = "it cannot be read"
    raise Stop(Exit.USAGE, f"SRC and DST are stores: {told}")


def _place(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/")
