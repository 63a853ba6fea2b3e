"""Show single values of the API's JSON: broker text, times, names."""

import base64
from datetime import datetime
from typing import Any

STYLES = {
    "dead-lettered": "red",
    "unroutable": "red",
    "gone": "yellow",
    "unknown": "yellow",
    "redelivered": "yellow",
    "waiting": "cyan",
    "delivered": "green",
    "settled": "green",
}


def text(value: Any) -> str:
    r"""Return broker text in its JSON form for a reader: bytes that are not UTF-8 as ``\xNN``, null as nothing."""
    if value is None:
        return ""
    if isinstance(value, dict) and "b64" in value:
        return base64.b64decode(value["b64"]).decode("utf-8", "backslashreplace")
    return str(value)


def texts(values: list[Any]) -> str:
    """Return several names in one cell."""
    return ", ".join(text(value) for value in values)


def exchange(value: Any) -> str:
    """Return an exchange's name; the default one has none."""
    return text(value) or "(default)"


def moment(time: str | None) -> str:
    """Return an RFC 3339 time to the millisecond, in UTC."""
    return "" if time is None else f"{time[:10]} {time[11:23]}"


def nanoseconds(time: str) -> int:
    """Return an RFC 3339 time with nanoseconds as ns since 1970."""
    seconds, _, rest = time.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(seconds + "+00:00").timestamp()) * 10**9 + int(
        rest.ljust(9, "0") or 0
    )


def duration(ms: float | None) -> str:
    """Return a latency with its unit; nothing where it is not known."""
    if ms is None:
        return ""
    if ms < 1_000:
        return f"{ms:.1f} ms"
    return f"{ms / 1_000:.2f} s" if ms < 600_000 else f"{ms / 60_000:.0f} min"


def size(count: float) -> str:
    """Return a number of bytes in the largest unit that fits."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1_000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1_000
    return f"{count:.1f} TB"


def counted(found: dict[str, Any]) -> str:
    """Return how many of how many a list shows."""
    total = ("" if found["total_is"] == "exact" else "at least ") + str(found["total"])
    return f"{len(found['items'])} of {total}"


def name_of(party: dict[str, Any]) -> str:
    """Return the service at one end of a message, else its connection, else a question mark."""
    return party["service"] or text(party["connection"]) or "?"
