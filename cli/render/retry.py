"""Plans and retries as lines of text. Pure."""

from collections.abc import Iterator
from typing import Any

from cli.render.trace import Line
from cli.render.values import moment, text
from cli.terminal import json_text, safe

TITLES = ("retry", "state", "action", "messages", "published", "failed", "requested", "selection")
STATES = {"paused": "yellow", "failed": "red", "done": "green"}


def plan_lines(plan: dict[str, Any]) -> Iterator[Line]:
    """Yield what a plan says: how many go where and why there, what is left out and why, what cannot be restored."""
    count = plan["messages"]
    yield [(f"{count} of {plan['selected']} messages", "bold"), f" go to {safe(plan['target'])}"]
    if plan["not_known"]:
        told = f"{plan['not_known']} more of the group are too old to be remembered; select them by a query"
        yield [(told, "yellow")]
    for route in plan["routes"]:
        lies = safe(text(route["queue"])) or "the log"
        yield [
            f"  {route['messages']:>6}  {lies} → {_place(route)}",
            (f"  {safe(route['why'])}", "dim"),
        ]
    for refusal in plan["refused"]:
        some = safe(", ".join(refusal["uids"]))
        yield [(f"  {refusal['messages']:>6}  left out: ", "yellow"), safe(refusal["why"])]
        yield [(f"          {some}", "dim")]
    for name, messages in plan["unrestored"].items():
        yield [(f"  {messages:>6}  ", ""), f"{safe(name)} cannot be as it was"]
    for change in plan["changes"]:
        yield [(f"  {safe(change['what'])}", "bold")]
        yield [(f"    - {_value(change['before'])}", "red")]
        yield [(f"    + {_value(change['after'])}", "green")]
    if plan["remove"] != "none":
        yield [f"  removed from their queue after that: {plan['remove']}"]
    yield [("  plan ", "dim"), (plan["digest"], "dim")]


def _place(route: dict[str, Any]) -> str:
    key = safe(text(route["routing_key"]))
    exchange = text(route["exchange"])
    return f"queue {key}" if exchange == "" else f"exchange {safe(exchange)} with key {key!r}"


def _value(value: Any) -> str:
    return "nothing" if value is None else safe(json_text(value, indent=False))


def row(retry: dict[str, Any]) -> list[str]:
    """Return a retry as a row under `TITLES`."""
    return [
        retry["id"],
        retry["state"],
        retry["action"],
        str(retry["messages"]),
        str(retry["published"]),
        str(retry["failed"]),
        moment(retry["requested_at"]),
        retry["selection"],
    ]


def whole_lines(retry: dict[str, Any]) -> Iterator[Line]:
    """Yield everything about one retry."""
    state = retry["state"]
    yield [(retry["id"], "bold"), "  ", (state, STATES.get(state, "")), f"  {retry['action']}"]
    yield [f"  {safe(retry['selection'])} to {safe(retry['target'])}"]
    told = f"{retry['published']} of {retry['messages']} published, {retry['failed']} failed"
    pace = f"{retry['batch']} at a time, {retry['rate_per_s']:g}/s at most"
    yield [f"  {told}; {pace}; removed: {retry['remove']}"]
    yield [f"  requested {moment(retry['requested_at'])} by {safe(retry['by'])}"]
    if retry["why"]:
        yield [(f"  {safe(retry['why'])}", "yellow" if state == "paused" else "")]
    for failure in retry.get("failures", ()):
        yield [
            (f"  {safe(failure['uid'])}  {failure['outcome']}  ", "red"),
            safe(failure["why"]),
        ]
