"""Put what the jobs measured into docs/reference/costs.md, between the marks that stand there.

Only :func:`write` touches a file. A part begins with ``<!-- NAME -->`` and ends with ``<!-- end NAME -->``, each on a
line of its own.
"""

import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

COST: Final = "broker-cost"
PAGE: Final = Path(__file__).parent.parent / "docs" / "reference" / "costs.md"
SETTINGS: Final[Mapping[str, str]] = {
    "off": "no tap",
    "unbound": "firehose on, no queue bound to it",
    "all": "`HOPTRAIL_TAP_MODE=all`",
    "publishes": "`HOPTRAIL_TAP_MODE=publishes`",
    "exchanges": "`HOPTRAIL_TAP_MODE=exchanges:NAME`",
}


def part_of(job: str, figures: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name of the part that the *figures* of *job* belong into, and its text.

    Raises:
        ValueError: the page has no part for that job.
    """
    if job == COST:
        return f"{COST}-{release(figures['broker'])}", broker_table(figures)
    if job == "steady":
        return f"steady-{figures['queue_type']}", steady_sentence(figures)
    raise ValueError(f"{job} has no place in {PAGE.name}")


def release(version: str) -> str:
    """Return the first two numbers of a broker's *version*."""
    return ".".join(version.split(".")[:2])


def broker_table(figures: Mapping[str, Any]) -> str:
    """Return the table of the broker's CPU per message, a row for each mode."""
    conditions = (
        f"RabbitMQ {figures['broker']}, {figures['messages_per_s']:,.0f} messages a second of 200 bytes, "
        f"{figures['seconds']:.0f} s for each mode in each round; measured {_where()}."
    )
    rows = [
        conditions,
        "",
        "| mode | setting | tap queue | CPU µs per message | times off |",
        "|---|---|---|---|---|",
    ]
    for name, cost in figures["modes"].items():
        mode, _, queue_type = name.partition("-")
        times = "–" if cost["times_off"] is None else f"{cost['times_off']:.2f}"
        cells = (f"`{name}`", SETTINGS[mode], queue_type or "–", cost["cpu_us_per_message"], times)
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows)


def steady_sentence(figures: Mapping[str, Any]) -> str:
    """Return what the search for the highest steady rate found."""
    best, queue_type = figures["best"], figures["queue_type"]
    if not best:
        return f"With a {queue_type} tap no rate that was tried held; measured {_where()}."
    return (
        f"With a {queue_type} tap: **{figures['messages_per_s']:,} messages a second**, "
        f"{2 * figures['messages_per_s']:,} events, for {figures['seconds']:.0f} s. "
        f"The broker then used {best['broker_cores']:.2f} cores and the collector "
        f"{best['collector_cores']:.2f}; the log was at most {best['lag_s_max']:.1f} s behind. "
        f"Over all rates tried, too high ones with them, the collector took at most "
        f"{figures['collector_peak_mib']:.0f} MiB. "
        f"Measured {_where()}."
    )


def _where() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, {platform.system()}"


def placed(page: str, name: str, text: str) -> str:
    """Return *page* with *text* as its part *name*.

    Raises:
        ValueError: it has no such part.
    """
    start, end = f"<!-- {name} -->\n", f"\n<!-- end {name} -->"
    before, found, rest = page.partition(start)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page has no part {name}")
    return before + start + text + end + after


def measured(page: str) -> dict[str, dict[str, int]]:
    """Return the CPU µs per message that the tables in *page* tell, by release of the broker and mode."""
    found: dict[str, dict[str, int]] = {}
    for part in page.split(f"<!-- {COST}-")[1:]:
        version, _, rest = part.partition(" -->")
        table = rest.partition("<!-- end")[0]
        rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
        found[version] = {cells[1].strip(" `"): int(cells[4]) for cells in rows}
    return found


def price(figures: Mapping[str, Any]) -> str:
    """Return the line that collector/doctor/cost.py has for the broker that was measured, for a person to put there."""
    modes = ("off", "all-classic", "all-quorum", "exchanges-classic", "exchanges-quorum")
    told = [str(figures["modes"].get(mode, {}).get("cpu_us_per_message", "?")) for mode in modes]
    return f"    ({release(figures['broker']).replace('.', ', ')}): Price({', '.join(told)}),"


def write(job: str, figures: Mapping[str, Any]) -> None:
    """Put the *figures* of *job* into the page; what else must be changed with them is told on stderr."""
    PAGE.write_text(placed(PAGE.read_text(), *part_of(job, figures)))
    if job == COST:
        print(f"collector/doctor/cost.py must say the same:\n{price(figures)}", file=sys.stderr)
