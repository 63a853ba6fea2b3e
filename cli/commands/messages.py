"""Commands about messages: search, show, trace, tail."""

from typing import Annotated, Any

import typer

from cli.client import segment
from cli.context import Context, JsonOption, LimitOption, context_of
from cli.exits import Exit, Stop
from cli.render import message as render_message
from cli.render import search as render_search
from cli.render import trace as render_trace
from cli.render.system import gap_line
from cli.render.values import STYLES, counted, duration, exchange, moment, name_of, text, texts
from cli.terminal import safe

Query = Annotated[
    list[str] | None,
    typer.Argument(help="A query, e.g. state:dead-lettered exchange:orders. Nothing: everything."),
]

BUCKETS = 30
NEGATIONS = {"ignore_unknown_options": True}  # -queue:audit is part of a query, not an option


def install(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command(context_settings=NEGATIONS)(search)
    app.command()(show)
    app.command()(trace)
    app.command(context_settings=NEGATIONS)(tail)


def search(
    context: typer.Context,
    query: Query = None,
    sort: Annotated[
        str,
        typer.Option(
            help="published_at, latency_ms, body.size, retry_rounds or position; a leading minus: largest first."
        ),
    ] = "-published_at",
    limit: LimitOption = 50,
    exact_total: Annotated[bool, typer.Option("--exact-total", help="Count to the end.")] = False,
    facets: Annotated[
        list[str] | None,
        typer.Option(
            help="Count the commonest values of this field instead, e.g. state; it may be given several times."
        ),
    ] = None,
    histogram: Annotated[
        bool, typer.Option("--histogram", help="Count the messages over time instead.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Search messages; newest first. On a terminal the words that were found are marked."""
    here = context_of(context)
    if facets or histogram:
        _count(here, " ".join(query or ()), facets or [], over_time=histogram, as_json=json)
        return
    with here.api() as api:
        found = api.pages(
            "/messages",
            limit=limit,
            q=" ".join(query or ()),
            sort=sort,
            exact_total="true" if exact_total else None,
        )
    if json:
        here.show(found, as_json=True)
        return
    marks = [[*render_search.marks(item)] for item in found["items"]]
    rows = [render_message.row(item) for item in found["items"]]
    here.terminal.table(
        render_message.TITLES, rows, below=marks if here.terminal.shows_marks else ()
    )
    _say_if_empty(here, found)


def _count(here: Context, q: str, fields: list[str], *, over_time: bool, as_json: bool) -> None:
    """Show the commonest values of *fields* among the matches, or when the matches were published."""
    if fields and over_time:
        raise Stop(Exit.USAGE, "--facets and --histogram are two questions: ask one.")
    with here.api() as api:
        if over_time:
            found = api.get("/messages/histogram", q=q, buckets=BUCKETS)
            lines, told = render_search.histogram(found), f"{found['total']} messages"
        else:
            found = api.get("/messages/facets", q=q, field=fields)
            newest = "the newest " if found["counted_are"] == "newest" else ""
            lines, told = render_search.facets(found), f"of {newest}{found['counted']} messages"
    here.show(found, as_json=as_json, lines=lines)
    if not as_json:
        here.terminal.tell(f"{told}, as of position {found['position']}", "dim")
        for gap in found.get("not_captured", ()):
            here.terminal.tell(f"not captured: {gap_line(gap)}", "yellow")


def _say_if_empty(here: Context, found: dict[str, Any]) -> None:
    told = f"{counted(found)}, as of position {found['position']}"
    if not found["items"]:
        told += ". hoptrail capture tells whether something was missed."
    here.terminal.tell(told, "dim")
    for gap in found.get("not_captured", ()):
        here.terminal.tell(f"not captured: {gap_line(gap)}", "yellow")


def show(
    context: typer.Context,
    uid: Annotated[str, typer.Argument(help="As search prints it, e.g. main-4711.")],
    events: Annotated[bool, typer.Option("--events", help="The facts behind it instead.")] = False,
    limit: LimitOption = 100,
    json: JsonOption = False,
) -> None:
    """Show one message, and why we think so."""
    here = context_of(context)
    with here.api() as api:
        if events:
            found = api.pages(f"/messages/{segment(uid)}/events", limit=limit)
            here.show(found, as_json=json, table=_facts(found))
        else:
            message = api.get(f"/messages/{segment(uid)}")
            here.show(message, as_json=json, lines=render_message.draw(message))


def _facts(found: dict[str, Any]) -> tuple[tuple[str, ...], list[list[str]]]:
    rows = [
        [
            event["position"],
            event["observed_at"],
            event["kind"],
            text(event["fact"].get("queue") or event["fact"].get("exchange")),
            text(event["fact"].get("connection")),
        ]
        for event in found["items"]
    ]
    return ("position", "observed", "fact", "queue or exchange", "connection"), rows


def trace(
    context: typer.Context,
    trace_id: Annotated[str, typer.Argument(help="A trace id, or the uid of one of its messages.")],
    limit: LimitOption = 500,
    cursor: Annotated[
        str | None, typer.Option(help="Go on after a page: the cursor that it ended with.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Draw the tree of a trace, with latencies and the evidence for each link; a long one page by page."""
    here = context_of(context)
    with here.api() as api:
        try:
            found = api.pages(f"/traces/{segment(trace_id)}", limit=limit, cursor=cursor)
        except Stop as stop:
            wanted = _trace_of(here, trace_id) if stop.code is Exit.FAILED else None
            if wanted is None:
                raise
            found = api.pages(f"/traces/{segment(wanted)}", limit=limit, cursor=cursor)
    here.show(found, as_json=json, lines=render_trace.draw(found))


def _trace_of(here: Context, uid: str) -> str | None:
    """Return the trace of a message, or None when *uid* names none."""
    with here.api() as api:
        try:
            return api.get(f"/messages/{segment(uid)}")["trace_id"]
        except Stop:
            return None


def tail(
    context: typer.Context,
    query: Query = None,
    after: Annotated[
        int | None, typer.Option(help="Start after this position; without it, from now on.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Follow messages as they are published and change state, until Ctrl-C. With --json, one object per line."""
    here = context_of(context)
    resume: str | None = None
    q = " ".join(query or ())
    with here.api() as api:
        if not json:
            here.terminal.tell("following; Ctrl-C ends it", "dim")
        while True:
            start = int(resume.rpartition("-")[2]) if resume else after
            for name, position, data in api.events(q=q, after=start):
                resume = position
                if name == "behind":
                    here.terminal.tell(
                        f"too slow: positions {data['after']} to {data['goes_on_at']} were left out",
                        "yellow",
                    )
                elif json:
                    here.terminal.json(data, indent=False)
                else:
                    _tell_change(here, data)


def _tell_change(here: Context, message: dict[str, Any]) -> None:
    queues = texts([copy["queue"] for copy in message["copies"]]) or "no queue"
    here.terminal.line(
        (moment(message["published_at"]), "dim"),
        f"  {safe(message['uid'])}  ",
        (f"{message['state']:<13}", STYLES.get(message["state"], "")),
        f"{safe(text(message['type']) or texts(message['routing_keys']))}  {safe(name_of(message['publisher']))}"
        f" → {safe(exchange(message['exchange']))} → {safe(queues)}",
        (f"  {duration(message['latency_ms'])}", "dim"),
    )
