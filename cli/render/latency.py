"""Show latencies: three distributions a row, and what they rest on."""

from collections.abc import Iterator
from typing import Any

from cli.render.values import duration, moment, text

ESTIMATED = "worked on (estimated)"
TITLES = ("count", "waited p50", "p95", "p99", "max", ESTIMATED, "p95", "end to end p50", "p95")

Table = tuple[tuple[str, ...], list[list[str]]]


def table(answer: dict[str, Any]) -> Table:
    """Return the rows of the answer, the busiest first."""
    names = {"edge": ("publisher", "queue", "subscriber"), "queue": ("queue",), "type": ("type",)}
    told = names[answer["by"]]
    rows = [[_name(row, name) for name in told] + _times(row) for row in answer["items"]]
    return (*told, *TITLES), rows


def _name(row: dict[str, Any], name: str) -> str:
    if name != "queue":
        return text(row[name])
    vhost = text(row["vhost"])
    return text(row["queue"]) + (f" @{vhost}" if vhost not in ("", "/") else "")


def _times(row: dict[str, Any]) -> list[str]:
    wait, work, ends = row["queue_wait"], row["processing"], row["end_to_end"]
    return [
        str(wait["count"]),
        *(duration(wait[name]) for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms")),
        *(duration(work[name]) for name in ("p50_ms", "p95_ms")),
        *(duration(ends[name]) for name in ("p50_ms", "p95_ms")),
    ]


def notes(answer: dict[str, Any]) -> Iterator[str]:
    """Yield what was counted, what was left out, and what the estimates rest on."""
    span = " to ".join(moment(answer[name]) or "…" for name in ("since", "until"))
    told = "" if answer["matches"] is None else f" ({answer['matches']})"
    yield f"counted: {answer['basis']}{told}, {span} UTC; within {answer['relative_error']:.1%}"
    if answer["rows"] > len(answer["items"]):
        yield f"{len(answer['items'])} of {answer['rows']} rows, the busiest"
    if answer["complete_since"] is not None:
        yield f"before {moment(answer['complete_since'])} UTC rows were dropped for want of room"
    left_out = sum(row["left_out"] for row in answer["items"])
    if left_out:
        yield f"{left_out} deliveries left out: seen late, repeated, or with a gap of capture in between"
    evidence: dict[str, int] = {}
    for row in answer["items"]:
        for name, count in row["processing_evidence"].items():
            evidence[name] = evidence.get(name, 0) + count
    for name, count in evidence.items():
        yield f"work is estimated, never seen; {count} by {name}"
