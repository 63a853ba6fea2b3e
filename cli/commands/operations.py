"""Commands of operators: keys, operations, note, archive."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cli.client import segment
from cli.context import JsonOption, LimitOption, context_of
from cli.exits import Exit, Stop
from cli.render import operations as render
from cli.render.values import counted

UIDS_EACH = 1_000
GROUP_HEX_DIGITS = 16


def install(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(help="API keys: what each may, until it is revoked.", no_args_is_help=True)
    group.command()(create)
    group.command("list")(list_keys)
    group.command()(revoke)
    app.add_typer(group, name="keys")
    app.command()(operations)
    app.command()(note)
    app.command()(archive)


def create(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", help="What it is for.")],
    scopes: Annotated[
        list[str],
        typer.Option("--scope", help="metadata, payload, retry, edit or admin; may be repeated."),
    ],
    json: JsonOption = False,
) -> None:
    """Make an API key and print it, this once: it is kept nowhere."""
    here = context_of(context)
    with here.api() as api:
        made = api.post("/keys", {"name": name, "scopes": list(dict.fromkeys(scopes))})
    if json:
        here.terminal.json(made)
        return
    here.terminal.line(made["key"])
    here.terminal.tell(f"key {made['id']} with {', '.join(made['scopes'])}; it is not shown again")


def list_keys(context: typer.Context, json: JsonOption = False) -> None:
    """List the API keys that were made, also those that are revoked."""
    here = context_of(context)
    with here.api() as api:
        found = api.get("/keys")
    here.show(found, as_json=json, table=render.keys(found))


def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The id of the key, as listed.")],
    json: JsonOption = False,
) -> None:
    """Revoke an API key: from now on it opens nothing."""
    here = context_of(context)
    with here.api() as api:
        done = api.post(f"/keys/{segment(key)}/revoke", {})
    here.show(done, as_json=json, lines=[[f"revoked {key}"]])


def operations(
    context: typer.Context,
    by: Annotated[
        str | None, typer.Option(help="Only what this key did, or root or local.")
    ] = None,
    about: Annotated[
        str | None, typer.Option(help="Only what this key, group or retry went through.")
    ] = None,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """Show who did what when: retries, notes, archives, exports, keys, and what was denied."""
    here = context_of(context)
    with here.api() as api:
        found = api.pages("/operations", limit=limit, by=by, about=about)
    here.show(found, as_json=json, table=render.trail(found))
    if not json:
        here.terminal.tell(counted(found), "dim")


def note(
    context: typer.Context,
    group: Annotated[str, typer.Argument(help="A group of dead letters, by its id.")],
    text: Annotated[str, typer.Argument(help='What to note; "" takes the note away.')],
    json: JsonOption = False,
) -> None:
    """Write a note on a group of dead letters. It stays with the group."""
    here = context_of(context)
    with here.api() as api:
        done = api.post(f"/dead-letters/{segment(group)}/note", {"text": text})
    here.show(done, as_json=json, lines=[["noted" if text else "the note is gone"]])


def archive(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="GROUP|UID...", help="A group, or messages by uid.")
    ],
    undo: Annotated[bool, typer.Option("--undo", help="Take them out of the archive.")] = False,
    json: JsonOption = False,
) -> None:
    """Archive a group of dead letters as it is now, or some messages. Nothing leaves the broker or the log by it."""
    here = context_of(context)
    groups = [name for name in names if _is_group(name)]
    uids = [name for name in dict.fromkeys(names) if not _is_group(name)]
    if uids and groups:
        raise Stop(Exit.USAGE, "Archive groups or messages, not both at once.")
    if len(uids) > UIDS_EACH:
        raise Stop(Exit.USAGE, f"At most {UIDS_EACH:,} messages can be archived at once.")
    with here.api() as api:
        asked: Sequence[tuple[str, dict[str, object]]] = [
            (f"/dead-letters/{segment(group)}/archive", {}) for group in groups
        ] or [("/dead-letters/archive", {"uids": uids})]
        for path, body in asked:
            done = api.post(path, {**body, "archived": not undo})
            told = "taken out of the archive" if undo else "archived"
            here.show(done, as_json=json, lines=[[told]])


def _is_group(name: str) -> bool:
    return len(name) == GROUP_HEX_DIGITS and "-" not in name
