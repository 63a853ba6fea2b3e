"""What ``hoptrail capture`` shows of the coverage."""

from typing import Any

import pytest

from cli.render.system import capture, coverage_line

ROW: dict[str, Any] = {
    "vhost": None,
    "window": "day",
    "since": "2026-01-02T03:00:00Z",
    "until": "2026-01-02T04:00:00Z",
    "captured": 90,
    "broker": 100,
    "missed": 10,
    "percent": 90.0,
    "basis": "the broker's counters",
    "gaps": 1,
}
UNKNOWN = {
    **ROW,
    "percent": None,
    "broker": None,
    "missed": None,
    "basis": "not known: nobody looked",
}


def plain(line: list[str | tuple[str, str]]) -> str:
    """Return a line without its colours."""
    return "".join(part if isinstance(part, str) else part[0] for part in line)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            ROW,
            "  coverage of all vhosts, last day: 90.00 % of 100, 10 missed, by the broker's counters",
        ),
        (
            {**ROW, "vhost": "shop", "window": "hour"},
            "  coverage of vhost shop, last hour: 90.00 % of 100, 10 missed, by the broker's counters",
        ),
        (
            {**ROW, "window": "all", "broker": None, "basis": "the gaps' estimates"},
            "  coverage of all vhosts, since the retained log begins: 90.00 %, 10 missed, by the gaps' estimates",
        ),
        (UNKNOWN, "  coverage of all vhosts, last day: not known, nobody looked"),
    ],
)
def test_a_share_has_its_basis(row: dict[str, Any], told: str) -> None:
    """A percentage says of how many and by what; without one the reason is told."""
    assert plain(coverage_line(row)) == told


def test_why_nothing_is_captured_comes_first() -> None:
    """Before all else it is told since when nothing is captured, and why."""
    lost = {"since": "2026-01-02T03:00:00Z", "why": "the connection was cut"}
    first = next(iter(capture({"running": False, "lost": lost})))

    assert plain(first).startswith("nothing is captured since ")
    assert plain(first).endswith(": the connection was cut")


def test_vhosts_where_all_is_well_are_not_listed() -> None:
    """Shown are all vhosts together, and those of the last day where something is missing or not known."""
    rows = [
        {**ROW, "window": window, "vhost": vhost, "percent": percent}
        for window in ("hour", "day", "all")
        for vhost, percent in ((None, 99.0), ("well", 100.0), ("short", 98.0))
    ]
    rows.append({**UNKNOWN, "vhost": "dark"})
    answer = {
        "running": True,
        "caught_up": True,
        "lag_s": 0.0,
        "broker": "b",
        "broker_version": "4",
        "events": 1,
        "published": 1,
        "delivered": 0,
        "dead_lettered": 0,
        "undecodable": 0,
        "first_observed_at": None,
        "last_observed_at": None,
        "lost": None,
        "coverage": rows,
        "gaps": [],
        "unseen_dead_letters": None,
        "exchange_taps": [],
        "dead_letter_taps": [],
        "exchanges_left_alone": [],
        "left_alone": [],
        "blind_spots": [],
    }
    told = [line for line in map(plain, capture(answer)) if "coverage" in line]

    assert ["all vhosts" in line for line in told] == [True, True, False, True, False]
    assert all(" %" in line or "not known" in line for line in told)
    assert "short" in told[2]
    assert "dark" in told[4]
