"""The command replay: fold the log again, prove that every way gives the same, rebuild what is derived from it."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client import base_url
from cli.commands.roles import stream_of
from cli.context import Context, JsonOption, context_of, progress
from cli.exits import Exit, Stop

if TYPE_CHECKING:
    from projector.proof import Proof
    from projector.runner import Progress

PROBE_S_MAX = 2.0


def install(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(replay)


def replay(
    context: typer.Context,
    from_zero: Annotated[
        bool,
        typer.Option("--from-zero", help="From the first retained event, not from a snapshot."),
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare with every snapshot: 1 when any differs.")
    ] = False,
    rebuild_all: Annotated[
        bool, typer.Option("--rebuild", help="Delete index and snapshots and make them again.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Fold the log again and print the digest of each view; nothing is changed without --rebuild."""
    from api.wire import plain

    here = context_of(context)
    if rebuild_all:
        told = asyncio.run(_rebuild(here))
        here.show(told, as_json=json)
        if not json:
            here.terminal.line(f"rebuilt up to position {told['position']}")
        return
    proof = asyncio.run(_prove(here, verify=verify) if from_zero or verify else _resume(here))
    here.show(plain(proof) | {"holds": proof.holds}, as_json=json)
    if not json:
        _tell(here, proof, verified=verify)
    if not proof.holds:
        raise Stop(Exit.FAILED, "The same position has different states.")


async def _prove(here: Context, *, verify: bool) -> "Proof":
    from cli import wiring
    from projector.proof import prove

    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(wiring.event_log(here.settings, read_only=True))
        snapshots = None
        if verify:
            snapshots = await opened.enter_async_context(wiring.snapshot_store(here.settings))
        with progress(here.terminal, "replaying") as step:
            return await prove(
                log,
                snapshots,
                await stream_of(log),
                limits=wiring.linker_limits(here.settings),
                progress=step,
            )


async def _resume(here: Context) -> "Proof":
    """Fold from the newest snapshot to the head."""
    from cli import wiring
    from projector.proof import Proof
    from projector.replay import replay as fold_again
    from projector.replay import resume

    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(wiring.event_log(here.settings, read_only=True))
        snapshots = await opened.enter_async_context(wiring.snapshot_store(here.settings))
        limits = wiring.linker_limits(here.settings)
        projection, place = await resume(log, snapshots, await stream_of(log), limits=limits)
        with progress(here.terminal, "replaying") as step:
            await fold_again(log, projection, place, progress=step)
        digests = projection.fold.save().digests()
        return Proof(
            position=projection.position,
            first_block=place.block,
            versions=projection.versions,
            digests={name: digest.hex() for name, digest in digests.items()},
            comparisons=(),
        )


async def _rebuild(here: Context) -> dict[str, Any]:
    from cli import wiring
    from projector.runner import rebuild

    if _answers(here):
        raise Stop(
            Exit.USAGE, "hoptrail runs: stop it first, so that nobody else writes the index."
        )
    async with AsyncExitStack() as opened:
        log = await opened.enter_async_context(wiring.event_log(here.settings, read_only=True))
        index = await opened.enter_async_context(
            wiring.message_index(here.settings, read_only=False)
        )
        snapshots = await opened.enter_async_context(wiring.snapshot_store(here.settings))
        with progress(here.terminal, "rebuilding") as step:

            def told(done: "Progress") -> None:
                if step is not None:
                    step(done.position, done.head_position)

            position = await rebuild(
                log,
                index,
                snapshots,
                await stream_of(log),
                monotonic=time.monotonic,
                limits=wiring.linker_limits(here.settings),
                on_progress=told,
            )
    return {"position": str(position)}


def _answers(here: Context) -> bool:
    import httpx2

    try:
        httpx2.get(f"{base_url(here.settings)}/healthz", timeout=PROBE_S_MAX, trust_env=False)
    except httpx2.HTTPError:
        return False
    return True


def _tell(here: Context, proof: "Proof", *, verified: bool) -> None:
    here.terminal.line(f"position {proof.position}, from block {proof.first_block}")
    rows = [
        [name, proof.versions.get(name, ""), digest]
        for name, digest in sorted(proof.digests.items())
    ]
    here.terminal.table(("part", "version", "digest"), rows)
    for comparison in proof.comparisons:
        outcome = comparison.skipped or ", ".join(comparison.differing) or "equal"
        style = "red" if comparison.differing else "yellow" if comparison.skipped else "green"
        here.terminal.line(
            f"{comparison.kind} at block {comparison.block}, position {comparison.position}: ",
            (outcome, style),
        )
    if verified and not proof.comparisons:
        here.terminal.tell("no snapshot of this version to compare with", "yellow")
