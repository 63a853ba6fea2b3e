"""Commands that act on dead letters: retry plan, start, list, show, pause, resume, cancel; move; edit.

A dry run comes first: what is started is the plan that was shown, and a plan that has changed meanwhile is refused.
"""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from cli.client import segment
from cli.context import Context, JsonOption, context_of
from cli.exits import Exit, Stop
from cli.render.retry import TITLES, plan_lines, row, whole_lines

POLL_S = 0.5
ENDED = ("done", "cancelled", "failed")

Uids = Annotated[list[str] | None, typer.Argument(help="Messages, by their uids.")]
Group = Annotated[str | None, typer.Option(help="All of a group of dead letters, by its id.")]
Query = Annotated[str | None, typer.Option(help="All that match a query.")]
Vhost = Annotated[str | None, typer.Option(help="Only those in this vhost.")]
To = Annotated[
    str,
    typer.Option(help="origin: the queue each died in; exchange: where each was first published."),
]
ToQueue = Annotated[str | None, typer.Option("--to-queue", help="A chosen queue.")]
ToExchange = Annotated[str | None, typer.Option("--to-exchange", help="A chosen exchange.")]
Key = Annotated[str, typer.Option("--routing-key", help="The key for the chosen exchange.")]
Remove = Annotated[
    str,
    typer.Option(help="Take the dead letters off their queue after that: none, head or drain."),
]
Again = Annotated[bool, typer.Option("--again", help="Also what a retry published before.")]
Batch = Annotated[int, typer.Option(help="Messages at a time.")]
Rate = Annotated[float, typer.Option(help="Messages per second at most.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Watch = Annotated[bool, typer.Option("--watch", help="Follow it until it ends.")]
RetryId = Annotated[str, typer.Argument(metavar="RETRY")]


def install(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    group = typer.Typer(help="Publish dead letters again.", no_args_is_help=True)
    group.command()(plan)
    group.command()(start)
    group.command("list")(list_retries)
    group.command("show")(show_retry)
    group.command()(pause)
    group.command()(resume)
    group.command()(cancel)
    app.add_typer(group, name="retry")
    app.command()(move)
    app.command()(edit)


def plan(
    context: typer.Context,
    uids: Uids = None,
    group: Group = None,
    query: Query = None,
    vhost: Vhost = None,
    to: To = "origin",
    to_queue: ToQueue = None,
    to_exchange: ToExchange = None,
    routing_key: Key = "",
    remove: Remove = "none",
    again: Again = False,
    json: JsonOption = False,
) -> None:
    """Show what a retry would do: how many messages go where and why there, and what is left out. Nothing is done."""
    here = context_of(context)
    asked = _selection(uids, group, query, vhost) | {
        "target": _target(to, to_queue, to_exchange, routing_key),
        "remove": remove,
        "again": again,
    }
    with here.api() as api:
        made = api.post("/retries/plan", asked)
    here.show(made, as_json=json, lines=() if json else plan_lines(made))


def start(
    context: typer.Context,
    uids: Uids = None,
    group: Group = None,
    query: Query = None,
    vhost: Vhost = None,
    to: To = "origin",
    to_queue: ToQueue = None,
    to_exchange: ToExchange = None,
    routing_key: Key = "",
    remove: Remove = "none",
    again: Again = False,
    batch: Batch = 100,
    rate: Rate = 100.0,
    digest: Annotated[
        str | None, typer.Option("--plan", help="Only if the plan is still this one.")
    ] = None,
    yes: Yes = False,
    watch: Watch = False,
    json: JsonOption = False,
) -> None:
    """Show the plan, ask, and publish the messages again."""
    asked = _selection(uids, group, query, vhost) | {
        "target": _target(to, to_queue, to_exchange, routing_key),
        "remove": remove,
        "again": again,
    }
    here = context_of(context)
    _start(here, asked, _pace(batch, rate), digest=digest, yes=yes, watch=watch, as_json=json)


def move(
    context: typer.Context,
    uids: Uids = None,
    group: Group = None,
    query: Query = None,
    vhost: Vhost = None,
    to_queue: ToQueue = None,
    to_exchange: ToExchange = None,
    routing_key: Key = "",
    remove: Annotated[str, typer.Option(help="How they are taken off: head or drain.")] = "drain",
    again: Again = False,
    batch: Batch = 100,
    rate: Rate = 100.0,
    yes: Yes = False,
    watch: Watch = False,
    json: JsonOption = False,
) -> None:
    """Move dead letters to another queue or exchange: published there, confirmed, then taken off their queue."""
    asked = _selection(uids, group, query, vhost) | {
        "action": "move",
        "target": _target("chosen", to_queue, to_exchange, routing_key),
        "remove": remove,
        "again": again,
    }
    _start(
        context_of(context),
        asked,
        _pace(batch, rate),
        digest=None,
        yes=yes,
        watch=watch,
        as_json=json,
    )


def edit(
    context: typer.Context,
    uid: Annotated[str, typer.Argument(help="The message.")],
    body: Annotated[
        str | None, typer.Option(help="A file with the new body; - for standard input.")
    ] = None,
    set_property: Annotated[
        list[str] | None,
        typer.Option("--set", help="PROPERTY=VALUE; without a value it is taken away."),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, the value as JSON or as plain text.")
    ] = None,
    remove_header: Annotated[
        list[str] | None, typer.Option("--remove-header", help="A header to leave out.")
    ] = None,
    to: To = "origin",
    to_queue: ToQueue = None,
    to_exchange: ToExchange = None,
    routing_key: Key = "",
    remove: Remove = "none",
    again: Again = False,
    yes: Yes = False,
    watch: Watch = False,
    json: JsonOption = False,
) -> None:
    """Change a message, show the difference, ask, and publish it. Needs HOPTRAIL_EDIT=on, and the scope edit."""
    patch: dict[str, Any] = {
        "properties": {name: _property(name, value) for name, value in _pairs(set_property)},
        "headers": {name: _json_or_text(value) for name, value in _pairs(header)},
        "remove_headers": remove_header or [],
    }
    if body is not None:
        patch["body"] = _body(body)
    asked = {
        "action": "edit",
        "uids": [uid],
        "target": _target(to, to_queue, to_exchange, routing_key),
        "remove": remove,
        "again": again,
        "edit": patch,
    }
    _start(
        context_of(context), asked, _pace(1, 10.0), digest=None, yes=yes, watch=watch, as_json=json
    )


def list_retries(context: typer.Context, json: JsonOption = False) -> None:
    """List the retries, the newest first."""
    here = context_of(context)
    with here.api() as api:
        found = api.get("/retries")
    here.show(found, as_json=json, table=(TITLES, [row(each) for each in found["items"]]))


def show_retry(context: typer.Context, retry: RetryId, json: JsonOption = False) -> None:
    """Show how far a retry is, and what went wrong."""
    here = context_of(context)
    with here.api() as api:
        found = api.get(f"/retries/{segment(retry)}")
    here.show(found, as_json=json, lines=whole_lines(found))


def pause(context: typer.Context, retry: RetryId, json: JsonOption = False) -> None:
    """Let a retry rest after the batch that is under way."""
    _do(context_of(context), retry, "pause", {}, as_json=json)


def resume(
    context: typer.Context,
    retry: RetryId,
    unsure_published: Annotated[
        bool,
        typer.Option(
            "--unsure-published", help="What may be published already counts as published."
        ),
    ] = False,
    unsure_missing: Annotated[
        bool,
        typer.Option(
            "--unsure-missing", help="What may be published already is published, perhaps again."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Let a retry that rests go on. One that asks what to do with messages in doubt needs one of the options."""
    if unsure_published and unsure_missing:
        raise Stop(Exit.USAGE, "Give --unsure-published or --unsure-missing, not both.")
    answer = "published" if unsure_published else "missing" if unsure_missing else None
    _do(context_of(context), retry, "resume", {"unsure": answer}, as_json=json)


def cancel(context: typer.Context, retry: RetryId, json: JsonOption = False) -> None:
    """Publish nothing more of a retry."""
    _do(context_of(context), retry, "cancel", {}, as_json=json)


def _do(here: Context, retry: str, what: str, told: dict[str, Any], *, as_json: bool) -> None:
    with here.api() as api:
        found = api.post(f"/retries/{segment(retry)}/{what}", told)
    here.show(found, as_json=as_json, lines=whole_lines(found))


def _start(
    here: Context,
    asked: dict[str, Any],
    pace: dict[str, Any],
    *,
    digest: str | None,
    yes: bool,
    watch: bool,
    as_json: bool,
) -> None:
    with here.api() as api:
        made = api.post("/retries/plan", asked)
        for line in plan_lines(made) if not as_json else ():
            here.terminal.line(*line)
        if not made["messages"]:
            raise Stop(Exit.FAILED, "Nothing is left to publish; nothing was done.")
        if digest is None and not yes:
            _ask(here)
        found = api.post("/retries", {**asked, **pace, "plan": digest or made["digest"]})
        while watch and found["state"] not in (*ENDED, "paused"):
            time.sleep(POLL_S)
            found = api.get(f"/retries/{segment(found['id'])}")
    here.show(found, as_json=as_json, lines=whole_lines(found))
    if found["state"] == "failed" or (watch and found["failed"]):
        raise typer.Exit(Exit.FAILED)


def _ask(here: Context) -> None:
    if not (sys.stdin.isatty() and here.terminal.interactive):
        raise Stop(Exit.USAGE, "Nothing was done. Say --yes, or --plan with the plan to carry out.")
    if not typer.confirm("Publish them?", err=True):
        raise Stop(Exit.FAILED, "Nothing was done.")


def _selection(
    uids: list[str] | None, group: str | None, query: str | None, vhost: str | None
) -> dict[str, Any]:
    given = {"uids": uids or None, "group": group, "query": query}
    chosen = {name: value for name, value in given.items() if value is not None}
    if len(chosen) != 1:
        raise Stop(Exit.USAGE, "Say which messages: uids, --group or --query.")
    return chosen if vhost is None else {**chosen, "vhost": vhost}


def _target(kind: str, queue: str | None, exchange: str | None, key: str) -> dict[str, Any]:
    if queue is not None and exchange is not None:
        raise Stop(Exit.USAGE, "Give --to-queue or --to-exchange, not both.")
    if queue is not None:
        return {"kind": "chosen", "queue": queue}
    if exchange is not None:
        return {"kind": "chosen", "exchange": exchange, "routing_key": key}
    if kind not in ("origin", "exchange"):
        raise Stop(Exit.USAGE, "Say where to: --to-queue or --to-exchange.")
    return {"kind": kind}


def _pace(batch: int, rate: float) -> dict[str, Any]:
    if not 0 < rate <= 50_000:
        raise Stop(Exit.USAGE, "The rate is above 0 and at most 50,000 messages per second.")
    if not 1 <= batch <= 1_000:
        raise Stop(Exit.USAGE, "A batch has 1 to 1,000 messages.")
    return {"batch": batch, "rate_per_s": rate}


def _pairs(given: list[str] | None) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for each in given or ():
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise Stop(Exit.USAGE, f"{each!r} is not NAME=VALUE.")
        found.append((name, value))
    return found


def _property(name: str, value: str) -> Any:
    if not value:
        return None
    return (
        int(value)
        if name in ("delivery_mode", "priority", "timestamp") and value.isdigit()
        else value
    )


def _json_or_text(value: str) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _body(source: str) -> dict[str, str]:
    import base64

    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise Stop(Exit.USAGE, f"The new body cannot be read: {error}.") from error
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(raw).decode()}
