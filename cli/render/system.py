"""Show the views: topology, services, queues, dead letters, capture."""

from collections.abc import Iterator
from typing import Any

from cli.render.operations import fates
from cli.render.trace import Line
from cli.render.values import duration, exchange, moment, text, texts
from cli.terminal import safe

WHOLE = 100.0
WINDOWS = {"hour": "last hour", "day": "last day", "all": "since the retained log begins"}
Table = tuple[tuple[str, ...], list[list[str]]]


def topology(answer: dict[str, Any]) -> Table:
    """Return the edges of the topology as a table."""
    names = {node["id"]: _node(node) for node in answer["nodes"]}
    rows = [
        [
            names.get(edge["from"], edge["from"]),
            edge["kind"] + (f" ({edge['reason']})" if edge["reason"] else ""),
            names.get(edge["to"], edge["to"]),
            str(edge["messages"]),
            texts(edge["binding_keys"]),
            " ".join(word for word in ("declared", "observed") if edge[word]),
        ]
        for edge in answer["edges"]
    ]
    return ("from", "how", "to", "messages", "binding keys", "known as"), rows


def _node(node: dict[str, Any]) -> str:
    name = exchange(node["name"]) if node["kind"] == "exchange" else text(node["name"])
    vhost = text(node["vhost"])
    return f"{node['kind']} {name}" + (f" @{vhost}" if vhost not in ("", "/") else "")


def services(answer: dict[str, Any]) -> Table:
    """Return the services table."""
    rows = [
        [
            row["name"],
            ", ".join(row["input_types"]),
            ", ".join(row["output_types"]),
            str(row["consumed"]),
            str(row["published"]),
            str(row["instances"]),
            f"{row['evidence'] or ''} {row['confidence']:.2f}",
        ]
        for row in answer["items"]
    ]
    return (
        "service",
        "is given",
        "publishes",
        "consumed",
        "published",
        "instances",
        "evidence",
    ), rows


def relationships(answer: dict[str, Any]) -> Table:
    """Return the relationships table."""
    rows = [
        [row["publisher"], row["subscriber"], ", ".join(row["types"]), str(row["messages"])]
        for row in answer["items"]
    ]
    return ("publisher", "subscriber", "types", "messages"), rows


def queues(answer: dict[str, Any]) -> Table:
    """Return the queues, what is believed to be in them beside the broker's own depth."""
    rows = [
        [
            text(row["vhost"]),
            text(row["name"]),
            text(row["type"]),
            str(row["waiting"]),
            _known(row["broker_ready"]),
            _known(row["broker_unacked"]),
            f"{row['agreement']['verdict']} {row['agreement']['confidence']:.2f}",
            str(row["published"]),
            str(row["deliveries"]),
            str(row["dead_lettered"]),
            ", ".join(row["consumers"]),
        ]
        for row in answer["items"]
    ]
    titles = (
        "vhost", "queue", "type", "waiting", "broker ready", "unacked", "agrees", "published", "deliveries", "died",
        "consumers",
    )  # fmt: skip
    return titles, rows


def queue(state: dict[str, Any]) -> Iterator[Line]:
    """Yield what one queue holds, and how far that agrees with the broker's own depth."""
    agreement = state["agreement"]
    style = {"exact": "green", "moving": "green", "unknown": "dim"}.get(
        agreement["verdict"], "yellow"
    )
    held = state["delivered"] - state["returned"]
    yield [
        (safe(text(state["name"])), "bold"),
        f"  {state['waiting'] + state['returned']} wait, {held} handed out and not known to be settled",
    ]
    sampled = moment(agreement["sampled_at"])
    counted = f", {agreement['broker_ready']} ready at {sampled} UTC" if sampled else ""
    yield [
        "  against the broker: ",
        (agreement["verdict"], style),
        f" ({agreement['confidence']:.2f}): {safe(agreement['why'])}{counted}",
    ]
    for line in queue_notes([state]):
        yield [("  " + line, "yellow")]


def queue_notes(states: list[dict[str, Any]]) -> Iterator[str]:
    """Yield for each queue what of it is known by number only."""
    for state in states:
        name = safe(text(state["name"]))
        if state["uncertain"]:
            yield (
                f"{name}: {state['uncertain']} older copies are only counted, because more wait in all than are kept "
                "(HOPTRAIL_LIVE_COPIES_MAX)"
            )
        if state["unseen"]:
            yield f"{name}: {state['unseen']} more are there that were never seen"


def contents(answer: dict[str, Any]) -> Table:
    """Return the copies in a queue, in its order."""
    rows = [
        [
            moment(row["enqueued_at"]),
            duration(row["age_s"] * 1_000),
            row["uid"],
            exchange(row["exchange"]),
            text(row["routing_key"]),
            text(row["type"]),
            row["state"] + (" (went back)" if row["returned"] else ""),
            f"{row['confidence']:.2f}",
        ]
        for row in answer["items"]
    ]
    titles = ("enqueued", "age", "uid", "exchange", "routing key", "type", "state", "confidence")
    return titles, rows


def dead_letters(answer: dict[str, Any]) -> Table:
    """Return the groups of dead letters."""
    rows = [
        [
            row["id"],
            text(row["queue"]),
            row["reason"] + (" (timer)" if row["timer"] else ""),
            exchange(row["exchange"]),
            texts(row["to_queues"]),
            text(row["type"]),
            row["service"] or "",
            str(row["messages"]),
            str(row["deaths"]),
            moment(row["last_seen"]),
            row["error"] or "",
            fates(row),
            row["note"] or "",
        ]
        for row in answer["items"]
    ]
    titles = (
        "group", "died in", "reason", "through", "now in", "type", "service", "messages", "deaths",
        "last seen", "error", "what became of them", "note",
    )  # fmt: skip
    return titles, rows


def capture(answer: dict[str, Any]) -> Iterator[Line]:
    """Yield the lines that tell what capture saw, missed and cannot see."""
    state = ("capturing", "green") if answer["running"] else ("not capturing", "red")
    if lost := answer["lost"]:
        yield [
            (f"nothing is captured since {moment(lost['since'])} UTC: {safe(lost['why'])}", "red")
        ]
    level = "level with it" if answer["caught_up"] else "catching up"
    yield [
        state,
        (
            f"  {safe(text(answer['broker']))} {safe(text(answer['broker_version']))}, "
            f"{level}, {answer['lag_s']:.1f} s behind"
        ),
    ]
    yield [
        (
            f"  {answer['events']} events: {answer['published']} published, {answer['delivered']} delivered, "
            f"{answer['dead_lettered']} dead-lettered, {answer['undecodable']} undecodable"
        )
    ]
    yield [
        f"  from {moment(answer['first_observed_at'])} to {moment(answer['last_observed_at'])} UTC"
    ]
    for row in _of_interest(answer["coverage"]):
        yield coverage_line(row)
    for gap in answer["gaps"]:
        yield [("  gap ", "yellow"), gap_line(gap)]
    unseen = answer["unseen_dead_letters"]
    told = "not known, the broker does not count them" if unseen is None else unseen
    yield [f"  dead letters that no tap showed: {told}"]
    for row in (*answer["exchange_taps"], *answer["dead_letter_taps"]):
        yield [("  tapped ", "green"), safe(f"{text(row['exchange'])} in {text(row['vhost'])}")]
        if row["warning"]:
            yield [("    → ", "dim"), safe(row["warning"])]
    for row in (*answer["exchanges_left_alone"], *answer["left_alone"]):
        waiting = row.get("waiting")
        behind = "" if waiting is None else f"; {waiting} messages wait in the queues behind it"
        name = text(row["exchange"]) or "the default exchange"
        yield [
            ("  not tapped ", "yellow"),
            safe(f"{name} in {text(row['vhost'])}: {row['why']}{behind}"),
        ]
    for sentence in answer["blind_spots"]:
        yield [("  not seen: ", "dim"), safe(sentence)]


def _of_interest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the coverage of all vhosts together, and of those vhosts where something was missed or nothing is known."""
    return [
        row
        for row in rows
        if row["vhost"] is None or (row["window"] == "day" and row["percent"] != WHOLE)
    ]


def coverage_line(row: dict[str, Any]) -> Line:
    """Return which share was captured, of what, and what that rests on."""
    where = "all vhosts" if row["vhost"] is None else f"vhost {text(row['vhost'])}"
    when = WINDOWS[row["window"]]
    if row["percent"] is None:
        return [f"  coverage of {safe(where)}, {when}: ", ("not known", "yellow"), _because(row)]
    style = "green" if row["percent"] == WHOLE else "yellow"
    told = f" of {row['broker']}" if row["broker"] is not None else ""
    return [
        f"  coverage of {safe(where)}, {when}: ",
        (f"{row['percent']:.2f} %", style),
        f"{told}, {row['missed']} missed, by {safe(row['basis'])}",
    ]


def _because(row: dict[str, Any]) -> str:
    return ", " + safe(row["basis"].removeprefix("not known: "))


def doctor(report: dict[str, Any]) -> Iterator[Line]:
    """Yield the lines of a report: each check with what mends it, then the settings."""
    styles = {"ok": "green", "warning": "yellow", "problem": "red"}
    for check in report["checks"]:
        yield [
            (f"{check['state']:<8}", styles.get(check["state"], "")),
            f" {safe(check['what'])}: {safe(check['detail'])}",
        ]
        for command in check["mend"]:
            yield [("           → ", "dim"), safe(command)]
    yield from _costs(report)
    yield [("settings", "dim")]
    for name, value in report["settings"].items():
        if value:
            yield [f"  {name}={safe(value)}"]


def _costs(report: dict[str, Any]) -> Iterator[Line]:
    """Yield the lines that say what each mode of the tap would cost the broker."""
    if not report["costs"]:
        return
    yield [("cost on the broker", "dim"), f"  {safe(report['cost_basis'])}"]
    for cost in report["costs"]:
        share = "" if cost["of_all"] is None else f" ({cost['of_all']:.1%} of all)"
        most = " at most" if cost["mode"] == "exchanges" else ""
        yield [
            (
                f"  {cost['mode']:<9} {cost['queue_type']:<7}{most} {cost['events']:,.0f} events/s, "
                f"{cost['cores']:.2f} cores{share}, tap queue up to {cost['disk_bytes_max'] / 1e9:,.1f} GB on disk"
            )
        ]
    yield [("  → ", "dim"), safe(report["advice"])]


def _known(value: int | None) -> str:
    return "?" if value is None else str(value)


def gap_line(gap: dict[str, Any]) -> str:
    """Return when something may have been missed, why and where."""
    until = moment(gap["until"]) or "still open"
    missed = "unknown" if gap["estimated"] < 0 else str(gap["estimated"])
    where = " ".join(filter(None, (text(gap["vhost"]), text(gap["node"])))) or "everywhere"
    return f"{moment(gap['since'])} – {until}  {safe(gap['why'])}, {safe(where)}, missed: {missed}"
