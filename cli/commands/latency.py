"""The command latency: how long messages wait, are worked on, and take from end to end."""

from typing import Annotated

import typer

from cli.context import JsonOption, context_of
from cli.render import latency as render

NEGATIONS = {"ignore_unknown_options": True}  # -queue:audit is part of a query, not an option


def install(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(context_settings=NEGATIONS)(latency)


def latency(
    context: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Argument(help="A query: count the newest 10,000 matches only. Nothing: everything."),
    ] = None,
    by: Annotated[str, typer.Option(help="edge, queue or type: what is told apart.")] = "edge",
    since: Annotated[
        str | None, typer.Option(help="From this time on, e.g. now-1h or 2026-01-02.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to this time.")] = None,
    json: JsonOption = False,
) -> None:
    """Show percentiles of queue wait, estimated processing and end to end, per edge, queue or type."""
    here = context_of(context)
    with here.api() as api:
        answer = api.get(
            "/latencies", by=by, since=since, until=until, q=" ".join(query or ()) or None
        )
    here.show(answer, as_json=json, table=render.table(answer))
    if not json:
        for line in render.notes(answer):
            here.terminal.tell(line, "dim")
