"""Commands about the system: topology, services, relationships, queues, dead-letters, capture, projections."""

from typing import Annotated

import typer

from cli.client import segment
from cli.context import JsonOption, LimitOption, context_of
from cli.exits import Exit, Stop
from cli.render import message as render_message
from cli.render import system as render
from cli.render.values import counted


def install(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command()(topology)
    app.command()(services)
    app.command()(relationships)
    app.add_typer(queues, name="queues")
    app.command("dead-letters")(dead_letters)
    app.command()(capture)
    app.command()(projections)


def topology(context: typer.Context, json: JsonOption = False) -> None:
    """Show services, exchanges and queues, and the edges that messages take between them."""
    here = context_of(context)
    with here.api() as api:
        answer = api.get("/topology")
    here.show(answer, as_json=json, table=render.topology(answer))


def services(context: typer.Context, json: JsonOption = False) -> None:
    """Show the services: what each is given and publishes, and on what evidence it has its name."""
    here = context_of(context)
    with here.api() as api:
        answer = api.get("/services")
    here.show(answer, as_json=json, table=render.services(answer))


def relationships(context: typer.Context, json: JsonOption = False) -> None:
    """Show who is given messages that whom published."""
    here = context_of(context)
    with here.api() as api:
        answer = api.get("/relationships")
    here.show(answer, as_json=json, table=render.relationships(answer))


queues = typer.Typer(invoke_without_command=True)


@queues.callback()
def list_queues(context: typer.Context, json: JsonOption = False) -> None:
    """Show the queues: what is believed to wait in them, beside the broker's own depths."""
    if context.invoked_subcommand is not None:
        return
    here = context_of(context)
    with here.api() as api:
        answer = api.get("/queues")
    here.show(answer, as_json=json, table=render.queues(answer))
    if not json:
        for line in render.queue_notes(answer["items"]):
            here.terminal.tell(line, "yellow")


@queues.command("show")
def show_queue(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The queue's name.")],
    vhost: Annotated[str, typer.Option(help="Its vhost.")] = "/",
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also what was handed out and is not known to be settled."),
    ] = False,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """Show what waits in a queue, in its order, with age, and how sure that is. Nothing is taken out of it."""
    here = context_of(context)
    path = f"/queues/{segment(vhost)}/{segment(name)}"
    with here.api() as api:
        queue = api.get(path)
        waiting = None if everything else "true"
        answer = api.pages(f"{path}/contents", limit=limit, waiting=waiting)
    if json:
        here.show({"queue": queue, "contents": answer}, as_json=True)
        return
    here.show(queue, as_json=False, lines=render.queue(queue))
    here.show(answer, as_json=False, table=render.contents(answer))
    here.terminal.tell(counted(answer), "dim")


def dead_letters(
    context: typer.Context,
    group: Annotated[
        str | None, typer.Argument(help="A group's id: show its messages instead.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="Only what is open, retrying, retried-and-delivered, retried-and-dead-again, archived or "
            "resolved-by-itself."
        ),
    ] = None,
    timers: Annotated[
        bool, typer.Option("--timers", help="Also expiries that serve as a delay.")
    ] = False,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """Show dead letters in groups that died alike, or the messages of one group."""
    here = context_of(context)
    with here.api() as api:
        if group is None:
            answer = api.get("/dead-letters", state=state, timers="true" if timers else None)
            here.show(answer, as_json=json, table=render.dead_letters(answer))
        else:
            path = f"/dead-letters/{segment(group)}/messages"
            answer = api.pages(path, limit=limit, state=state)
            rows = [[*render_message.row(item), item["fate"]] for item in answer["items"]]
            here.show(answer, as_json=json, table=((*render_message.TITLES, "fate"), rows))
        unseen = 0 if json else api.get("/capture")["unseen_dead_letters"]
    if unseen:
        here.terminal.tell(
            f"{unseen} more were counted by the broker and seen by no tap: hoptrail capture",
            "yellow",
        )


def capture(
    context: typer.Context,
    json: JsonOption = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 unless capture runs and is caught up.")
    ] = False,
) -> None:
    """Show whether capture runs and is level with the broker, its gaps, and what it cannot see."""
    here = context_of(context)
    with here.api() as api:
        answer = api.get("/capture")
    here.show(answer, as_json=json, lines=render.capture(answer))
    if check and not (answer["running"] and answer["caught_up"]):
        raise Stop(Exit.FAILED, "Capture does not run, or is not caught up.")


def projections(context: typer.Context, json: JsonOption = False) -> None:
    """Show how far each projection has folded the log."""
    here = context_of(context)
    with here.api() as api:
        answer = api.get("/projections")
    rows = [
        [
            row["name"],
            row["version"],
            row["position"],
            "yes" if row["caught_up"] else "no",
            f"{row['lag_s']:.1f}",
        ]
        for row in answer["items"]
    ]
    here.show(
        answer,
        as_json=json,
        table=(("projection", "version", "position", "caught up", "lag s"), rows),
    )
