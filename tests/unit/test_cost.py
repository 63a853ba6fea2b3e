"""What a tap would cost: more traffic never costs less, a lighter mode never more, nothing is claimed without a basis."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.doctor.cost import (
    CORES_SHARE_MAX,
    MEASURED,
    QUEUE_TYPES,
    Cost,
    Load,
    basis,
    estimate,
    price_of,
    recommended,
)

LAWS = settings(max_examples=150, deadline=None)
RATES = st.floats(0, 1e6)
VERSIONS = ["3.8.1", "3.10.8", "3.13.7", "4.0.5", "4.2.1", "4.3.6", "5.0", "", "next"]
LOADS = st.builds(
    Load,
    published=RATES,
    delivered=RATES,
    body_bytes=st.none() | st.floats(0, 1e8),
    cores=st.integers(0, 256),
    nodes=st.integers(1, 9),
)


def costs_of(load: Load, version: str = "3.10.8") -> dict[tuple[str, str], Cost]:
    """Return the estimate by mode and type of queue."""
    told = estimate(load, version, messages_max=1_000_000, bytes_max=2 << 30)
    return {(cost.mode, cost.queue_type): cost for cost in told}


@LAWS
@given(LOADS, st.sampled_from(VERSIONS))
def test_lighter_modes_cost_less(load: Load, version: str) -> None:
    """Publishes cost no more than everything, classic queues no more than quorum queues, and nothing is negative."""
    found = costs_of(load, version)

    assert len(found) == 6
    for cost in found.values():
        assert cost.cores >= 0
        assert cost.disk_bytes_max >= 0
    for queue_type in QUEUE_TYPES:
        assert found["publishes", queue_type].cores <= found["all", queue_type].cores
        assert found["publishes", queue_type].events <= found["all", queue_type].events
    for mode in ("all", "publishes", "exchanges"):
        assert found[mode, "classic"].cores <= found[mode, "quorum"].cores
        assert found[mode, "classic"].disk_bytes_max <= found[mode, "quorum"].disk_bytes_max


@LAWS
@given(LOADS, RATES, RATES)
def test_more_traffic_costs_more(load: Load, published: float, delivered: float) -> None:
    """With more messages no mode gets cheaper."""
    more = Load(
        load.published + published, load.delivered + delivered, load.body_bytes, load.cores, load.nodes
    )  # fmt: skip
    before, after = costs_of(load), costs_of(more)

    assert all(after[key].cores >= before[key].cores for key in before)


@LAWS
@given(LOADS)
def test_a_recommendation_rests_on_something(load: Load) -> None:
    """Without traffic or without known cores nothing is recommended; else what fits is, or the lightest mode."""
    costs = list(costs_of(load).values())
    found, why = recommended(costs, load)

    assert why
    assert (found is None) is (not load.cores or not (load.published or load.delivered))
    if found is not None:
        assert found in costs
        fits = (found.of_all or 0) <= CORES_SHARE_MAX
        assert fits or found.mode == "exchanges"


def test_the_figures_are_those_measured() -> None:
    """A thousand messages a second, published and delivered once, cost what was measured for them."""
    load = Load(1_000, 1_000, 200, 4, 1)
    found = costs_of(load)

    assert found["all", "quorum"].cores == pytest.approx((554 - 139) / 1e3)
    assert found["all", "classic"].cores == pytest.approx((389 - 139) / 1e3)
    assert found["publishes", "quorum"].cores == pytest.approx((554 - 139) / 2e3)
    assert found["exchanges", "classic"].cores == pytest.approx((236 - 139) / 1e3)
    assert found["all", "quorum"].events == 2_000
    assert found["all", "quorum"].disk_bytes_max == 1_000_000 * (200 + 1_000) * 2
    assert found["all", "classic"].disk_bytes_max == 1_000_000 * (200 + 1_000)


def test_the_limit_in_bytes_counts() -> None:
    """Of large bodies fewer events fit, on as many nodes as keep a copy."""
    found = costs_of(Load(1, 1, 1 << 20, 4, 5))

    assert found["all", "quorum"].disk_bytes_max == 2_048 * ((1 << 20) + 1_000) * 6


@pytest.mark.parametrize(
    ("version", "nearest"),
    [("3.8.1", "3.10"), ("3.13.7", "3.10"), ("4.2.1", "4.0"), ("4.3.6", "4.3"), ("9.1", "4.3"), ("", "4.3")],
)  # fmt: skip
def test_the_nearest_measured_version_counts(version: str, nearest: str) -> None:
    """An older measured version stands for those after it, and the estimate says which."""
    told, price = price_of(version)

    assert told == nearest
    assert price in MEASURED.values()
    assert f"RabbitMQ {nearest} " in basis(Load(0, 0, None, 0, 1), version)
    assert "assumed" in basis(Load(0, 0, None, 0, 1), version)
