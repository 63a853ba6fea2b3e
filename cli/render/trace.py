"""Draw a trace as a tree: who published what to where, how long it took, and on what evidence a parent is believed."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from cli.render.values import STYLES, duration, exchange, name_of, nanoseconds, text, texts
from cli.terminal import safe

Line = list[str | tuple[str, str]]

DEPTH_DRAWN_MAX = 24
"""Deeper steps are no longer drawn further to the right but numbered: a chain may be as long as the trace."""


def draw(trace: dict[str, Any]) -> Iterator[Line]:
    """Yield the lines of a trace's tree, roots in the order of their publishing.

    A message whose parent is not among the items is drawn as a root that names it. Cycles cannot hang the drawing, and its
    lines grow with the number of items alone.
    """
    items = sorted(trace["items"], key=lambda item: int(item["position"]))
    known = {item["uid"] for item in items}
    children: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for item in items:
        parent = item["parent"]
        children[parent["uid"] if parent and parent["uid"] in known else None].append(item)
    yield [("trace ", "dim"), safe(trace["trace_id"]), (f"  {_summary(trace, items)}", "dim")]
    drawn: set[str] = set()
    for root in children[None]:
        yield from _branch(root, children, drawn)
    for item in items:
        if item["uid"] not in drawn:
            yield from _branch(item, children, drawn)
    if trace["next"]:
        more = "" if trace["total_is"] == "exact" else "at least "
        yield [(f"{len(items)} of {more}{trace['total']} messages drawn; the next ones:", "yellow")]
        yield [(f"hoptrail trace {safe(trace['trace_id'])} --cursor {trace['next']}", "yellow")]


def _summary(trace: dict[str, Any], items: list[dict[str, Any]]) -> str:
    times = [nanoseconds(item["published_at"]) for item in items]
    times += [
        nanoseconds(attempt["delivered_at"])
        for item in items
        for copy in item["copies"]
        for attempt in copy["attempts"]
    ]
    lasted = duration((max(times) - min(times)) / 1e6) if times else ""
    more = "" if trace["total_is"] == "exact" else "at least "
    return f"{more}{trace['total']} messages, {len(trace['services'])} services, {lasted}"


def _branch(
    root: dict[str, Any], children: dict[str | None, list[dict[str, Any]]], drawn: set[str]
) -> Iterator[Line]:
    todo: list[tuple[dict[str, Any], str, str, int]] = [(root, "", "", 0)]
    elsewhere = root["parent"] is not None
    while todo:
        item, lead, below, depth = todo.pop()
        if item["uid"] in drawn:
            continue
        drawn.add(item["uid"])
        under = children[item["uid"]]
        yield [(lead, "dim"), *_headline(item)]
        if elsewhere:
            yield [
                (below + "  ", "dim"),
                (f"caused by {safe(item['parent']['uid'])}, not drawn here", "dim"),
            ]
            elsewhere = False
        bar = "│ " if under else "  "
        for copy in item["copies"]:
            yield [(below + bar, "dim"), *_copy_line(copy)]
        for at, child in reversed(list(enumerate(under))):
            last = at == len(under) - 1
            if depth >= DEPTH_DRAWN_MAX:
                todo.append((child, f"{below}{depth + 1}─ ", below, depth + 1))
                continue
            deeper = below + ("   " if last else "│  ")
            todo.append((child, below + ("└─ " if last else "├─ "), deeper, depth + 1))


def _headline(item: dict[str, Any]) -> Line:
    kind = text(item["type"]) or texts(item["routing_keys"])
    line: Line = [
        (safe(kind) or "(no type)", "bold"),
        f"  {safe(name_of(item['publisher']))} → {safe(exchange(item['exchange']))}",
        (f"  {safe(item['uid'])}", "dim"),
        "  ",
        (item["state"], STYLES.get(item["state"], "")),
    ]
    if item["latency_ms"] is not None:
        line.append(f"  {duration(item['latency_ms'])}")
    if item["time_quality"] == "backlog":
        line.append(("  seen late", "yellow"))
    if not item["publish_observed"]:
        line.append(
            (f"  publish not observed ({safe(item['not_observed'] or 'unknown')})", "yellow")
        )
    if parent := item["parent"]:
        line.append((f"  [{safe(parent['evidence'])} {parent['confidence']:.2f}]", "dim"))
    return line


def _copy_line(copy: dict[str, Any]) -> Line:
    line: Line = [
        f"• {safe(text(copy['queue']))}",
        "  ",
        (copy["state"], STYLES.get(copy["state"], "")),
    ]
    takers = [safe(name_of(attempt["consumer"])) for attempt in copy["attempts"]]
    if takers:
        line.append(f"  → {', '.join(dict.fromkeys(takers))}")
    if len(takers) > 1:
        line.append(f" ({len(takers)} deliveries)")
    if death := copy["dead_letter"]:
        word = "timer" if death["timer"] else "died"
        to = safe(texts(death["to_queues"])) or safe(exchange(death["exchange"]))
        line.append((f"  {word}: {safe(death['reason'])} ×{death['count']} → {to}", "red"))
    if copy["cause"]:  # `hoptrail show` says why
        line.append((f"  (inferred, {copy['confidence']:.2f})", "dim"))
    return line
