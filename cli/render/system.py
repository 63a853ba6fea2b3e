"""Show the views: topology, services, queues, dead letters, capture."""

from collections.abc import Iterator
from typing import Any

from cli.render.trace import Line
from cli.render.values import exchange, moment, text, texts
from cli.terminal import safe

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
    return ("from", "way", "to", "messages", "binding keys", "known as"), rows


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
            str(row["published"]),
            str(row["deliveries"]),
            str(row["dead_lettered"]),
            ", ".join(row["consumers"]),
        ]
        for row in answer["items"]
    ]
    titles = (
        "vhost", "queue", "type", "waiting", "broker ready", "unacked", "published", "deliveries", "died", "consumers",
    )  # fmt: skip
    return titles, rows


def contents(answer: dict[str, Any]) -> Table:
    """Return the copies in a queue, in its order."""
    rows = [
        [
            moment(row["enqueued_at"]),
            row["uid"],
            exchange(row["exchange"]),
            text(row["routing_key"]),
            text(row["type"]),
            row["state"],
            f"{row['confidence']:.2f}",
        ]
        for row in answer["items"]
    ]
    return ("enqueued", "uid", "exchange", "routing key", "type", "state", "confidence"), rows


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
        ]
        for row in answer["items"]
    ]
    titles = (
        "group", "died in", "reason", "through", "now in", "type", "service", "messages", "deaths",
        "last seen", "error",
    )  # fmt: skip
    return titles, rows


def capture(answer: dict[str, Any]) -> Iterator[Line]:
    """Yield the lines that tell what capture saw, missed and cannot see."""
    state = ("capturing", "green") if answer["running"] else ("not capturing", "red")
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
    for gap in answer["gaps"]:
        yield [("  gap ", "yellow"), gap_line(gap)]
    unseen = answer["unseen_dead_letters"]
    told = "not known, the broker does not count them" if unseen is None else unseen
    yield [f"  dead letters that no tap showed: {told}"]
    for row in answer["left_alone"]:
        yield [
            ("  not tapped ", "yellow"),
            safe(", ".join(f"{key} {text(row[key])}" for key in row)),
        ]
    for sentence in answer["blind_spots"]:
        yield [("  not seen: ", "dim"), safe(sentence)]


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
    yield [("settings", "dim")]
    for name, value in report["settings"].items():
        if value:
            yield [f"  {name}={safe(value)}"]


def _known(value: int | None) -> str:
    return "?" if value is None else str(value)


def gap_line(gap: dict[str, Any]) -> str:
    """Return when something may have been missed, why and where."""
    until = moment(gap["until"]) or "still open"
    missed = "unknown" if gap["estimated"] < 0 else str(gap["estimated"])
    where = " ".join(filter(None, (text(gap["vhost"]), text(gap["node"])))) or "everywhere"
    return f"{moment(gap['since'])} – {until}  {safe(gap['why'])}, {safe(where)}, missed: {missed}"
