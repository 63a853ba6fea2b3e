"""The command that prepares Elasticsearch and Kibana: setup. What is as it should be is left alone."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import Context, JsonOption, context_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.elastic.security import Key, Step
    from store.elastic.setup import Done

USED_BY = {"writer": "collect", "indexer": "project", "reader": "serve", "retention": "log retain"}


def install(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(setup)


def setup(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be made or changed.")
    ] = False,
    no_roles: Annotated[
        bool,
        typer.Option("--no-roles", help="Leave roles, users and API keys to somebody else."),
    ] = False,
    new_keys: Annotated[
        bool,
        typer.Option("--new-keys", help="Make new API keys; the old ones hold until invalidated."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Prepare Elasticsearch and Kibana: templates, first indices, alias, roles, users or API keys, dashboards."""
    here = context_of(context)
    if here.settings.is_embedded:
        here.show({"changed": 0, "steps": [], "keys": [], "dashboards": None}, as_json=json)
        here.terminal.tell(f"{here.settings.shown_store} needs no setup: it is made when used.")
        return
    keys: list[Key] = []
    told: dict[str, Any] = {"dashboards": None}
    try:
        done = asyncio.run(
            _set_up(here, keys.append, dry=dry_run, roles=not no_roles, renew=new_keys)
        )
        told |= _told(done)
        if not json:
            _tell(here, done, dry=dry_run)
        objects = told["dashboards"] = _import(here, dry=dry_run)
    finally:  # whatever comes between, nobody can read a key again
        _tell_keys(here, keys, told, as_json=json)
    _summary(here, done, objects, dry=dry_run)


async def _set_up(
    here: Context, on_key: "Callable[[Key], None]", *, dry: bool, roles: bool, renew: bool
) -> "Done":
    from cli import wiring
    from store.elastic.index import version_of
    from store.elastic.setup import Wanted, set_up

    wanted = Wanted(
        version=version_of(wiring.projection_version(here.settings)),
        passwords=here.settings.setup_passwords,
        roles=roles,
        renew_keys=renew,
    )
    async with wiring.elastic(here.settings) as elastic:
        return await set_up(elastic, wanted, now_ns=time.time_ns(), on_key=on_key, dry=dry)


def _import(here: Context, *, dry: bool) -> int | None:
    """Import Kibana's objects; return how many, None where there is no Kibana or nothing is to be changed."""
    if here.settings.kibana_url is None or dry:
        return None
    from cli.kibana import import_objects
    from dashboards.kibana import objects

    public = here.settings.public_url or f"http://{here.settings.http}"
    made = objects(here.settings.store_prefix, public)
    return import_objects(here.settings, made)


def _told(done: "Done") -> dict[str, Any]:
    return {
        "changed": done.changed,
        "secured": done.is_secured,
        "steps": [
            {"kind": step.kind, "name": step.name, "state": step.state, "note": step.note}
            for step in done.steps
        ],
    }


def _tell(here: Context, done: "Done", *, dry: bool) -> None:
    for step in done.steps:
        here.terminal.line(
            (f"{_state(step, dry=dry):<13}", ""), f"{step.kind} {step.name}{_note(step)}"
        )


def _tell_keys(here: Context, keys: "list[Key]", told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        made = [
            {"role": key.role, "name": key.name, "id": key.id, "encoded": key.encoded}
            for key in keys
        ]
        here.show(told | {"keys": made}, as_json=True)
        return
    for key in keys:
        used = USED_BY[key.role]
        here.terminal.line(
            f"API key of {key.name}, HOPTRAIL_STORE_API_KEY for {used}: {key.encoded}"
        )
    if keys:
        here.terminal.tell("Keep the keys: they cannot be read again.", "yellow")


def _state(step: "Step", *, dry: bool) -> str:
    if not dry:
        return step.state
    return {"made": "would make", "changed": "would change"}.get(step.state, step.state)


def _note(step: "Step") -> str:
    return f" ({step.note})" if step.note else ""


def _summary(here: Context, done: "Done", objects: int | None, *, dry: bool) -> None:
    if not done.is_secured:
        here.terminal.tell(
            "Security is off in this Elasticsearch: roles, users and API keys were left out, and whoever reaches it may "
            "do everything.",
            "yellow",
        )
    if objects is not None:
        here.terminal.tell(f"{objects} objects imported into Kibana, over those that were there.")
    elif here.settings.kibana_url is not None:
        here.terminal.tell("Kibana's objects would be imported, over those that are there.")
    would = "would be" if dry else "were"
    told = (
        f"{done.changed} things {would} made or changed." if done.changed else "Nothing to change."
    )
    here.terminal.tell(told)
