"""Run the benchmarks: ``python -m bench [--write] [NAME ...]``; without names all of them, and the page is written.

``python -m bench JOB [--write] [KEY=VALUE ...]`` runs one of the jobs of ``bench/jobs.py``, which have no baseline.
"""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import elastic_search
from bench.jobs import JOBS, WRITE, run_job
from bench.pairs import PAIRS, Case, Outcome, Spread, case, run
from bench.recorded import RECORDED, record
from bench.search import SEARCHED, blobs, documents, fill
from bench.web_cases import web_cases, web_served
from tests.support.elastic_server import open_elastic

SCRIPT = "capture-script"
RECORDING = "firehose.frames"
DOCS = Path(__file__).parent.parent / "docs"


def cases(prepared: Path) -> list[Case]:
    """Return every case; *prepared* holds what the cases of decoding and of search read."""
    return [*capture_cases(prepared), *log_cases(), *reading_cases(prepared)]


def capture_cases(prepared: Path) -> list[Case]:
    """Return the cases of the way from the broker into the log."""
    return [
        case(
            "capture",
            "events",
            "capture:drain_by_collector",
            "capture:drain_by_discarding",
            goal="0.9 of the baseline",
        ),
        case(
            "live",
            "events",
            "live:by_collector",
            "live:by_tracing_plugin",
            goal="the rate of the baseline",
            pairs=3,
        ),
        case(
            "decode",
            "events",
            "decode:by_decoder",
            "decode:by_pamqp",
            str(prepared / RECORDING),
            goal="60,000 events/s",
        ),
    ]


def log_cases() -> list[Case]:
    """Return the cases of the log in SQLite."""
    blocks = ("blocks:append_blocks", "blocks:append_rows")
    return [
        case("append-1", "events", *blocks, "1", "3000"),
        case("append-10", "events", *blocks, "10", "30000"),
        case("append-1000", "events", *blocks, "1000", "200000"),
        case("replay-1000", "events", "blocks:replay_blocks", "blocks:replay_rows", "1000"),
    ]


def reading_cases(prepared: Path) -> list[Case]:
    """Return the cases of what is made of the log: the fold, the views and the index."""
    return [
        case("fold", "events", "fold:fold_all", "fold:decode_only", goal="200,000 events/s"),
        case(
            "rebuild",
            "events",
            "rebuild:from_zero",
            "rebuild:read_only",
            goal="a million events in 10 s",
        ),
        case(
            "rebuild-index",
            "events",
            "rebuild:with_index",
            "rebuild:read_only",
            "200000",
            goal="a million events in 10 s",
        ),
        case("memory", "copies", "memory:hold_copies", "memory:hold_facts", pairs=1),
        case("index", "documents", "search:index_documents", "search:write_blobs"),
        Case(
            name="search",
            unit="searches",
            subject=["bench.search:search_index", str(prepared / "index")],
            baseline=["bench.search:scan_blobs", str(prepared / "blobs.db")],
            goal="p95 under 100 ms over a million messages",
        ),
    ]


def elastic_cases(url: str) -> list[Case]:
    """Return the cases that need the Elasticsearch at *url*, which holds the index that is searched."""
    return [*script_cases(url), *elastic_log_cases(url), *elastic_index_cases(url)]


def script_cases(url: str) -> list[Case]:
    """Return the cases of draining a backlog against the obvious script, which stores it in the Elasticsearch at *url*."""
    goal = "2.5 times the baseline"
    return [
        case(
            f"{SCRIPT}-{store}",
            "events",
            f"aio_pika_script:drain_into_{store}",
            "aio_pika_script:drain_by_script",
            url,
            goal=goal,
            pairs=3,
        )
        for store in ("elastic", "sqlite")
    ]


def elastic_log_cases(url: str) -> list[Case]:
    """Return the cases of the log on the Elasticsearch at *url*."""
    log = ("elastic:append_blocks", "elastic:append_documents")
    replay = ("elastic:replay_blocks", "elastic:replay_documents")
    ten = "10 times the baseline"
    return [
        case("elastic-append", "events", *log, url, "searchable", "1000", "300", goal=ten),
        case("elastic-append-bare", "events", *log, url, "bare", "1000", "300"),
        Case(
            name="elastic-size",
            unit="events",
            subject=["bench.elastic:append_orders", url, "300"],
            baseline=["bench.elastic:append_blocks", url, "bare", "1000", "300"],
            goal="120 bytes for an event of 1 KB",
            pairs=1,
        ),
        case("elastic-append-100", "events", *log, url, "searchable", "100", "300", "20000"),
        case("elastic-replay-300B", "events", *replay, url, "300", goal=ten),
        case("elastic-replay-10kB", "events", *replay, url, "10000", "20000", goal=ten),
        case(
            "elastic-rebuild",
            "events",
            "elastic:from_zero",
            "elastic:read_only",
            url,
            "1000000",
            goal="a million events in 10 s",
            pairs=1,
        ),
    ]


def elastic_index_cases(url: str) -> list[Case]:
    """Return the cases of the index on the Elasticsearch at *url*, and of the way from a publish to it."""
    return [
        case(
            "elastic-index",
            "documents",
            "elastic_search:index_documents",
            "elastic_search:write_blobs",
            url,
        ),
        case(
            "elastic-search",
            "searches",
            "elastic_search:search_index",
            "elastic_search:search_plainly",
            url,
            goal="p95 under 300 ms over a million messages",
        ),
        Case(
            name="elastic-latency",
            unit="messages",
            subject=["bench.latency:watch", url],
            baseline=["bench.latency:watch"],
            goal="p95 visible under 1 s, searchable under 2 s",
            pairs=2,
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

`make bench` makes this page; `python -m bench NAME …` only prints some of them, and with `--write` puts them into the page.
Every figure is a ratio to a baseline measured in the same run: subject and baseline in turn, each in a process of its own.
Rates are things per second of wall time; each cell gives the median, and the minimum and maximum over the pairs.
The code of each baseline stands beside its subject in `bench/`.
What a tap costs the broker, and what a collector follows beside it, stands in [what the tap costs](reference/costs.md).
`python -m bench kill` kills the collector 200 times under load and proves that the log then holds every event once.
`python -m bench retry` retries 10,000 dead letters at 1,000 a second, undisturbed and with a kill of the collector.

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
        f"Pairs: {PAIRS}; one for memory, elastic-size and elastic-rebuild, two for elastic-latency,",
        "web-scroll, web-conversation and web-tail, three for live, capture-script and the rest of web.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
        *map(row, outcomes),
    ]
    return HEAD + "\n".join(lines) + "\n"


@contextmanager
def elasticsearch(directory: Path, names: Sequence[str]) -> Iterator[str | None]:
    """Yield the URL of a server of its own, holding what is searched, if a case in *names* (none: all) needs it."""
    if names and not any(name.startswith(("elastic", SCRIPT)) for name in names):
        yield None
        return
    with closing(open_elastic(directory / "elastic", fast_start=False)) as server:
        if not names or "elastic-search" in names:
            print(f"preparing an Elasticsearch with {SEARCHED:,} messages …", file=sys.stderr)
            elastic_search.prepare(server.url, SEARCHED)
        yield server.url


def main() -> None:
    """Run what the command line names; ``--write``: and put it into the page, which keeps what else stands there."""
    if jobs := [each for each in sys.argv[1:] if each in JOBS]:
        sys.exit(run_job(jobs[0], [each for each in sys.argv[1:] if each != jobs[0]]))
    names = [name for name in sys.argv[1:] if name != WRITE]
    keep = not names or WRITE in sys.argv
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepared = Path(folder)
        if not names or "search" in names:
            print(f"preparing an index of {SEARCHED:,} messages …", file=sys.stderr)
            fill(prepared / "index", documents(SEARCHED))
            blobs(prepared / "blobs.db", documents(SEARCHED))
        if not names or "decode" in names:
            print(f"recording {RECORDED:,} events of a broker …", file=sys.stderr)
            record(prepared / RECORDING)
        for each in _wanted(cases(prepared), names):
            _tell(run(each), keep=keep)
        url = stack.enter_context(elasticsearch(prepared, names))
        for each in _wanted(elastic_cases(url), names) if url else []:
            _tell(run(each), keep=keep)
        wanted = {each.name for each in _wanted(web_cases(), names)}
        for each in web_cases(*stack.enter_context(web_served(wanted))):
            if each.name in wanted:
                _tell(run(each), keep=keep)


def _tell(outcome: Outcome, *, keep: bool) -> None:
    """Print a figure, and write it into the page; a case measured again takes the place of the older one."""
    print(row(outcome), flush=True)
    if not keep:
        return
    file = DOCS / "benchmarks.json"
    known = msgspec.json.decode(file.read_bytes(), type=list[Outcome]) if file.exists() else []
    told = {each.case.name: each for each in [*known, outcome]}
    merged = list(told.values())
    file.write_text(json.dumps([asdict(each) for each in merged], indent=1) + "\n")
    (DOCS / "benchmarks.md").write_text(page(merged))


def _wanted(known: Iterable[Case], names: Sequence[str]) -> list[Case]:
    """Return the cases that are named, `web` for all whose names begin so."""
    return [
        case
        for case in known
        if not names or case.name in names or ("web" in names and case.name.startswith("web-"))
    ]


if __name__ == "__main__":
    main()
