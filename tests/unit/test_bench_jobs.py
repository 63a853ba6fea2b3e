"""What the benchmark jobs decide and write: the search for a rate, the instants of kills, and the page of costs."""

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.broker_cost import MODES
from bench.costs_page import PAGE, SETTINGS, measured, part_of, placed
from bench.jobs import values_of
from bench.kill import drawn
from bench.live import Entries
from bench.steady import CLOSE_ENOUGH, RATE_MAX, STEP, Try, growth, next_rate
from collector.doctor.cost import MEASURED, Price, price_of

LAWS = settings(max_examples=50, deadline=None)
RELEASES = ("3.10", "4.0", "4.3")
PARTS = (*(f"broker-cost-{release}" for release in RELEASES), "steady-quorum", "steady-classic")
TRIES_MAX = 60

costs = st.fixed_dictionaries(
    {"cpu_us_per_message": st.integers(1, 10_000), "times_off": st.none()}
)


def attempt(**changes: Any) -> Try:
    return Try(
        **{
            "asked": 1_000.0,
            "taken": 995.0,
            "lag_s": [0.2] * 9,
            "rest_s": 0.4,
            "missed": 0,
            "broker_cores": 0.5,
            "collector_cores": 0.1,
            **changes,
        }
    )


@LAWS
@given(st.floats(2, RATE_MAX / STEP), st.floats(2, 20_000))
def test_the_search_comes_close_to_the_highest_rate_that_holds(limit: float, first: float) -> None:
    """Where every rate up to a limit holds and none above, the search ends just below it."""
    held: list[float] = []
    failed: list[float] = []
    while rate := next_rate(held, failed, first):
        (held if rate <= limit else failed).append(rate)
        assert len(held) + len(failed) < TRIES_MAX

    assert max(held) <= limit <= max(held) * CLOSE_ENOUGH


def test_a_search_that_nothing_stops_ends() -> None:
    """Where every rate holds the search ends at its limit; where none does, below one message a second."""
    held: list[float] = []
    while rate := next_rate(held, [], 1_000):
        held.append(rate)
    failed: list[float] = []
    while rate := next_rate([], failed, 1_000):
        failed.append(rate)

    assert RATE_MAX / STEP < max(held) <= RATE_MAX
    assert 1 <= min(failed) < STEP


@pytest.mark.parametrize(
    "changes",
    [
        {"missed": 1},
        {"taken": 900.0},
        {"rest_s": 3.0},
        {"lag_s": [0.2] * 8 + [2.5]},
        {"lag_s": [0.2] * 6 + [0.9, 1.0, 1.1]},
    ],
)
def test_a_rate_does_not_hold_when_something_is_amiss(changes: dict[str, Any]) -> None:
    """A loss, a broker that takes less, a late rest, a large lag or a growing one: each says that a rate is too high."""
    assert attempt().holds
    assert not attempt(**changes).holds


@LAWS
@given(st.lists(st.floats(0, 100), min_size=1, max_size=60))
def test_growth_sees_a_trend_and_no_level(lags: list[float]) -> None:
    """A lag that stays what it is does not grow, however large; one that rises does."""
    assert growth([lags[0]] * len(lags)) == pytest.approx(0)
    assert growth([float(number) for number in range(3 + len(lags))]) > 0


@LAWS
@given(st.integers(1, 300), st.floats(1, 1_000), st.integers(0, 2**32))
def test_kills_come_from_the_seed(kills: int, seconds: float, seed: int) -> None:
    """One seed gives the same kills again, in order and within the time."""
    told = drawn(kills, seconds, seed)

    assert told == drawn(kills, seconds, seed)
    assert [each.at_s for each in told] == sorted(each.at_s for each in told)
    assert len(told) == kills
    assert all(0 <= each.at_s <= seconds for each in told)


@LAWS
@given(st.lists(st.integers(0, 400), max_size=5))
def test_entries_of_the_tracing_plugin_are_counted(cuts: list[int]) -> None:
    """Each publish and each delivery in the plugin's growing file counts once, wherever a look at it cuts an entry."""
    first = b"=" * 80 + b"\n2026-11-21 12:00:00:1: Message published\n\nPayload: \nx\n\n"
    whole = 2 * first + first.replace(b"published", b"received")
    with tempfile.NamedTemporaryFile() as file:
        entries = Entries(Path(file.name))
        for cut in sorted(cuts):
            file.seek(0)
            file.write(whole[:cut])
            file.flush()
            entries.count()
        file.seek(0)
        file.write(whole)
        file.flush()

        assert entries.count() == 3


def test_values_of_a_job_are_named() -> None:
    """A value without a name, or with one that no function could have, is refused."""
    assert values_of(["kills=20", "seed="]) == {"kills": "20", "seed": ""}
    for wrong in ("20", "=20", "a-b=1"):
        with pytest.raises(ValueError, match=re.escape(repr(wrong))):
            values_of([wrong])


@LAWS
@given(
    st.sampled_from(RELEASES), st.dictionaries(st.sampled_from(sorted(MODES)), costs, min_size=1)
)
def test_what_was_measured_stands_in_the_page(
    release: str, modes: dict[str, dict[str, Any]]
) -> None:
    """The table of that version tells each mode's figure, and the rest of the page stays as it was."""
    figures = {
        "broker": f"{release}.7",
        "messages_per_s": 1000.0,
        "seconds": 20.0,
        "modes": modes,
    }
    page = PAGE.read_text()
    name, table = part_of("broker-cost", figures)
    changed = placed(page, name, table)

    told = {mode: cost["cpu_us_per_message"] for mode, cost in modes.items()}
    assert measured(changed) == {**measured(page), release: told}
    assert placed(changed, name, "") == placed(page, name, "")


@pytest.mark.parametrize("release", RELEASES)
def test_the_estimate_and_the_page_know_the_same_figures(release: str) -> None:
    """What `hoptrail doctor` estimates with is what the page of costs tells for that version."""
    assert f"{release}" in {f"{major}.{minor}" for major, minor in MEASURED}
    _, price = price_of(release)
    told = measured(PAGE.read_text())[release]

    assert price == Price(
        off=told["off"],
        firehose_classic=told["all-classic"],
        firehose_quorum=told["all-quorum"],
        binding_classic=told["exchanges-classic"],
        binding_quorum=told["exchanges-quorum"],
    )


@pytest.mark.parametrize("name", PARTS)
def test_the_page_has_a_part_for_each_figure(name: str) -> None:
    """Each part that a job writes stands in the page once."""
    assert PAGE.read_text().count(f"<!-- {name} -->\n") == 1
    assert f"| {name} |" in placed(PAGE.read_text(), name, f"| {name} |")


def test_every_mode_of_the_tap_has_a_row() -> None:
    """A mode that is measured has words in the table."""
    assert {name.partition("-")[0] for name in MODES} == SETTINGS.keys()
