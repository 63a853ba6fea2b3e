"""Show one message, and lists of them."""

from collections.abc import Iterator
from typing import Any

from cli.render.trace import Line
from cli.render.values import (
    STYLES,
    duration,
    exchange,
    moment,
    name_of,
    size,
    text,
    texts,
)
from cli.terminal import json_text, safe

TITLES = (
    "published",
    "uid",
    "exchange",
    "routing key",
    "type",
    "from",
    "queues",
    "state",
    "latency",
)
BODY_CHARS_MAX = 4_000


def row(message: dict[str, Any]) -> list[str]:
    """Return a message as a row of a table."""
    return [
        moment(message["published_at"]),
        message["uid"],
        exchange(message["exchange"]),
        texts(message["routing_keys"]),
        text(message["type"]),
        name_of(message["publisher"]),
        texts([copy["queue"] for copy in message["copies"]]),
        message["state"],
        duration(message["latency_ms"]),
    ]


def draw(message: dict[str, Any]) -> Iterator[Line]:
    """Yield the lines that tell one message, and why it is believed to be so."""
    yield [
        ("message ", "dim"),
        (safe(message["uid"]), "bold"),
        "  ",
        (message["state"], STYLES.get(message["state"], "")),
    ]
    for name, value in _facts(message):
        if value:
            yield [(f"  {name:<15}", "dim"), safe(value)]
    if message["headers"]:
        yield [("  headers", "dim")]
        for name, value in message["headers"].items():
            yield [f"    {safe(name)}: {safe(_short(value))}"]
    yield [("  copies", "dim")]
    for copy in message["copies"]:
        yield from _copy(copy)
    yield from _why(message)
    yield from _body(message["body"])


def _facts(message: dict[str, Any]) -> list[tuple[str, str]]:
    quality = message["time_quality"]
    seen = "" if message["publish_observed"] else f"not observed: {message['not_observed'] or '?'}"
    return [
        ("published", f"{message['published_at']} ({quality})"),
        ("publish", seen),
        ("vhost", text(message["vhost"])),
        ("exchange", exchange(message["exchange"])),
        ("routing keys", texts(message["routing_keys"])),
        ("routed to", texts(message["routed_queues"]) or "no queue"),
        ("message id", text(message["message_id"])),
        ("correlation id", text(message["correlation_id"])),
        ("type", text(message["type"])),
        ("message type", _message_type(message)),
        ("framework", message["framework"] or ""),
        ("error", message["error"] or ""),
        ("content type", text(message["content_type"])),
        ("reply to", text(message["reply_to"])),
        ("app id", text(message["app_id"])),
        ("latency", duration(message["latency_ms"])),
        ("end to end", duration(message["end_to_end_ms"])),
        ("retry rounds", str(message["retry_rounds"] or "")),
        ("published again", str(message["framework_retries"] or "")),
        ("trace", message["trace_id"]),
        ("kibana", message["links"]["kibana"] or ""),
    ]


def _message_type(message: dict[str, Any]) -> str:
    """Return the type where the property `type` does not tell it already."""
    evidence = message["message_type_evidence"]
    return "" if evidence in (None, "type") else f"{message['message_type']} ({evidence})"


def _copy(copy: dict[str, Any]) -> Iterator[Line]:
    yield [
        f"    {safe(text(copy['queue']))}  ",
        (copy["state"], STYLES.get(copy["state"], "")),
        (f"  {copy['origin']}", "dim"),
    ]
    for attempt in copy["attempts"]:
        again = " again" if attempt["redelivered"] else ""
        consumer = attempt["consumer"]
        yield [
            f"      {moment(attempt['delivered_at'])} delivered{again} to {safe(name_of(consumer))}",
            _times(copy, attempt),
            (
                f"  [{safe(consumer['evidence'] or 'no evidence')} {consumer['confidence']:.2f}]",
                "dim",
            ),
        ]
    if death := copy["dead_letter"]:
        kind = "left by a timer" if death["timer"] else "died"
        yield [
            (
                (
                    f"      {kind}: {safe(death['reason'])} ×{death['count']} → "
                    f"{safe(exchange(death['exchange']))} → {safe(texts(death['to_queues'])) or 'no queue'}"
                ),
                "red",
            )
        ]


def _times(copy: dict[str, Any], attempt: dict[str, Any]) -> str:
    """Return how long a copy waited before its first delivery, and how long the work on it is estimated to have taken."""
    told = ""
    if attempt is copy["attempts"][0] and copy["queue_wait_ms"] is not None:
        told += f", waited {duration(copy['queue_wait_ms'])}"
    if attempt["processing_ms"] is not None:
        told += f", worked on for {duration(attempt['processing_ms'])} (estimated)"
    return told


def _why(message: dict[str, Any]) -> Iterator[Line]:
    """Yield why we think so: every inference with its evidence."""
    yield [("  why we think so", "dim")]
    publisher = message["publisher"]
    yield [
        (
            f"    published by {safe(name_of(publisher))}: "
            f"{safe(publisher['evidence'] or 'no evidence')} ({publisher['confidence']:.2f})"
        )
    ]
    for link in [message["parent"], *message["other_parents"]]:
        if link:
            yield [f"    caused by {_link(link)}"]
    if message["parent"] is None:
        yield ["    nothing tells what caused it"]
    for change in message["parent_changes"]:
        before = _link(change["before"]) if change["before"] else "nothing"
        after = _link(change["after"]) if change["after"] else "nothing"
        yield [
            (
                f"    changed {moment(change['at'])} at position {change['position']} from {before} to {after}: "
                f"{safe(change['why'])}"
            )
        ]
    for copy in message["copies"]:
        if copy["cause"]:
            yield [
                (
                    f"    {safe(text(copy['queue']))} {copy['state']}: "
                    f"{safe(copy['cause'])} ({copy['confidence']:.2f})"
                )
            ]
        for attempt in copy["attempts"]:
            if attempt["settled"] and attempt["settled"] != copy["cause"]:
                yield [f"    {safe(text(copy['queue']))} settled: {safe(attempt['settled'])}"]
            if attempt["processing_evidence"]:
                told = safe(attempt["processing_evidence"])
                yield [f"    {safe(text(copy['queue']))} work ended: {told} (estimated)"]


def _link(link: dict[str, Any]) -> str:
    rivals = f", {_rivals(link)}" if link["rivals"] else ""
    return f"{safe(link['uid'])}: {safe(link['evidence'])} ({link['confidence']:.2f}{rivals})"


def _rivals(link: dict[str, Any]) -> str:
    """Return how many others it could have been, the likeliest by name: ``4 rivals: main-4, main-5, main-6 and 1 more``."""
    count, named = link["rivals"], link["rival_uids"]
    told = "1 rival" if count == 1 else f"{count} rivals"
    if not named:
        return told
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return f"{told}: {safe(', '.join(named))}{more}"


def _body(body: dict[str, Any] | None) -> Iterator[Line]:
    if body is None:
        return
    cut = ", only the beginning kept" if body["truncated"] else ""
    kind = body["encoding"] or body["left_out"]
    yield [("  body", "dim"), f" {size(body['size'])}, {kind}{cut}"]
    if body["encoding"] is None:
        return
    told = json_text(body["value"]) if body["encoding"] == "json" else str(body["value"])
    for line in told[:BODY_CHARS_MAX].split("\n"):
        yield [f"    {safe(line)}"]
    if len(told) > BODY_CHARS_MAX:
        yield [("    … the rest with --json", "dim")]


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value, indent=False)
