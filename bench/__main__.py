"""Run the benchmarks and write what they gave: ``python -m bench [NAME ...]``; without names, all of them."""

import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.pairs import PAIRS, Case, Outcome, Spread, run
from bench.search import SEARCHED, blobs, fill

DOCS = Path(__file__).parent.parent / "docs"


def cases(prepared: Path) -> list[Case]:
    """Return every case; *prepared* holds what the search cases read."""

    def of(module: str, subject: str, baseline: str, *arguments: str) -> dict[str, list[str]]:
        return {
            "subject": [f"bench.{module}:{subject}", *arguments],
            "baseline": [f"bench.{module}:{baseline}", *arguments],
        }

    return [
        Case(
            name="capture",
            unit="events",
            goal="0.9 of the baseline",
            **of("capture", "drain_by_collector", "drain_by_discarding"),
        ),
        *(
            Case(
                name=f"append-{size}",
                unit="events",
                **of("blocks", "append_blocks", "append_rows", size, count),
            )
            for size, count in (("1", "3000"), ("10", "30000"), ("1000", "200000"))
        ),
        Case(
            name="replay-1000",
            unit="events",
            **of("blocks", "replay_blocks", "replay_rows", "1000"),
        ),
        Case(
            name="fold",
            unit="events",
            goal="200,000 events/s",
            **of("fold", "fold_all", "decode_only"),
        ),
        Case(
            name="rebuild",
            unit="events",
            goal="a million events in 10 s",
            **of("rebuild", "from_zero", "read_only"),
        ),
        Case(name="memory", unit="copies", pairs=1, **of("memory", "hold_copies", "hold_facts")),
        Case(name="index", unit="documents", **of("search", "index_documents", "write_blobs")),
        Case(
            name="search",
            unit="searches",
            goal="p95 under 100 ms over a million messages",
            subject=["bench.search:search_index", str(prepared / "index")],
            baseline=["bench.search:scan_blobs", str(prepared / "blobs.db")],
        ),
    ]


def told(spread: Spread, digits: int = 0) -> str:
    """Return median (minimum to maximum)."""
    return (
        f"{spread.median:,.{digits}f} ({spread.minimum:,.{digits}f}–{spread.maximum:,.{digits}f})"
    )


def row(outcome: Outcome) -> str:
    """Return one line of the table."""
    extra = ", ".join(f"{k} {v}" for k, v in outcome.extra.items() if not isinstance(v, dict))
    baseline_extra = ", ".join(
        f"{k} {v}" for k, v in outcome.baseline_extra.items() if not isinstance(v, dict)
    )
    cells = (
        outcome.case.name,
        outcome.case.unit,
        told(outcome.subject_rate),
        told(outcome.baseline_rate),
        told(outcome.ratio, 2),
        f"{outcome.cpu_us.median:,.1f} / {outcome.baseline_cpu_us.median:,.1f}",
        f"{outcome.peak_mib.median:,.0f}",
        extra + (f" (baseline: {baseline_extra})" if baseline_extra else ""),
        outcome.case.goal,
    )
    return "| " + " | ".join(cells) + " |"


HEAD = """# Benchmarks

`make bench` makes this page; `python -m bench NAME …` runs some of them and only prints.
Every figure is a ratio to a baseline measured in the same run: subject and baseline in turn, each in a process of its own.
Rates are things per second of wall time; each cell gives the median, and the minimum and maximum over the pairs.
The code of each baseline stands beside its subject in `bench/`.

"""
COLUMNS = (
    "case",
    "unit",
    "hoptrail per s",
    "baseline per s",
    "ratio",
    "CPU µs each / baseline",
    "peak MiB",
    "also",
    "goal",
)


def page(outcomes: list[Outcome]) -> str:
    """Return the page with the table."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}; a shared and noisy machine.",
        f"Pairs: {PAIRS}; one for memory.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
        *map(row, outcomes),
    ]
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Run what the command line names."""
    names = sys.argv[1:]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder)
        if not names or "search" in names:
            print(f"preparing an index of {SEARCHED:,} messages …", file=sys.stderr)
            fill(prepared / "index", SEARCHED)
            blobs(prepared / "blobs.db", SEARCHED)
        for case in cases(prepared):
            if names and case.name not in names:
                continue
            outcomes.append(run(case))
            print(row(outcomes[-1]), flush=True)
    if not names:
        (DOCS / "benchmarks.json").write_text(
            json.dumps([asdict(each) for each in outcomes], indent=1) + "\n"
        )
        (DOCS / "benchmarks.md").write_text(page(outcomes))


if __name__ == "__main__":
    main()
