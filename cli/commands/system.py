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
    app.command()(queues)
    app.command("dead-letters")(dead_letters)
    app.command()(capture)
    app.command()(projections)


def topology(context: typer.Context, json: JsonOption = False) -> None:
    """Show services, exchanges and queues, and the ways that messages take between them."""
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


def queues(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A queue: show what is in it, without taking anything out.")
    ] = None,
    vhost: Annotated[str, typer.Option(help="Its vhost.")] = "/",
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """Show the queues beside the broker's own depths, or what is believed to be in one of them."""
    here = context_of(context)
    with here.api() as api:
        if name is None:
            answer = api.get("/queues")
            here.show(answer, as_json=json, table=render.queues(answer))
        else:
            answer = api.pages(f"/queues/{segment(vhost)}/{segment(name)}/contents", limit=limit)
            here.show(answer, as_json=json, table=render.contents(answer))
            here.terminal.tell(counted(answer), "dim")


def dead_letters(
    context: typer.Context,
    group: Annotated[
        str | None, typer.Argument(help="A group's id: show its messages instead.")
    ] = None,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """Show dead letters in groups that died alike, or the messages of one group."""
    here = context_of(context)
    with here.api() as api:
        if group is None:
            answer = api.get("/dead-letters")
            here.show(answer, as_json=json, table=render.dead_letters(answer))
        else:
            answer = api.pages(f"/dead-letters/{segment(group)}/messages", limit=limit)
            rows = [render_message.row(item) for item in answer["items"]]
            here.show(answer, as_json=json, table=(render_message.TITLES, rows))
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
